"""One timeline of everything: the wallet's own log, receipts, what partners say that they did, news, and what is wrong.

It is kept in memory while the wallet is open and only added to, so that a hundred thousand entries open at once; what is
searched are names of partners and documents, names of claims, and what partners wrote. There are no values in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter

from protocol.sovereignty.receipt_check import PROMISED_WITHIN, Absence
from protocol.sovereignty.rights_status import RightsStatus
from protocol.sovereignty.usage import UsageEntry
from wallet.disclosure_records import Disclosure, KeptReceipt, KnownFinding, KnownNews, RightsAsked
from wallet.policy.activity import Happened
from wallet.policy.cockpit.disclosed import absence_of, entry_of, organisation_key, partner_of, receipt_of
from wallet.policy.cockpit.rights import Overdue, overdue_at, steps_of
from wallet.policy.showing import plain
from wallet.records import LogEntry

PAGE = 50  # items
MAX_SEARCH = 200  # characters
CLAIMED = "? "  # before what somebody says that they are, for whom nobody vouches


class Kind(StrEnum):
    """What an item is about."""

    GIVEN = "given"  # the user gave data
    GOT = "got"  # the user got a document, or did not
    ASKED = "asked"  # somebody asked, and got nothing
    RECEIPT = "receipt"
    USE = "use"
    NEWS = "news"
    RIGHTS = "rights"  # what the user asked of a partner, and what became of it
    WARNING = "warning"
    WALLET = "wallet"  # about the wallet itself


KINDS = {  # of the lines of the log that are not about the wallet itself, by their action
    "sharing": Kind.GIVEN,
    "noted": Kind.GIVEN,
    "received": Kind.GOT,
    "renewed": Kind.GOT,
    "not kept": Kind.GOT,
    "instructed": Kind.GIVEN,
    "stopped": Kind.RIGHTS,
    "arranged": Kind.GIVEN,
    "unarranged": Kind.RIGHTS,
    "wrote": Kind.RIGHTS,
    "complained": Kind.RIGHTS,
    "declined": Kind.ASKED,
    "failed": Kind.ASKED,
    "overasked": Kind.WARNING,
    "not registered": Kind.WARNING,
    "barred": Kind.WARNING,
    "not looked up": Kind.WARNING,
}
# Of whoever came under a name that nothing showed to be theirs: such a line is not about whom it names
UNPROVEN = frozenset(("barred", "not looked up"))

What = UsageEntry | KeptReceipt | KnownNews | KnownFinding | Absence | RightsAsked | RightsStatus | Overdue


@dataclass(frozen=True, slots=True)
class Item:
    """One line."""

    at: int  # epoch seconds
    number: int  # of the entry of the log that it belongs to
    kind: Kind
    party: str  # by which the log knows whom it is about; empty: nobody
    text: str  # what is searched, in small letters
    entry: LogEntry
    what: What | None = None  # None: what the log says
    disclosure: Disclosure | None = None  # what the partner promised and said


@dataclass(frozen=True, slots=True)
class PartnerMet:
    """Somebody with whom something happened."""

    key: str
    number: int  # of the newest entry about them, by which pages name them: no name stands in an address (T260)
    name: str
    times: int


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for; nothing said means everything."""

    partner: str = ""  # key
    document: str = ""  # type
    kind: Kind | None = None
    since: int = 0  # epoch seconds
    until: int = 0  # epoch seconds; 0: no end
    entries: frozenset[int] | None = None  # numbers of the entries that it belongs to; None: all
    needles: tuple[str, ...] = ()  # one of which stands in it, in small letters

    @property
    def is_empty(self) -> bool:
        """Whether it finds everything."""
        return self == Filter()


