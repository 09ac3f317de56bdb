"""The conversations of an issuer: from an offer or a pushed request to issued credentials, as stages and pure steps.

    Offered ──redeem_offer──┐
    Invited … Pushed ─► Visited ─► Granted ──redeem_code──┴─► Issuing ─► (issue, renew, notify)* ─► Ended

Steps neither read the clock nor draw random values: what is new comes in as a parameter.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

from issuer.records import CredentialState, IssuedCredential, Record, StateChanged
from protocol.errors import (
    CredentialRequestDenied,
    InvalidGrant,
    InvalidNotificationId,
    InvalidRequest,
    InvalidToken,
)
from runtime.conversation import Change, Event, Refused, SessionKey, Spend

MAX_CODE_TRIES = 5  # wrong transaction codes or letter codes before a conversation ends
MAX_REQUESTS = 50  # credential requests on one access token


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer with a pre-authorized code that nobody has redeemed (OID4VCI 1.0 §4.1)."""

    id: str
    configuration_ids: tuple[str, ...]
    subject: str
    pre_authorized_code: str  # digest
    tx_code: str  # keyed digest; empty: none expected
    tries_left: int
    expires_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Invited:
    """An offer with an issuer_state: the user has to log in (OID4VCI 1.0 §4.1.1)."""

    id: str
    configuration_ids: tuple[str, ...]
    subject: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """An authorization request that a wallet pushed (RFC 9126 §2)."""

    id: str
    client_id: str
    redirect_uri: str
    state: str  # as sent; empty: none
    code_challenge: str  # S256
    configuration_ids: tuple[str, ...]
    by_details: bool  # asked with authorization_details, so answered with credential identifiers
    invited_subject: str  # whom the offer was made to; empty: anybody who logs in
    expires_at: int


@dataclass(frozen=True, slots=True)
class Visited:
    """A browser has opened the login page; only this browser may go on (OID4VCI 1.0 §13.3)."""

    request: Pushed
    browser: str  # digest of the cookie
    tries_left: int


@dataclass(frozen=True, slots=True)
class Granted:
    """The user logged in; the code waits to be redeemed."""

    request: Pushed
    subject: str
    code: str  # digest
    expires_at: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """The one pair of tokens that is alive in a conversation, as digests."""

    access: str
    access_expires_at: int  # epoch seconds
    refresh: str  # empty: none
    refresh_expires_at: int
    dpop_key: str  # JWK thumbprint; empty: bearer


@dataclass(frozen=True, slots=True)
class Batch:
    """What one credential request gave."""

    configuration_id: str
    credential_ids: tuple[str, ...]
    notification: str  # digest
    token: str  # digest of the access token it was asked with
    event: str = ""  # the notification that came; empty: none yet


