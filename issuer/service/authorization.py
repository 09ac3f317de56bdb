"""The authorization endpoint and what is pushed to it: PAR, the login page, the code (RFC 9126, RFC 6749 §4.1, RFC 9207)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from issuer.records import LetterCode, Record
from issuer.service.context import IssuerContext
from issuer.session import (
    CODE,
    ISSUER_STATE,
    REQUEST_URI,
    Granted,
    Invited,
    Outcome,
    Pushed,
    Session,
    Visited,
    grant,
    visit,
)
from protocol.errors import (
    InvalidAuthorizationDetails,
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


@dataclass(frozen=True, slots=True)
class LoginPage:
    """What the login page shows, and the request it belongs to."""

    request_id: str
    configuration_ids: tuple[str, ...]
    client_id: str
    invited: bool


@dataclass(frozen=True, slots=True)
class AuthorizationService:
    """Pushed requests, the login, and the answer to the wallet."""

    context: IssuerContext

    def push(self, request: AuthorizationRequest) -> Exchange[PushedAuthorizationResponse]:
        """Keep a wallet's authorization request until its user arrives (RFC 9126 §2).

        Raises:
            InvalidRequest: a redirect URI that is not allowed, or an issuer_state that is not good.
            InvalidScope, InvalidAuthorizationDetails: nothing that is issued here was asked for.
        """
        context = self.context
        if not self._redirect_allowed(request.redirect_uri):
            raise InvalidRequest("redirect_uri: is not allowed here")
        configuration_ids, by_details = self._asked_for(request)
        invited_subject = ""
        now = context.now()
        if request.issuer_state is not None:
            missing = InvalidRequest("issuer_state: is not good, or no longer")
            invited = yield from load(SessionKey.of(ISSUER_STATE, request.issuer_state), missing, Invited)
            if now >= invited.expires_at or not set(configuration_ids) <= set(invited.configuration_ids):
                raise missing
            invited_subject = invited.subject
        reference = context.new_secret()
        pushed = Pushed(
            id=context.new_id(),
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            state=request.state or "",
            code_challenge=request.code_challenge,
            configuration_ids=configuration_ids,
            by_details=by_details,
            invited_subject=invited_subject,
            expires_at=now + context.policy.lifetimes.pushed_request,
        )
        key = SessionKey.of(REQUEST_URI, REQUEST_URI_PREFIX + reference)
        change: Change[Session, Record] = Change(pushed, keys=(key,), events=(Event("request pushed", pushed.id),))
        yield from begin(change, pushed.expires_at + context.policy.lifetimes.refresh_token)
        return PushedAuthorizationResponse(REQUEST_URI_PREFIX + reference, context.policy.lifetimes.pushed_request)

    def visit(self, client_id: str, request_uri: str, browser: str) -> Exchange[LoginPage]:
        """Open the login page in a browser, which is known by its cookie from now on (T095, T116).

        Raises:
            InvalidRequestUri: unknown, expired, finished, of another client, or begun in another browser.
        """
        digest = SessionKey.of("browser", browser).digest
        now = self.context.now()

        def enter(session: Session) -> Outcome:
            if isinstance(session, Pushed | Visited) and _request(session).client_id != client_id:
                raise _NO_REQUEST
            return visit(session, digest, now=now)

        stage = yield from advance(SessionKey.of(REQUEST_URI, request_uri), enter, _NO_REQUEST)
        if not isinstance(stage, Visited):
            raise TypeError("a visit leads to the login page")
        request = stage.request
        return LoginPage(request.id, request.configuration_ids, request.client_id, bool(request.invited_subject))

    def log_in(self, request_uri: str, browser: str, letter_code: str) -> Exchange[AuthorizationResponse]:
        """Check a letter code and give the wallet its authorization code.

        Raises:
            WrongLetterCode: not right; so many tries are left.
            InvalidRequestUri, InvalidRequest: the request is not good, or belongs to another browser.
        """
        context = self.context
        digest = letter_digest(letter_code)
        letter = yield from slow(lambda: context.store.letter_code(digest))
        now = context.now()
        good = letter is not None and now < letter.expires_at
        spend: tuple[Spend, ...] = ()
        if letter is not None and good:
            used = InvalidRequest("this letter code was used before")
            spend = (Spend(SessionKey("letter code", digest), letter.expires_at, used),)
        subject = letter.subject if letter is not None and good else None
        return (yield from self._grant(request_uri, browser, subject, spend))

    def let_in(self, request_uri: str, browser: str) -> Exchange[AuthorizationResponse]:
        """Let the invited person in without a letter code: test settings only.

        Raises:
            InvalidRequest: this issuer does not do that, or nobody was invited.
        """
        if not self.context.automatic_login:
            raise InvalidRequest("a letter code is needed")
        stage = yield from load(SessionKey.of(REQUEST_URI, request_uri), _NO_REQUEST, Visited)
        return (yield from self._grant(request_uri, browser, stage.request.invited_subject or None, ()))

    def cancel(self, request_uri: str, browser: str) -> Exchange[str]:
        """The address that tells the wallet that the user said no (RFC 6749 §4.1.2.1). The request stays open.

        Raises:
            InvalidRequestUri: not good, or of another browser.
        """
        stage = yield from load(SessionKey.of(REQUEST_URI, request_uri), _NO_REQUEST, Visited)
        if stage.browser != SessionKey.of("browser", browser).digest:
            raise _NO_REQUEST
        request = stage.request
        answer = AuthorizationResponse(
            issuer=self.context.identifier, state=request.state or None, code=None, error="access_denied"
        )
        return answer.redirect(request.redirect_uri)

    def write_letter(self, subject: str) -> Exchange[str]:
        """A new one-time letter code for a person, in groups of four, as it is printed.

        Raises:
            CredentialRequestDenied: the register knows no such person.
        """
        context = self.context
        yield from context.register.fetch(subject)
        code = "".join(LETTER_ALPHABET[byte % 32] for byte in context.random_bytes(LETTER_LENGTH))
        letter = LetterCode(letter_digest(code), subject, context.now() + context.policy.lifetimes.letter_code)
        yield from slow(lambda: context.store.put_letter_code(letter))
        return "-".join(code[start : start + 4] for start in range(0, LETTER_LENGTH, 4))

    def _grant(
        self, request_uri: str, browser: str, subject: str | None, spend: tuple[Spend, ...]
    ) -> Exchange[AuthorizationResponse]:
        context = self.context
        code = context.new_secret()
        key = SessionKey.of(CODE, code)
        now = context.now()
        browser_digest = SessionKey.of("browser", browser).digest

        def let_them_in(session: Session) -> Outcome:
            return grant(
                session,
                browser_digest,
                subject,
                key.digest,
                spend=spend,
                now=now,
                code_expires_at=now + context.policy.lifetimes.code,
            )

        stage = yield from advance(SessionKey.of(REQUEST_URI, request_uri), let_them_in, _NO_REQUEST)
        if not isinstance(stage, Granted):
            raise TypeError("a login leads to a code")
        return AuthorizationResponse(
            issuer=context.identifier, state=stage.request.state or None, code=code, redirect_uri=stage.request.redirect_uri
        )

    def _asked_for(self, request: AuthorizationRequest) -> tuple[tuple[str, ...], bool]:
        types = self.context.types
        if request.authorization_details:
            names = tuple(detail.credential_configuration_id for detail in request.authorization_details)
            if any(name not in types for name in names):
                raise InvalidAuthorizationDetails("names a credential configuration that is not issued here")
            return tuple(dict.fromkeys(names)), True
        scopes = set((request.scope or "").split())
        names = tuple(name for name, credential_type in types.items() if credential_type.scope in scopes)
        if not names:
            raise InvalidScope("names no credential that is issued here")
        return names, False

    def _redirect_allowed(self, redirect_uri: str) -> bool:
        """Exact match with what was configured, or a loopback address with any port (RFC 8252 §7.3, T097)."""
        if redirect_uri in self.context.policy.redirect_uris:
            return True
        try:
            parts = urlsplit(redirect_uri)
            return (
                parts.scheme == "http"
                and parts.hostname in ("127.0.0.1", "::1")
                and parts.port is not None
                and "@" not in parts.netloc
                and "#" not in redirect_uri
            )
        except ValueError:
            return False


def letter_digest(letter_code: str) -> str:
    """The digest of a letter code as a person typed it: case, blanks and hyphens do not matter."""
    typed = "".join(letter_code.upper().split()).replace("-", "")
    return SessionKey.of("letter code", typed).digest


def _request(session: Pushed | Visited) -> Pushed:
    return session if isinstance(session, Pushed) else session.request
