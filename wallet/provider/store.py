"""The wallet provider's storage in its own words. Conversations advance as `runtime.conversation` says; here is the rest."""

from __future__ import annotations

from typing import Protocol

from capabilities.status_publisher.store import StatusStore
from runtime.conversation import ConversationStore
from wallet.provider.records import UnitRecord


class ProviderStore(ConversationStore, Protocol):
    """Everything a wallet provider keeps. Every method is one transaction, durable when it returns.

    All raise Unavailable when the store is away; nothing was changed then.
    """

    @property
    def status_lists(self) -> StatusStore:
        """The lists in which every attestation has a place."""

    def units(self, *, limit: int, beginning: str = "") -> tuple[UnitRecord, ...]:
        """Wallets whose id begins like this, newest first."""

    def sweep(self, *, before: int, now: int, limit: int) -> int:
        """Forget what is over; how much went, at most `limit` of each kind.

        Wallets and codes whose time is over, attestations whose status is kept up no longer, and places in status lists
        reserved before `before` that nothing got. What was revoked is kept: it never counts as valid again.
        """
