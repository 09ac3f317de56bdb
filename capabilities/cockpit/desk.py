"""Working on requests about rights, as every role's clerks do: found, looked at, put off, with a line in the trail for each.

What a right means for the data, and how it ends, is the role's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from capabilities.cockpit.clerks import PAGE
from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights import RightsRequests
from capabilities.cockpit.rights_case import RightsCase, RightsChange, extended, no_request
from capabilities.cockpit.store import CockpitStore
from protocol.exchange import Exchange
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.due_dates import last_due
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import HANDS_OUT
from protocol.sovereignty.wording import Wording
from runtime.conversation import Event, slow

H = TypeVar("H")  # what a role holds of the data of a receipt
H_co = TypeVar("H_co", covariant=True)
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

    @property
    def hands_out(self) -> bool:
        """Whether it is answered with the data itself."""
        return self.case.status.right in HANDS_OUT

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
        return Asked(case, receipt, claims, says.text or "", held)

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
    return RightsChange(change.next, (*change.records, event), change.files)
