"""Forms of once-only services: begun in a browser or at a wallet, filled by what is shown, left and resumed, and sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from protocol.encoding import JsonValue, decode_base64url, encode_base64url
from protocol.errors import Conflict, NotFound
from protocol.exchange import Exchange
from runtime.conversation import Change, Event, SessionKey, advance, begin, load
from runtime.rate_limit import RateLimit
from verifier.keeping import hand_over
from verifier.once_only.case import (
    CASE_PAGE,
    DRAFT,
    DRAFT_SECONDS,
    EARLIER,
    Case,
    CaseChange,
    CaseStage,
    Draft,
    Sending,
    change,
    drop,
    new_case_id,
    no_form,
    send,
)
from verifier.once_only.description import ServiceDescription
from verifier.once_only.filling import Content, Filled, Shown, carry_over, complete, fill, propose, take
from verifier.once_only.sent import Sent, sent_lines, stated_before
from verifier.once_only.start import adopt, began_at_wallet
from verifier.service.answers import Answers
from verifier.service.context import VerifierContext
from verifier.service.requests import BROWSER, RequestOrder, Requests
from verifier.service.results import Result
from verifier.service.showing_again import known_again
from verifier.session import REQUEST, RESPONSE_CODE, Answered, Declined, Outcome, Session, no_request

DAY = 86_400  # seconds
AT_ONCE = 200  # requests and forms that one process makes for one service at once …
PER_MINUTE = 600  # … and then over time
_ANSWERED: tuple[type[Answered | Declined], ...] = (Answered, Declined)


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A form, for the browser that began it."""

    service: ServiceDescription
    draft: Draft
    content: Content


@dataclass(frozen=True, slots=True)
class Saved:
    """A form after somebody typed, with what is wrong with it."""

    form: OpenForm
    filled: Filled


