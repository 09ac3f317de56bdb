"""Steps of an offer: redeemed, taken back; and what is to be seen of it from outside."""

from __future__ import annotations

import hmac
from dataclasses import replace

from issuer.records import Record
from issuer.session.stages import (
    REVOKED,
    WITHDRAWN,
    Ended,
    Granted,
    Invited,
    Issuing,
    Offered,
    Outcome,
    Pushed,
    Session,
    Tokens,
    Visited,
    WalletUnit,
    id_of,
)
from protocol.errors import Conflict, InvalidAuthorizationDetails, InvalidGrant, InvalidRequest, NotFound
from protocol.oid4vci.notification import ACCEPTED
from runtime.conversation import Change, Event, Refused, Spend


def redeem_offer(
    session: Session,
    tokens: Tokens,
    tx_code: str,
    *,
    client_id: str,
    details: tuple[str, ...],
    spend: tuple[Spend, ...],
    now: int,
    wallet: WalletUnit | None = None,
) -> Outcome:
    """Trade an offer's pre-authorized code for tokens (OID4VCI 1.0 §6.1). `tx_code` is its keyed digest, or empty.

    `details` are the configurations that the token request asked for; without any, it is all that was offered.

    Raises:
        InvalidGrant: the code is spent, withdrawn or has expired.
        InvalidRequest: a transaction code is missing, or came unasked; the code stays good.
        InvalidAuthorizationDetails: more is asked for than was offered; the code stays good.
    """
    if not isinstance(session, Offered) or now >= session.expires_at:
        raise InvalidGrant("this code is not good, or no longer")
    if bool(tx_code) != bool(session.tx_code):
        raise InvalidRequest("a transaction code is " + ("missing" if session.tx_code else "not expected"))
    if not hmac.compare_digest(tx_code, session.tx_code):
        return _wrong_code(session)
    issuing = Issuing(
        id=session.id,
        configuration_ids=narrowed(session.configuration_ids, details),
        by_details=details,
        subject=session.subject,
        client_id=client_id,
        tokens=tokens,
        wallet=wallet,
        began_at=now,
    )
    event = Event("token issued", session.id)
    return Change(issuing, keys=tokens.keys(), spend=spend, events=(event,), expires_at=tokens.refresh_expires_at)


def narrowed(covered: tuple[str, ...], details: tuple[str, ...]) -> tuple[str, ...]:
    """What a token is for: all that its grant covers, or the part that was asked for (RFC 9396 §6.1).

    Raises:
        InvalidAuthorizationDetails: more is asked for than is covered.
    """
    if not set(details) <= set(covered):
        raise InvalidAuthorizationDetails("authorization_details: ask for more than the grant covers")
    return details or covered


def _wrong_code(session: Offered) -> Refused[Session, Record]:
    left = session.tries_left - 1
    error = InvalidGrant("the transaction code is wrong")
    event = Event("wrong transaction code", session.id)
    if left > 0:
        return Refused(replace(session, tries_left=left), error, events=(event,))
    return Refused(Ended(session.id, "too many wrong transaction codes"), error, events=(event,))


def withdraw(session: Session, actor: str) -> Outcome:
    """Take an offer back while nothing was issued for it; twice is the same as once (T112, T142).

    The keys of tokens that are out already stay, so that their holder is told the truth: it is denied, asking is in vain.

    Raises:
        Conflict: something was issued, and has to be revoked instead.
    """
    if isinstance(session, Ended):
        return Change(session)
    if isinstance(session, Issuing) and session.batches:
        raise Conflict("credentials were issued for this offer; revoke them instead")
    offer_id = id_of(session)
    return Change(Ended(offer_id, WITHDRAWN), events=(Event("offer withdrawn", offer_id, actor=actor),))


def open_offer(session: Session, *, now: int) -> Offered | Invited:
    """The offer that a wallet may still take up.

    A wallet that pushed a request and then gave up may begin again until the offer expires.

    Raises:
        NotFound: redeemed, withdrawn or expired (T137).
    """
    offer: Offered | Invited | None = None
    if isinstance(session, Offered | Invited):
        offer = session
    elif isinstance(session, Pushed | Visited):
        offer = (session if isinstance(session, Pushed) else session.request).invited
    if offer is None or now >= offer.expires_at:
        raise NotFound("no such offer")
    return offer


def state_of(session: Session, *, now: int) -> str:
    """What became of an offer: offered, opened, redeemed, issued, accepted, failed, expired, withdrawn or revoked."""
    match session:
        case Ended(reason=reason):
            return {WITHDRAWN: "withdrawn", REVOKED: "revoked"}.get(reason, "failed")
        case Offered() | Invited():
            return "offered" if now < session.expires_at else "expired"
        case Pushed():
            return _state_of_request(session, now)
        case Visited():
            return _state_of_request(session.request, now)
        case Granted():
            return "opened" if now < session.expires_at else "failed"
    events = {batch.event for batch in session.batches}
    if not events:
        return "redeemed"
    if ACCEPTED in events:
        return "accepted"
    return "issued" if "" in events else "failed"


def _state_of_request(request: Pushed, now: int) -> str:
    if now < request.expires_at:
        return "opened"
    return "offered" if request.invited is not None and now < request.invited.expires_at else "expired"
