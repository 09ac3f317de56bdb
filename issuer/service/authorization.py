"""The authorization endpoint and what is pushed to it: PAR, the login page, the code (RFC 9126, RFC 6749 §4.1, RFC 9207)."""

from __future__ import annotations

from dataclasses import dataclass

from issuer.policy import redirect_allowed
from issuer.records import LetterCode, Record
from issuer.service.clients import NO_HEADERS, AttestationHeaders, ClientService
from issuer.service.context import IssuerContext, ShownKey
from issuer.session.login import Login, UsedLetterCode, grant, push, visit
from issuer.session.stages import (
    CODE,
    CONVERSATION,
    ISSUER_STATE,
    REQUEST_URI,
    Granted,
    Outcome,
    Pushed,
    Session,
    Visited,
)
from protocol.errors import (
    InvalidAuthorizationDetails,
    InvalidDpopProof,
    InvalidRequest,
    InvalidRequestUri,
    InvalidScope,
)
from protocol.exchange import Exchange
from protocol.oauth.authorization import AuthorizationRequest, AuthorizationResponse
from protocol.oauth.par import REQUEST_URI_PREFIX, PushedAuthorizationResponse
from runtime.conversation import Change, Event, SessionKey, Spend, advance, begin, load, slow

_NO_REQUEST = InvalidRequestUri("this request is not good, or no longer")
LETTER_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32 characters, none that look alike
LETTER_LENGTH = 16  # 80 bits
GRACE = 3600  # seconds that a request nobody was invited for is remembered beyond its end


