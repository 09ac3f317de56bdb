"""The mirror of the Datencockpit: what a partner was shown, holds, passed on and must erase (docs/sovereignty/usage.md).

Counted from its receipts and their logs, so that it says what each citizen sees in their own wallet. It names purposes, claims
and organisations, and never anybody who gave something.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.receipt import LegalBasis, Outcome, Receipt
from protocol.sovereignty.usage import Action, Addressee, Use
from protocol.sovereignty.wording import Wording, write_wording
from verifier.usage import is_elsewhere

MAX_COUNTED = 20_000  # receipts that one look at a page counts


class ReceiptPast(NamedTuple):
    """A receipt with everything that its log says."""

    receipt: Receipt
    uses: tuple[Use, ...]
    is_here: bool = True  # False: neither an answer nor a form or a case of this service has the data any more


class Receipts(Protocol):
    """Where receipts and their logs are kept."""

    def pasts(self, *, after: str, limit: int) -> tuple[ReceiptPast, ...]:
        """Receipts in the order of their ids, those behind one."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one answer, as its log says."""

    here: bool
    elsewhere: bool  # another system of the partner had it, and did not say that it is gone
    passed_on: tuple[Addressee, ...]  # each once

    @property
    def is_held(self) -> bool:
        """Whether the partner has it, wherever."""
        return self.here or self.elsewhere


@dataclass(frozen=True, slots=True)
class PurposeHeld:
    """Everything about one purpose."""

    purpose: Wording
    service: str | None
    legal_bases: tuple[LegalBasis, ...]
    retentions: tuple[Retention, ...]
    claims: tuple[ClaimPath, ...]  # that were shown, sorted
    shown: int  # answers that counted
    rejected: int  # answers that failed a check
    here: int  # answers of which the data stand in this service
    elsewhere: int  # in other systems of the partner
    passed_on: Mapping[Addressee, int]
    next_erasure: int | None  # epoch seconds: the first that is still to come; None: none is known
    late: int  # answers that are still held although their time is over
    open_end: int  # answers that are held until something happens whose day is not known

    def to_dict(self) -> JsonObject:
        """For programs."""
        return {
            "purpose": write_wording(self.purpose),
            **({"service": self.service} if self.service is not None else {}),
            "legal_basis": [basis.value for basis in self.legal_bases],
            "retention": [each.to_value() for each in self.retentions],
            "claims": [list[JsonValue](path) for path in self.claims],
            "shown": self.shown,
            "rejected": self.rejected,
            "held": {"here": self.here, "elsewhere": self.elsewhere},
            "passed_on": [
                {"name": to.name, **({"identifier": to.identifier} if to.identifier else {}), "answers": count}
                for to, count in self.passed_on.items()
            ],
            "must_erase": {
                **({"next": self.next_erasure} if self.next_erasure is not None else {}),
                "late": self.late,
                "open_end": self.open_end,
            },
        }


@dataclass(frozen=True, slots=True)
class Mirror:
    """What a partner was shown, holds, passed on and must erase, by purpose: what is held most, first."""

    purposes: tuple[PurposeHeld, ...]
    is_whole: bool  # False: there are more receipts than were counted


def kept(uses: Sequence[Use]) -> Kept:
    """What is kept of one answer, from its log."""
    here, elsewhere = False, False
    passed_on: dict[Addressee, None] = {}
    for use in uses:
        gone = use.action is Action.ERASED
        if is_elsewhere(use.by):
            elsewhere = not gone
        elif gone:
            # What we write ourselves we write of everything that there is
            here = elsewhere = False
        elif use.action is Action.RECEIVED:
            here = True
        if use.action is Action.FORWARDED and use.to is not None:
            passed_on[use.to] = None
    return Kept(here, elsewhere, tuple(passed_on))


def reflect(receipts: Receipts, *, now: int, limit: int | None = MAX_COUNTED, page: int = 500) -> Mirror:
    """Count receipts, all of them or so many; a page of them is in memory at a time."""
    tallies: dict[tuple[Wording, str | None], _Tally] = {}
    for number, past in enumerate(_walk(receipts, page)):
        if number == limit:
            return Mirror(_in_order(tallies), is_whole=False)
        receipt = past.receipt
        tally = tallies.setdefault((receipt.purpose, receipt.service), _Tally())
        found = kept(past.uses)
        tally.add(receipt, replace(found, here=found.here and past.is_here), now)
    return Mirror(_in_order(tallies), is_whole=True)


def _walk(receipts: Receipts, page: int) -> Iterator[ReceiptPast]:
    after = ""
    while found := receipts.pasts(after=after, limit=page):
        yield from found
        after = found[-1].receipt.id


def _in_order(tallies: Mapping[tuple[Wording, str | None], _Tally]) -> tuple[PurposeHeld, ...]:
    held = [tally.of(purpose, service) for (purpose, service), tally in tallies.items()]
    return tuple(sorted(held, key=lambda one: (-one.late, -(one.here + one.elsewhere), one.purpose)))


@dataclass(slots=True)
class _Tally:
    """Counts for one purpose."""

    shown: int = 0
    rejected: int = 0
    here: int = 0
    elsewhere: int = 0
    late: int = 0
    open_end: int = 0
    next_erasure: int | None = None
    legal_bases: dict[LegalBasis, None] = field(default_factory=dict)
    retentions: dict[Retention, None] = field(default_factory=dict)
    claims: set[ClaimPath] = field(default_factory=set)
    passed_on: Counter[Addressee] = field(default_factory=Counter)

    def add(self, receipt: Receipt, now_kept: Kept, now: int) -> None:
        """Count one."""
        if receipt.outcome is Outcome.REJECTED:
            self.rejected += 1
        else:
            self.shown += 1
            self.legal_bases[receipt.legal_basis] = None
            self.retentions[receipt.retention] = None
            self.claims.update(path for paths in receipt.claims.values() for path in paths)
        self.here += now_kept.here
        self.elsewhere += now_kept.elsewhere
        self.passed_on.update(now_kept.passed_on)
        if not now_kept.is_held:
            return
        ends = receipt.retention.ends(receipt.issued_at)
        if ends is None:
            self.open_end += 1
        elif ends <= now:
            self.late += 1
        else:
            self.next_erasure = min(ends, self.next_erasure or ends)

    def of(self, purpose: Wording, service: str | None) -> PurposeHeld:
        """What was counted."""
        return PurposeHeld(
            purpose=purpose,
            service=service,
            legal_bases=tuple(self.legal_bases),
            retentions=tuple(self.retentions),
            claims=tuple(sorted(self.claims, key=str)),
            shown=self.shown,
            rejected=self.rejected,
            here=self.here,
            elsewhere=self.elsewhere,
            passed_on=dict(self.passed_on.most_common()),
            next_erasure=self.next_erasure,
            late=self.late,
            open_end=self.open_end,
        )
