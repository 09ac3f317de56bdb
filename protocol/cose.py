"""COSE_Sign1 with one algorithm per key, pinned by us and never by the message (RFC 9052 §4.2, RFC 9053 §2, RFC 9360).

The counterpart of `protocol.jws`: what was signed is kept as the bytes that came, and a header is read strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, Self

from protocol.cbor import (
    MAX_CBOR_BYTES,
    SIGN1,
    CborKey,
    CborMap,
    CborValue,
    Tagged,
    encode_bytes,
    encode_cbor,
    read_cbor,
    read_cbor_map,
)
from protocol.errors import Malformed, NotAuthentic, NotTrusted, Unsupported
from protocol.keys import PublicKey, Signer
from protocol.x509 import MAX_CERTIFICATES, Certificate

ALG = 1
CRIT = 2
KID = 4
TYP = 16  # RFC 9596
X5CHAIN = 33  # RFC 9360 §2

MAX_HEADER = 64 * 1024  # bytes, of either map
MAX_REMEMBERED = 128  # bytes of a protected header

# By the key's JOSE algorithm, the identifiers that mean it, ours first (RFC 9053 §2, RFC 9864 §2.2)
IDENTIFIERS = {"ES256": (-7, -9), "ES384": (-35, -51), "ES512": (-36, -52), "EdDSA": (-8, -19)}
_KNOWN = frozenset(identifier for identifiers in IDENTIFIERS.values() for identifier in identifiers)
# The header that is signed where it says the algorithm alone
_ALONE = {found[0]: encode_cbor({ALG: found[0]}) for found in IDENTIFIERS.values()}
_SIGNATURE1 = b"\x84\x6aSignature1"  # how an array of four begins
_UNDERSTOOD = frozenset((ALG, TYP, X5CHAIN))  # what a message may call critical


class CoseHeader(NamedTuple):
    """Both headers of a message, read strictly. Nothing in them is believed; the maps are read-only."""

    alg: int  # of the protected header
    typ: str | None  # of the protected header
    x5chain: tuple[bytes, ...]  # DER, leaf first, as sent; of either header (RFC 9360 §2)
    protected: Mapping[CborKey, CborValue]
    unprotected: Mapping[CborKey, CborValue]


class Sign1(NamedTuple):
    """A signed message as it came: parsed, not trusted."""

    header: CoseHeader
    protected: bytes  # as sent: what was signed
    payload: bytes | None  # None: detached, it comes from elsewhere
    signature: bytes

    @classmethod
    def from_bytes(cls, data: bytes, at: str, *, max_bytes: int = MAX_CBOR_BYTES) -> Self:
        """Take a message apart, with or without its tag.

        Raises:
            TooLarge: over its cap, or a header over 64 KiB.
            Malformed: not CBOR that is accepted, or another shape.
            Unsupported: an algorithm outside our list, none at all, or a critical header that is not understood.
        """
        value = read_cbor(data, at, max_bytes=max_bytes)
        return cls.from_value(value.value if isinstance(value, Tagged) and value.tag == SIGN1 else value, at)

    @classmethod
    def from_value(cls, value: CborValue, at: str) -> Self:
        """Read the array of a message that stands in something else, without its tag; see `from_bytes`."""
        if not isinstance(value, list) or len(value) != 4:
            raise Malformed(at, "is not a signed message")
        protected, unprotected, payload, signature = value
        if not isinstance(protected, bytes) or not isinstance(unprotected, dict):
            raise Malformed(at, "must have two headers")
        if not isinstance(payload, bytes | None):
            raise Malformed(at, "must have bytes as its payload, or none")
        if not isinstance(signature, bytes) or not signature:
            raise Malformed(at, "has no signature")
        header = read_header(protected, unprotected, f"{at} header", algorithms=_KNOWN)
        return cls(header, protected, payload, signature)

    def to_bytes(self) -> bytes:
        """The array of the message, to stand in something else; what was signed stays the bytes that came."""
        return encode_sign1(self.protected, self.header.unprotected, self.payload, self.signature)

    def attached(self, at: str) -> bytes:
        """The payload of a message that has it with it.

        Raises:
            Malformed: it is detached.
        """
        if self.payload is None:
            raise Malformed(at, "has no payload")
        return self.payload


def sign1(
    payload: bytes,
    signer: Signer,
    *,
    protected: Mapping[int, CborValue] | None = None,
    unprotected: Mapping[int, CborValue] | None = None,
    external: bytes = b"",
) -> list[CborValue]:
    """A signed message as an array, to stand in something else; `alg` comes from the signer's key."""
    head, signature = sign1_parts(payload, signer, protected=protected, external=external)
    return [head, dict[CborKey, CborValue]((unprotected or {}).items()), payload, signature]


