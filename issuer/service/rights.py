"""Rights over documents and the register behind them: taken by wallets' calls, answered at once or worked on by clerks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from capabilities.cockpit.clerks import PAGE
from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights import RightsRequests, Step
from capabilities.cockpit.rights_case import RightsCase, RightsChange, extended, no_request
from issuer.credential_types import families_of
from issuer.rights import (
    ERASES,
    Finished,
    Holding,
    Logged,
    RightsRecord,
    RightsStep,
    Why,
    finish,
    first_step,
    found_gone,
    hand_out,
    hand_over,
    leave,
    refuse,
)
from issuer.service.context import IssuerContext
from issuer.service.handing_out import HandingOut
from issuer.usage import VIEWED_FOR_RIGHTS, By
from protocol.errors import Conflict, InvalidRequest, Unavailable
from protocol.exchange import Exchange
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.due_dates import last_due
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import HANDS_OUT, VerifiedRightsRequest
from protocol.sovereignty.usage import Action
from protocol.sovereignty.wording import Wording
from runtime.conversation import Event, slow

Requests = RightsRequests[Holding, RightsRecord]


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """`capabilities.cockpit.rights.Rules` of an issuer."""

    context: IssuerContext

    def first(self, request: VerifiedRightsRequest, receipt: IssuedReceipt) -> Step[Holding, RightsRecord]:
        """What happens when a request comes."""
        says, claims, now = receipt.receipt, request.says.claims, self.context.now()
        forms = forms_of(self.context, receipt)

        def step(fresh: RightsCase, held: Holding) -> RightsStep:
            return first_step(fresh, says, claims, held.only(forms), now=now)

        return step

    def go_on(
        self, case: RightsCase, receipt: IssuedReceipt, read: Callable[[], VerifiedRightsRequest]
    ) -> Exchange[Step[Holding, RightsRecord] | None]:
        """Ask the register, and hand out or erase what nothing forbids; if it is away, that is tried again the next time."""
        if case.note != Why.LOOK:
            return None
        context, forms = self.context, forms_of(self.context, receipt)
        making, says, logged = HandingOut(context), receipt.receipt, logged_of(context, receipt)
        held = (yield from slow(lambda: context.store.rights.held(case.receipt))).only(forms)
        try:
            record = yield from making.record(held.document.subject if held.document is not None else "")
        except Unavailable:
            return None
        now = context.now()
        if case.status.right in HANDS_OUT:
            try:
                made = yield from making.make(case, receipt, read(), held, record)
            except InvalidRequest:
                return lambda current, _: leave(current, Why.NO_FIT, now=now)
            return lambda current, at_present: hand_out(current, made, logged, at_present.only(forms), now=now)
        if record is not None:
            return lambda current, _: leave(current, Why.REGISTER, now=now)
        return lambda current, at_present: found_gone(current, says, logged, at_present.only(forms), now=now)


def logged_of(context: IssuerContext, issued: IssuedReceipt) -> Logged:
    """What is written into the log of a receipt."""
    return Logged.of(issued, context.language)


def forms_of(context: IssuerContext, issued: IssuedReceipt) -> frozenset[str]:
    """The configurations that are forms of the document of a receipt; of one that is not issued any more, those it names."""
    named = frozenset(issued.receipt.claims)
    families = families_of(context.types).values()
    return named.union(*[{form.id for form in forms} for forms in families if named & {form.id for form in forms}])


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request with what it asks, for whoever works on it."""

    case: RightsCase
    receipt: Receipt
    claims: ClaimsByQuery  # that it is about
    text: str  # the citizen's own words; empty: none
    held: Holding
    is_valid: bool  # the document
    is_over: bool  # the document, for good
    in_register: bool  # the person of the document

    @property
    def erases(self) -> bool:
        """Whether it is done when the data are gone."""
        return self.case.status.right in ERASES

    @property
    def hands_out(self) -> bool:
        """Whether it is answered with data."""
        return self.case.status.right in HANDS_OUT

    @property
    def latest_due(self) -> int:
        """The last moment to which it can be put off, in epoch seconds."""
        return last_due(self.case.received_at)


