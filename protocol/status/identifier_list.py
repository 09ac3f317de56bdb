"""The identifiers of mobile documents that were revoked, as a signed list (ISO/IEC 18013-5 second edition §12.3.6).

The standard's other way beside the status list: a document carries an identifier of its own, and the list names those that
hold no more. Names and labels follow what others' software writes and reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from protocol.cbor import CborMap, CborValue, encode_cbor, read_cbor_with_byte_keys
from protocol.cose import TYP, X5CHAIN, Sign1, check_typ, sign1_message, verify_sign1, write_x5chain
from protocol.credential import IdentifierReference, StatusPlace
from protocol.cwt import name_claims, read_cwt
from protocol.errors import Malformed, NotAuthentic, NotValidNow
from protocol.fields import read_https_url
from protocol.keys import PublicKey, Signer
from protocol.status.token import CLOCK_SKEW, TTL, read_ttl
from protocol.x509 import Certificate

MEDIA_TYPE = "application/identifierlist+cwt"
MAX_LIST = 1 << 20  # bytes: some fifty thousand identifiers of 16 bytes
MAX_IDENTIFIER = 64  # bytes

_TYP = "identifierlist+cwt"
_SUB, _EXP, _IAT, _IDENTIFIER_LIST, _STATUS_LIST = 2, 4, 6, 65530, 65533
_AT = "identifier list"


@dataclass(frozen=True, slots=True)
class IdentifierList:
    """A list that is known to be its issuer's, for the address it was asked at, and inside its times."""

    uri: str
    issued_at: int  # epoch seconds
    expires_at: int
    ttl: int | None  # seconds, never negative: after so long a fresh copy has to be fetched
    revoked: frozenset[bytes]

    @property
    def size(self) -> int:
        """Bytes that it takes to keep, about: those of the identifiers, and of what Python has around each."""
        return 128 * len(self.revoked)

    def state_of(self, reference: StatusPlace) -> int | None:
        """The state of a document, as a status list has it: 1 if it was revoked, else 0; None: nothing is said about it."""
        if not isinstance(reference, IdentifierReference) or reference.uri != self.uri:
            return None
        return int(reference.id in self.revoked)


def read_identifier_reference(value: CborValue, at: str) -> IdentifierReference:
    """Read `identifier_list` of an MSO's `status`; its `certificate` is not looked at.

    Raises:
        Malformed: no address or identifier, or one out of bounds.
    """
    if not isinstance(value, dict):
        raise Malformed(at, "must be a map")
    return IdentifierReference(read_https_url(value.get("uri"), f"{at}.uri"), _identifier(value.get("id"), f"{at}.id"))


def identifier_reference(reference: IdentifierReference) -> CborMap:
    """The member's value; see `read_identifier_reference`."""
    return {"id": reference.id, "uri": reference.uri}


def sign_identifier_list(
    revoked: frozenset[bytes],
    *,
    uri: str,
    issued_at: int,
    expires_at: int,
    ttl: int | None,
    signer: Signer,
    chain: tuple[Certificate, ...],
) -> bytes:
    """Publish a list: a CWT to be served as `MEDIA_TYPE` at `uri`."""
    identifiers = cast("CborMap", {identifier: {} for identifier in revoked})
    claims: CborMap = {_SUB: uri, _IAT: issued_at, _EXP: expires_at, _IDENTIFIER_LIST: {"identifiers": identifiers}}
    if ttl is not None:
        claims[TTL] = ttl
    return sign1_message(encode_cbor(claims), signer, protected={TYP: MEDIA_TYPE, X5CHAIN: write_x5chain(chain)})


def peek_identifier_list(data: bytes) -> Sign1:
    """Take a list apart without believing it, to find in its header whose key to check it with.

    Raises:
        TooLarge: over 1 MiB.
        Malformed: not a signed token.
        Unsupported: an algorithm outside our list.
    """
    return read_cwt(data, _AT, max_bytes=MAX_LIST)


def verify_identifier_list(token: Sign1, *, uri: str, key: PublicKey, now: int) -> IdentifierList:
    """Check a list that was fetched from `uri` and is signed by the key that may do so.

    Raises:
        NotAuthentic: another type, algorithm, signature or address.
        NotValidNow: expired, or from the future.
        TooLarge: more identifiers than CBOR may have items.
        Malformed: a claim is missing or has the wrong shape, or a status list stands there too.
    """
    check_typ(token.header, _TYP, _AT)
    on_wire = read_cbor_with_byte_keys(verify_sign1(token, key, at=_AT), _AT, max_bytes=MAX_LIST)
    if _STATUS_LIST in on_wire:
        raise Malformed(_AT, "must not have a status list beside it")
    revoked = _read_identifiers(on_wire.pop(_IDENTIFIER_LIST, None))
    ttl = read_ttl(on_wire.pop(TTL), _AT) if TTL in on_wire else None
    claims = name_claims({name: value for name, value in on_wire.items() if isinstance(name, int | str)}, _AT)
    if claims.text("sub") != uri:
        raise NotAuthentic(f"{_AT}: belongs to another address")
    issued_at, expires_at = claims.time("iat"), claims.time("exp")
    if issued_at > now + CLOCK_SKEW:
        raise NotValidNow(f"{_AT}: is from the future")
    if now >= expires_at:
        raise NotValidNow(f"{_AT}: has expired")
    return IdentifierList(uri, issued_at, expires_at, ttl, revoked)


def _read_identifiers(value: CborValue) -> frozenset[bytes]:
    """What stands beside an identifier is for later editions, and revokes it all the same."""
    at = f"{_AT}.identifiers"
    found = value.get("identifiers") if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise Malformed(at, "must be a map")
    return frozenset(_identifier(identifier, at) for identifier in cast("dict[object, CborValue]", found))


def _identifier(value: object, at: str) -> bytes:
    if not isinstance(value, bytes) or not 1 <= len(value) <= MAX_IDENTIFIER:
        raise Malformed(at, f"must have 1 to {MAX_IDENTIFIER} bytes")
    return value