@dataclass(frozen=True, slots=True)
class Part:
    """A page of the timeline."""

    items: tuple[Item, ...]
    number: int  # from 1
    last: int

    @property
    def older(self) -> int:
        """The page after it; 0: there is none."""
        return self.number + 1 if self.number < self.last else 0


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything, newest first."""

    items: tuple[Item, ...]
    outcomes: Mapping[int, str]  # number of an entry → what became of it in the end
    partners: tuple[PartnerMet, ...]  # whoever was last first
    documents: Mapping[str, str]  # type → name, of everything that was given or got
    keys: Mapping[str, str]  # as the log knows somebody → who they are, by a register, where that is known
    by_number: Mapping[int, str]  # number of an entry → whose data it is
    changes_at: int  # epoch seconds; when a promised receipt is missing; 0: nothing changes by itself

    def happened(self, entry: LogEntry) -> Happened:
        """An entry, with what became of it."""
        return Happened(entry, self.outcomes.get(entry.number, entry.outcome))

    def key_of(self, item: Item) -> str:
        """Who an item is about; empty: nobody."""
        return self.by_number.get(item.number) or self.keys.get(item.party, item.party)

    def partner(self, number: int) -> PartnerMet | None:
        """The partner of an entry."""
        key = next((self.key_of(item) for item in self.items if item.number == number), "")
        return next((met for met in self.partners if met.key == key), None) if key else None

    def of_entry(self, number: int) -> tuple[Item, ...]:
        """Everything that belongs to an entry of the log, that entry among it, newest first."""
        return tuple([item for item in self.items if item.number == number])

    def find(self, wanted: Filter) -> Sequence[Item]:
        """What fits."""
        return self.items if wanted.is_empty else tuple(self._fitting(wanted))

    def _fitting(self, wanted: Filter) -> Iterator[Item]:
        found: Iterable[Item] = self.items
        if wanted.kind is not None:
            found = [item for item in found if item.kind is wanted.kind]
        if wanted.entries is not None:
            found = [item for item in found if item.number in wanted.entries]
        if wanted.since or wanted.until:
            until = wanted.until or 1 << 62
            found = [item for item in found if wanted.since <= item.at < until]
        if wanted.partner:
            own, parties = self.by_number, {wanted.partner}
            parties.update(party for party, key in self.keys.items() if key == wanted.partner)
            parties.difference_update(party for party, key in self.keys.items() if key != wanted.partner)
            found = [
                item
                for item in found
                if (own[item.number] == wanted.partner if item.number in own else item.party in parties)
            ]
        if wanted.document:
            line = f"\n{wanted.document.lower()}\n"
            found = [item for item in found if line in item.text]
        if wanted.needles:
            has = re.compile("|".join(map(re.escape, wanted.needles))).search
            found = [item for item in found if has(item.text)]
        yield from found


def part_of(items: Sequence[Item], number: int = 1) -> Part:
    """One page; of one that is not there, the nearest."""
    last = max(1, -(-len(items) // PAGE))
    number = min(max(number, 1), last)
    return Part(tuple(items[(number - 1) * PAGE : number * PAGE]), number, last)


@dataclass(slots=True)
class _Own:
    """What the log alone says."""

    items: list[Item] = field(default_factory=list)  # oldest first
    outcomes: dict[int, str] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)  # of entries, by whom they are about
    names: dict[str, str] = field(default_factory=dict)
    owners: dict[str, set[str]] = field(default_factory=dict)  # who a client or an issuer is, by a register
    documents: dict[str, str] = field(default_factory=dict)

    def add(self, entry: LogEntry) -> None:
        """Read one more entry."""
        if entry.completes:
            self.outcomes[entry.completes] = entry.outcome
            return
        item = _own_item(entry)
        self.items.append(item)
        if item.party:
            self.numbers.setdefault(item.party, []).append(entry.number)
            self.names[item.party] = entry.party or entry.party_id
        if entry.organisation:
            self.owners.setdefault(entry.party_id or entry.party, set()).add(entry.organisation)
        for credential in entry.credentials:
            self.documents[credential.type] = credential.name


@dataclass(slots=True)
class Timelines:
    """The timeline of the open wallet, kept while it does not change."""

    _log: tuple[LogEntry, ...] = ()
    _disclosures: tuple[Disclosure, ...] = ()
    _own: _Own = field(default_factory=_Own)
    _timeline: Timeline | None = None

    def of(self, log: tuple[LogEntry, ...], disclosures: tuple[Disclosure, ...], now: int) -> Timeline:
        """The timeline of these; both are the same values as long as nothing changed."""
        known = self._timeline
        same = log is self._log and disclosures is self._disclosures
        if known is not None and same and not (known.changes_at and now >= known.changes_at):
            return known
        if log is not self._log:
            self._read(log)
        self._log, self._disclosures = log, disclosures
        self._timeline = _joined(self._own, log, disclosures, now)
        return self._timeline

    def _read(self, log: tuple[LogEntry, ...]) -> None:
        """Read what is new in the log, or all of it if it does not only go on from where it was."""
        length = len(self._log)
        if not (0 < length <= len(log) and log[length - 1] is self._log[-1] and log[0] is self._log[0]):
            self._own, length = _Own(), 0
        for entry in log[length:]:
            self._own.add(entry)


def _own_item(entry: LogEntry) -> Item:
    lines = ["", entry.party, entry.party_id]
    for credential in entry.credentials:
        lines += (credential.name, credential.type, *credential.claims)
    lines.append("")
    kind = KINDS.get(entry.action, Kind.WALLET)
    return Item(entry.at, entry.number, kind, _party_of(entry), "\n".join(lines).lower(), entry)


def _party_of(entry: LogEntry) -> str:
    """By which the log knows whom an entry is about: as a register does, else as whoever vouches for them does.

    Of whom nobody vouches for there is only what they said of themselves, which may be somebody else's: it stands apart.
    """
    if entry.action in UNPROVEN:
        return ""
    if entry.organisation:
        return entry.organisation
    known = entry.party_id or entry.party
    return known if entry.party or entry.trusted_by or not known else f"{CLAIMED}{known}"


def _joined(own: _Own, log: tuple[LogEntry, ...], disclosures: tuple[Disclosure, ...], now: int) -> Timeline:
    entries = {entry.number: entry for entry in log} if disclosures else {}
    by_number: dict[int, str] = {}
    owners = {party: set(found) for party, found in own.owners.items()}
    names = dict(own.names)
    more: list[Item] = []
    awaited: list[int] = []
    for disclosure in disclosures:
        entry = entries.get(disclosure.log_number)
        if entry is None:
            continue  # it went, and this with it
        key = organisation_key(partner_of(disclosure.sent))
        by_number[entry.number] = key
        names[key] = disclosure.sent.name
        owners.setdefault(entry.party_id or entry.party, set()).add(key)
        owners.setdefault(_party_of(entry), set()).add(key)
        if disclosure.sent.issued:
            # Where the wallet went is where the issuer is, also when what came from there was no good
            owners.setdefault(f"{CLAIMED}{disclosure.sent.client_id}", set()).add(key)
        more += _items_of(disclosure, entry, now)
        if absence_of(disclosure, now) is Absence.AWAITED:
            awaited.append(disclosure.sent.at + PROMISED_WITHIN)
        awaited += [due for asked in disclosure.rights if (due := overdue_at(asked)) > now]
    # Who asks for several is not one of them
    keys = {party: min(found) for party, found in owners.items() if len(found) == 1}
    # The sort is stable, so that of the same moment what was given comes first, and what came of it after it
    items = [*own.items, *more]
    items.sort(key=attrgetter("at"))
    items.reverse()
    documents = {type_: plain(name) for type_, name in own.documents.items()}
    partners = _partners(own.numbers, keys, by_number, names)
    return Timeline(tuple(items), own.outcomes, partners, documents, keys, by_number, min(awaited, default=0))


def _partners(
    numbers: Mapping[str, Sequence[int]],
    keys: Mapping[str, str],
    by_number: Mapping[int, str],
    names: Mapping[str, str],
) -> tuple[PartnerMet, ...]:
    several = {party for party in numbers if party not in keys} if by_number else set()
    found: dict[str, tuple[int, int]] = {}  # newest number, times
    for party, own in numbers.items():
        if party in several and any(number in by_number for number in own):
            for number in own:
                _count(found, by_number.get(number, party), number, 1)
        else:
            _count(found, keys.get(party, party), own[-1], len(own))
    met = [PartnerMet(key, number, plain(names.get(key, key)), times) for key, (number, times) in found.items()]
    return tuple(sorted(met, key=lambda one: -one.number))


def _count(found: dict[str, tuple[int, int]], key: str, number: int, times: int) -> None:
    newest, before = found.get(key, (0, 0))
    found[key] = (max(newest, number), before + times)


def _items_of(disclosure: Disclosure, entry: LogEntry, now: int) -> Iterator[Item]:
    """What a partner promised, gave and said."""
    party, text = _party_of(entry), _own_item(entry).text

    def item(at: int, kind: Kind, what: What, *words: str) -> Item:
        searched = text + "\n".join((*words, "")).lower()
        return Item(at, entry.number, kind, party, searched, entry, what, disclosure)

    if disclosure.receipt is not None:
        kind = Kind.WARNING if disclosure.receipt.findings else Kind.RECEIPT
        yield item(disclosure.receipt.arrived_at, kind, disclosure.receipt, *_words_of_receipt(disclosure))
    elif absence_of(disclosure, now) is Absence.PROMISED:
        yield item(disclosure.sent.at + PROMISED_WITHIN, Kind.WARNING, Absence.PROMISED)
    for use in disclosure.usage.uses:
        entry_said = entry_of(use)
        said = entry_said.use
        to = said.to.name if said.to is not None else ""
        yield item(said.at, Kind.USE, entry_said, said.by, to, *[text.text for text in said.why])
    for news in disclosure.usage.news:
        yield item(news.at, Kind.NEWS, news, *[text for _, text in news.text])
    for finding in disclosure.usage.findings:
        yield item(finding.at, Kind.WARNING, finding, finding.who)
    for asked in disclosure.rights:
        yield item(asked.at, Kind.RIGHTS, asked)
        for status in steps_of(asked):
            yield item(status.issued_at, Kind.RIGHTS, status)
        if 0 < (late := overdue_at(asked)) <= now:
            yield item(late, Kind.WARNING, Overdue(asked, late - 1))


def _words_of_receipt(disclosure: Disclosure) -> Iterator[str]:
    receipt = receipt_of(disclosure)
    if receipt is not None:
        yield receipt.controller.name
        yield from (text.text for text in receipt.purpose)
        yield from (recipient.name for recipient in receipt.recipients)
