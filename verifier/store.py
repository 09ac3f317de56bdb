"""The verifier's storage in its own words. Conversations advance as `runtime.conversation` says; here is the rest."""

from __future__ import annotations

from typing import Protocol

from runtime.api_keys import ApiKeys
from runtime.conversation import ConversationStore


class VerifierStore(ConversationStore, Protocol):
    """Everything a verifier keeps. Every method is one transaction, durable when it returns.

    All raise Unavailable when the store is away; nothing was changed then.
    """

    @property
    def api_keys(self) -> ApiKeys:
        """The keys of the API; requests belong to the key that made them."""

    def sweep(self, *, now: int, limit: int) -> int:
        """Erase requests and answers whose time is over (T261); how many went, at most `limit`."""
