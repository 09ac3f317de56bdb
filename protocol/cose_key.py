"""Public keys as COSE carries them (RFC 9052 §7, RFC 9053 §7), the counterpart of JWK in `protocol.keys`."""

from __future__ import annotations

from protocol.cbor import CborKey, CborMap, CborValue, encode_head
from protocol.errors import Malformed, Unsupported
from protocol.keys import CURVES, Curve, PublicKey

KTY = 1
CRV = -1
X = -2
Y = -3
D = -4  # of a private key; in a symmetric one -1 is the secret, and its key type is not read

# By key type and curve (RFC 9053 §7.1)
_OKP, _EC2 = 1, 2
_NUMBERS = {"P-256": (_EC2, 1), "P-384": (_EC2, 2), "P-521": (_EC2, 3), "Ed25519": (_OKP, 6)}
# How a key begins, up to the label of x; labels stand in the order of their bytes: 1, -1, -2, -3
_HEADS = {
    name: bytes((0xA0 | (4 if kty == _EC2 else 3), 0x01, kty, 0x20, crv, 0x21)) for name, (kty, crv) in _NUMBERS.items()
}
_Y_LABEL = b"\x22"
_CURVES = {numbers: CURVES[name] for name, numbers in _NUMBERS.items()}


def read_cose_key(value: CborValue, at: str) -> PublicKey:
    """Read a public key. `kid`, `alg`, `key_ops` and other labels are the caller's matter.

    Raises:
        Malformed: a label is missing, has another length, the point is not on the curve, or a private part is there.
        Unsupported: another kind of key.
    """
    if not isinstance(value, dict):
        raise Malformed(at, "must be a key in a map")
    if D in value:
        raise Malformed(at, "must not hold a private key")
    kty, crv = value.get(KTY), value.get(CRV)
    # True is 1 to Python, and no kind of key
    curve = _CURVES.get((kty, crv)) if type(kty) is int and type(crv) is int else None
    if curve is None:
        raise Unsupported(f"{at}: this kind of key is not accepted")
    x = _coordinate(value, X, curve, at)
    if curve.kty == "OKP":
        return PublicKey.from_spki(curve.spki + x, at)
    y = value.get(Y)
    # RFC 9053 §7.1.1: the sign of y, where y itself can be computed
    if isinstance(y, bool):
        return PublicKey.from_compressed(curve.name, bytes((2 + y,)) + x, at)
    return PublicKey.from_spki(curve.spki + x + _coordinate(value, Y, curve, at), at)


def write_cose_key(key: PublicKey) -> CborMap:
    """The required labels only, with both coordinates."""
    curve = CURVES[key.crv]
    kty, crv = _NUMBERS[key.crv]
    written: dict[CborKey, CborValue] = {KTY: kty, CRV: crv, X: key.point[: curve.size]}
    if kty == _EC2:
        written[Y] = key.point[curve.size :]
    return written


def encode_cose_key(key: PublicKey) -> bytes:
    """The one encoding of `write_cose_key`."""
    curve = CURVES[key.crv]
    head = _HEADS[key.crv]
    size = encode_head(0x40, curve.size)
    if curve.kty == "OKP":
        return head + size + key.point
    return b"".join((head, size, key.point[: curve.size], _Y_LABEL, size, key.point[curve.size :]))


def _coordinate(value: CborMap, label: int, curve: Curve, at: str) -> bytes:
    found = value.get(label)
    if not isinstance(found, bytes) or len(found) != curve.size:
        raise Malformed(at, f"must have {curve.size} bytes at {label}")
    return found
