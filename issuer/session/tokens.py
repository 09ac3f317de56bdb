"""Steps of tokens that are out: checked, renewed, ended."""

from __future__ import annotations

import hmac
from dataclasses import replace

from issuer.session.stages import (
    ACCESS_TOKEN,
    REFRESH_TOKEN,
    REVOKED,
    WITHDRAWN,
    Ended,
    Issuing,
    Outcome,
    Session,
    Tokens,
    WalletUnit,
    check_same_wallet,
    id_of,
)
from protocol.errors import CredentialRequestDenied, InvalidAuthorizationDetails, InvalidGrant, InvalidToken
from runtime.conversation import Change, Event, Refused, SessionKey, Spend

MAX_SPENT_REFRESH = 20  # of which a reuse is noticed; older ones are unknown


def check_access(session: Session, access: str, *, dpop_key: str, now: int) -> Issuing:
    """The conversation, if this access token (digest) and this key may use it (RFC 9449 §7.1).

    Raises:
        InvalidToken: expired, revoked, or bound to another key.
        CredentialRequestDenied: the offer was taken back meanwhile (T142).
    """
    if isinstance(session, Ended) and session.reason == WITHDRAWN:
        raise CredentialRequestDenied("this offer was taken back")
    if not isinstance(session, Issuing):
        raise InvalidToken("this access token is not good, or no longer")
    tokens = session.tokens
    if not hmac.compare_digest(tokens.access, access) or now >= tokens.access_expires_at or tokens.dpop_key != dpop_key:
        raise InvalidToken("this access token is not good, or no longer")
    return session


def renew(
    session: Session,
    refresh: str,
    tokens: Tokens,
    *,
    client_id: str,
    details: tuple[str, ...],
    spend: tuple[Spend, ...],
    now: int,
    wallet: WalletUnit | None = None,
) -> Outcome:
    """Trade a refresh token (digest) for the next tokens (RFC 6749 §6).

    It is rotated (RFC 9700 §4.14.2), unless `tokens` have the very same again: then it goes on being good. The family
    keeps the end that it began with. A refresh token that was rotated away, or that comes with another key, is in
    somebody else's hands: the whole family ends (T114).

    Raises:
        InvalidGrant: expired, revoked, or of another client or wallet.
        InvalidAuthorizationDetails: more is asked for than was granted.
    """
    if not isinstance(session, Issuing) or now >= session.tokens.refresh_expires_at or not session.configuration_ids:
        raise InvalidGrant("this refresh token is not good, or no longer")
    old = session.tokens
    if not hmac.compare_digest(old.refresh, refresh):
        return _end_family(session, "refresh token used twice")
    if old.dpop_key != tokens.dpop_key:
        return _end_family(session, "refresh token with another key")
    check_same_wallet(session.wallet, wallet)
    # A wallet need not name itself again: its key has just proven who it is
    if client_id and session.client_id and client_id != session.client_id:
        raise InvalidGrant("this refresh token belongs to another client")
    if not set(details) <= set(session.configuration_ids):
        raise InvalidAuthorizationDetails("authorization_details: ask for more than the grant covers")
    rotated = tokens.refresh != refresh
    spent = (*session.spent_refresh, refresh) if rotated else session.spent_refresh
    forgotten, kept = spent[:-MAX_SPENT_REFRESH], spent[-MAX_SPENT_REFRESH:]
    renewed = replace(
        session,
        by_details=tuple(dict.fromkeys((*session.by_details, *details))),
        tokens=replace(tokens, refresh_expires_at=old.refresh_expires_at),
        requests=0,
        spent_refresh=kept,
        wallet=wallet,
    )
    drop = (SessionKey(ACCESS_TOKEN, old.access), *(SessionKey(REFRESH_TOKEN, digest) for digest in forgotten))
    event = Event("token renewed", session.id)
    keys = tokens.keys() if rotated else (SessionKey(ACCESS_TOKEN, tokens.access),)
    return Change(renewed, keys=keys, drop=drop, spend=spend, events=(event,))


def _end_family(session: Issuing, reason: str) -> Outcome:
    error = InvalidGrant("this refresh token is not good, or no longer")
    event = Event(f"{reason}, tokens revoked", session.id)
    return Refused(Ended(session.id, reason), error, drop=session.tokens.keys(), events=(event,))


def end_configurations(session: Session, configuration_ids: frozenset[str], reason: str, actor: str = "") -> Outcome:
    """Give nothing more of some configurations; where none is left, the tokens end."""
    if not isinstance(session, Issuing) or configuration_ids.isdisjoint(session.configuration_ids):
        return Change(session)
    issuing = without(session, configuration_ids)
    if not issuing.configuration_ids:
        return end_tokens(session, reason, actor)
    return Change(issuing, events=(Event(f"{reason}, no more of it", session.id, actor=actor),))


def end_again(session: Session, configuration_ids: frozenset[str], actor: str) -> Outcome:
    """End what an old copy of the database brought back; no configurations: all of it.

    A conversation in which nothing was given by then ends too: by its code somebody could have once more what had ended.
    """
    if isinstance(session, Ended):
        return Change(session)
    if isinstance(session, Issuing):
        return end_configurations(session, configuration_ids or frozenset(session.configuration_ids), REVOKED, actor)
    id_ = id_of(session)
    return Change(Ended(id_, REVOKED), events=(Event("offer withdrawn", id_, actor=actor),))


def without(issuing: Issuing, configuration_ids: frozenset[str]) -> Issuing:
    """The conversation when nothing more of some configurations is given."""
    ending = tuple(name for name in issuing.configuration_ids if name in configuration_ids)
    return replace(
        issuing,
        configuration_ids=tuple(name for name in issuing.configuration_ids if name not in configuration_ids),
        by_details=tuple(name for name in issuing.by_details if name not in configuration_ids),
        ended=(*issuing.ended, *ending),
    )


def end_tokens(session: Session, reason: str, actor: str = "") -> Outcome:
    """End the tokens of a conversation; in another stage nothing changes."""
    if not isinstance(session, Issuing):
        return Change(session)
    event = Event(f"{reason}, tokens revoked", session.id, actor=actor)
    return Change(Ended(session.id, reason), drop=session.tokens.keys(), events=(event,))
