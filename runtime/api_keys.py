"""Keys of a service's API: shown once, kept as a digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from protocol.encoding import encode_base64url
from protocol.errors import Unauthorized
from protocol.exchange import Exchange
from protocol.keys import RandomBytes
from runtime.conversation import SessionKey, slow


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key. Equal digests mean equal keys, so no secret is ever compared (T118)."""

    digest: str  # SHA-256 in hex
    name: str  # whose it is, or what for
    created_at: int  # epoch seconds


class ApiKeys(Protocol):
    """The keys of a service. Every method is one transaction, durable when it returns.

    All raise Unavailable when the store is away; nothing was changed then.
    """

    def put(self, key: ApiKey) -> None:
        """Keep a key."""

    def find(self, digest: str) -> ApiKey | None:
        """A key that was not revoked."""

    def revoke(self, name: str) -> int:
        """Let every key of a name be good no more; how many there were."""


def new_api_key(name: str, *, now: int, random_bytes: RandomBytes) -> tuple[str, ApiKey]:
    """A fresh key of 256 bits, to be shown once, and what is kept of it."""
    key = encode_base64url(random_bytes(32))
    return key, ApiKey(api_key_digest(key), name, now)


def api_key_digest(key: str) -> str:
    """What a key is found by."""
    return SessionKey.of("api key", key).digest


def find_api_key(keys: ApiKeys, key: str) -> Exchange[ApiKey]:
    """What is kept of the key that a request carries.

    Raises:
        Unauthorized: it is not good.
    """
    digest = api_key_digest(key)
    found = yield from slow(lambda: keys.find(digest))
    if found is None:
        raise Unauthorized("this API key is not good")
    return found