@dataclass(frozen=True, slots=True)
class Forms:
    """Filling in and sending."""

    context: VerifierContext
    requests: Requests
    answers: Answers
    limit: RateLimit

    @classmethod
    def of(cls, context: VerifierContext, requests: Requests, answers: Answers) -> Self:
        """The forms of a verifier."""
        return cls(context, requests, answers, RateLimit(AT_ONCE, PER_MINUTE, context.now))

    def service(self, id_: str) -> ServiceDescription:
        """A service of this verifier.

        Raises:
            NotFound: there is none of this id.
        """
        found = self.context.services.get(id_)
        if found is None:
            raise NotFound("no such service")
        return found

    def start(self, id_: str, wallet_nonce: str | None) -> Exchange[str]:
        """A request object for a wallet that opened the service's address: each has a nonce, a key and a state of its own.

        Raises:
            NotFound: no such service, or one that needs no document.
            TooManyRequests: too many begin it at the moment (T195).
        """
        if self.service(id_).use_case is None:
            raise no_request()
        order = RequestOrder(id_, None, owner="", same_device=True, redirect_uri=self.context.service_back(id_))
        return (yield from self._hand_out(id_, order, wallet_nonce))

    def forward(self, id_: str, wallet_nonce: str | None) -> Exchange[str]:
        """The same for a wallet that forwards data: no browser is led here, and a good answer is a case at once.

        Raises:
            NotFound: no such service, or one that takes nothing that is forwarded.
            TooManyRequests: too many forward to it at the moment (T195).
        """
        if not self.service(id_).forwards:
            raise no_request()
        return (yield from self._hand_out(id_, RequestOrder(id_, None, owner="", forwarded=True), wallet_nonce))

    def begin(self, id_: str, earlier: Mapping[str, str]) -> Exchange[str]:
        """Begin a form; the secret by which its browser is known. `earlier`: service → secret of what was sent to it before.

        Raises:
            NotFound: no such service.
            TooManyRequests: too many begin it at the moment.
        """
        service = self.service(id_)
        self.limit.spend(id_)
        content = carry_over(service, Content(), (yield from self._said_before(service, earlier)))
        secret, now = self.context.new_secret(), self.context.now()
        draft = Draft(new_case_id(self.context.random_bytes), id_, now, "")
        draft = replace(draft, content=self._seal(draft.id, content.sealable()))
        first: Change[CaseStage, CaseChange] = Change(
            draft, keys=(_draft_key(secret),), events=(Event("form begun", draft.id, detail=id_),)
        )
        yield from begin(first, now + DRAFT_SECONDS)
        return secret

    def open(self, id_: str, secret: str) -> Exchange[OpenForm]:
        """The form of a browser.

        Raises:
            NotFound: there is none, or no longer.
        """
        service = self.service(id_)
        if not secret:
            raise no_form()
        draft = yield from load(_draft_key(secret), no_form(), Draft)
        if draft.service != id_:
            raise no_form()
        return OpenForm(service, draft, self._content(draft))

    def ask(self, id_: str, secret: str, *, same_device: bool) -> Exchange[None]:
        """Ask the wallet for what the service needs, in the place of an earlier question of this form.

        Raises:
            NotFound: there is no such form, or the service needs no document.
            TooManyRequests: too many ask at the moment.
        """
        form = yield from self.open(id_, secret)
        if form.service.use_case is None:
            raise no_request()
        self.limit.spend(id_)
        order = RequestOrder(
            id_,
            None,
            owner="",
            same_device=same_device,
            browser=secret,
            redirect_uri=self.context.service_back(id_) if same_device else "",
        )
        made = yield from self.requests.make(order)
        former = form.draft.asked
        yield from self._write(secret, replace(form.draft, asked=made.id))
        yield from self._forget(former, secret)

    def look(self, id_: str, secret: str) -> Exchange[Result | None]:
        """How the question to the wallet stands; once it is answered well, the answer is in the form. None: nothing is asked.

        Raises:
            NotFound: there is no such form.
        """
        form = yield from self.open(id_, secret)
        if not form.draft.asked:
            return None
        try:
            found = yield from self.answers.state_for_browser(form.draft.asked, secret)
            if found.state == "accepted":
                yield from self._take(form, secret)
        except NotFound:
            return None  # its time was over, and it was swept away
        return found

    def back(self, id_: str, response_code: str, secret: str) -> Exchange[str]:
        """Take what a wallet answered that leads back here; the secret of the form that it stands in now (T183).

        Raises:
            NotFound: another code, used before, begun in another browser, or too old.
        """
        service, context = self.service(id_), self.context
        code, now, page = SessionKey.of(RESPONSE_CODE, response_code), context.now(), context.service_back(id_)
        stage: Answered | Declined = yield from load(code, no_request(), _ANSWERED)
        if stage.asked.use_case != service.id:
            raise no_request()
        if not began_at_wallet(stage, page):
            yield from self.answers.collect(response_code, secret)
            yield from self.look(id_, secret)
            return secret
        secret = yield from self.for_browser(id_, secret)
        digest = SessionKey.of(BROWSER, secret).digest

        def step(session: Session) -> Outcome:
            return adopt(session, code, digest, page, now=now)

        yield from advance(code, step, no_request())
        draft = (yield from self.open(id_, secret)).draft
        yield from self._write(secret, replace(draft, asked=stage.asked.id))
        yield from self.look(id_, secret)
        return secret

    def propose(self, id_: str, secret: str, answers: Mapping[str, JsonValue]) -> Exchange[None]:
        """Put what a wallet brought along into the form, where nothing stands yet.

        Raises:
            NotFound: there is no such form.
            Conflict: it was changed in another window meanwhile.
        """
        form = yield from self.open(id_, secret)
        content = propose(form.service, form.content, answers)
        yield from self._write(secret, replace(form.draft, content=self._seal(form.draft.id, content.sealable())))

    def for_browser(self, id_: str, secret: str) -> Exchange[str]:
        """The secret of the form of this browser, or of a fresh one.

        Raises:
            NotFound: no such service.
            TooManyRequests: too many begin it at the moment.
        """
        try:
            yield from self.open(id_, secret)
        except NotFound:
            return (yield from self.begin(id_, {}))
        return secret

    def save(self, id_: str, secret: str, version: int, typed: Mapping[str, str]) -> Exchange[Saved]:
        """Keep what was typed, as far as it is what was asked for.

        Raises:
            NotFound: there is no such form.
            Conflict: it was changed in another window meanwhile.
            InvalidRequest: it answers what a document has answered.
            TooLarge: it is more than we keep.
        """
        form = yield from self.open(id_, secret)
        if form.draft.version != version:
            raise Conflict("this form was changed in another window")
        filled = fill(form.service, form.content, typed)
        draft = replace(form.draft, content=self._seal(form.draft.id, filled.content.sealable()))
        saved = yield from self._write(secret, draft)
        return Saved(OpenForm(form.service, saved, filled.content), filled)

    def send(self, id_: str, secret: str, version: int) -> Exchange[str]:
        """Send what was reviewed; the id of the case. A second time leads to the same case.

        Raises:
            NotFound: there is no such form.
            Conflict: it was changed in another window meanwhile, or something is missing.
        """
        try:
            form = yield from self.open(id_, secret)
        except NotFound:
            # The button was pressed twice
            return (yield from self.sent(id_, secret)).id
        service, draft, now = form.service, form.draft, self.context.now()
        if draft.version != version:
            raise Conflict("this form was changed in another window")
        if not complete(service, form.content):
            raise Conflict("something is missing in this form")
        content = Sent(sent_lines(service, form.content), form.content.acting)
        days = service.outcome.answer_days
        sending = Sending(
            content=self._seal(draft.id, content.to_bytes()),
            page=SessionKey.of(CASE_PAGE, self.context.case_secret(draft.id)),
            earlier=SessionKey.of(EARLIER, secret),
            keep_until=now + service.retention_days * DAY,
            due_at=now + days * DAY if days else 0,
            notify=bool(service.outcome.webhook),
            now=now,
            acting=content.acting is not None,
        )
        key = _draft_key(secret)
        yield from advance(key, lambda stage: send(stage, draft, key, sending), no_form())
        yield from self._forget(draft.asked, secret)
        return draft.id

    def sent(self, id_: str, secret: str) -> Exchange[Case]:
        """What this browser has sent last to a service.

        Raises:
            NotFound: nothing, or its time is over.
        """
        case = yield from load(SessionKey.of(EARLIER, secret), no_form(), Case)
        if case.service != id_ or self.context.now() >= case.keep_until:
            raise no_form()
        return case

    def drop(self, id_: str, secret: str) -> Exchange[None]:
        """Erase a form that was not sent.

        Raises:
            NotFound: there is no such form.
        """
        form = yield from self.open(id_, secret)
        key, now = _draft_key(secret), self.context.now()
        yield from advance(key, lambda stage: drop(stage, key, now=now), no_form())
        yield from self._forget(form.draft.asked, secret)

    def _hand_out(self, id_: str, order: RequestOrder, wallet_nonce: str | None) -> Exchange[str]:
        self.limit.spend(id_)
        request_id = self.context.new_id()
        yield from self.requests.make(order, request_id)
        return (yield from self.requests.open(self.context.reference(request_id), wallet_nonce))

    def _take(self, form: OpenForm, secret: str) -> Exchange[None]:
        key = SessionKey.of(REQUEST, form.draft.asked)
        answered = yield from load(key, no_request(), Answered)
        if answered.restricted:
            raise no_request()
        logged = answered.logged
        found = yield from self.answers.result_for_browser(form.draft.asked, secret)
        issuers = dict(found.verdict.issuers) if found.verdict else {}
        shown = Shown(
            found.disclosed or {}, issuers, found.binary, found.answered_at, found.acting, answers=found.answers
        )
        content = take(form.service, form.content, shown)
        known = known_again(self.context.secret, answered, shown.disclosed)
        sealed = self._seal(form.draft.id, content.sealable())
        try:
            taken = replace(form.draft, content=sealed, asked="", shown=found.id, logged=logged, known=known)
            yield from self._write(secret, taken)
        except Conflict:
            return  # another look was faster, and took the same
        digest, now, references = SessionKey.of(BROWSER, secret).digest, self.context.now(), self.requests.references

        def step(session: Session) -> Outcome:
            return hand_over(session, digest, references=references(session), now=now)

        yield from advance(key, step, no_request())

    def _said_before(
        self, service: ServiceDescription, earlier: Mapping[str, str]
    ) -> Exchange[dict[tuple[str, str], JsonValue]]:
        before: dict[tuple[str, str], JsonValue] = {}
        wanted = {source.service for field in service.fields for source in field.answers}
        for other in sorted(wanted & earlier.keys()):
            try:
                case = yield from self.sent(other, earlier[other])
            except NotFound:
                continue
            before |= stated_before(other, Sent.from_bytes(self._open(case.id, case.content)).lines)
        return before

    def _write(self, secret: str, draft: Draft) -> Exchange[Draft]:
        now = self.context.now()
        stage = yield from advance(_draft_key(secret), lambda found: change(found, draft, now=now), no_form())
        if not isinstance(stage, Draft):
            raise TypeError("changing a form leads to a form")
        return stage

    def _forget(self, request_id: str, secret: str) -> Exchange[None]:
        """An answer that stands in the form, and a question that nobody will answer, are kept no longer."""
        if not request_id:
            return
        try:
            yield from self.requests.forget_in_browser(request_id, secret)
        except NotFound:
            return  # it was swept away

    def _content(self, draft: Draft) -> Content:
        return Content.from_bytes(self._open(draft.id, draft.content))

    def _seal(self, id_: str, plain: bytes) -> str:
        return encode_base64url(self.context.sealer.seal(plain, f"case {id_}"))

    def _open(self, id_: str, sealed: str) -> bytes:
        return self.context.sealer.open(decode_base64url(sealed), f"case {id_}")


def _draft_key(secret: str) -> SessionKey:
    return SessionKey.of(DRAFT, secret)