@dataclass(frozen=True, slots=True)
class Issuing:
    """Tokens are out; credentials may be asked for."""

    id: str
    configuration_ids: tuple[str, ...]
    by_details: bool
    subject: str
    client_id: str  # empty: anonymous
    origin: str  # digest of the code it came from
    tokens: Tokens
    batches: tuple[Batch, ...] = ()
    spent_refresh: tuple[str, ...] = ()  # digests of refresh tokens that were rotated away


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more can be had from this conversation."""

    id: str
    reason: str


Session = Offered | Invited | Pushed | Visited | Granted | Issuing | Ended
Outcome = Change[Session, Record] | Refused[Session, Record]

ACCESS_TOKEN = "access_token"
REFRESH_TOKEN = "refresh_token"
CODE = "code"
PRE_AUTHORIZED_CODE = "pre-authorized_code"
NOTIFICATION = "notification_id"
OFFER = "offer"
ISSUER_STATE = "issuer_state"
REQUEST_URI = "request_uri"


def redeem_offer(session: Session, tokens: Tokens, tx_code: str, *, spend: tuple[Spend, ...], now: int) -> Outcome:
    """Trade an offer's pre-authorized code for tokens (OID4VCI 1.0 §6.1). `tx_code` is its keyed digest, or empty.

    Raises:
        InvalidGrant: the code is spent, withdrawn or has expired.
        InvalidRequest: a transaction code is missing, or came unasked; the code stays good.
    """
    if not isinstance(session, Offered) or now >= session.expires_at or session.tries_left <= 0:
        raise InvalidGrant("this code is not good, or no longer")
    if bool(tx_code) != bool(session.tx_code):
        raise InvalidRequest("a transaction code is " + ("missing" if session.tx_code else "not expected"))
    if not hmac.compare_digest(tx_code, session.tx_code):
        return _wrong_code(session)
    issuing = Issuing(
        id=session.id,
        configuration_ids=session.configuration_ids,
        by_details=False,
        subject=session.subject,
        client_id="",
        origin=session.pre_authorized_code,
        tokens=tokens,
    )
    return Change(issuing, keys=token_keys(tokens), spend=spend, events=(Event("token issued", session.id),))


def _wrong_code(session: Offered) -> Refused[Session, Record]:
    left = session.tries_left - 1
    error = InvalidGrant("the transaction code is wrong")
    event = Event("wrong transaction code", session.id)
    if left > 0:
        return Refused(replace(session, tries_left=left), error, events=(event,))
    return Refused(Ended(session.id, "too many wrong transaction codes"), error, events=(event,))


def withdraw(session: Session) -> Outcome:
    """Take an offer back before it is redeemed; twice is the same as once.

    Raises:
        CredentialRequestDenied: it was redeemed already.
    """
    if isinstance(session, Offered | Invited):
        return Change(Ended(session.id, "withdrawn"), events=(Event("offer withdrawn", session.id),))
    if isinstance(session, Ended):
        return Change(session)
    raise CredentialRequestDenied("this offer was redeemed already")


def visit(session: Session, browser: str, *, now: int) -> Outcome:
    """Open the login page: from now on the conversation belongs to this browser (digest of its cookie).

    Opening it again in the same browser changes nothing; a second browser is refused (RFC 9126 §7.3).

    Raises:
        InvalidRequest: expired, finished, or begun in another browser.
    """
    if isinstance(session, Pushed) and now < session.expires_at:
        return Change(Visited(session, browser, MAX_CODE_TRIES))
    if isinstance(session, Visited) and now < session.request.expires_at and hmac.compare_digest(session.browser, browser):
        return Change(session)
    raise InvalidRequest("this request is not good, or no longer")


def grant(
    session: Session, browser: str, subject: str | None, code: str, *, spend: tuple[Spend, ...], now: int, code_expires_at: int
) -> Outcome:
    """Log the user in and make the authorization code (digest); `subject` is whom the letter code belongs to, or None.

    Raises:
        InvalidRequest: another browser, expired or finished.
    """
    if (
        not isinstance(session, Visited)
        or now >= session.request.expires_at
        or not hmac.compare_digest(session.browser, browser)
    ):
        raise InvalidRequest("this request is not good, or no longer")
    request = session.request
    if subject is None or (request.invited_subject and subject != request.invited_subject):
        left = session.tries_left - 1
        error = WrongLetterCode("this code is not right", tries_left=left)
        stage: Session = replace(session, tries_left=left) if left > 0 else Ended(request.id, "too many wrong letter codes")
        return Refused(stage, error, events=(Event("wrong letter code", request.id),))
    granted = Granted(request, subject, code, code_expires_at)
    key = SessionKey(CODE, code)
    return Change(granted, keys=(key,), spend=spend, events=(Event("logged in", request.id, actor=subject),))


class WrongLetterCode(InvalidRequest):
    """The letter code typed at the login page is not right; `tries_left` may be none."""

    def __init__(self, description: str, tries_left: int) -> None:
        super().__init__(description)
        self.tries_left = tries_left


def redeem_code(
    session: Session, tokens: Tokens, *, client_id: str, redirect_uri: str, challenge: str, spend: tuple[Spend, ...], now: int
) -> Outcome:
    """Trade an authorization code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.6). `challenge` is S256 of the verifier sent.

    A code that comes twice was stolen, or its answer was: the tokens of the first use end (RFC 6749 §4.1.2).

    Raises:
        InvalidGrant: another client, redirect URI or verifier than at the request, or expired.
    """
    if isinstance(session, Issuing):
        error = InvalidGrant("this code was already used")
        drop = token_keys(session.tokens)
        event = Event("code used twice, tokens revoked", session.id)
        return Refused(Ended(session.id, "code used twice"), error, drop=drop, events=(event,))
    if not isinstance(session, Granted) or now >= session.expires_at:
        raise InvalidGrant("this code is not good, or no longer")
    request = session.request
    if request.client_id != client_id or request.redirect_uri != redirect_uri:
        raise InvalidGrant("this code was given to another client")
    if not hmac.compare_digest(request.code_challenge, challenge):
        raise InvalidGrant("the code verifier does not fit")
    issuing = Issuing(
        id=request.id,
        configuration_ids=request.configuration_ids,
        by_details=request.by_details,
        subject=session.subject,
        client_id=client_id,
        origin=session.code,
        tokens=tokens,
    )
    return Change(issuing, keys=token_keys(tokens), spend=spend, events=(Event("token issued", request.id),))


def renew(session: Session, refresh: str, tokens: Tokens, *, client_id: str, spend: tuple[Spend, ...], now: int) -> Outcome:
    """Trade a refresh token (digest) for the next pair (RFC 6749 §6, RFC 9700 §4.14.2: rotated at every use).

    A refresh token that was rotated away and comes again ends the whole family.

    Raises:
        InvalidGrant: expired, revoked, of another client, or bound to another DPoP key.
    """
    if not isinstance(session, Issuing):
        raise InvalidGrant("this refresh token is not good, or no longer")
    if refresh in session.spent_refresh:
        drop = token_keys(session.tokens)
        event = Event("refresh token used twice, tokens revoked", session.id)
        error = InvalidGrant("this refresh token was already used")
        return Refused(Ended(session.id, "refresh token used twice"), error, drop=drop, events=(event,))
    old = session.tokens
    if not hmac.compare_digest(old.refresh, refresh) or now >= old.refresh_expires_at:
        raise InvalidGrant("this refresh token is not good, or no longer")
    if old.dpop_key != tokens.dpop_key or session.client_id != client_id:
        raise InvalidGrant("this refresh token belongs to another client")
    renewed = replace(session, tokens=tokens, spent_refresh=(*session.spent_refresh, refresh)[-20:])
    drop = (SessionKey(ACCESS_TOKEN, old.access),)
    event = Event("token renewed", session.id)
    return Change(renewed, keys=token_keys(tokens), drop=drop, spend=spend, events=(event,))


def check_access(session: Session, access: str, *, dpop_key: str, now: int) -> Issuing:
    """The conversation, if this access token (digest) and this key may use it (RFC 9449 §7.1).

    Raises:
        InvalidToken: expired, revoked, or bound to another key.
    """
    if not isinstance(session, Issuing):
        raise InvalidToken("this access token is not good, or no longer")
    tokens = session.tokens
    if not hmac.compare_digest(tokens.access, access) or now >= tokens.access_expires_at or tokens.dpop_key != dpop_key:
        raise InvalidToken("this access token is not good, or no longer")
    return session


def issue(
    session: Session, access: str, *, dpop_key: str, batch: Batch, credentials: tuple[IssuedCredential, ...], spend: tuple[Spend, ...], now: int
) -> Outcome:
    """Record credentials as issued, before they are answered (OID4VCI 1.0 §8).

    One access token gives one accepted batch per configuration. A request that is repeated before the wallet accepted
    (its answer may have been lost) replaces the batch: what was issued before is revoked in the same moment.

    Raises:
        InvalidToken: the access token ended meanwhile.
        CredentialRequestDenied: this was issued and accepted already, or asked for too often.
    """
    issuing = check_access(session, access, dpop_key=dpop_key, now=now)
    if len(issuing.batches) >= MAX_REQUESTS:
        raise CredentialRequestDenied("this was asked for too often")
    earlier = [b for b in issuing.batches if b.configuration_id == batch.configuration_id and b.token == batch.token]
    if any(b.event == "credential_accepted" for b in earlier):
        raise CredentialRequestDenied("this credential was issued and accepted already")
    replaced = tuple(
        StateChanged(credential_id, CredentialState.REVOKED) for b in earlier for credential_id in b.credential_ids
    )
    kept = tuple(b for b in issuing.batches if b not in earlier)
    records: tuple[Record, ...] = (*replaced, *credentials)
    return Change(
        replace(issuing, batches=(*kept, batch)),
        keys=(SessionKey(NOTIFICATION, batch.notification),),
        drop=tuple(SessionKey(NOTIFICATION, b.notification) for b in earlier),
        spend=spend,
        records=records,
        events=(Event("credential issued", issuing.id, detail=batch.configuration_id),),
    )


def notify(
    session: Session, access: str, notification: str, event: str, *, dpop_key: str, spend: tuple[Spend, ...], now: int
) -> Outcome:
    """Take note of what became of a batch (OID4VCI 1.0 §11). The first event counts, a deletion may follow an acceptance.

    Raises:
        InvalidToken: the access token is not good for this.
        InvalidNotificationId: the id belongs to nobody, or somebody else.
    """
    issuing = check_access(session, access, dpop_key=dpop_key, now=now)
    batch = next((b for b in issuing.batches if hmac.compare_digest(b.notification, notification)), None)
    if batch is None:
        raise InvalidNotificationId("no such notification id")
    if batch.event and (batch.event, event) != ("credential_accepted", "credential_deleted"):
        return Change(issuing, spend=spend)
    records: tuple[Record, ...] = ()
    if event != "credential_accepted":
        records = tuple(StateChanged(credential_id, CredentialState.REVOKED) for credential_id in batch.credential_ids)
    batches = tuple(replace(b, event=event) if b is batch else b for b in issuing.batches)
    line = Event(event.replace("_", " "), issuing.id, detail=batch.configuration_id)
    return Change(replace(issuing, batches=batches), spend=spend, records=records, events=(line,))


def token_keys(tokens: Tokens) -> tuple[SessionKey, ...]:
    """The names by which a pair of tokens finds its conversation."""
    access = SessionKey(ACCESS_TOKEN, tokens.access)
    return (access, SessionKey(REFRESH_TOKEN, tokens.refresh)) if tokens.refresh else (access,)
