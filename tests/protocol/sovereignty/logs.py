"""A partner's usage log to test with: it keeps its nodes, and reports as a partner would."""

from dataclasses import replace
from random import Random

from protocol.sovereignty.log_heads import Growth, LogHead
from protocol.sovereignty.merkle import TreeHead, append_leaves, prove_consistency, prove_inclusion, root_of
from protocol.sovereignty.usage import Action, Addressee, UsageEntry, Use, blind_entry, make_block
from protocol.sovereignty.usage_report import Place, ReportedEntry, UsageReport
from tests.support.partners import BANK, RECEIPT, both
from tests.support.pki import NOW

CLAIMS = {"pid": (("family_name",), ("birthdate",))}
WHY = both("Antrag auf Kindergeld", "Application for child benefit")
TO_BANK = Addressee("Bank", BANK.identifier)
RECEIVED = Use(NOW, Action.RECEIVED, CLAIMS, "portal", WHY)
VIEWED = replace(RECEIVED, at=NOW + 60, action=Action.VIEWED, by="clerk, family benefits")
FORWARDED = replace(VIEWED, at=NOW + 120, action=Action.FORWARDED, to=TO_BANK)


def entries_of(*uses, receipt=RECEIPT):
    return tuple(UsageEntry(receipt, n, use) for n, use in enumerate(uses))


class Log:
    """The tree of one year, with the entries of one receipt."""

    def __init__(self, *uses, seed=1, year="2026", receipt=RECEIPT):
        self.receipt = receipt
        self.random_bytes = Random(seed).randbytes
        self.year, self.size, self.kept, self.leaves = year, 0, {}, []
        self.pending = []
        self.entries = []
        self.add(*uses)

    def __call__(self, level, position):
        return self.kept[level, position]

    def add(self, *uses):
        for use in uses:
            self.entries.append(blind_entry(UsageEntry(self.receipt, len(self.entries), use), self.random_bytes))
            self.pending.append(self.entries[-1].leaf)

    def hour(self):
        block = make_block(self.pending, self.random_bytes)
        self.kept.update({node[:2]: node.hash for node in append_leaves(self, self.size, block)})
        self.leaves += block
        self.size, self.pending = self.size + len(block), []
        return self

    def head(self, size=None):
        size = self.size if size is None else size
        return LogHead(self.year, TreeHead(size, root_of(self, size)))

    def growth(self, before, after=None):
        after = self.size if after is None else after
        return Growth(self.year, before, after, prove_consistency(self, before, after))

    def reported(self, blinded):
        if blinded.leaf in self.pending:
            return ReportedEntry(blinded)
        index = self.leaves.index(blinded.leaf)
        return ReportedEntry(blinded, Place(self.year, index, prove_inclusion(self, index, self.size)))

    def report(self, *, at=NOW + 300, after=-1, seen=None):
        return UsageReport(
            self.receipt,
            at,
            (self.head(),),
            tuple(self.reported(blinded) for blinded in self.entries if blinded.entry.n > after),
            consistency=() if seen is None else self.growth(seen).consistency,
        )
