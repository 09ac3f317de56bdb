"""Keys: public ones as peers send them, private ones behind two narrow protocols.

A `Signer` may be a file, a vault or an HSM; nobody but its maker sees the private part. Algorithms follow from the key:
P-256 signs ES256, P-384 ES384, P-521 ES512, Ed25519 EdDSA. RSA, secp256k1 and symmetric keys are not read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Protocol, Self

import nacl.exceptions
import nacl.signing
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.hpke import Suite

from protocol.encoding import JsonObject, decode_base64url, encode_base64url
from protocol.errors import Malformed, NotAuthentic, Unsupported
from protocol.fields import Fields

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Curve:
    """What we know of one curve. `spki` is the DER before the public point's bytes."""

    name: str
    kty: str
    alg: str
    size: int  # bytes of one coordinate
    spki: bytes


_P256 = Curve("P-256", "EC", "ES256", 32, bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"))
_P384 = Curve("P-384", "EC", "ES384", 48, bytes.fromhex("3076301006072a8648ce3d020106052b8104002203620004"))
_P521 = Curve("P-521", "EC", "ES512", 66, bytes.fromhex("30819b301006072a8648ce3d020106052b810400230381860004"))
_ED25519 = Curve("Ed25519", "OKP", "EdDSA", 32, bytes.fromhex("302a300506032b6570032100"))
CURVES = {curve.name: curve for curve in (_P256, _P384, _P521, _ED25519)}

SIGNATURE_ALGORITHMS = tuple(curve.alg for curve in CURVES.values())
_PRIVATE_MEMBERS = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
# Data is hashed by hashlib, which takes less time than the library does before a signature
_HASHES = {"ES256": hashlib.sha256, "ES384": hashlib.sha384, "ES512": hashlib.sha512}
_ECDSA = {
    "ES256": ec.ECDSA(utils.Prehashed(hashes.SHA256())),
    "ES384": ec.ECDSA(utils.Prehashed(hashes.SHA384())),
    "ES512": ec.ECDSA(utils.Prehashed(hashes.SHA512())),
}
_EC_CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that is known to be a point on its curve."""

    crv: str
    point: bytes  # x ‖ y for P-curves (coordinates of the curve's full length), x for Ed25519

    @classmethod
    def from_jwk(cls, value: object, at: str = "jwk") -> Self:
        """Read a public JWK (RFC 7517, RFC 8037). `use`, `alg`, `kid` and other members are the caller's matter.

        Raises:
            Malformed: a member is missing, has another length, the point is not on the curve, or a private part is there.
            Unsupported: another kind of key.
        """
        jwk = Fields(value, at)
        if not _PRIVATE_MEMBERS.isdisjoint(jwk.members):
            raise Malformed(at, "must not hold a private key")
        crv = jwk.members.get("crv")
        curve = CURVES.get(crv) if isinstance(crv, str) else None
        if curve is None or jwk.members.get("kty") != curve.kty:
            raise Unsupported(f"{at}: this kind of key is not accepted")
        point = _coordinate(jwk, "x", curve.size)
        if curve.kty == "EC":
            point += _coordinate(jwk, "y", curve.size)
        key = cls(curve.name, point)
        _load(key, at)
        return key

    @classmethod
    def from_spki(cls, der: bytes, at: str = "key") -> Self:
        """Read a SubjectPublicKeyInfo in DER; only the uncompressed, canonical form.

        Raises:
            Unsupported: another kind of key.
            Malformed: the point is not on the curve.
        """
        for curve in CURVES.values():
            length = curve.size * (2 if curve.kty == "EC" else 1)
            if der.startswith(curve.spki) and len(der) == len(curve.spki) + length:
                key = cls(curve.name, der[len(curve.spki) :])
                _load(key, at)
                return key
        raise Unsupported(f"{at}: this kind of key is not accepted")

    @classmethod
    def from_compressed(cls, crv: str, data: bytes, at: str = "key") -> Self:
        """Read a compressed point (SEC 1 §2.3.4), as multicodec has them; for Ed25519 the point is all there is.

        Raises:
            Malformed: another length or form, or no point on the curve.
        """
        curve = CURVES[crv]
        # The decoder would take the long forms too
        if len(data) != curve.size + (curve.kty == "EC"):
            raise Malformed(at, "has another length")
        point = data
        if curve.kty == "EC":
            try:
                point = _point(ec.EllipticCurvePublicKey.from_encoded_point(_EC_CURVES[crv], data))
            except ValueError as error:
                raise Malformed(at, "is not a point on its curve") from error
        key = cls(crv, point)
        _load(key, at)
        return key

    @property
    def alg(self) -> str:
        """The one signature algorithm (JOSE name) of this key."""
        return CURVES[self.crv].alg

    def to_jwk(self) -> JsonObject:
        """The required members only (RFC 7518 §6.2.1, RFC 8037 §2)."""
        curve = CURVES[self.crv]
        jwk: JsonObject = {"kty": curve.kty, "crv": curve.name, "x": encode_base64url(self.point[: curve.size])}
        if curve.kty == "EC":
            jwk["y"] = encode_base64url(self.point[curve.size :])
        return jwk

    def to_spki(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        return CURVES[self.crv].spki + self.point

    def thumbprint(self) -> str:
        """The JWK thumbprint with SHA-256, base64url (RFC 7638 §3, RFC 8037 §2)."""
        return _thumbprint(self)

    def thumbprint_bytes(self) -> bytes:
        """The JWK thumbprint with SHA-256, 32 bytes."""
        return hashlib.sha256(self.canonical_jwk()).digest()

    def canonical_jwk(self) -> bytes:
        """The required members as JSON in their one spelling (RFC 7638 §3.3, which is RFC 8785 as well)."""
        curve = CURVES[self.crv]
        x = encode_base64url(self.point[: curve.size])
        y = f',"y":"{encode_base64url(self.point[curve.size :])}"' if curve.kty == "EC" else ""
        return f'{{"crv":"{curve.name}","kty":"{curve.kty}","x":"{x}"{y}}}'.encode("ascii")

    def to_compressed(self) -> bytes:
        """The compressed point (SEC 1 §2.3.3); for Ed25519 the point itself."""
        curve = CURVES[self.crv]
        if curve.kty == "OKP":
            return self.point
        return bytes((2 + (self.point[-1] & 1),)) + self.point[: curve.size]

    def verify(self, signature: bytes, data: bytes) -> None:
        """Check a JOSE signature (r ‖ s, or Ed25519's 64 bytes) made with this key's own algorithm.

        Raises:
            NotAuthentic: it does not hold.
        """
        curve = CURVES[self.crv]
        try:
            key = _loaded(self.crv, self.point)
            if isinstance(key, ed25519.Ed25519PublicKey):
                nacl.signing.VerifyKey(self.point).verify(data, signature)
                return
            if len(signature) != 2 * curve.size:
                raise NotAuthentic("the signature has the wrong length")
            digest = _HASHES[curve.alg](data).digest()
            key.verify(_raw_to_der(signature, curve.size), digest, _ECDSA[curve.alg])
        except (InvalidSignature, nacl.exceptions.BadSignatureError, nacl.exceptions.ValueError) as error:
            raise NotAuthentic("the signature does not hold") from error

    def ecdh_key(self) -> ec.EllipticCurvePublicKey:
        """The point as `cryptography` holds it, for key agreement.

        Raises:
            Unsupported: an Ed25519 key.
        """
        if self.crv == "Ed25519":
            raise Unsupported("this key is not for key agreement")
        return _load(self, "key")  # type: ignore[return-value]  # a point of any other curve is such a key


class Signer(Protocol):
    """Something that signs with one private key, and says with which public key that is checked."""

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies; its `alg` is the algorithm of `sign`."""

    def sign(self, data: bytes) -> bytes:
        """A JOSE signature over data: r ‖ s, or Ed25519's 64 bytes."""


class Decrypter(Protocol):
    """Something that agrees on secrets with one private P-256 key."""

    @property
    def public_key(self) -> PublicKey:
        """The key to encrypt to."""

    def agree(self, peer: PublicKey) -> bytes:
        """The shared secret Z of ECDH (RFC 7518 §4.6), the curve's coordinate length."""


@dataclass(frozen=True, slots=True)
class P256Key:
    """A P-256 private key in memory; signs and agrees."""

    _key: ec.EllipticCurvePrivateKey
    public_key: PublicKey

    scheme: ClassVar[str] = "P-256"

    @classmethod
    def from_scalar(cls, scalar: bytes) -> Self:
        """Take up a private key from its 32 bytes; a scalar outside the group's order is a ValueError."""
        key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
        return cls(key, _public_part(key))

    @classmethod
    def generate(cls, random_bytes: RandomBytes) -> Self:
        """A fresh key by FIPS 186-5 A.2.1 (64 extra random bits, so the result has no bias that matters)."""
        number = int.from_bytes(random_bytes(40), "big") % (_P256_ORDER - 1) + 1
        return cls.from_scalar(number.to_bytes(32, "big"))

    @classmethod
    def fresh(cls) -> Self:
        """A fresh key from the library's own generator, in a third of the time: for keys that live for one message."""
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, _public_part(key))

    @classmethod
    def from_jwk(cls, jwk: JsonObject) -> Self:
        """Take up a private JWK of our own making or of published test data, never a peer's."""
        return cls.from_scalar(decode_base64url(Fields(jwk, "jwk").text("d"), "jwk.d"))

    def to_scalar(self) -> bytes:
        """The private key, 32 bytes: only for sealing it at rest."""
        return self._key.private_numbers().private_value.to_bytes(32, "big")

    def to_pem(self) -> bytes:
        """The private key as PKCS#8 PEM, for making certificates with."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, data: bytes) -> bytes:
        """ES256, 64 bytes."""
        return _der_to_raw(self._key.sign(hashlib.sha256(data).digest(), _ECDSA["ES256"]))

    def agree(self, peer: PublicKey) -> bytes:
        """ECDH, 32 bytes; the peer's key must be on P-256, else Unsupported is raised."""
        if peer.crv != "P-256":
            raise Unsupported("the peer's key is on another curve")
        return self._key.exchange(ec.ECDH(), peer.ecdh_key())

    def open(self, suite: Suite, sealed: bytes, info: bytes) -> bytes:
        """What HPKE encrypted to this key (`protocol.hpke`); where anything differs, the library's InvalidTag is raised."""
        return suite.decrypt(sealed, self._key, info)

    def __repr__(self) -> str:
        """Never the private part."""
        return f"P256Key({self.public_key.thumbprint()})"


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """An Ed25519 private key in memory (PyNaCl), for DIDs."""

    _key: nacl.signing.SigningKey
    public_key: PublicKey

    scheme: ClassVar[str] = "Ed25519"

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Take up a private key from its 32 byte seed."""
        key = nacl.signing.SigningKey(seed)
        return cls(key, PublicKey("Ed25519", bytes(key.verify_key)))

    @classmethod
    def generate(cls, random_bytes: RandomBytes) -> Self:
        """A fresh key."""
        return cls.from_seed(random_bytes(32))

    def to_seed(self) -> bytes:
        """The private key, 32 bytes: only for sealing it at rest."""
        return bytes(self._key)

    def sign(self, data: bytes) -> bytes:
        """EdDSA, 64 bytes."""
        return bytes(self._key.sign(data).signature)

    def __repr__(self) -> str:
        """Never the private part."""
        return f"Ed25519Key({self.public_key.thumbprint()})"


def _load(key: PublicKey, at: str) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey:
    """The checked key object."""
    try:
        return _loaded(key.crv, key.point)
    except ValueError as error:
        raise Malformed(at, "is not a point on its curve") from error


@lru_cache(maxsize=1024)
def _thumbprint(key: PublicKey) -> str:
    """Cached, because a wallet's key is known by it in each of its requests."""
    return encode_base64url(key.thumbprint_bytes())


@lru_cache(maxsize=1024)
def _loaded(crv: str, point: bytes) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey:
    """Loading proves that the point is on the curve; it is the same for equal bytes for ever. Else a ValueError."""
    loaded = serialization.load_der_public_key(CURVES[crv].spki + point)
    if not isinstance(loaded, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise ValueError("not a key of this kind")
    return loaded


def _coordinate(jwk: Fields, name: str, size: int) -> bytes:
    at = jwk.path(name)
    value = decode_base64url(jwk.text(name, max_length=128), at)
    if len(value) != size:
        raise Malformed(at, f"must be {size} bytes")
    return value


def _public_part(key: ec.EllipticCurvePrivateKey) -> PublicKey:
    return PublicKey("P-256", _point(key.public_key()))


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)[1:]


def _der_to_raw(der: bytes) -> bytes:
    """ECDSA-Sig-Value of P-256 (all lengths below 128) to r ‖ s."""
    r_length = der[3]
    r = der[4 : 4 + r_length]
    s = der[6 + r_length :]
    return r[-32:].rjust(32, b"\0") + s[-32:].rjust(32, b"\0")


# DER's heads, by what follows: of a sequence, of a number, and of a number that would read as a negative one
_SEQUENCE = tuple([bytes((0x30, n)) if n < 128 else bytes((0x30, 0x81, n)) for n in range(2 * (66 + 3) + 1)])
_NUMBER = tuple([bytes((0x02, n)) for n in range(66 + 1)])
_HIGH_NUMBER = tuple([bytes((0x02, n + 1, 0x00)) for n in range(66 + 1)])


def _raw_to_der(signature: bytes, size: int) -> bytes:
    """R ‖ s to ECDSA-Sig-Value."""
    body = _der_integer(signature[:size]) + _der_integer(signature[size:])
    return _SEQUENCE[len(body)] + body


def _der_integer(number: bytes) -> bytes:
    if not number[0]:
        number = number.lstrip(b"\0") or b"\0"
    return (_NUMBER if number[0] < 0x80 else _HIGH_NUMBER)[len(number)] + number
