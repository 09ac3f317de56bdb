"""What a usage log leaves out or contradicts: every rule by which the citizen's side can show that something was withheld.

Withholding cannot be excluded, only made costly. Each report is a signed statement that nothing else happened until then, so
what turns up later contradicts it. A finding goes into the complaint, with the signed objects that it rests on. It says nothing
of intent: a clock or a machine may have failed. `entries` are always all that the wallet knows of the receipt.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from protocol.credential import ClaimPath
from protocol.errors import Malformed, NotAuthentic, NotForThisRequest
from protocol.sovereignty.claims import ClaimsByQuery, are_covered
from protocol.sovereignty.log_heads import Growth, LogHead
from protocol.sovereignty.partner_directory import Standing, Witnessed
from protocol.sovereignty.usage import HOUR, IN_TREE_WITHIN, Action, Addressee, UsageEntry
from protocol.sovereignty.usage_report import (
    Asked,
    PastChanged,
    ReportedEntry,
    UsageReport,
    check_included,
    check_order,
    check_past,
)

DAY = 24 * HOUR  # seconds
RECEIVED_WITHIN = 2 * HOUR  # of the receipt
CLOCKS = 300  # seconds by which two clocks may differ
WITNESSED_WITHIN = 3 * HOUR  # of the report
GROWS_WITHIN = DAY


class Rule(StrEnum):
    """What is wrong."""

    NO_RECEIVED = "no_received"
    GAP = "gap"  # an entry was dropped
    GONE = "gone"  # one that was shown before
    ALTERED = "altered"
    REORDERED = "reordered"
    NOT_IN_TREE = "not_in_tree"
    PENDING_TOO_LONG = "pending_too_long"
    PAST_CHANGED = "past_changed"  # since this receipt's last report: a fork
    SPLIT_VIEW = "split_view"  # another past than the witness saw
    NOT_WITNESSED = "not_witnessed"
    BROKEN = "broken"  # the witness itself saw two pasts
    UNKNOWN_RECIPIENT = "unknown_recipient"
    UNLOGGED = "unlogged"  # something happened that has no entry
    TOLD_LATE = "told_late"  # an entry that an earlier report left out
    NOT_ERASED = "not_erased"
    NO_NEW_HEAD = "no_new_head"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is broken, and where."""

    rule: Rule
    entries: tuple[int, ...] = ()  # numbers, where it is about some
    log: str | None = None
    who: str | None = None  # identifier or name of a recipient
    claims: tuple[tuple[str, ClaimPath], ...] = ()  # query id and path of what should be gone


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the wallet knows happened, because it holds what came of it."""

    action: Action  # the entry that it must have
    at: int  # epoch seconds
    who: str | None = None  # the recipient whose receipt it is


def find_no_received(
    entries: Iterable[UsageEntry], receipt_at: int, report_at: int, *, first: Action = Action.RECEIVED
) -> Finding | None:
    """No `received` two hours after the receipt; at an issuer, which takes data from its register, no `used`."""
    if report_at <= receipt_at + RECEIVED_WITHIN or any(entry.use.action is first for entry in entries):
        return None
    return Finding(Rule.NO_RECEIVED)


def find_gaps(entries: Iterable[UsageEntry]) -> Finding | None:
    """Numbers below the highest that stand nowhere; of each gap the last one, because a stranger says how wide it is."""
    numbers = sorted({entry.n for entry in entries})
    missing = [second - 1 for first, second in pairwise((-1, *numbers)) if second != first + 1]
    return Finding(Rule.GAP, tuple(missing)) if missing else None


def find_gone(known: Mapping[int, bytes], report: UsageReport, after: int | None) -> Finding | None:
    """Entries that were shown before as pending, and that the next report has no more; `known` are leaves by number."""
    shown = {reported.blinded.entry.n for reported in report.entries}
    last = max(shown, default=-1)
    start = -1 if after is None else after
    gone = [n for n in known if n > start and n not in shown and (n < last or not report.more)]
    return Finding(Rule.GONE, tuple(sorted(gone))) if gone else None


def find_altered(known: Mapping[int, bytes], reported: Iterable[ReportedEntry]) -> Finding | None:
    """Entries that have another leaf than before: their text or their blind was changed."""
    shown = [(each.blinded.entry.n, each.blinded.leaf) for each in reported]
    altered = [n for n, leaf in shown if known.get(n, leaf) != leaf]
    return Finding(Rule.ALTERED, tuple(altered)) if altered else None


def find_reordered(report: UsageReport, after: int | None) -> Finding | None:
    """Entries that are not in the order of their numbers, or stand there twice."""
    try:
        check_order(report, after)
    except Malformed:
        return Finding(Rule.REORDERED)
    return None


def find_not_in_tree(report: UsageReport) -> Finding | None:
    """Entries that are not in the tree where they are said to be."""
    wrong = []
    for reported in report.entries:
        try:
            check_included(reported, report)
        except NotAuthentic:
            wrong.append(reported.blinded.entry.n)
    return Finding(Rule.NOT_IN_TREE, tuple(wrong)) if wrong else None


def find_pending_too_long(report: UsageReport) -> Finding | None:
    """Entries that are not in the tree two hours after they happened. Of a delayed one nobody knows when it was written."""
    late = [
        reported.blinded.entry.n
        for reported in report.entries
        if reported.place is None
        and not reported.blinded.entry.use.delayed
        and report.issued_at > reported.blinded.entry.use.at + IN_TREE_WITHIN + CLOCKS
    ]
    return Finding(Rule.PENDING_TOO_LONG, tuple(late)) if late else None


def find_past_changed(report: UsageReport, asked: Asked) -> Finding | None:
    """A log that is not what this receipt's last report showed."""
    try:
        check_past(report, asked)
    except PastChanged:
        return Finding(Rule.PAST_CHANGED)
    return None


