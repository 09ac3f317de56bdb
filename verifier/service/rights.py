"""Rights over answers: taken by wallets' calls, worked on by clerks and by the partner's own systems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from capabilities.cockpit.clerks import PAGE
from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights import RightsRequests, Step
from capabilities.cockpit.rights_case import RightsCase, RightsChange, extended, no_request
from protocol.errors import Conflict
from protocol.exchange import Exchange
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.due_dates import last_due
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import HANDS_OUT, VerifiedRightsRequest
from protocol.sovereignty.wording import Wording
from runtime.conversation import Event, slow
from verifier.rights import (
    Finished,
    Holding,
    RightsRecord,
    RightsStep,
    Why,
    finish,
    first_step,
    hand_out,
    hand_over,
    no_fit,
    refuse,
)
from verifier.service.context import VerifierContext
from verifier.service.handing_out import Own, make_answer, make_with_own
from verifier.service.showing_again import Asking
from verifier.usage import By, Logged

Requests = RightsRequests[Holding, RightsRecord]


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """`capabilities.cockpit.rights.Rules` of a verifier."""

    context: VerifierContext
    asking: Asking

    def first(self, request: VerifiedRightsRequest, receipt: IssuedReceipt) -> Step[Holding, RightsRecord]:
        """What happens when a request comes."""
        says, claims, now = receipt.receipt, request.says.claims, self.context.now()

        def step(fresh: RightsCase, held: Holding) -> RightsStep:
            return first_step(fresh, says, claims, held, now=now)

        return step

    def go_on(
        self, case: RightsCase, receipt: IssuedReceipt, read: Callable[[], VerifiedRightsRequest]
    ) -> Exchange[Step[Holding, RightsRecord] | None]:
        """Ask for the data once more where that is needed, and hand out what nothing forbids."""
        if case.note == Why.AGAIN:
            wanted = yield from self.asking.wanted(case, receipt)
            return None if wanted is None else lambda current, _: wanted(current)
        if case.note != Why.ANSWER:
            return None
        context = self.context
        held = yield from slow(lambda: context.store.rights.held(case.receipt))
        answer = yield from make_answer(context, case, receipt, read(), held.sealed)
        now, logged = context.now(), logged_of(context, receipt)

        def step(current: RightsCase, at_present: Holding) -> RightsStep:
            if answer is None:
                return no_fit(current, now=now)
            return hand_out(current, answer, held.sealed, logged, at_present, now=now)

        return step


def logged_of(context: VerifierContext, issued: IssuedReceipt) -> Logged:
    """What uses of an answer are logged with, from its receipt."""
    says = issued.receipt
    return Logged.of(issued.id, issued.log_until, says.claims, says.purpose, context.name[0][0])


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request with what it asks, for whoever works on it."""

    case: RightsCase
    receipt: Receipt
    claims: ClaimsByQuery  # that it is about
    text: str  # the citizen's own words; empty: none
    held: Holding

    @property
    def can_be_done(self) -> bool:
        """Whether saying that it is done answers it."""
        return self.case.is_open and self.case.status.right not in HANDS_OUT

    @property
    def latest_due(self) -> int:
        """The last moment to which it can be put off, in epoch seconds."""
        return last_due(self.case.received_at)


