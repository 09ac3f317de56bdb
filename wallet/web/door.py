"""The door of a wallet that is served to a browser: closed at first, opened by the passphrase for one browser, closed again.

While it is open the keys are in memory; they are gone as soon as it closes, by a click, after a while without one, or with
the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from protocol.errors import ProtocolError, Unavailable
from protocol.keys import RandomBytes
from runtime.conversation import SessionKey
from wallet.service.opened import OpenWallet
from wallet.web.shelf import Shelf

LOOK_SECONDS = 1.0  # between two looks whether it is time to close


class Closed(ProtocolError):
    """The wallet is closed, or was opened in another browser."""

    code = "access_denied"
    status = 401


class Opener(Protocol):
    """How a wallet is made and opened; both take a moment of hard work (Argon2id)."""

    def exists(self) -> bool:
        """Whether there is one."""

    def create(self, passphrase: str) -> None:
        """Make an empty one; see `wallet.app.create_wallet`."""

    def open(self, passphrase: str) -> OpenWallet:
        """Open it; see `wallet.app.open_wallet`."""


@dataclass(slots=True)
class _Visit:
    """An open wallet, and the one browser that may use it."""

    opened: OpenWallet
    session: str  # digest of the browser's secret
    shelf: Shelf
    used_at: int  # epoch seconds


@dataclass(slots=True)
class Door:
    """See the module. All methods belong to one event loop."""

    opener: Opener
    now: Callable[[], int]  # epoch seconds
    random_bytes: RandomBytes
    close_after: int  # seconds without a click
    _visit: _Visit | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def exists(self) -> bool:
        """Whether a wallet was made here."""
        return self.opener.exists()

    async def create(self, passphrase: str) -> None:
        """Make an empty wallet; it stays closed.

        Raises:
            FileExistsError: there is one.
            WrongPassphrase: too short or too long.
        """
        async with self._lock:
            await asyncio.to_thread(self.opener.create, passphrase)

    async def open(self, passphrase: str, browser: str) -> None:
        """Open the wallet for a browser, by its secret; another browser that had it open has it no more.

        A wrong passphrase takes nothing away from whoever has it open.

        Raises:
            WrongPassphrase: the wrong one, or too soon after a wrong one; `wait` says for how long (T217, T232).
            InUse: another program has it open.
            DamagedError, Malformed: see `wallet.app.open_wallet`.
        """
        async with self._lock:
            opened = await self._still_open(passphrase)
            if opened is None:
                opened = await asyncio.to_thread(self.opener.open, passphrase)
            self._visit = _Visit(opened, _digest(browser), Shelf(self.now, self.random_bytes), self.now())

    def enter(self, browser: str) -> tuple[OpenWallet, Shelf]:
        """What the browser that opened the wallet may use; that counts as a click.

        Raises:
            Closed: it did not, or it was too long ago.
        """
        visit = self._of(browser)
        visit.used_at = self.now()
        return visit.opened, visit.shelf

    def look_in(self, browser: str) -> tuple[OpenWallet, Shelf]:
        """The same for a page that looks by itself, again and again: that is no click.

        Raises:
            Closed: see `enter`.
        """
        visit = self._of(browser)
        return visit.opened, visit.shelf

    def opened(self) -> OpenWallet | None:
        """The wallet, if it is open; looking is no click."""
        self.close_if_idle()
        return self._visit.opened if self._visit is not None else None

    def has_open(self, opened: OpenWallet) -> bool:
        """Whether a wallet that was entered is still the one that is open; opened once more it is another one."""
        return self._visit is not None and self._visit.opened is opened

    def seconds_left(self, browser: str) -> int:
        """How long the wallet stays open for a browser without a click; 0: it is closed. Asking is no click."""
        self.close_if_idle()
        visit = self._visit
        if visit is None or not _is_of(visit, browser):
            return 0
        return self.close_after - (self.now() - visit.used_at)

    def _of(self, browser: str) -> _Visit:
        self.close_if_idle()
        visit = self._visit
        if visit is None or not _is_of(visit, browser):
            raise Closed("the wallet is closed")
        return visit

    async def _still_open(self, passphrase: str) -> OpenWallet | None:
        """The wallet that is open already, for who knows its passphrase; None: it is closed, or was closed meanwhile."""
        self.close_if_idle()
        visit = self._visit
        if visit is None:
            return None
        check = partial(visit.opened.vault.check_passphrase, passphrase, now=self.now())
        try:
            await asyncio.to_thread(check)
        except Unavailable:
            if self._visit is visit:
                raise
        return visit.opened if self._visit is visit else None

    def leave(self, browser: str) -> None:
        """Close, if it is this browser that has the wallet open: nobody else can take it away from its user."""
        if self.seconds_left(browser):
            self.close()

    def close(self) -> None:
        """Forget every key."""
        if self._visit is not None:
            visit, self._visit = self._visit, None
            visit.opened.close()

    def close_if_idle(self) -> None:
        """Close if nobody clicked for a while, or the clock ran back."""
        visit = self._visit
        if visit is not None and not 0 <= self.now() - visit.used_at < self.close_after:
            self.close()

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """While the block lasts, an idle wallet closes by itself; at its end it closes anyway."""
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            self.close()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.close_if_idle()


def _is_of(visit: _Visit, browser: str) -> bool:
    return bool(browser) and hmac.compare_digest(visit.session, _digest(browser))


def _digest(browser: str) -> str:
    return SessionKey.of("wallet browser", browser).digest
