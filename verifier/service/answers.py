"""Answering: what a wallet posted is decrypted, verified, recorded once, and told to whoever asked (OID4VP 1.0 §8)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import ProtocolError
from protocol.exchange import Exchange
from protocol.jwe import ENCRYPTIONS
from protocol.keys import Decrypter
from protocol.oid4vp.request import AuthorizationRequest, Question
from protocol.oid4vp.response import (
    AuthorizationResponse,
    ErrorResponse,
    ResponseAccepted,
    ResponseKey,
    read_response_form,
)
from protocol.oid4vp.verify import VerificationPolicy, VerifiedResponse, verify_response
from runtime.conversation import SessionKey, advance, load
from verifier.acting import acted
from verifier.given import Given
from verifier.keeping import look, shows_to_browser, shows_to_owner
from verifier.policy import MAX_RENEWALS, is_running_out
from verifier.service.brought import brought_along
from verifier.service.context import VerifierContext
from verifier.service.intake import Intake
from verifier.service.mandated import Mandated
from verifier.service.receipts import Way, way_of_openid
from verifier.service.represented import Represented
from verifier.service.requests import BROWSER, Requests, encrypted_to, key_id
from verifier.service.results import Judged, RefusedAnswer, Result
from verifier.service.sealed_answers import NOTHING, AnswerContent, open_answer, seal_answer
from verifier.service.showing_again import Comparing
from verifier.service.signers import RevokedSigners
from verifier.service.status import StatusLists
from verifier.session import (
    AWAITED,
    KNOWN,
    REQUEST,
    REQUEST_URI,
    RESPONSE_CODE,
    TOLD,
    Answered,
    Asked,
    Awaited,
    Declined,
    Forgotten,
    Opened,
    Outcome,
    Received,
    Requested,
    Session,
    Told,
    Verdict,
    answer,
    await_another,
    began_in,
    collect,
    decline,
    no_request,
    not_open,
    receive,
    waiting,
)
from verifier.usage import By


@dataclass(frozen=True, slots=True)
class Answers:
    """Receiving answers and handing out results."""

    context: VerifierContext
    requests: Requests
    status_lists: StatusLists
    signers: RevokedSigners
    comparing: Comparing
    mandated: Mandated

    def receive(self, reference: str, form: Mapping[str, str]) -> Exchange[ResponseAccepted]:
        """Take a wallet's answer: the first one counts, whatever it is (T179).

        Raises:
            InvalidRequest: unknown, expired or answered before (T178, T196); not an answer to this request (then it
                stays open); or an answer that did not stand the checks (T177).
        """
        key = SessionKey.of(REQUEST_URI, reference)
        stage = waiting((yield from load(key, not_open(), AWAITED)), now=self.context.now())
        if self.mandated.is_forwarded(stage, form):
            return (yield from self.mandated.receive(key, stage, form["response"]))
        response_key = self._response_key(stage)
        response = read_response_form(form, response_mode=stage.terms.response_mode, key=response_key)
        leads_on = stage.asked.same_device or stage.asked.counter
        code = self.context.new_secret() if leads_on else ""
        digest = SessionKey.of(RESPONSE_CODE, code).digest if code else ""
        question = self.requests.expected_request(stage, encrypted_to(response_key))
        way = self._by_link(stage, question, response)
        judged = yield from self.judge(key, stage, question, response, digest, way=way)
        verified, receipt, case = judged if judged is not None else (None, "", "")
        # At a counter the verdict is for the clerk alone: everybody who answered is led to their number
        if verified is not None and not verified.accepted and not stage.asked.counter:
            failed = next((str(check.name) for check in verified.checks if check.passed is False), "vp_token")
            raise RefusedAnswer(f"vp_token: {failed} does not hold", receipt)
        accepted = ResponseAccepted(self.context.case_page(case)) if case else self._accepted(stage.asked, code)
        return replace(accepted, receipt=receipt or None)

    def judge(
        self,
        key: SessionKey,
        stage: Awaited,
        question: Question,
        response: AuthorizationResponse | ErrorResponse,
        response_code: str,
        *,
        way: Way | None,
        reader_key: Decrypter | None = None,
    ) -> Exchange[Judged | None]:
        """Verify an answer to a question and record what was found: the first one counts, whichever way it came (T179).

        None: the wallet said no. `response_code` is a digest, or empty; `way` as its receipt names it (None: there is none);
        `reader_key` as in `verify_response`.

        Raises:
            InvalidRequest: answered before, over, or not an answer to this question (then it stays open).
        """
        if isinstance(response, ErrorResponse):
            yield from self._decline(key, stage, response, response_code)
            return None
        verified = yield from self._verify_openly(key, stage, question, response, reader_key)
        given = yield from self.requests.receipts.give(stage, verified, way)
        brought = brought_along(self.context, stage, response)
        case = yield from self._record(key, stage.asked, verified, response_code, given=given, brought=brought)
        # Whoever sent no key does not know what a receipt is, and gets the answer that every wallet knows
        token = given.issued.token if given is not None and way is not None and way.key is not None else ""
        return Judged(verified, token, case)

    def result(self, request_id: str, owner: str, response_code: str = "") -> Exchange[Result]:
        """Where a request stands, for the API key that made it (T184).

        Raises:
            NotFound: unknown, forgotten, over, somebody else's, or another response code (T183).
        """
        stage = yield from load(SessionKey.of(REQUEST, request_id), no_request(), TOLD)
        if not hmac.compare_digest(stage.asked.owner, owner):
            raise no_request()
        code = SessionKey.of(RESPONSE_CODE, response_code).digest if response_code else ""
        return (yield from self._read(stage, By.PROGRAM, shown=shows_to_owner(stage, code)))

    def result_for_browser(self, request_id: str, browser: str) -> Exchange[Result]:
        """The same for the browser that began on our page, and no other (T183).

        Looking renews a code that is running out (see `Requests.renewed`).

        Raises:
            NotFound: unknown, over, or begun in another browser.
        """
        found = yield from self._in_browser(request_id, browser)
        if isinstance(found, Result):
            return found
        return (yield from self._read(found, By.PAGE, shown=shows_to_browser(found)))

    def state_for_browser(self, request_id: str, browser: str) -> Exchange[Result]:
        """The same without what was disclosed: for whoever only waits for something to change.

        Raises:
            NotFound: as above.
        """
        found = yield from self._in_browser(request_id, browser)
        if isinstance(found, Result):
            return found
        return self._result(found, shown=shows_to_browser(found))

    def _in_browser(self, request_id: str, browser: str) -> Exchange[Told | Result]:
        stage = yield from load(SessionKey.of(REQUEST, request_id), no_request(), KNOWN)
        if not began_in(stage, SessionKey.of(BROWSER, browser).digest):
            raise no_request()
        if isinstance(stage, Requested):
            stage = yield from self.requests.renewed(stage)
        if isinstance(stage, Forgotten):
            return Result(request_id, "", same_device=False, state="forgotten", expires_at=0)
        return stage

    def _read(self, stage: Told, by: By, *, shown: bool) -> Exchange[Result]:
        """Where a request stands, with what was disclosed if that may be seen: the log knows of whoever reads a value."""
        result = self._result(stage, shown=shown)
        if not (shown and isinstance(stage, Answered)):
            return result
        told = yield from self.look(stage, by)
        return replace(result, disclosed=told.claims, binary=told.binary, acting=told.acting, answers=told.answers)

    def collect(self, response_code: str, browser: str) -> Exchange[str]:
        """Trade a response code for the request's id, once, in the browser that began (T183).

        The id is empty where the request was made by a program: then there is nothing to see here.

        Raises:
            NotFound: another code, another browser, or used before.
        """
        now = self.context.now()
        code = SessionKey.of(RESPONSE_CODE, response_code)
        digest = SessionKey.of(BROWSER, browser).digest
        stage = yield from advance(code, lambda session: collect(session, code, digest, now=now), no_request())
        if isinstance(stage, Forgotten):
            raise TypeError("collecting leads to an answer")
        return stage.asked.id if stage.asked.browser else ""

    @property
    def _intake(self) -> Intake:
        return Intake(self.context)

    def _response_key(self, stage: Awaited) -> ResponseKey | None:
        if not stage.terms.encryption_key:
            return None
        return ResponseKey(key_id(stage.terms), self.requests.decryption_key(stage), ENCRYPTIONS)

    def _decline(self, key: SessionKey, stage: Awaited, response: ErrorResponse, code: str) -> Exchange[None]:
        # Not every wallet repeats the state with an error; the address alone is a secret of this request
        if response.state is not None and not hmac.compare_digest(
            response.state.encode("utf-8", "surrogatepass"), stage.terms.state.encode()
        ):
            raise not_open()
        now = self.context.now()
        references = self.requests.references
        yield from advance(
            key, lambda s: decline(s, response.error, response_code=code, references=references(s), now=now), not_open()
        )

    def _verify_openly(
        self,
        key: SessionKey,
        stage: Awaited,
        question: Question,
        response: AuthorizationResponse,
        reader_key: Decrypter | None,
    ) -> Exchange[VerifiedResponse]:
        """Verify; on our own page people see meanwhile that the answer is here. A program gets the verdict and is not told."""
        if not stage.asked.browser:
            return (yield from self._verify(stage, question, response, reader_key))
        now = self.context.now()
        yield from advance(key, lambda session: receive(session, now=now), not_open())
        try:
            return (yield from self._verify(stage, question, response, reader_key))
        except ProtocolError:
            yield from advance(key, await_another, not_open())
            raise

    def _verify(
        self, stage: Awaited, question: Question, response: AuthorizationResponse, reader_key: Decrypter | None
    ) -> Exchange[VerifiedResponse]:
        terms = stage.terms
        use_case = self.context.use_cases.get(stage.asked.use_case)
        not_same = yield from self.comparing.objection(stage.asked.again)

        def objection(claims: Mapping[str, tuple[JsonObject, ...]]) -> str:
            told = use_case.objection(claims, now=self.context.now()) if use_case is not None else ""
            return told or self._intake.objection(stage.asked, claims) or not_same(claims)

        return (
            yield from verify_response(
                response,
                question,
                anchors=self.context.anchors(),
                policy=VerificationPolicy(
                    accepted_issuers=frozenset(terms.accepted_issuers),
                    issuers_by_certificate=self.context.haip,
                    bound_always=self.context.haip,
                    objection=objection,
                ),
                status_of=lambda credential: self.status_lists.status_of(
                    credential, terms.max_status_age, terms.offline_status_age
                ),
                objection_to=self.signers.objection_to,
                now=self.context.now(),
                reader_key=reader_key,
            )
        )

    def _by_link(
        self, stage: Awaited, question: AuthorizationRequest, response: AuthorizationResponse | ErrorResponse
    ) -> Way | None:
        """How an answer to the code came; nothing where no wallet fetched what we signed."""
        handed = stage.terms.handed
        if isinstance(response, ErrorResponse) or not handed:
            return None
        return way_of_openid(question, str(question.client_id), response, handed)

    def _record(
        self,
        key: SessionKey,
        asked: Asked,
        verified: VerifiedResponse,
        code: str,
        *,
        given: Given | None,
        brought: JsonObject,
    ) -> Exchange[str]:
        """Write down what was found; the id of the case that it became, or empty."""
        now = self.context.now()
        if verified.accepted and asked.forwarded:
            return (yield from self._intake.take(key, asked, verified, given, self.requests.references))
        verdict = Verdict.of(verified)
        references = self.requests.references
        if asked.again:
            yield from self.comparing.record(key, asked.again, verdict, references, given)
            return ""
        disclosed = ""
        if verified.accepted:
            use_case = self.context.use_cases.get(asked.use_case)
            terms = use_case.acting if use_case is not None else None
            acting = acted(terms, verified.claims, verified.issuers)
            disclosed = seal_answer(self.context.sealer, asked.id, verified, acting, brought)
        told = {query_id: list[JsonValue](held) for query_id, held in verified.claims.items()}
        news = yield from Represented(self.context).news(asked.use_case, told, given)

        def step(stage: Session) -> Outcome:
            refs = references(stage)
            return answer(
                stage, verdict, disclosed, response_code=code, references=refs, now=now, given=given, news=news
            )

        yield from advance(key, step, not_open())
        return ""

    def _accepted(self, asked: Asked, response_code: str) -> ResponseAccepted:
        if not response_code:
            return ResponseAccepted()
        ours = self.context.number_page() if asked.counter else self.context.result_page()
        page = asked.redirect_uri or ours
        return ResponseAccepted(f"{page}{'&' if '?' in page else '?'}response_code={response_code}")

    def _result(self, stage: Told, *, shown: bool) -> Result:
        now = self.context.now()
        asked = stage.asked
        result = Result(asked.id, asked.use_case, asked.same_device, "expired", asked.expires_at)
        match stage:
            case Answered() if now >= stage.keep_until:
                raise no_request()
            case Answered() if not shown:
                return replace(result, state="answered")
            case Answered():
                return replace(
                    result,
                    state="accepted" if stage.verdict.accepted else "refused",
                    verdict=stage.verdict,
                    answered_at=stage.answered_at,
                    keep_until=stage.keep_until,
                    receipt=stage.receipt,
                    receipt_id=stage.logged.receipt if stage.logged is not None else "",
                )
            case Declined():
                return replace(result, state="declined", error=stage.error, answered_at=stage.declined_at)
            case _ if now >= asked.expires_at:
                return result
            case _:
                return replace(
                    result,
                    state=self._open_state(stage),
                    link=self.requests.link(stage),
                    web_link=self.requests.web_link(stage),
                    qr_svg=self.requests.qr_svg(stage),
                    renewals=stage.terms.renewals,
                )

    def _open_state(self, stage: Awaited) -> str:
        match stage:
            case Received():
                return "received"
            case Opened():
                return "opened"
            case _:
                ends = is_running_out(stage.asked.expires_at, self.context.lifetimes, now=self.context.now())
                return "unattended" if ends and stage.terms.renewals >= MAX_RENEWALS else "requested"

    def look(self, stage: Answered, by: By) -> Exchange[AnswerContent]:
        """What an accepted answer told.

        In the transaction that reads it, the log of its receipt says who did.

        Raises:
            NotFound: it was forgotten meanwhile.
        """
        if stage.logged is not None:
            now = self.context.now()
            key = SessionKey.of(REQUEST, stage.asked.id)
            found = yield from advance(key, lambda session: look(session, by, now=now), no_request())
            if not isinstance(found, Answered):
                raise no_request()
            stage = found
        return self._open(stage)

    def _open(self, stage: Answered) -> AnswerContent:
        if not stage.disclosed or stage.restricted:
            return NOTHING
        return open_answer(self.context.sealer, stage.asked.id, stage.disclosed)
