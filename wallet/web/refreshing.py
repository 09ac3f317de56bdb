"""In the background, while the wallet is open and only if its user wants it: partners are asked, old activity goes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from protocol.errors import ProtocolError
from protocol.sovereignty.unlinkable import DAY
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
    swept = -1  # day on which what is older than wanted was looked for
    while True:
        await asyncio.sleep(every)
        opened = door.opened()
        if opened is None:
            continue
        # A wallet that is locked meanwhile, or cannot be written, is looked at again when it is open
        with contextlib.suppress(ProtocolError, DamagedError):
            await opened.driver.run(opened.wallet.cockpit.refresh_due(tried))
        with contextlib.suppress(ProtocolError, DamagedError):
            day = opened.wallet.context.now() // DAY
            if day != swept:
                await opened.driver.run(opened.wallet.cockpit.forget_over())
                swept = day
