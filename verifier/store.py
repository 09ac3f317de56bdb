"""The verifier's storage in its own words. Conversations advance as `runtime.conversation` says; here is the rest."""

from __future__ import annotations

from typing import Protocol

from runtime.conversation import ConversationStore
from verifier.records import ApiKey


class VerifierStore(ConversationStore, Protocol):
    """Everything a verifier keeps. Every method is one transaction, durable when it returns.

    All raise Unavailable when the store is away; nothing was changed then.
    """

    def put_api_key(self, key: ApiKey) -> None:
        """Keep a key of the API."""

    def api_key(self, digest: str) -> ApiKey | None:
        """A key that was not revoked."""

    def revoke_api_keys(self, name: str) -> int:
        """Revoke every key of this name; how many that were."""

    def sweep(self, *, now: int, limit: int) -> int:
        """Erase requests and answers whose time is over (T261); how many went, at most `limit`."""
