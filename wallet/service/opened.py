"""An open wallet: its services, the vault behind them, and what drives them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Self, TypeVar

from protocol.exchange import Exchange
from runtime.driver import Driver
from runtime.trust_lists.renewing import Renewal
from wallet.service import Wallet
from wallet.vault.vault import Vault

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OpenWallet:
    """A wallet whose vault is open, and what drives it. Close it, so that another program can open it."""

    wallet: Wallet
    driver: Driver
    vault: Vault
    renewal: Renewal  # of the lists of whom to trust

    def run(self, exchange: Exchange[T]) -> T:
        """Drive an exchange to its end, outside any event loop.

        Raises:
            ProtocolError: what the exchange raised.
        """
        return asyncio.run(self.driver.run(exchange))

    def speaking(self, language: str) -> Wallet:
        """The same wallet, which shows and logs in another language."""
        return Wallet.of(replace(self.wallet.context, language=language))

    def close(self) -> None:
        """Let go of the vault."""
        self.driver.close()
        self.vault.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
