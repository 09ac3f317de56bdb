"""What a report of a partner adds to what is known, and everything that it shows to be wrong.

Whatever a partner signed binds it, so even a report that lies is kept, with its findings. What depends on one report is found
once and stays; what depends on all that is known is looked at anew whenever a report leaves nothing for another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from protocol.encoding import encode_json
from protocol.sovereignty.findings import (
    Event,
    Finding,
    Rule,
    find_altered,
    find_gaps,
    find_gone,
    find_no_new_head,
    find_no_received,
    find_not_erased,
    find_not_in_tree,
    find_past_changed,
    find_pending_too_long,
    find_reordered,
    find_split_view,
    find_told_late,
    find_unknown_recipients,
    find_unlogged,
)
from protocol.sovereignty.log_heads import Growth, LogHead
from protocol.sovereignty.merkle import TreeHead
from protocol.sovereignty.partner_directory import Standing, Witnessed
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.usage import Action, Addressee
from protocol.sovereignty.usage_report import Asked, ReportedEntry, Seen, UsageReport, UsageRequest, VerifiedUsageReport
from wallet.disclosure_records import KeptReport, KnownFinding, KnownHead, KnownNews, KnownUse, UsageKnown
from wallet.policy.cockpit.disclosed import entry_of, path_text

MAX_USES = 5000  # of one receipt
MAX_REPORTS = 200  # that are kept of one receipt; of more, the oldest go
MAX_NEWS = 200
MAX_UNWITNESSED = 32

_OF_ALL = frozenset((Rule.NO_RECEIVED, Rule.GAP, Rule.UNKNOWN_RECIPIENT, Rule.UNLOGGED, Rule.NOT_ERASED))


def asked_of(known: UsageKnown, receipt: str, *, after: int | None, now: int) -> Asked:
    """What the wallet knows when it asks. `after` is where a report that had no room for all goes on; None: at the beginning.

    What is said of it comes from this receipt's own reports, so that it links nothing.
    """
    heads = tuple([head_of(head) for head in known.heads])
    newest = max(heads, key=lambda head: head.log, default=None)
    return Asked(
        receipt=receipt,
        sent_at=now,
        after=after if after is not None else _in_tree_up_to(known.uses),
        seen=newest,
        known=heads,
        last_report_at=known.reported_at,
    )


def request_of(asked: Asked) -> UsageRequest:
    """The same, as it travels."""
    seen = None if asked.seen is None else Seen(asked.seen.log, asked.seen.tree.size)
    return UsageRequest(asked.after, seen)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is known after a report."""

    known: UsageKnown
    more_after: int | None  # the number after which there is more; None: that was all


def learn(
    known: UsageKnown,
    report: VerifiedUsageReport,
    asked: Asked,
    receipt: Receipt,
    *,
    now: int,
    first: Action = Action.RECEIVED,
    mandated: Collection[str] = (),
) -> Learnt:
    """Take a report in; `first` is what it has to begin with.

    `mandated` are those, by identifier, to whom the partner forwards because the user told it to.
    """
    says = report.says
    leaves = {use.n: bytes.fromhex(use.leaf) for use in known.uses}
    not_in_tree = find_not_in_tree(says)
    new = [each.blinded.entry for each in says.entries if each.blinded.entry.n not in leaves]
    found = [
        find_altered(leaves, says.entries),
        find_gone(leaves, says, asked.after),
        find_reordered(says, asked.after),
        not_in_tree,
        find_pending_too_long(says),
        find_past_changed(says, asked),
        find_told_late(new, known.complete_at) if known.complete_at else None,
        _no_new_head(known, says),
    ]
    uses = _joined(known.uses, says.entries, frozenset(not_in_tree.entries if not_in_tree is not None else ()))
    heads = tuple([_kept_head(head, says.issued_at) for head in says.heads])
    news = _joined_news(known.news, says)
    findings = _joined_findings(known.findings, [one for one in found if one is not None], now)
    learnt = replace(
        known,
        reported_at=says.issued_at,
        complete_at=known.complete_at if says.more else says.issued_at,
        looked_at=now,
        uses=uses,
        heads=heads,
        unwitnessed=_each_once((*known.unwitnessed, *heads))[-MAX_UNWITNESSED:],
        findings=findings,
        news=news,
        refused="",
    )
    if not says.more:
        learnt = replace(learnt, findings=_with_whole(learnt, receipt, first, mandated, now))
    quiet = (learnt.uses, learnt.findings, learnt.news) == (known.uses, known.findings, known.news)
    learnt = replace(learnt, reports=_with_report(known.reports, KeptReport(report.signed.raw, says.issued_at, quiet)))
    return Learnt(learnt, max(each.blinded.entry.n for each in says.entries) if says.more else None)


def is_too_much(known: UsageKnown, report: UsageReport) -> bool:
    """Whether a partner reports more than anybody could look at."""
    numbers = {use.n for use in known.uses} | {each.blinded.entry.n for each in report.entries}
    return len(numbers) > MAX_USES


def head_of(head: KnownHead) -> LogHead:
    """A head as the protocol has it."""
    return LogHead(head.log, TreeHead(head.size, bytes.fromhex(head.root)))


def to_be_proven(known: UsageKnown, partner: Witnessed) -> tuple[tuple[LogHead, LogHead], ...]:
    """Heads that the witness did not see, and the next one that it saw, into which the partner has to prove that they grew."""
    pairs = []
    for head in map(head_of, known.unwitnessed):
        later = partner.next_after(head)
        if partner.standing(head) is Standing.BETWEEN and later is not None:
            pairs.append((head, later))
    return tuple(pairs)


