"""In the background, while the wallet is open and only if its user wants it: each partner is asked in an hour of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from protocol.errors import ProtocolError
from runtime.seal import DamagedError
from wallet.web.door import Door

LOOK_SECONDS = 60.0  # between two looks whether somebody is to be asked


@contextlib.asynccontextmanager
async def refreshing(door: Door, every: float = LOOK_SECONDS) -> AsyncIterator[None]:
    """While the block lasts."""
    watch = asyncio.create_task(_watch(door, every))
    try:
        yield
    finally:
        watch.cancel()


async def _watch(door: Door, every: float) -> None:
    tried: set[tuple[str, int]] = set()
    while True:
        await asyncio.sleep(every)
        opened = door.opened()
        if opened is None:
            continue
        # A wallet that is locked meanwhile, or cannot be written, is looked at again when it is open
        with contextlib.suppress(ProtocolError, DamagedError):
            await opened.driver.run(opened.wallet.cockpit.refresh_due(tried))
