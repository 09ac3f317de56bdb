"""Nonces that need no storing until they are spent: random, dated and sealed with the issuer's secret (OID4VCI 1.0 §7)."""

from __future__ import annotations

import hmac
from functools import lru_cache

from protocol.encoding import JsonObject, decode_base64url, encode_base64url
from protocol.errors import Malformed, NotAuthentic, NotValidNow

RANDOM_BYTES = 16
_TIME_BYTES = 5
_SEAL_BYTES = 16


def make_nonce(secret: bytes, purpose: str, random: bytes, expires_at: int) -> str:
    """A nonce good for one purpose until `expires_at` (epoch seconds); `random` is 16 fresh bytes."""
    if len(random) != RANDOM_BYTES:
        raise ValueError("16 random bytes are needed")
    body = random + expires_at.to_bytes(_TIME_BYTES, "big")
    return encode_base64url(body + _seal(secret, purpose, body))


def read_nonce(secret: bytes, purpose: str, text: str, *, now: int) -> int:
    """Until when a nonce is good, epoch seconds. Whether it was spent is for the store to decide.

    Raises:
        NotAuthentic: not made with this secret for this purpose.
        NotValidNow: expired.
    """
    try:
        data = decode_base64url(text, "nonce")
    except Malformed as error:
        raise NotAuthentic("nonce: is not one of ours") from error
    body, seal = data[:-_SEAL_BYTES], data[-_SEAL_BYTES:]
    if len(body) != RANDOM_BYTES + _TIME_BYTES or not hmac.compare_digest(seal, _seal(secret, purpose, body)):
        raise NotAuthentic("nonce: is not one of ours")
    expires_at = int.from_bytes(body[RANDOM_BYTES:], "big")
    if now >= expires_at:
        raise NotValidNow("nonce: has expired")
    return expires_at


def nonce_response(c_nonce: str) -> JsonObject:
    """The answer of the nonce endpoint (OID4VCI 1.0 §7.2)."""
    return {"c_nonce": c_nonce}


def _seal(secret: bytes, purpose: str, body: bytes) -> bytes:
    seal = _keyed(secret).copy()
    seal.update(purpose.encode() + b"\0" + body)
    return seal.digest()[:_SEAL_BYTES]


@lru_cache(maxsize=8)
def _keyed(secret: bytes) -> hmac.HMAC:
    """Cached: taking up the key costs more than a seal."""
    return hmac.new(secret, digestmod="sha256")
