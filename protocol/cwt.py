"""CBOR Web Tokens with the claims that their JSON sisters have, so that one reader serves both (RFC 8392).

Registered claims have numbers on the wire and names here; all others are texts in both. Nothing is dropped that a reader
could miss: a value that JSON cannot hold is refused, unless its claim is one that nobody reads.
"""

from __future__ import annotations

from typing import cast

from protocol.cbor import CWT, SIGN1, CborMap, CborValue, Tagged, encode_cbor, read_cbor, read_cbor_map
from protocol.cose import TYP, X5CHAIN, Sign1, check_typ, sign1_message, verify_sign1, write_x5chain
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.jws import MAX_TOKEN
from protocol.keys import PublicKey, Signer
from protocol.x509 import Certificate

# RFC 8392 §4 but for `cti`, which is bytes and read by nobody; `status` of Token Status List §6.3
_NAMES = {1: "iss", 2: "sub", 3: "aud", 4: "exp", 5: "nbf", 6: "iat", 65535: "status"}
_LABELS = {name: label for label, name in _NAMES.items()}


def read_cwt(data: bytes, at: str, *, max_bytes: int = MAX_TOKEN) -> Sign1:
    """Take a signed token apart; both of its tags may be there, or the outer or all left out (RFC 8392 §6, §7.2).

    Raises:
        TooLarge: over its cap, which is the size of a token.
        Malformed, Unsupported: see `Sign1.from_bytes`.
    """
    value = read_cbor(data, at, max_bytes=max_bytes)
    if isinstance(value, Tagged) and value.tag == CWT:
        value = value.value
        # RFC 8392 §6: the tag of a token stands on a tag of COSE
        if not isinstance(value, Tagged):
            raise Malformed(at, "is not a signed message")
    return Sign1.from_value(value.value if isinstance(value, Tagged) and value.tag == SIGN1 else value, at)


def verify_cwt(message: Sign1, key: PublicKey, *, typ: str, at: str) -> Fields:
    """Check type, algorithm and signature, and hand out the claims, as `protocol.jws.verify_jws` does.

    Raises:
        NotAuthentic: another type, another algorithm than the key's, or a signature that does not hold.
        Malformed: see `read_claims`.
    """
    check_typ(message.header, typ, at)
    return read_claims(verify_sign1(message, key, at=at), at)


def read_claims(payload: bytes, at: str) -> Fields:
    """The claims by their names; numbers that have no name here are ignored, as unknown claims are.

    Raises:
        Malformed: not a map, a claim both by number and by name, or a value that JSON does not have.
    """
    return name_claims(read_cbor_map(payload, at), at)


def name_claims(on_wire: CborMap, at: str) -> Fields:
    """The same for claims that were read before; see `read_claims`, which raises the same."""
    claims: JsonObject = {}
    for key, value in on_wire.items():
        name = _NAMES.get(key) if isinstance(key, int) else key
        if name is None:
            continue
        if name in claims:
            raise Malformed(f"{at}.{name}", "stands there twice")
        claims[name] = _to_json(value, f"{at}.{name}")
    return Fields(claims, at)


def write_claims(claims: JsonObject) -> bytes:
    """The payload of a token."""
    # Whatever JSON holds, CBOR does; only for the types are lists of one not lists of the other
    return encode_cbor({_LABELS.get(name, name): cast("CborValue", value) for name, value in claims.items()})


def sign_cwt(claims: JsonObject, signer: Signer, *, typ: str, chain: tuple[Certificate, ...]) -> bytes:
    """A signed token that says in its protected header what it is and who signed it."""
    return sign1_message(write_claims(claims), signer, protected={TYP: typ, X5CHAIN: write_x5chain(chain)})


def _to_json(value: CborValue, at: str) -> JsonValue:
    """As deep as CBOR may be, and that is bounded."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise Malformed(at, "must have names that are texts")
        return {cast("str", key): _to_json(item, at) for key, item in value.items()}
    if isinstance(value, list):
        return [_to_json(item, at) for item in value]
    if isinstance(value, bytes | Tagged):
        raise Malformed(at, "must not hold bytes or tags")
    return value
