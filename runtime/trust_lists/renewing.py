"""When lists are fetched again: first at once, then every hour or at half of the time left, and soon where one did not come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from protocol.errors import ProtocolError, Unavailable
from protocol.exchange import Exchange
from runtime.anchors import AnchorFolder
from runtime.driver import Driver
from runtime.logs import get_logger
from runtime.trust_lists.fetching import Fetched

USUAL_SECONDS = 3600
RETRY_SECONDS = 30  # where a list did not come
LOOK_SECONDS = 2.0  # between two looks of a service at whether it is time


class Renewal:
    """Keeps the lists of one folder of anchors new."""

    def __init__(self, folder: AnchorFolder, now: Callable[[], int]) -> None:
        self._folder = folder
        self._now = now
        self._due_at = 0  # epoch seconds; 0: at once
        self._tried = False

    def check_tried(self) -> None:
        """Look whether the lists were fetched once since the start, well or not: before, it is too early to refuse anybody.

        Raises:
            Unavailable: they are being fetched for the first time.
        """
        if not self._tried:
            raise Unavailable("the lists of whom to trust are being fetched")

    def when_due(self) -> Exchange[None]:
        """Fetch the lists if it is time; whatever goes wrong is a line in the log, and what is kept still counts."""
        if self._now() < self._due_at:
            return
        # Others who come meanwhile go on with what is kept
        self._due_at = self._now() + RETRY_SECONDS
        try:
            yield from self.at_once()
        except ProtocolError as error:
            get_logger().warning("trust lists", reason=error.description)
        finally:
            self._tried = True

    def at_once(self) -> Exchange[Fetched]:
        """Fetch the lists now.

        Raises:
            Unavailable: the folder is wrong.
        """
        fetched = yield from self._folder.refresh()
        now = self._now()
        ends = self._folder.lists_end
        usual = USUAL_SECONDS if ends is None else min(USUAL_SECONDS, max(RETRY_SECONDS, (ends - now) // 2))
        self._due_at = now + (RETRY_SECONDS if fetched.failed else usual)
        return fetched


@asynccontextmanager
async def renewing(driver: Driver, renewal: Renewal) -> AsyncIterator[None]:
    """Renew the lists of a service while the block lasts."""
    task = asyncio.create_task(_renew_for_ever(driver, renewal))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _renew_for_ever(driver: Driver, renewal: Renewal) -> None:
    while True:
        await driver.run(renewal.when_due())
        await asyncio.sleep(LOOK_SECONDS)
