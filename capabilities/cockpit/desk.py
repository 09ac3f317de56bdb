"""Working on requests about rights, as every role's clerks do: looked at, put off, given files, with a line in the trail.

What a right means for the data, and how it ends, is the role's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from capabilities.cockpit.answers import Holds, attach, check_hands_out, detach
from capabilities.cockpit.attached import Attached, kind_of
from capabilities.cockpit.attaching import NewFile, read_attached, seal_new
from capabilities.cockpit.clerks import PAGE
from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights import RightsRequests
from capabilities.cockpit.rights_case import RightsCase, RightsChange, SealedFile, extended, no_request
from capabilities.cockpit.store import CockpitStore
from protocol.exchange import Exchange
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.due_dates import last_due
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import HANDS_OUT, Right
from protocol.sovereignty.rights_answer import AnsweredFile, describe_file
from protocol.sovereignty.wording import Wording
from runtime.conversation import Event, slow

H = TypeVar("H", bound=Holds)  # what a role holds of the data of a receipt
H_co = TypeVar("H_co", bound=Holds, covariant=True)
R = TypeVar("R")  # what it does with it

Told = Callable[[RightsCase, IssuedReceipt], tuple[R, ...]]  # what the citizen reads of it


@dataclass(frozen=True, slots=True)
class Asked(Generic[H_co]):
    """A request with what it asks, for whoever works on it."""

    case: RightsCase
    receipt: Receipt
    claims: ClaimsByQuery  # that it is about
    text: str  # the citizen's own words; empty: none
    held: H_co
    is_unknown: bool  # somebody has to make sure who asks
    files: tuple[AnsweredFile, ...] = ()  # that a clerk added
    sent: frozenset[str] = frozenset()  # hashes of those that went out

    @property
    def hands_out(self) -> bool:
        """Whether it is answered with the data itself."""
        return self.case.status.right in HANDS_OUT

    @property
    def can_be_answered(self) -> bool:
        """Whether it waits to be answered with the data itself."""
        return self.case.is_open and self.hands_out

    @property
    def must_tell_decisions(self) -> bool:
        """Whether the answer has to say what machines decide, since nobody here knows it (Art. 15(1)(h))."""
        return self.case.status.right is Right.ACCESS and (bool(self.files) or self.held.has_others)

    @property
    def can_be_done(self) -> bool:
        """Whether saying that it is done answers it."""
        return self.case.is_open and not self.hands_out

    @property
    def latest_due(self) -> int:
        """The last moment to which it can be put off, in epoch seconds."""
        return last_due(self.case.received_at)


@dataclass(frozen=True, slots=True)
class RequestsAtDesk(ABC, Generic[H, R]):
    """Working on requests. What was decided is signed when the citizen's wallet asks how it stands."""

    requests: RightsRequests[H, R | Event]
    receipts: CockpitStore

    @abstractmethod
    def is_unknown(self, case: RightsCase, receipt: Receipt, held: H) -> bool:
        """Whether somebody has to make sure who asks before data go out."""

    @abstractmethod
    def refuse(self, id_: str, why: Wording, *, actor: str) -> Exchange[RightsCase]:
        """Refuse; `why` names the provision, and the citizen hears where to complain.

        Raises:
            NotFound: there is none.
            Conflict: it has ended.
        """

    def listed(self, *, is_open: bool, after: str = "") -> Exchange[tuple[RightsCase, ...]]:
        """Requests that wait, what is due first first, or those that have ended; one more than `PAGE` if there are more."""
        store = self.requests.store
        return (yield from slow(lambda: store.listed(is_open=is_open, after=after, limit=PAGE + 1)))

    def look(self, id_: str, told: Told[R] | None = None, *, actor: str) -> Exchange[Asked[H]]:
        """One request, with what it asks. That somebody looks stands in our trail, and where `told` writes it down.

        Raises:
            NotFound: there is none.
        """
        issued = yield from self.issued(id_)

        def step(case: RightsCase, _: H) -> RightsChange[R | Event]:
            records = told(case, issued) if told is not None else ()
            return RightsChange(case, (*records, Event("rights request viewed", case.id, actor=actor)))

        case = yield from self.requests.advance(id_, step)
        held = yield from self.held(issued)
        receipt, says = issued.receipt, self.requests.request(case, issued).says
        claims = says.claims if says.claims is not None else receipt.claims
        attached, sealer = held.files_of(case), self.requests.sealer
        return Asked(
            case,
            receipt,
            claims,
            says.text or "",
            held,
            self.is_unknown(case, receipt, held),
            tuple([read_attached(sealer, each) for each in attached]),
            frozenset([each.hash for each in attached if each.sent]),
        )

    def extend(self, id_: str, why: Wording, due: int, *, actor: str) -> Exchange[RightsCase]:
        """Put an answer off, and say why.

        Raises:
            NotFound: there is none.
            Conflict: it has ended, or that is too late, too long, or no later than before.
        """
        now = self.requests.now()

        def step(case: RightsCase, _: H) -> RightsChange[R | Event]:
            later: RightsChange[R] = RightsChange(extended(case, why, due=due, now=now))
            return done_by(later, "extended", actor)

        return (yield from self.requests.advance(id_, step))

    def attach(self, id_: str, new: NewFile, *, actor: str) -> Exchange[RightsCase]:
        """Add a file to what will be handed out; it is encrypted to the citizen before it is kept.

        Raises:
            NotFound: there is no such request.
            Malformed: nothing that people are sent, or something else than its name says.
            Conflict: the request has ended or hands out nothing, the file is there already, or there is no room for it.
        """
        case = yield from self.requests.find(id_)
        check_hands_out(case)
        described = describe_file(new.name, kind_of(new.name, new.content), new.content)
        issued, by = (yield from self.issued(id_)), self.requests

        def seal() -> tuple[Attached, SealedFile]:
            request = by.request(case, issued)
            return seal_new(case, request, described, new.content, sealer=by.sealer, random_bytes=by.random_bytes)

        file, sealed = yield from slow(seal)

        def step(current: RightsCase, held: H) -> RightsChange[R | Event]:
            change: RightsChange[R] = attach(current, file, sealed, held)
            return done_by(change, "file added", actor)

        return (yield from self.requests.advance(id_, step))

    def detach(self, id_: str, hash_: str, *, actor: str) -> Exchange[RightsCase]:
        """Take a file back that was not sent.

        Raises:
            NotFound: there is no such request.
            Conflict: the request has ended, or the file is not there or was sent.
        """

        def step(current: RightsCase, held: H) -> RightsChange[R | Event]:
            change: RightsChange[R] = detach(current, hash_, held)
            return done_by(change, "file removed", actor)

        return (yield from self.requests.advance(id_, step))

    def held(self, issued: IssuedReceipt) -> Exchange[H]:
        """What is held of the data of a receipt at this moment."""
        return (yield from slow(lambda: self.requests.store.held(issued.id)))

    def issued(self, id_: str) -> Exchange[IssuedReceipt]:
        """The receipt that a request is about.

        Raises:
            NotFound: there is no such request, or nobody knows its receipt any more.
        """
        case = yield from self.requests.find(id_)
        issued = yield from slow(lambda: self.receipts.by_id(case.receipt))
        if issued is None:
            raise no_request()
        return issued


def done_by(change: RightsChange[R], what: str, actor: str) -> RightsChange[R | Event]:
    """A step with the line of the trail that says who took it."""
    event = Event(f"rights request {what}", change.next.id, actor=actor, detail=change.next.status.right.value)
    return RightsChange(change.next, (*change.records, event), change.files, change.attached)