@dataclass(frozen=True, slots=True)
class RightsDesk:
    """Working on requests. What was decided is signed when the citizen's wallet asks how it stands."""

    context: VerifierContext
    requests: Requests

    def listed(self, *, is_open: bool, after: str = "") -> Exchange[tuple[RightsCase, ...]]:
        """Requests that wait, what is due first first, or those that have ended; one more than `PAGE` if there are more."""
        store = self.requests.store
        return (yield from slow(lambda: store.listed(is_open=is_open, after=after, limit=PAGE + 1)))

    def open(self, id_: str, *, actor: str) -> Exchange[OpenRequest]:
        """One request, with what it asks; that somebody looks stands in our trail.

        Raises:
            NotFound: there is none.
        """

        def step(case: RightsCase, _: Holding) -> RightsStep:
            return RightsChange(case, (Event("rights request viewed", case.id, actor=actor),))

        case = yield from self.requests.advance(id_, step)
        issued = yield from self._issued(case)
        held = yield from slow(lambda: self.requests.store.held(case.receipt))
        receipt, says = issued.receipt, self.requests.request(case, issued).says
        claims = says.claims if says.claims is not None else receipt.claims
        return OpenRequest(case, receipt, claims, says.text or "", held)

    def extend(self, id_: str, why: Wording, due: int, *, actor: str) -> Exchange[RightsCase]:
        """Put an answer off, and say why.

        Raises:
            NotFound: there is none.
            Conflict: it has ended, or that is too late, too long, or no later than before.
        """
        now = self.context.now()

        def step(case: RightsCase, _: Holding) -> RightsStep:
            return RightsChange(extended(case, why, due=due, now=now), (_event("extended", case, actor),))

        return (yield from self.requests.advance(id_, step))

    def refuse(self, id_: str, why: Wording, *, actor: str) -> Exchange[RightsCase]:
        """Refuse; `why` names the provision, and the citizen hears where to complain.

        Raises:
            NotFound: there is none.
            Conflict: it has ended.
        """
        now = self.context.now()
        receipt = (yield from self._of(id_)).receipt

        def step(case: RightsCase, held: Holding) -> RightsStep:
            return _with(refuse(case, receipt, why, held, now=now), "refused", actor)

        return (yield from self.requests.advance(id_, step))

    def done(self, id_: str, *, place: By, told: bool, actor: str) -> Exchange[RightsCase]:
        """Say that it is done; what is here is done with it. `told`: whoever got the data was told.

        Raises:
            NotFound: there is none.
            Conflict: it has ended, is answered in another way, or whoever got the data has to be told first.
        """
        now, logged = self.context.now(), logged_of(self.context, (yield from self._of(id_)))

        def step(case: RightsCase, held: Holding) -> RightsStep:
            return _with(finish(case, logged, held, Finished(place, told), now=now), "done", actor)

        return (yield from self.requests.advance(id_, step))

    def hand_out(self, id_: str, own: Own, *, sure: bool, actor: str) -> Exchange[RightsCase]:
        """Answer with the data itself: what is here, and what a program adds; see `verifier.rights.hand_over`.

        Raises:
            NotFound: there is none.
            Conflict: it has ended, is about something else than data, or nobody knows who asks.
            InvalidRequest: no answer can be made of it, see `make_with_own`.
        """
        case = yield from self.requests.find(id_)
        issued = yield from self._issued(case)
        held = yield from slow(lambda: self.requests.store.held(case.receipt))
        request = yield from slow(lambda: self.requests.request(case, issued))
        if case.status.right not in HANDS_OUT:
            raise Conflict("this right is not answered with data")
        made = yield from make_with_own(self.context, case, issued, request, held=held, own=own)
        now, logged = self.context.now(), logged_of(self.context, issued)

        def step(current: RightsCase, at_present: Holding) -> RightsStep:
            done = hand_over(
                current,
                made,
                of=held.sealed,
                logged=logged,
                receipt=issued.receipt,
                held=at_present,
                sure=sure,
                now=now,
            )
            return RightsChange(done.next, (*done.records, _event("answered", done.next, actor)), done.files)

        return (yield from self.requests.advance(id_, step))

    def _of(self, id_: str) -> Exchange[IssuedReceipt]:
        case = yield from self.requests.find(id_)
        return (yield from self._issued(case))

    def _issued(self, case: RightsCase) -> Exchange[IssuedReceipt]:
        issued = yield from slow(lambda: self.context.store.cockpit.by_id(case.receipt))
        if issued is None:
            raise no_request()
        return issued


def _with(change: RightsStep, what: str, actor: str) -> RightsStep:
    return RightsChange(change.next, (*change.records, _event(what, change.next, actor)))


def _event(what: str, case: RightsCase, actor: str) -> Event:
    return Event(f"rights request {what}", case.id, actor=actor, detail=case.status.right.value)