def witness(
    known: UsageKnown, partner: Witnessed, *, directory_at: int, growths: Mapping[LogHead, Growth], now: int
) -> UsageKnown:
    """Hold the heads of a partner's reports against what the witness saw; what is settled is not asked again."""
    found: list[Finding] = []
    left = []
    for kept in known.unwitnessed:
        head, growth = head_of(kept), growths.get(head_of(kept))
        wrong = find_split_view(
            head, partner, report_at=kept.report_at, directory_at=directory_at, growth=growth
        )  # fmt: skip
        if wrong is not None:
            found.append(wrong)
        elif partner.standing(head) is not Standing.LISTED and growth is None:
            left.append(kept)
    if partner.broken_since is not None:
        found.append(Finding(Rule.BROKEN))
    findings = _joined_findings(known.findings, found, now)
    return replace(known, findings=findings, unwitnessed=tuple(left))


def _in_tree_up_to(uses: Sequence[KnownUse]) -> int | None:
    """The highest number up to which every entry is in a tree."""
    last = None
    for expected, use in enumerate(uses):
        if use.n != expected or not use.in_tree:
            break
        last = use.n
    return last


def _no_new_head(known: UsageKnown, says: UsageReport) -> Finding | None:
    if not known.reported_at:
        return None
    before = [head_of(head) for head in known.heads]
    return find_no_new_head(before, says.heads, between=says.issued_at - known.reported_at)


def _joined(
    uses: Iterable[KnownUse], reported: Iterable[ReportedEntry], not_in_tree: frozenset[int]
) -> tuple[KnownUse, ...]:
    """All uses by number. One that was shown differently before stays as it was shown first: the rest is in the reports."""
    by_number = {use.n: use for use in uses}
    for each in reported:
        entry, leaf = each.blinded.entry, each.blinded.leaf.hex()
        proven = each.place is not None and entry.n not in not_in_tree
        before = by_number.get(entry.n)
        if before is None:
            text = encode_json(each.blinded.members).decode("utf-8")
            by_number[entry.n] = KnownUse(entry.n, leaf, proven, text)
        elif before.leaf == leaf and proven and not before.in_tree:
            by_number[entry.n] = replace(before, in_tree=True)
    return tuple([by_number[n] for n in sorted(by_number)])


def _joined_news(known: tuple[KnownNews, ...], says: UsageReport) -> tuple[KnownNews, ...]:
    came = [
        KnownNews(one.at, tuple([(text.language, text.text) for text in one.text]), one.offer or "")
        for one in says.news
    ]
    return tuple(dict.fromkeys((*known, *came)))[-MAX_NEWS:]


def _joined_findings(known: Sequence[KnownFinding], found: Iterable[Finding], now: int) -> tuple[KnownFinding, ...]:
    """Each finding once, from when it was found first."""
    joined = {replace(one, at=0): one for one in known}
    for one in found:
        kept = _kept_finding(one, now)
        joined.setdefault(replace(kept, at=0), kept)
    return tuple(joined.values())


def _with_whole(
    known: UsageKnown, receipt: Receipt, first: Action, mandated: Collection[str], now: int
) -> tuple[KnownFinding, ...]:
    """What is wrong with all that is known; what was wrong and is put right goes, for the reports say when it was."""
    entries = [entry_of(use) for use in known.uses]
    recipients = [Addressee(one.name, one.identifier) for one in receipt.recipients]
    recipients += [Addressee(identifier, identifier) for identifier in mandated]
    events = [Event(Action.DECIDED, one.at) for one in known.news]
    at = known.reported_at
    found = (
        find_no_received(entries, receipt.issued_at, at, first=first),
        find_gaps(entries),
        *find_unknown_recipients(entries, recipients),
        *find_unlogged(events, entries, at),
        find_not_erased(
            receipt.claims, entries, gone_at=receipt.retention.ends(receipt.issued_at), report_at=at
        ),
    )  # fmt: skip
    joined = _joined_findings(known.findings, [one for one in found if one is not None], now)
    still = {replace(_kept_finding(one, now), at=0) for one in found if one is not None}
    return tuple([one for one in joined if Rule(one.rule) not in _OF_ALL or replace(one, at=0) in still])


def _with_report(known: Sequence[KeptReport], report: KeptReport) -> tuple[KeptReport, ...]:
    """The reports as evidence: of several that bring nothing new the last says the most."""
    if known and known[-1].quiet and report.quiet:
        known = known[:-1]
    return (*known, report)[-MAX_REPORTS:]


def _each_once(heads: Iterable[KnownHead]) -> tuple[KnownHead, ...]:
    """Each head with the first report that had it: from then on the witness has its three hours."""
    first: dict[LogHead, KnownHead] = {}
    for head in heads:
        first.setdefault(head_of(head), head)
    return tuple(first.values())


def _kept_head(head: LogHead, report_at: int) -> KnownHead:
    return KnownHead(head.log, head.tree.size, head.tree.root.hex(), report_at)


def _kept_finding(finding: Finding, now: int) -> KnownFinding:
    return KnownFinding(
        rule=str(finding.rule),
        at=now,
        entries=finding.entries,
        log=finding.log or "",
        who=finding.who or "",
        claims=tuple([(query_id, path_text(path)) for query_id, path in finding.claims]),
    )