@dataclass(frozen=True, slots=True)
class RightsDesk:
    """Working on requests. What was decided is signed when the citizen's wallet asks how it stands."""

    context: IssuerContext
    requests: Requests

    def listed(self, *, is_open: bool, after: str = "") -> Exchange[tuple[RightsCase, ...]]:
        """Requests that wait, what is due first first, or those that have ended; one more than `PAGE` if there are more."""
        store = self.requests.store
        return (yield from slow(lambda: store.listed(is_open=is_open, after=after, limit=PAGE + 1)))

    def open(self, id_: str, *, actor: str) -> Exchange[OpenRequest]:
        """One request, with what it asks; that somebody looks stands in our trail, and in the log of whoever asked.

        Raises:
            NotFound: there is none.
            Unavailable: the register has to be asked, and cannot be for now.
        """
        issued = yield from self._of(id_)
        logged, now = logged_of(self.context, issued), self.context.now()

        def step(case: RightsCase, _: Holding) -> RightsStep:
            viewed = logged.use(Action.VIEWED, By.CLERK, now=now, why=VIEWED_FOR_RIGHTS) if case.is_open else ()
            return RightsChange(case, (*viewed, Event("rights request viewed", case.id, actor=actor)))

        case = yield from self.requests.advance(id_, step)
        held = yield from slow(lambda: self.requests.store.held(case.receipt))
        mine = held.only(forms_of(self.context, issued))
        receipt, says = issued.receipt, self.requests.request(case, issued).says
        claims = says.claims if says.claims is not None else receipt.claims
        subject = mine.document.subject if mine.document is not None else ""
        # Only an erasure hangs on it, and only for that the register is asked
        asked = case.is_open and case.status.right in ERASES
        found = (yield from HandingOut(self.context).record(subject)) if asked else None
        return OpenRequest(
            case=case,
            receipt=receipt,
            claims=claims,
            text=says.text or "",
            held=mine,
            is_valid=mine.is_valid(now),
            is_over=mine.is_over(now),
            in_register=found is not None,
        )

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
        now, issued = self.context.now(), (yield from self._of(id_))
        receipt, logged = issued.receipt, logged_of(self.context, issued)

        def step(case: RightsCase, _: Holding) -> RightsStep:
            return _with(refuse(case, receipt, logged, why, now=now), "refused", actor)

        return (yield from self.requests.advance(id_, step))

    def done(self, id_: str, *, kept: Wording, told: bool, actor: str) -> Exchange[RightsCase]:
        """Say that it is done. Whether the register still has the person it is asked itself; `kept`: why it keeps their data.

        Raises:
            NotFound: there is none.
            Conflict: see `issuer.rights.finish`.
            Unavailable: the register cannot be asked for now.
        """
        context, issued = self.context, (yield from self._of(id_))
        forms, receipt, logged = forms_of(context, issued), issued.receipt, logged_of(context, issued)
        held = yield from slow(lambda: self.requests.store.held(issued.id))
        subject = held.document.subject if held.document is not None else ""
        record = yield from HandingOut(context).record(subject)
        said, now = Finished(told, record is not None, kept), context.now()

        def step(case: RightsCase, at_present: Holding) -> RightsStep:
            return _with(finish(case, receipt, logged, at_present.only(forms), said, now=now), "done", actor)

        return (yield from self.requests.advance(id_, step))

    def hand_out(self, id_: str, *, sure: bool, actor: str) -> Exchange[RightsCase]:
        """Answer with the data itself; `sure`: the clerk found out who asks.

        Raises:
            NotFound: there is none.
            Conflict: it has ended, is about something else than data, or nobody knows who asks.
            InvalidRequest: no answer can be made of it.
            Unavailable: the register cannot be asked for now.
        """
        context, case = self.context, (yield from self.requests.find(id_))
        if case.status.right not in HANDS_OUT:
            raise Conflict("this right is not answered with data")
        issued = yield from self._issued(case)
        forms, logged, making = forms_of(context, issued), logged_of(context, issued), HandingOut(context)
        held = (yield from slow(lambda: self.requests.store.held(case.receipt))).only(forms)
        record = yield from making.record(held.document.subject if held.document is not None else "")
        request = yield from slow(lambda: self.requests.request(case, issued))
        made, now = (yield from making.make(case, issued, request, held, record)), context.now()

        def step(current: RightsCase, at_present: Holding) -> RightsStep:
            done = hand_over(current, made, logged, at_present.only(forms), sure=sure, now=now)
            return _with(done, "answered", actor)

        return (yield from self.requests.advance(id_, step))

    def _of(self, id_: str) -> Exchange[IssuedReceipt]:
        return (yield from self._issued((yield from self.requests.find(id_))))

    def _issued(self, case: RightsCase) -> Exchange[IssuedReceipt]:
        issued = yield from slow(lambda: self.context.store.cockpit.by_id(case.receipt))
        if issued is None:
            raise no_request()
        return issued


def _with(change: RightsStep, what: str, actor: str) -> RightsStep:
    return RightsChange(change.next, (*change.records, _event(what, change.next, actor)), change.files)


def _event(what: str, case: RightsCase, actor: str) -> Event:
    return Event(f"rights request {what}", case.id, actor=actor, detail=case.status.right.value)
