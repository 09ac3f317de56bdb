"""The wallet itself: one method for each thing it does. No framework, no SQL; every method with effects is an exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from wallet.service.context import WalletContext
from wallet.service.keeping import Keeping
from wallet.service.login import Login
from wallet.service.presenting import Presenting
from wallet.service.receiving import Receiving


@dataclass(frozen=True, slots=True)
class Wallet:
    """A wallet with all its services."""

    context: WalletContext
    receiving: Receiving
    login: Login
    presenting: Presenting
    keeping: Keeping

    @classmethod
    def of(cls, context: WalletContext) -> Self:
        """Wire the services of one wallet."""
        receiving = Receiving(context)
        return cls(context, receiving, Login(context, receiving), Presenting(context), Keeping(context))
