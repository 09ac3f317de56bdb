"""A status list with its issuer's signature, as it is published and fetched (Token Status List §5.1)."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.encoding import JsonObject, encode_json, read_json_object
from protocol.errors import Malformed, NotAuthentic, NotValidNow
from protocol.fields import Fields
from protocol.jws import Jws, check_typ, sign_jws, verify_signature
from protocol.keys import PublicKey, Signer
from protocol.status.bits import StatusList

TYP = "statuslist+jwt"
MEDIA_TYPE = "application/statuslist+jwt"
MAX_STATUS_TOKEN = 16 * 1024 * 1024  # characters
CLOCK_SKEW = 60  # seconds

_AT = "status list token"


@dataclass(frozen=True, slots=True)
class StatusListToken:
    """A status list that is known to be its issuer's, for the address it was asked at, and inside its times."""

    uri: str
    issued_at: int  # epoch seconds
    expires_at: int | None
    ttl: int | None  # seconds, never negative: after so long a fresh copy has to be fetched
    statuses: StatusList


def sign_status_list_token(
    statuses: StatusList,
    *,
    uri: str,
    issued_at: int,
    expires_at: int | None,
    ttl: int | None,
    signer: Signer,
    x5c: tuple[str, ...],
) -> str:
    """Publish a list: a JWT to be served as `MEDIA_TYPE` at `uri`; `x5c` is the signer's chain, which HAIP asks for."""
    header: JsonObject = {"typ": TYP}
    if x5c:
        header["x5c"] = list(x5c)
    claims: JsonObject = {"sub": uri, "iat": issued_at}
    if expires_at is not None:
        claims["exp"] = expires_at
    if ttl is not None:
        claims["ttl"] = ttl
    claims["status_list"] = statuses.to_dict()
    return sign_jws(header, encode_json(claims), signer)


def peek_status_list_token(text: str) -> Jws:
    """Take a token apart without believing it, to find in its header whose key to check it with.

    The list it carries may be far larger than any other token that we read, so it has a cap of its own.

    Raises:
        TooLarge: over 16 MiB, or a header over 8 KiB.
        Malformed: not a signed token.
        Unsupported: an algorithm outside our list, `none` among them (T069).
    """
    return Jws.from_compact(text, _AT, max_characters=MAX_STATUS_TOKEN)


def verify_status_list_token(text: str, *, uri: str, key: PublicKey, now: int, max_age: int) -> StatusListToken:
    """Check a token that was fetched from `uri` and is signed by the key that may do so (Token Status List §8.3).

    `max_age` (seconds) is how old a token may be that does not say when it expires.

    Raises:
        NotAuthentic: another type, algorithm, signature or address.
        NotValidNow: expired, too old, or from the future.
        TooLarge: the token or its list passes a cap.
        Malformed: no JWT, or a claim is missing or has the wrong shape.
        Unsupported: an algorithm outside our list.
    """
    return verify_peeked_token(peek_status_list_token(text), uri=uri, key=key, now=now, max_age=max_age)


def verify_peeked_token(token: Jws, *, uri: str, key: PublicKey, now: int, max_age: int) -> StatusListToken:
    """The same for a token that was taken apart before; see `verify_status_list_token`, which raises the same."""
    check_typ(token.header, TYP, _AT)
    verify_signature(token, key, _AT)
    claims = Fields(read_json_object(token.payload, _AT, max_bytes=MAX_STATUS_TOKEN), _AT)
    # T068: else the list of another type of credential could stand in
    if claims.text("sub") != uri:
        raise NotAuthentic(f"{_AT}: belongs to another address")
    issued_at = claims.time("iat")
    expires_at = claims.optional_time("exp")
    _check_times(issued_at, expires_at, now, max_age)
    return StatusListToken(
        uri=uri,
        issued_at=issued_at,
        expires_at=expires_at,
        ttl=_read_ttl(claims),
        statuses=StatusList.from_dict(claims.required("status_list"), claims.path("status_list")),
    )


def _check_times(issued_at: int, expires_at: int | None, now: int, max_age: int) -> None:
    """T070: an old list on which everything still held must not be good for ever."""
    if issued_at > now + CLOCK_SKEW:
        raise NotValidNow(f"{_AT}: is from the future")
    if expires_at is not None and now >= expires_at:
        raise NotValidNow(f"{_AT}: has expired")
    if expires_at is None and now - issued_at > max_age:
        raise NotValidNow(f"{_AT}: is too old")


def _read_ttl(claims: Fields) -> int | None:
    """Seconds, from 0 on; what is below counts as 0 and so keeps nothing (T076)."""
    if "ttl" not in claims.members:
        return None
    ttl = claims.members["ttl"]
    if isinstance(ttl, bool) or not isinstance(ttl, int | float):
        raise Malformed(claims.path("ttl"), "must be a number of seconds")
    return max(0, int(ttl))
