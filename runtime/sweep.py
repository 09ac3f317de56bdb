"""What a service does by itself while it runs: it forgets what is over, and does work of its role again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from protocol.errors import ProtocolError, Unavailable
from protocol.exchange import Exchange
from runtime.conversation import slow
from runtime.driver import Driver
from runtime.logs import get_logger

SWEEP_SECONDS = 30.0
WORK_SECONDS = 60.0
SWEEP_LIMIT = 500  # things in one transaction, so that no step waits for long (T244)

Sweep = Callable[[int], int]  # forgets at most so many things; how many it forgot


@asynccontextmanager
async def sweeping(driver: Driver, sweep: Sweep, *, every: float = SWEEP_SECONDS) -> AsyncIterator[None]:
    """Sweep every so many seconds while the block lasts."""
    task = asyncio.create_task(_sweep_for_ever(driver, sweep, every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


Work = Callable[[], Exchange[int]]  # one round; how many things it changed


@asynccontextmanager
async def repeating(driver: Driver, work: Work, *, name: str, every: float = WORK_SECONDS) -> AsyncIterator[None]:
    """Do work every so many seconds while the block lasts; a round that fails is logged, and the next one tries again."""
    task = asyncio.create_task(_work_for_ever(driver, work, name, every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _work_for_ever(driver: Driver, work: Work, name: str, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            count = await driver.run(work())
        except ProtocolError as error:
            get_logger().warning(name, reason=error.description)
        else:
            if count:
                get_logger().info(name, count=count)


async def sweep_once(driver: Driver, sweep: Sweep) -> int:
    """Forget everything that is over, in small portions; how many things that were.

    Raises:
        Unavailable: the store is away.
    """
    total = 0
    while True:
        count = await driver.run(slow(lambda: sweep(SWEEP_LIMIT)))
        total += count
        if count < SWEEP_LIMIT:
            return total


async def _sweep_for_ever(driver: Driver, sweep: Sweep, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            count = await sweep_once(driver, sweep)
        except Unavailable:
            get_logger().warning("sweep", reason="the store is away")
        else:
            if count:
                get_logger().info("sweep", count=count)
