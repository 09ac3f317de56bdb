"""A status list with its issuer's signature, as it is published and fetched, as JWT or CWT (Token Status List §5)."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.cbor import CborMap, CborValue, encode_cbor, read_cbor_map
from protocol.cose import TYP as COSE_TYP
from protocol.cose import X5CHAIN, Sign1, sign1_message, verify_sign1, write_x5chain
from protocol.cose import check_typ as check_cose_typ
from protocol.credential import StatusPlace, StatusReference
from protocol.cwt import name_claims, read_cwt
from protocol.encoding import JsonObject, encode_json, read_json_object
from protocol.errors import Malformed, NotAuthentic, NotValidNow
from protocol.fields import Fields
from protocol.jws import Jws, check_typ, sign_jws, verify_signature
from protocol.keys import PublicKey, Signer
from protocol.status.bits import StatusList
from protocol.x509 import Certificate

TYP = "statuslist+jwt"
MEDIA_TYPE = "application/statuslist+jwt"
CWT_TYP = "statuslist+cwt"
CWT_MEDIA_TYPE = "application/statuslist+cwt"
MAX_STATUS_TOKEN = 16 * 1024 * 1024  # characters, or bytes of a CWT
CLOCK_SKEW = 60  # seconds

_AT = "status list token"

# Claims of a CWT (§5.2, §14.2); the others are RFC 8392's
_SUB, _EXP, _IAT, _STATUS_LIST, TTL = 2, 4, 6, 65533, 65534


@dataclass(frozen=True, slots=True)
class StatusListToken:
    """A status list that is known to be its issuer's, for the address it was asked at, and inside its times."""

    uri: str
    issued_at: int  # epoch seconds
    expires_at: int | None
    ttl: int | None  # seconds, never negative: after so long a fresh copy has to be fetched
    statuses: StatusList

    @property
    def size(self) -> int:
        """Bytes that it takes to keep."""
        return len(self.statuses.packed)

    def state_of(self, reference: StatusPlace) -> int | None:
        """The state of a credential (Token Status List §7.1); None: nothing is said about it."""
        if not isinstance(reference, StatusReference) or reference.uri != self.uri:
            return None
        try:
            return self.statuses.get(reference.idx)
        except Malformed:
            return None


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


def sign_status_list_cwt(
    statuses: StatusList,
    *,
    uri: str,
    issued_at: int,
    expires_at: int | None,
    ttl: int | None,
    signer: Signer,
    chain: tuple[Certificate, ...],
) -> bytes:
    """Publish a list as a CWT, to be served as `CWT_MEDIA_TYPE` at `uri` (Token Status List §5.2)."""
    claims: CborMap = {_SUB: uri, _IAT: issued_at}
    if expires_at is not None:
        claims[_EXP] = expires_at
    if ttl is not None:
        claims[TTL] = ttl
    claims[_STATUS_LIST] = {"bits": statuses.bits, "lst": statuses.compress()}
    # The type stands there with its first half, as in the specification's example
    protected: dict[int, CborValue] = {COSE_TYP: CWT_MEDIA_TYPE}
    if chain:
        protected[X5CHAIN] = write_x5chain(chain)
    return sign1_message(encode_cbor(claims), signer, protected=protected)


def peek_status_list_cwt(data: bytes) -> Sign1:
    """Take a CWT apart without believing it, to find in its header whose key to check it with.

    Raises:
        TooLarge: over 16 MiB, or a header over its cap.
        Malformed: not a signed token.
        Unsupported: an algorithm outside our list.
    """
    return read_cwt(data, _AT, max_bytes=MAX_STATUS_TOKEN)


def verify_status_list_cwt(data: bytes, *, uri: str, key: PublicKey, now: int, max_age: int) -> StatusListToken:
    """Check a CWT that was fetched from `uri`; see `verify_status_list_token`, which raises the same."""
    return verify_peeked_cwt(peek_status_list_cwt(data), uri=uri, key=key, now=now, max_age=max_age)


def verify_peeked_cwt(token: Sign1, *, uri: str, key: PublicKey, now: int, max_age: int) -> StatusListToken:
    """The same for a CWT that was taken apart before; see `verify_status_list_token`, which raises the same."""
    check_cose_typ(token.header, CWT_TYP, _AT)
    on_wire = read_cbor_map(verify_sign1(token, key, at=_AT), _AT, max_bytes=MAX_STATUS_TOKEN)
    found = on_wire.pop(_STATUS_LIST, None)
    ttl = read_ttl(on_wire.pop(TTL), _AT) if TTL in on_wire else None
    claims = name_claims(on_wire, _AT)
    if claims.text("sub") != uri:  # T068
        raise NotAuthentic(f"{_AT}: belongs to another address")
    issued_at = claims.time("iat")
    expires_at = claims.optional_time("exp")
    _check_times(issued_at, expires_at, now, max_age)
    return StatusListToken(uri, issued_at, expires_at, ttl, _read_list(found))


def _read_list(value: CborValue) -> StatusList:
    """The `status_list` claim in CBOR (Token Status List §4.3)."""
    at = f"{_AT}.status_list"
    if not isinstance(value, dict):
        raise Malformed(at, "must be a map")
    bits, compressed = value.get("bits"), value.get("lst")
    if type(bits) is not int:
        raise Malformed(f"{at}.bits", "must be 1, 2, 4 or 8")
    if not isinstance(compressed, bytes):
        raise Malformed(f"{at}.lst", "must be bytes")
    return StatusList.from_compressed(compressed, bits, f"{at}.lst")


def _check_times(issued_at: int, expires_at: int | None, now: int, max_age: int) -> None:
    """T070: an old list on which everything still held must not be good for ever."""
    if issued_at > now + CLOCK_SKEW:
        raise NotValidNow(f"{_AT}: is from the future")
    if expires_at is not None and now >= expires_at:
        raise NotValidNow(f"{_AT}: has expired")
    if expires_at is None and now - issued_at > max_age:
        raise NotValidNow(f"{_AT}: is too old")


def _read_ttl(claims: Fields) -> int | None:
    return read_ttl(claims.members["ttl"], _AT) if "ttl" in claims.members else None


def read_ttl(ttl: object, at: str) -> int:
    """Seconds, from 0 on; what is below counts as 0 and so keeps nothing (T076).

    Raises:
        Malformed: no number.
    """
    if isinstance(ttl, bool) or not isinstance(ttl, int | float):
        raise Malformed(f"{at}.ttl", "must be a number of seconds")
    return max(0, int(ttl))