def find_split_view(
    head: LogHead, partner: Witnessed, *, report_at: int, directory_at: int, growth: Growth | None = None
) -> Finding | None:
    """A head of a report that the witness did not see, or saw otherwise.

    `growth` is what the partner gave as proof that the head grew into `partner.next_after(head)`. Without it, as with a head
    that is newer than all that is listed, three hours decide.
    """
    standing = partner.standing(head)
    if standing is Standing.CONTRADICTED:
        return Finding(Rule.SPLIT_VIEW, log=head.log)
    if standing is Standing.LISTED:
        return None
    later = partner.next_after(head)
    if growth is None or later is None:
        return Finding(Rule.NOT_WITNESSED, log=head.log) if directory_at > report_at + WITNESSED_WITHIN else None
    try:
        growth.verify(head, later)
    except (NotAuthentic, NotForThisRequest):
        return Finding(Rule.SPLIT_VIEW, log=head.log)
    return None


def find_broken(partner: Witnessed) -> Finding | None:
    """The witness itself was shown two pasts."""
    return None if partner.broken_since is None else Finding(Rule.BROKEN)


def find_unknown_recipients(entries: Iterable[UsageEntry], recipients: Collection[Addressee]) -> tuple[Finding, ...]:
    """Entries whose `to` the receipt does not name. Organisations are their identifier, private persons their role."""
    named = {_who(recipient) for recipient in recipients}
    wrong: dict[str, list[int]] = {}
    for entry in entries:
        if entry.use.to is not None and _who(entry.use.to) not in named:
            wrong.setdefault(_who(entry.use.to)[1], []).append(entry.n)
    return tuple([Finding(Rule.UNKNOWN_RECIPIENT, tuple(numbers), who=who) for who, numbers in wrong.items()])


def find_unlogged(events: Iterable[Event], entries: Sequence[UsageEntry], report_at: int) -> tuple[Finding, ...]:
    """A recipient's receipt, a decision or an offer without its entry, two hours after it happened.

    An entry cannot be later than what came of it. It answers for one event, and for others within an hour of that one, because
    of uses that differ only in their time the first in an hour is written.
    """
    left = sorted(entries, key=lambda entry: entry.use.at, reverse=True)
    used: list[tuple[UsageEntry, int]] = []
    missing = []
    # The most particular first, and of those the latest, which has the most entries to choose from and takes the latest
    for event in sorted(events, key=lambda event: (event.who is None, -event.at)):
        if report_at <= event.at + RECEIVED_WITHIN:
            continue
        found = next((entry for entry in left if _answers(entry, event)), None)
        if found is not None:
            left.remove(found)
            used.append((found, event.at))
        elif not any(_answers(entry, event) and abs(at - event.at) < HOUR + CLOCKS for entry, at in used):
            missing.append(Finding(Rule.UNLOGGED, who=event.who))
    return tuple(missing)


def find_told_late(new: Iterable[UsageEntry], last_report_at: int) -> Finding | None:
    """Entries that happened before an earlier report, which said that nothing else had."""
    late = [entry.n for entry in new if not entry.use.delayed and entry.use.at < last_report_at - CLOCKS]
    return Finding(Rule.TOLD_LATE, tuple(late)) if late else None


def find_not_erased(
    claims: ClaimsByQuery, entries: Iterable[UsageEntry], *, gone_at: int | None, report_at: int
) -> Finding | None:
    """Claims that are past their retention and neither `erased` nor `kept`; `gone_at` is None while an event is awaited.

    A `kept` from long before says why an erasure was refused then, not why the data is still there now.
    """
    if gone_at is None or report_at <= gone_at + IN_TREE_WITHIN:
        return None
    settled: dict[str, list[ClaimPath]] = {}
    whole: set[str] = set()  # queries without claims of their own
    for entry in entries:
        kept = entry.use.action is Action.KEPT and entry.use.at >= gone_at - DAY
        if kept or entry.use.action is Action.ERASED:
            for id_, paths in entry.use.claims.items():
                settled.setdefault(id_, []).extend(paths)
                whole.add(id_)
    left = [
        (id_, path) for id_, paths in claims.items() for path in paths if not are_covered((path,), settled.get(id_, ()))
    ]
    left += [(id_, ()) for id_, paths in claims.items() if not paths and id_ not in whole]
    return Finding(Rule.NOT_ERASED, claims=tuple(left)) if left else None


def find_no_new_head(before: Collection[LogHead], after: Collection[LogHead], *, between: int) -> Finding | None:
    """No log grew within a day, though every hour appends a block; `between` are the seconds from one look to the other."""
    if between <= GROWS_WITHIN:
        return None
    sizes = {head.log: head.tree.size for head in before}
    if any(head.tree.size > sizes.get(head.log, 0) for head in after):
        return None
    return Finding(Rule.NO_NEW_HEAD)


def _who(recipient: Addressee) -> tuple[bool, str]:
    """Names and identifiers never stand for each other."""
    return (False, recipient.name) if recipient.identifier is None else (True, recipient.identifier)


def _answers(entry: UsageEntry, event: Event) -> bool:
    if entry.use.action is not event.action or entry.use.at > event.at + CLOCKS:
        return False
    return event.who is None or (entry.use.to is not None and _who(entry.use.to)[1] == event.who)