def sign1_parts(
    payload: bytes, signer: Signer, *, protected: Mapping[int, CborValue] | None = None, external: bytes = b""
) -> tuple[bytes, bytes]:
    """The same as the header that is signed, encoded, and the signature."""
    alg = IDENTIFIERS[signer.public_key.alg][0]
    head = encode_cbor(dict[CborKey, CborValue]([(ALG, alg), *protected.items()])) if protected else _ALONE[alg]
    return head, signer.sign(_to_be_signed(head, payload, external))


def sign1_detached(payload: bytes, signer: Signer) -> Sign1:
    """A signed message that leaves its payload to those who know it, with nothing in its headers but `alg`."""
    protected, signature = sign1_parts(payload, signer)
    return Sign1(_header_alone(protected), protected, None, signature)


@lru_cache(maxsize=16)
def _header_alone(protected: bytes) -> CoseHeader:
    """Cached: there is one for each algorithm."""
    return read_header(protected, {}, "header", algorithms=_KNOWN)


def encode_sign1(
    protected: bytes, unprotected: Mapping[CborKey, CborValue] | bytes, payload: bytes | None, signature: bytes
) -> bytes:
    """The array of a signed message in its one encoding; the header that is not signed may be encoded already."""
    if not isinstance(unprotected, bytes):
        unprotected = encode_cbor(dict(unprotected)) if unprotected else b"\xa0"
    content = b"\xf6" if payload is None else encode_bytes(payload)
    return b"".join((b"\x84", encode_bytes(protected), unprotected, content, encode_bytes(signature)))


def sign1_message(payload: bytes, signer: Signer, *, protected: Mapping[int, CborValue] | None = None) -> bytes:
    """A signed message by itself, with its tag."""
    return encode_cbor(Tagged(SIGN1, sign1(payload, signer, protected=protected)))


def verify_sign1(
    message: Sign1, key: PublicKey, *, at: str, payload: bytes | None = None, external: bytes = b""
) -> bytes:
    """Check algorithm and signature, and hand out the payload, or the detached one that was given.

    Type, times and whose key it is are not checked here.

    Raises:
        NotAuthentic: another algorithm than the key's, or a signature that does not hold.
        Malformed: there is no payload, or two.
    """
    if payload is not None and message.payload is not None:
        raise Malformed(at, "must have its payload elsewhere")
    signed = message.attached(at) if payload is None else payload
    if message.header.alg not in IDENTIFIERS[key.alg]:
        raise NotAuthentic(f"{at}: the algorithm does not fit the key")
    try:
        key.verify(message.signature, _to_be_signed(message.protected, signed, external))
    except NotAuthentic as error:
        raise NotAuthentic(f"{at}: {error.description}") from error
    return signed


def check_typ(header: CoseHeader, typ: str, at: str) -> None:
    """Check that a message is of the type that is read here (RFC 9596), as `protocol.jws.check_typ` does.

    Raises:
        NotAuthentic: another type, or none.
    """
    found = header.typ or ""
    if not found.isascii() or found.lower().removeprefix("application/") != typ:
        raise NotAuthentic(f"{at}: is not a message of type {typ}")


def read_x5chain(header: CoseHeader, at: str) -> tuple[Certificate, ...]:
    """The certificates that a message names, leaf first; nothing about them is believed (T027).

    Raises:
        NotTrusted: there is none.
        Malformed: one twice, or one that cannot be read.
    """
    if not header.x5chain:
        raise NotTrusted(f"{at}: says by no certificate who signed it")
    return _read_certificates(header.x5chain, f"{at} x5chain")