@dataclass(frozen=True, slots=True)
class LoginPage:
    """What the login page shows, and where its answer goes."""

    configuration_ids: tuple[str, ...]
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class AuthorizationService:
    """Pushed requests, the login, and the answer to the wallet."""

    context: IssuerContext
    clients: ClientService

    def push(
        self, request: AuthorizationRequest, dpop: str | None, attested: AttestationHeaders = NO_HEADERS
    ) -> Exchange[PushedAuthorizationResponse]:
        """Keep a wallet's authorization request until its user arrives (RFC 9126 §2).

        `dpop` is the DPoP header, `attested` those by which a wallet says who it is.

        Raises:
            InvalidRequest: a redirect URI that is not allowed, or an issuer_state that is not good.
            InvalidScope, InvalidAuthorizationDetails: nothing that is issued here was asked for.
            InvalidDpopProof, UseDpopNonce: a proof came along and does not hold.
            ClientNotAuthenticated, UseFreshAttestation, UseAttestationChallenge: who asks; see `ClientService`.
        """
        context = self.context
        if not redirect_allowed(context.policy, request.redirect_uri):
            raise InvalidRequest("redirect_uri: is not allowed here")
        configuration_ids, by_details = self._asked_for(request)
        shown = None if dpop is None else context.verify_dpop(dpop, context.endpoints.pushed_authorization_request)
        dpop_key = _bound_key(request, shown)
        client = yield from self.clients.authenticate(attested, request.client_id, shown)
        spend = client.spend if shown is None else (*client.spend, shown.spend)
        now = context.now()
        lifetime = context.policy.lifetimes.pushed_request
        request_uri = REQUEST_URI_PREFIX + context.new_secret()
        key = SessionKey.of(REQUEST_URI, request_uri)
        pushed = Pushed(
            id=context.new_id(),
            request_uri=key.digest,
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            state=request.state or "",
            code_challenge=request.code_challenge,
            dpop_key=dpop_key,
            configuration_ids=configuration_ids,
            by_details=by_details,
            expires_at=now + lifetime,
            wallet=client.wallet,
        )
        if request.issuer_state is not None:
            missing = InvalidRequest("issuer_state: is not good, or no longer")

            def go_on(session: Session) -> Outcome:
                return push(session, pushed, spend=spend, now=now)

            yield from advance(SessionKey.of(ISSUER_STATE, request.issuer_state), go_on, missing)
        else:
            keys = (key, SessionKey.of(CONVERSATION, pushed.id))
            event = Event("request pushed", pushed.id)
            change: Change[Session, Record] = Change(pushed, keys=keys, spend=spend, events=(event,))
            yield from begin(change, pushed.expires_at + context.policy.lifetimes.code + GRACE)
        return PushedAuthorizationResponse(request_uri, lifetime)

    def visit(self, client_id: str, request_uri: str, browser: str) -> Exchange[LoginPage]:
        """Open the login page in a browser, which is known by its cookie from now on (T095, T116).

        Raises:
            InvalidRequest: unknown, expired, finished, of another client, or begun in another browser.
        """
        digest = _browser(browser)
        now = self.context.now()

        def enter(session: Session) -> Outcome:
            return visit(session, client_id, digest, now=now)

        stage = yield from advance(SessionKey.of(REQUEST_URI, request_uri), enter, _NO_REQUEST)
        if not isinstance(stage, Visited):
            raise TypeError("a visit leads to the login page")
        return LoginPage(stage.request.configuration_ids, stage.request.redirect_uri)

    def log_in(self, request_uri: str, browser: str, letter_code: str) -> Exchange[str]:
        """Check a letter code; the address that brings the wallet its authorization code.

        Raises:
            WrongLetterCode: not right; so many tries are left.
            UsedLetterCode: used before.
            InvalidRequest: the request is not good, or belongs to another browser.
        """
        context = self.context
        digest = letter_digest(letter_code)
        letter = yield from slow(lambda: context.store.letter_code(digest))
        if letter is None or context.now() >= letter.expires_at:
            return (yield from self._grant(request_uri, browser, None, ()))
        used = UsedLetterCode("this letter code was used before")
        spend = Spend(SessionKey("letter code", digest), letter.expires_at, used)
        return (yield from self._grant(request_uri, browser, letter.subject, (spend,)))

    def let_in(self, request_uri: str, browser: str) -> Exchange[str]:
        """Let the invited person in without a letter code: test settings only.

        Raises:
            InvalidRequest: this issuer does not do that, or nobody was invited.
        """
        if not self.context.automatic_login:
            raise InvalidRequest("a letter code is needed")
        stage = yield from load(SessionKey.of(REQUEST_URI, request_uri), _NO_REQUEST, Visited)
        invited = stage.request.invited
        return (yield from self._grant(request_uri, browser, invited.subject if invited else None, ()))

    def cancel(self, request_uri: str, browser: str) -> Exchange[str]:
        """The address that tells the wallet that the user said no (RFC 6749 §4.1.2.1). The request stays open.

        Raises:
            InvalidRequestUri: not good, or of another browser.
        """
        stage = yield from load(SessionKey.of(REQUEST_URI, request_uri), _NO_REQUEST, Visited)
        if self.context.now() >= stage.request.expires_at or stage.browser != _browser(browser):
            raise _NO_REQUEST
        return self._answer(stage.request, error="access_denied")

    def write_letter(self, subject: str, actor: str) -> Exchange[str]:
        """A new one-time letter code for a person, in groups of four, as it is printed; it replaces that of a letter before.

        Raises:
            CredentialRequestDenied: the register knows no such person.
        """
        context = self.context
        yield from context.register.fetch(subject)
        code = "".join(LETTER_ALPHABET[byte % 32] for byte in context.random_bytes(LETTER_LENGTH))
        now = context.now()
        letter = LetterCode(letter_digest(code), subject, now + context.policy.lifetimes.letter_code)
        yield from slow(lambda: context.store.put_letter_code(letter, actor=actor, now=now))
        return "-".join(code[start : start + 4] for start in range(0, LETTER_LENGTH, 4))

    def _grant(self, request_uri: str, browser: str, subject: str | None, spend: tuple[Spend, ...]) -> Exchange[str]:
        context = self.context
        now = context.now()
        # Made of both secrets, so that a second click of the same browser gets the same code and not a second one (T119)
        code = context.keyed(CODE, request_uri, browser)
        login = Login(
            browser=_browser(browser),
            subject=subject,
            code=SessionKey.of(CODE, code).digest,
            code_expires_at=now + context.policy.lifetimes.code,
        )

        def let_them_in(session: Session) -> Outcome:
            return grant(session, login, spend=spend, now=now)

        stage = yield from advance(SessionKey.of(REQUEST_URI, request_uri), let_them_in, _NO_REQUEST)
        if not isinstance(stage, Granted):
            raise TypeError("a login leads to a code")
        return self._answer(stage.request, code=code)

    def _answer(self, request: Pushed, *, code: str | None = None, error: str | None = None) -> str:
        answer = AuthorizationResponse(self.context.identifier, request.state or None, code, error)
        return answer.redirect(request.redirect_uri)

    def _asked_for(self, request: AuthorizationRequest) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Everything asked for, and what of it by details; each parameter counts by itself (OID4VCI 1.0 §5.1.2)."""
        types = self.context.types
        if self.context.policy.haip and request.authorization_details:
            raise InvalidAuthorizationDetails("authorization_details: are not used here; ask by scope")
        details = dict.fromkeys(detail.credential_configuration_id for detail in request.authorization_details)
        if not details.keys() <= types.keys():
            raise InvalidAuthorizationDetails("names a credential configuration that is not issued here")
        scopes = (request.scope or "").split()
        by_scope = [name for name, credential_type in types.items() if credential_type.scope in scopes]
        names = tuple(dict.fromkeys((*details, *by_scope)))
        if not names:
            raise InvalidScope("names no credential that is issued here")
        return names, tuple(details)


def _bound_key(request: AuthorizationRequest, shown: ShownKey | None) -> str:
    """The key that the code is bound to, told by thumbprint or shown by a proof, or both (RFC 9449 §10, §10.1)."""
    told = request.dpop_jkt or ""
    if shown is None:
        return told
    if told not in ("", shown.thumbprint):
        raise InvalidDpopProof("dpop_jkt: is another key than the proof's")
    return shown.thumbprint


def letter_digest(letter_code: str) -> str:
    """The digest of a letter code as a person typed it: case, blanks and hyphens do not matter."""
    typed = "".join(letter_code.upper().split()).replace("-", "")
    return SessionKey.of("letter code", typed).digest


def _browser(browser: str) -> str:
    return SessionKey.of("browser", browser).digest
