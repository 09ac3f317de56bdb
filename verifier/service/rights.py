"""Rights over answers: taken by wallets' calls, worked on by clerks and by the partner's own systems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from capabilities.cockpit.answers import check_hands_out
from capabilities.cockpit.desk import Asked, RequestsAtDesk, done_by
from capabilities.cockpit.handing_out import Own
from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights import RightsRequests, Step
from capabilities.cockpit.rights_case import RightsCase
from protocol.exchange import Exchange
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import VerifiedRightsRequest
from protocol.sovereignty.wording import Wording
from runtime.conversation import slow
from verifier.rights import (
    Finished,
    Holding,
    RightsRecord,
    RightsStep,
    Why,
    finish,
    first_step,
    identifies,
    refuse,
)
from verifier.rights_answers import hand_out, hand_over, no_fit
from verifier.service.context import VerifierContext
from verifier.service.handing_out import make_answer, make_with_own
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


OpenRequest = Asked[Holding]


@dataclass(frozen=True, slots=True)
class RightsDesk(RequestsAtDesk[Holding, RightsRecord]):
    """Working on requests about answers."""

    context: VerifierContext

    def open(self, id_: str, *, actor: str) -> Exchange[OpenRequest]:
        """See `look`; nothing of what was shown is looked at with it."""
        return (yield from self.look(id_, actor=actor))

    def is_unknown(self, case: RightsCase, receipt: Receipt, held: Holding) -> bool:
        """The same data was not shown once more although it says who somebody is."""
        return not case.proven_at and identifies(case.status.right, receipt, held) is not None

    def refuse(self, id_: str, why: Wording, *, actor: str) -> Exchange[RightsCase]:
        """See `RequestsAtDesk.refuse`."""
        now, receipt = self.context.now(), (yield from self.issued(id_)).receipt

        def step(case: RightsCase, held: Holding) -> RightsStep:
            return done_by(refuse(case, receipt, why, held, now=now), "refused", actor)

        return (yield from self.requests.advance(id_, step))

    def done(self, id_: str, *, place: By, told: bool, actor: str) -> Exchange[RightsCase]:
        """Say that it is done; what is here is done with it. `told`: whoever got the data was told.

        Raises:
            NotFound: there is none.
            Conflict: it has ended, is answered in another way, or whoever got the data has to be told first.
        """
        now, logged = self.context.now(), logged_of(self.context, (yield from self.issued(id_)))

        def step(case: RightsCase, held: Holding) -> RightsStep:
            return done_by(finish(case, logged, held, Finished(place, told), now=now), "done", actor)

        return (yield from self.requests.advance(id_, step))

    def hand_out(self, id_: str, own: Own, *, sure: bool, place: By = By.CLERK, actor: str) -> Exchange[RightsCase]:
        """Answer with the data itself: what is here, the files, and what `own` adds; see `verifier.rights_answers.hand_over`.

        Raises:
            NotFound: there is none.
            Conflict: it has ended, is about something else than data, or nobody knows who asks.
            InvalidRequest: no answer can be made of it, see `make_with_own`.
        """
        case = yield from self.requests.find(id_)
        check_hands_out(case)
        issued = yield from self.issued(id_)
        held = yield from self.held(issued)
        request = yield from slow(lambda: self.requests.request(case, issued))
        made = yield from make_with_own(self.context, case, issued, request, held=held, own=own)
        now, logged = self.context.now(), logged_of(self.context, issued)

        def step(current: RightsCase, at_present: Holding) -> RightsStep:
            done = hand_over(
                current,
                made,
                of=held,
                logged=logged,
                receipt=issued.receipt,
                held=at_present,
                sure=sure,
                place=place,
                now=now,
            )
            return done_by(done, "answered" if own.rest is None else "answered in part", actor)

        return (yield from self.requests.advance(id_, step))