@lru_cache(maxsize=256)
def _read_certificates(ders: tuple[bytes, ...], at: str) -> tuple[Certificate, ...]:
    """Cached: an issuer sends the same chain with everything. Parsing depends on nothing but the bytes."""
    if len(set(ders)) != len(ders):
        raise Malformed(at, "has a certificate twice")
    return tuple(Certificate.from_der(der, f"{at}[{i}]") for i, der in enumerate(ders))


def write_x5chain(chain: tuple[Certificate, ...]) -> CborValue:
    """The value of the header: one certificate by itself, more in an array (RFC 9360 §2)."""
    return chain[0].der if len(chain) == 1 else [certificate.der for certificate in chain]


def _to_be_signed(protected: bytes, payload: bytes, external: bytes) -> bytes:
    """Sig_structure (RFC 9052 §4.4), over the header's bytes as they came."""
    return b"".join((_SIGNATURE1, encode_bytes(protected), encode_bytes(external), encode_bytes(payload)))


def read_header(encoded: bytes, unprotected: CborMap, at: str, *, algorithms: frozenset[int]) -> CoseHeader:
    """Read both headers of a message whose algorithm must be one of these.

    Raises:
        TooLarge: over 64 KiB.
        Malformed: a label in both, critical labels that are not protected, or an `x5chain` of another shape.
        Unsupported: another algorithm, or a critical label that is not understood.
    """
    # A large one has certificates, and whoever made it could make many
    read = _read_protected if len(encoded) <= MAX_REMEMBERED else _read_protected.__wrapped__
    protected, alg, typ = read(encoded, at, algorithms)
    if not protected.keys().isdisjoint(unprotected):
        raise Malformed(at, "has a label in both headers")
    if CRIT in unprotected:
        raise Malformed(at, "has critical labels that are not protected")
    return CoseHeader(
        alg=alg,
        typ=typ,
        x5chain=_read_x5chain(protected.get(X5CHAIN, unprotected.get(X5CHAIN)), f"{at} x5chain"),
        protected=protected,
        unprotected=MappingProxyType(unprotected),
    )


@lru_cache(maxsize=256)
def _read_protected(
    encoded: bytes, at: str, algorithms: frozenset[int]
) -> tuple[Mapping[CborKey, CborValue], int, str | None]:
    """The protected header, with its algorithm and type. Cached: nearly all messages have the same few."""
    # RFC 9052 §3: an empty header is no bytes at all; it names no algorithm, so either form is refused below
    protected = read_cbor_map(encoded, at, max_bytes=MAX_HEADER) if encoded else {}
    if CRIT in protected:
        _check_critical(protected, at)
    alg = protected.get(ALG)
    # T026: what is not signed decides nothing
    if type(alg) is not int or alg not in algorithms:
        raise Unsupported(f"{at}: this algorithm is not accepted")
    typ = protected.get(TYP)
    return MappingProxyType(protected), alg, typ if isinstance(typ, str) else None


def _check_critical(protected: CborMap, at: str) -> None:
    critical = protected[CRIT]
    if not isinstance(critical, list) or not critical:
        raise Malformed(at, "must name the critical labels in an array that is not empty")
    for label in critical:
        if type(label) is not int or label not in _UNDERSTOOD or label not in protected:
            raise Unsupported(f"{at}: a critical label is not understood")


def _read_x5chain(value: CborValue, at: str) -> tuple[bytes, ...]:
    """RFC 9360 §2: one certificate is a byte string, and only two or more are an array."""
    if value is None:
        return ()
    if isinstance(value, bytes):
        return (value,)
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_CERTIFICATES:
        raise Malformed(at, f"must be one certificate, or an array of 2 to {MAX_CERTIFICATES}")
    found = tuple(der for der in value if isinstance(der, bytes))
    if len(found) != len(value):
        raise Malformed(at, "must hold certificates alone")
    return found
