"""Having somebody show their data once more before it is handed out or changed: asked, compared, and gone on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights import RightsRequests
from capabilities.cockpit.rights_case import RightsCase, RightsChange
from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, read_json_object
from protocol.errors import InvalidRequest, NotFound, ProtocolError
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.oid4vp.client_id import Prefix
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights_status import Presentation
from runtime.conversation import SessionKey, advance, load, slow
from verifier.again import NOT_THE_SAME, compare, objection_to_same, question_again
from verifier.given import Given
from verifier.known import Known, fingerprints, is_known, known_by
from verifier.rights import Holding, RightsRecord, RightsStep, ask_again, shown_again
from verifier.service.context import VerifierContext
from verifier.service.requests import RequestOrder, Requests
from verifier.service.sealed_answers import open_answer
from verifier.session import AWAITED, REQUEST_URI, Answered, Verdict, no_request, not_open, read_query

# A wallet that is told of a request has this long to answer it, else it is told of a fresh one
LEFT_AT_LEAST = 120  # seconds
Claims = Mapping[str, Sequence[JsonObject]]
References = Callable[[object], tuple[SessionKey, ...]]


def nobody_compares(_: Claims) -> str:
    """For answers that are not compared with anything."""
    return ""


@dataclass(frozen=True, slots=True)
class Asking:
    """Asking for the data once more."""

    context: VerifierContext
    requests: Requests

    def wanted(self, case: RightsCase, issued: IssuedReceipt) -> Exchange[Callable[[RightsCase], RightsStep] | None]:
        """The step that asks; None: it was asked just before, and may still be answered."""
        if (yield from self._is_open(case)):
            return None
        now, presentation = self.context.now(), (yield from self._presentation(case, issued))
        return lambda current: ask_again(current, presentation, now=now)

    def _is_open(self, case: RightsCase) -> Exchange[bool]:
        presentation = case.status.presentation
        if presentation is None:
            return False
        reference = presentation.request_uri.rpartition("/")[2]
        try:
            stage = yield from load(SessionKey.of(REQUEST_URI, reference), no_request(), AWAITED)
        except NotFound:
            return False
        return self.context.now() + LEFT_AT_LEAST <= stage.asked.expires_at

    def _presentation(self, case: RightsCase, issued: IssuedReceipt) -> Exchange[Presentation | None]:
        held: Holding = yield from slow(lambda: self.context.store.rights.held(case.receipt))
        query = _question(held, issued)
        if query is None:
            return None
        order = RequestOrder(use_case=None, query=query, owner="", again=case.id)
        try:
            made = yield from self.requests.make(order)
        except InvalidRequest:
            # Beyond what we may ask for now; then a clerk has to find out who it is
            return None
        reference = made.request_uri.rpartition("/")[2]
        return Presentation(made.request_uri, str(self.context.client_id(Prefix.X509_HASH, reference)))


@dataclass(frozen=True, slots=True)
class Comparing:
    """What was shown once more, held against what was shown first."""

    context: VerifierContext
    rights: RightsRequests[Holding, RightsRecord]

    def objection(self, id_: str) -> Exchange[Callable[[Claims], str]]:
        """What tells whether an answer is the one that a request about rights waits for; it says why not, never a value."""
        if not id_:
            return nobody_compares
        case = yield from slow(lambda: self.context.store.rights.find(id_))
        if case is None:
            return lambda _: NOT_THE_SAME
        issued = yield from slow(lambda: self.context.store.cockpit.by_id(case.receipt))
        held: Holding = yield from slow(lambda: self.context.store.rights.held(case.receipt))
        query = _question(held, issued) if issued is not None else None
        sealed = held.sealed
        if query is None:
            return lambda _: NOT_THE_SAME
        if sealed is None:
            known, secret = Known.of(held.known), self.context.secret
            return lambda again: _compared(known, query, case.receipt, again, secret)
        first = open_answer(self.context.sealer, sealed.request, sealed.content).claims or {}
        return lambda again: objection_to_same(query, first, again)

    def record(
        self, key: SessionKey, id_: str, verdict: Verdict, references: References, given: Given | None
    ) -> Exchange[None]:
        """Record the one answer, keep nothing of it, and go on with the request about rights that it is for.

        Raises:
            InvalidRequest: there was an answer before (T179), or it is too late.
        """
        now = self.context.now()
        yield from advance(
            key, lambda s: compare(s, verdict, references=references(s), now=now, given=given), not_open()
        )
        yield from self._go_on(id_, same=verdict.accepted)

    def _go_on(self, id_: str, *, same: bool) -> Exchange[None]:
        case = yield from slow(lambda: self.context.store.rights.find(id_))
        issued = (yield from slow(lambda: self.context.store.cockpit.by_id(case.receipt))) if case is not None else None
        if case is None or issued is None:
            return
        claims, now = self.rights.request(case, issued).says.claims, self.context.now()

        def step(current: RightsCase, held: Holding) -> RightsChange[RightsRecord]:
            return shown_again(current, issued.receipt, claims, held, same=same, now=now)

        yield from self.rights.advance(id_, step)


def known_again(secret: bytes, answered: Answered, shown: JsonObject) -> str:
    """What a form keeps of an answer that it takes over, so that it is known again; empty: nothing."""
    if answered.logged is None or not answered.query or not answered.receipt:
        return ""
    claims = Receipt.from_fields(Fields(read_json_object(answered.receipt.encode(), "receipt"), "receipt")).claims
    query = read_query(answered.query)
    return known_by(query, answered.query, answered.logged.receipt, claims, shown=shown, secret=secret)


def _compared(known: Known, query: DcqlQuery, receipt: str, again: Claims, secret: bytes) -> str:
    shown: JsonObject = {name: list(items) for name, items in again.items()}
    try:
        prints = fingerprints(query, receipt, shown, secret)
    except ProtocolError:
        return NOT_THE_SAME
    return "" if is_known(known, prints) else NOT_THE_SAME


def _question(held: Holding, issued: IssuedReceipt) -> DcqlQuery | None:
    if not held.question:
        return None
    return question_again(read_query(held.question), issued.receipt.claims)
