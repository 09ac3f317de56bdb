"""Keys of a service's API: shown once, kept as a digest."""

from __future__ import annotations

from protocol.encoding import encode_base64url
from protocol.keys import RandomBytes
from runtime.conversation import SessionKey


def new_api_key(random_bytes: RandomBytes) -> str:
    """A fresh key, 256 bits."""
    return encode_base64url(random_bytes(32))


def api_key_digest(key: str) -> str:
    """What is kept of a key, and what it is found by; equal digests mean equal keys, so no secret is ever compared (T118)."""
    return SessionKey.of("api key", key).digest
