"""Steps of the authorization code flow: pushed, visited, logged in, redeemed."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

from issuer.session.offers import narrowed
from issuer.session.stages import (
    CODE,
    MAX_CODE_TRIES,
    REQUEST_URI,
    Ended,
    Granted,
    Invited,
    Issuing,
    Outcome,
    Pushed,
    Session,
    Tokens,
    Visited,
    WalletUnit,
    check_same_wallet,
    id_of,
)
from protocol.errors import InvalidGrant, InvalidRequest
from runtime.conversation import Change, Event, Refused, SessionKey, Spend

_NOT_GOOD = "this request is not good, or no longer"


class WrongLetterCode(InvalidRequest):
    """The letter code typed at the login page is not right; `tries_left` may be none."""

    def __init__(self, description: str, tries_left: int) -> None:
        super().__init__(description)
        self.tries_left = tries_left


class UsedLetterCode(InvalidRequest):
    """The letter code typed at the login page was used before; the login stays open."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a browser brings to log in, and the code that it gets for it."""

    browser: str  # digest of the cookie
    subject: str | None  # whom the letter code belongs to; None: nobody
    code: str  # digest
    code_expires_at: int  # epoch seconds


def push(session: Session, request: Pushed, *, spend: tuple[Spend, ...], now: int) -> Outcome:
    """Take up an offer with a pushed request: the conversation of the offer goes on (OID4VCI 1.0 §5.1.3).

    Until the user has logged in, a wallet may push again; the request before is worth nothing then.

    Raises:
        InvalidRequest: the offer has expired or was taken up, or the request asks for more than was offered.
    """
    before: Pushed | None = None
    invited: Invited | None = None
    if isinstance(session, Invited):
        invited = session
    elif isinstance(session, Pushed | Visited):
        before = session if isinstance(session, Pushed) else session.request
        invited = before.invited
    if invited is None or now >= invited.expires_at:
        raise InvalidRequest("issuer_state: is not good, or no longer")
    if not set(request.configuration_ids) <= set(invited.configuration_ids):
        raise InvalidRequest("issuer_state: belongs to an offer of other credentials")
    pushed = replace(request, id=invited.id, invited=invited)
    return Change(
        pushed,
        keys=(SessionKey(REQUEST_URI, pushed.request_uri),),
        drop=(SessionKey(REQUEST_URI, before.request_uri),) if before is not None else (),
        spend=spend,
        events=(Event("request pushed", pushed.id),),
    )


def visit(session: Session, client_id: str, browser: str, *, now: int) -> Outcome:
    """Open the login page: from now on the conversation belongs to this browser (digest of its cookie).

    Opening it again in the same browser changes nothing; a second browser is refused (RFC 9126 §7.3, T095, T116).

    Raises:
        InvalidRequest: expired, finished, of another client, or begun in another browser.
    """
    if isinstance(session, Pushed):
        request, entered = session, Visited(session, browser, MAX_CODE_TRIES)
    elif isinstance(session, Visited) and hmac.compare_digest(session.browser, browser):
        request, entered = session.request, session
    else:
        raise InvalidRequest(_NOT_GOOD)
    if now >= request.expires_at or request.client_id != client_id:
        raise InvalidRequest(_NOT_GOOD)
    return Change(entered)


def grant(session: Session, login: Login, *, spend: tuple[Spend, ...], now: int) -> Outcome:
    """Log the user in and give out the authorization code; only the person who was invited gets in (T116).

    A second click of the same login gets the same code, and nothing is spent again (T119).

    Raises:
        InvalidRequest: another browser, expired or finished.
    """
    if isinstance(session, Granted) and now < session.expires_at and _is_same(session, login):
        return Change(session)
    if (
        not isinstance(session, Visited)
        or now >= session.request.expires_at
        or not hmac.compare_digest(session.browser, login.browser)
    ):
        raise InvalidRequest(_NOT_GOOD)
    request = session.request
    invited = request.invited
    if login.subject is None or (invited is not None and login.subject != invited.subject):
        return _wrong_code(session)
    granted = Granted(request, login.browser, login.subject, login.code, login.code_expires_at)
    event = Event("logged in", request.id, actor=login.subject)
    return Change(granted, keys=(SessionKey(CODE, login.code),), spend=spend, events=(event,))


def _is_same(session: Granted, login: Login) -> bool:
    return (
        hmac.compare_digest(session.browser, login.browser)
        and hmac.compare_digest(session.code, login.code)
        and session.subject == login.subject
    )


def _wrong_code(session: Visited) -> Outcome:
    left = session.tries_left - 1
    request = session.request
    error = WrongLetterCode("this code is not right", tries_left=left)
    stage: Session = replace(session, tries_left=left) if left > 0 else Ended(request.id, "too many wrong letter codes")
    return Refused(stage, error, events=(Event("wrong letter code", request.id),))


@dataclass(frozen=True, slots=True)
class CodeRedemption:
    """What a token request with an authorization code says (RFC 6749 §4.1.3, RFC 7636 §4.5)."""

    client_id: str
    redirect_uri: str
    challenge: str  # S256 of the verifier that was sent
    details: tuple[str, ...]  # configurations asked for; empty: what was authorized
    wallet: WalletUnit | None = None  # that asks, as its provider attested


def redeem_code(
    session: Session, tokens: Tokens, redemption: CodeRedemption, *, spend: tuple[Spend, ...], now: int
) -> Outcome:
    """Trade an authorization code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.6, RFC 9449 §10).

    A code that comes twice was stolen, or its answer was: the tokens of the first use end (RFC 6749 §4.1.2, T092).

    Raises:
        InvalidGrant: another client, redirect URI, verifier, wallet or DPoP key than at the request, or expired.
        InvalidAuthorizationDetails: more is asked for than was authorized; the code stays good.
    """
    if isinstance(session, Issuing):
        error = InvalidGrant("this code was already used")
        event = Event("code used twice, tokens revoked", session.id)
        ended = Ended(session.id, "code used twice")
        return Refused(ended, error, drop=session.tokens.keys(), events=(event,))
    if not isinstance(session, Granted) or now >= session.expires_at:
        raise InvalidGrant("this code is not good, or no longer")
    request = session.request
    if request.client_id != redemption.client_id or request.redirect_uri != redemption.redirect_uri:
        raise InvalidGrant("this code was given to another client")
    check_same_wallet(request.wallet, redemption.wallet)
    if not hmac.compare_digest(request.code_challenge, redemption.challenge):
        raise InvalidGrant("the code verifier does not fit")
    if request.dpop_key and request.dpop_key != tokens.dpop_key:
        raise InvalidGrant("this code is bound to another DPoP key")
    issuing = Issuing(
        id=id_of(session),
        configuration_ids=narrowed(request.configuration_ids, redemption.details),
        by_details=redemption.details or request.by_details,
        subject=session.subject,
        client_id=redemption.client_id,
        tokens=tokens,
        wallet=redemption.wallet,
        began_at=now,
    )
    event = Event("token issued", request.id)
    return Change(issuing, keys=tokens.keys(), spend=spend, events=(event,), expires_at=tokens.refresh_expires_at)
