"""Rights over documents and the register behind them: taken by wallets' calls, answered at once or worked on by clerks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from capabilities.cockpit.answers import check_hands_out
from capabilities.cockpit.desk import Asked, RequestsAtDesk, Told, done_by
from capabilities.cockpit.handing_out import Own
from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights import RightsRequests, Step
from capabilities.cockpit.rights_case import RightsCase
from issuer.credential_types import families_of
from issuer.rights import (
    ERASES,
    Finished,
    Holding,
    Logged,
    Record,
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
from issuer.usage import READ_FOR_RIGHTS, VIEWED_FOR_RIGHTS, By
from protocol.errors import InvalidRequest, Unavailable
from protocol.exchange import Exchange
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import HANDS_OUT, VerifiedRightsRequest
from protocol.sovereignty.usage import Action
from protocol.sovereignty.wording import Wording
from runtime.conversation import slow

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
        if held.files_of(case):
            # Somebody is putting an answer together
            now = context.now()
            return lambda current, _: leave(current, Why.CLERK, now=now)
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
class OpenRequest(Asked[Holding]):
    """A request with what it asks, and how the document stands."""

    is_over: bool = False  # the document, for good
    in_register: bool = False  # the person of the document, or they were when it was erased

    @property
    def is_valid(self) -> bool:
        """Whether the document is valid, so that whoever asks is known."""
        return not self.is_unknown

    @property
    def erases(self) -> bool:
        """Whether it is done when the data are gone."""
        return self.case.status.right in ERASES

    @property
    def can_be_done(self) -> bool:
        """Nothing of a document is erased that is valid, or may be again."""
        return self.case.is_open and not self.hands_out and (self.is_over or not self.erases)


@dataclass(frozen=True, slots=True)
class RightsDesk(RequestsAtDesk[Holding, RightsRecord]):
    """Working on requests about documents."""

    context: IssuerContext

    def held(self, issued: IssuedReceipt) -> Exchange[Holding]:
        """What is noted of the document of a receipt, and of no other one."""
        held = yield from slow(lambda: self.requests.store.held(issued.id))
        return held.only(forms_of(self.context, issued))

    def open(self, id_: str, *, actor: str) -> Exchange[OpenRequest]:
        """One request, with what it asks; see `look`. That somebody looked stands in the log of whoever asked, too.

        Raises:
            NotFound: there is none.
            Unavailable: the register has to be asked, and cannot be for now.
        """
        asked = yield from self.look(id_, self._looked(By.CLERK, VIEWED_FOR_RIGHTS), actor=actor)
        # Only an erasure hangs on it, and only for that the register is asked
        is_needed = asked.case.is_open and asked.case.status.right in ERASES
        record = (yield from self._record(asked.held)) if is_needed else None
        return OpenRequest(
            asked.case,
            asked.receipt,
            asked.claims,
            asked.text,
            asked.held,
            asked.is_unknown,
            asked.files,
            asked.sent,
            is_over=asked.held.is_over(self.context.now()),
            in_register=record is not None or asked.held.was_kept,
        )

    def read(self, id_: str, *, actor: str) -> Exchange[Asked[Holding]]:
        """The same for a program of the agency. It answers nothing, so the register is not asked.

        Raises:
            NotFound: there is none.
        """
        return (yield from self.look(id_, self._looked(By.PROGRAM, READ_FOR_RIGHTS), actor=actor))

    def is_unknown(self, _case: RightsCase, _receipt: Receipt, held: Holding) -> bool:
        """Whoever holds no valid document may have its key from somebody else."""
        return not held.is_valid(self.context.now())

    def refuse(self, id_: str, why: Wording, *, actor: str) -> Exchange[RightsCase]:
        """See `RequestsAtDesk.refuse`."""
        now, issued = self.context.now(), (yield from self.issued(id_))
        receipt, logged = issued.receipt, logged_of(self.context, issued)

        def step(case: RightsCase, _: Holding) -> RightsStep:
            return done_by(refuse(case, receipt, logged, why, now=now), "refused", actor)

        return (yield from self.requests.advance(id_, step))

    def done(self, id_: str, *, kept: Wording, told: bool, actor: str) -> Exchange[RightsCase]:
        """Say that it is done. Whether the register still has the person it is asked itself; `kept`: why it keeps their data.

        Raises:
            NotFound: there is none.
            Conflict: see `issuer.rights.finish`.
            Unavailable: the register cannot be asked for now.
        """
        context, issued = self.context, (yield from self.issued(id_))
        forms, receipt, logged = forms_of(context, issued), issued.receipt, logged_of(context, issued)
        record = yield from self._record((yield from self.held(issued)))
        said, now = Finished(told, record is not None, kept), context.now()

        def step(case: RightsCase, at_present: Holding) -> RightsStep:
            return done_by(finish(case, receipt, logged, at_present.only(forms), said, now=now), "done", actor)

        return (yield from self.requests.advance(id_, step))

    def hand_out(self, id_: str, own: Own, *, sure: bool, actor: str) -> Exchange[RightsCase]:
        """Answer with the data itself, the files, and what `own` adds; `sure`: the clerk found out who asks.

        Raises:
            NotFound: there is none.
            Conflict: see `issuer.rights.hand_over`.
            InvalidRequest: no answer can be made of it, see `HandingOut.make`.
            Unavailable: the register cannot be asked for now.
        """
        context, case = self.context, (yield from self.requests.find(id_))
        check_hands_out(case)
        issued = yield from self.issued(id_)
        forms, logged, making = forms_of(context, issued), logged_of(context, issued), HandingOut(context)
        held = yield from self.held(issued)
        record = yield from self._record(held)
        request = yield from slow(lambda: self.requests.request(case, issued))
        made = yield from making.make(case, issued, request, held, record, own=own)
        now, controller = context.now(), issued.receipt.controller

        def step(current: RightsCase, at_present: Holding) -> RightsStep:
            mine = at_present.only(forms)
            done = hand_over(current, made, logged, mine, of=held, controller=controller, sure=sure, now=now)
            return done_by(done, "answered" if own.rest is None else "answered in part", actor)

        return (yield from self.requests.advance(id_, step))

    def _looked(self, by: By, why: Wording) -> Told[RightsRecord]:
        def told(case: RightsCase, issued: IssuedReceipt) -> tuple[RightsRecord, ...]:
            # Whoever reads a request that waits sees whose document it is about
            if not case.is_open:
                return ()
            return logged_of(self.context, issued).use(Action.VIEWED, by, now=self.context.now(), why=why)

        return told

    def _record(self, held: Holding) -> Exchange[Record | None]:
        subject = held.document.subject if held.document is not None else ""
        return (yield from HandingOut(self.context).record(subject))
