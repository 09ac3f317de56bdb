"""Public keys as COSE_Key (RFC 9052 §7, RFC 9053 §7), the counterpart of `PublicKey.from_jwk`."""

from __future__ import annotations

from protocol.cbor import CborMap, CborValue, read_cbor
from protocol.errors import Malformed, Unsupported
from protocol.keys import CURVES, PublicKey

KTY, CRV, X, Y, D = 1, -1, -2, -3, -4

_KINDS = {"P-256": (2, 1), "P-384": (2, 2), "P-521": (2, 3), "Ed25519": (1, 6)}  # kty and crv
_NAMES = {kind: name for name, kind in _KINDS.items()}


def read_cose_key(value: CborValue, at: str) -> PublicKey:
    """Read a public key; `kid`, `alg`, `key_ops` and other members are the caller's matter.

    Raises:
        Malformed: a member is missing, has another length, the point is not on the curve, or a private part is there.
        Unsupported: another kind of key.
    """
    if not isinstance(value, dict):
        raise Malformed(at, "must be a key")
    if D in value:
        raise Malformed(at, "must not hold a private key")
    kty, crv = value.get(KTY), value.get(CRV)
    name = _NAMES.get((kty, crv)) if type(kty) is int and type(crv) is int else None
    if name is None:
        raise Unsupported(f"{at}: this kind of key is not accepted")
    curve = CURVES[name]
    x = _coordinate(value, X, curve.size, at)
    if curve.kty == "OKP":
        return PublicKey.from_compressed(name, x, at)
    y = value.get(Y)
    # RFC 9053 §7.1.1: y may be given by its sign alone
    if isinstance(y, bool):
        return PublicKey.from_compressed(name, bytes((2 + y,)) + x, at)
    return PublicKey.from_spki(curve.spki + x + _coordinate(value, Y, curve.size, at), at)


def read_cose_key_bytes(data: bytes, at: str) -> PublicKey:
    """Read an encoded key; see `read_cose_key`."""
    return read_cose_key(read_cbor(data, at), at)


def cose_key(key: PublicKey) -> CborMap:
    """The required members only; `encode_cbor` gives their one spelling."""
    kty, crv = _KINDS[key.crv]
    size = CURVES[key.crv].size
    value: CborMap = {KTY: kty, CRV: crv, X: key.point[:size]}
    if CURVES[key.crv].kty == "EC":
        value[Y] = key.point[size:]
    return value


def _coordinate(value: CborMap, label: int, size: int, at: str) -> bytes:
    found = value.get(label)
    if not isinstance(found, bytes) or len(found) != size:
        raise Malformed(at, f"must have coordinates of {size} bytes")
    return found
