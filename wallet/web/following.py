"""While the wallet is served, open or closed, what the registrar publishes is fetched by the clock alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from runtime.driver import Driver
from wallet.service.published import Published

LOOK_SECONDS = 1.0  # between two looks at whether it is time

Following = AbstractAsyncContextManager[None]


@asynccontextmanager
async def following(published: Published, driver: Driver) -> AsyncIterator[None]:
    """Follow the registrar while the block lasts."""
    task = asyncio.create_task(_follow_for_ever(published, driver))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        driver.close()


async def _follow_for_ever(published: Published, driver: Driver) -> None:
    while published.url:
        # Not in the first moment: where everything starts at once, the registrar does not answer yet
        await asyncio.sleep(LOOK_SECONDS)
        await driver.run(published.when_due())
