"""The storage of a cockpit in its own words."""

from __future__ import annotations

from typing import Protocol

from capabilities.cockpit.records import IssuedReceipt


class CockpitStore(Protocol):
    """Every method is one transaction, durable when it returns. All raise Unavailable when the store is away."""

    def by_id(self, id_: str) -> IssuedReceipt | None:
        """One receipt, by its jti."""

    def by_key(self, thumbprint: str) -> IssuedReceipt | None:
        """The one receipt of a key."""

    def by_claim(self, claim: str) -> IssuedReceipt | None:
        """The one receipt of a claim, by its hash."""

    def bind(self, receipt: IssuedReceipt) -> IssuedReceipt | None:
        """Bind the key of a receipt that is found by its claim, and keep what was signed for it.

        What comes back is the receipt as it stands: another key may have been first. None: there is none any more, or the key
        has another receipt already.
        """

    def spend(self, replay_key: str, until: int) -> bool:
        """Whether a proof comes for the first time; it is remembered until it is too old anyway."""
