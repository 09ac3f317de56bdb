"""Looking at every partner's usage logs, hour after hour, while the service runs: one worker an hour, many partners at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

from protocol.errors import ProtocolError
from registrar.records import Partner
from registrar.service.witness import HOLD, WitnessService
from runtime.driver import Driver
from runtime.logs import get_logger

EVERY = 60.0  # seconds between two looks at whether an hour is to be done
AT_ONCE = 32  # cockpits that are looked at side by side
PARTNER_SECONDS = 10.0  # for all logs of one cockpit


@asynccontextmanager
async def witnessing(driver: Driver, witness: WitnessService, worker: str, *, every: float) -> AsyncIterator[None]:
    """Do each hour once, in whichever worker is first, while the block lasts."""
    task = asyncio.create_task(_for_ever(driver, witness, worker, every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def witness_hour(
    driver: Driver, witness: WitnessService, worker: str, *, partner_seconds: float = PARTNER_SECONDS
) -> int | None:
    """Look at every cockpit that is due in this hour; of how many it was kept. None: the hour is done, or somebody else's.

    A worker that stood still for too long finds that another has looked meanwhile, and what it saw itself is not kept.
    Whoever takes over an hour that its worker did not end goes on with those at whom nobody looked yet.

    Raises:
        Unavailable: the store is away; the hour stays to be done.
    """
    hour = await driver.run(witness.take_hour(worker))
    if hour is None:
        return None
    due = await driver.run(witness.due(hour))
    queue = iter(due)
    looking = asyncio.gather(*[_look_at_all(driver, witness, queue, partner_seconds) for _ in range(AT_ONCE)])
    try:
        while True:
            done, _ = await asyncio.wait([looking], timeout=HOLD / 4)
            if done:
                break
            if not await driver.run(witness.hold(hour, worker)):
                # Somebody else took it over, because this process stood still for too long
                return None
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
    await driver.run(witness.end_hour(hour, worker))
    return sum(looking.result())


async def _look_at_all(driver: Driver, witness: WitnessService, queue: Iterator[Partner], seconds: float) -> int:
    kept = 0
    for partner in queue:
        try:
            kept += await _look_at(driver, witness, partner, seconds)
        except ProtocolError as error:
            get_logger().warning("witness", partner=partner.identifier, reason=error.description)
    return kept


async def _look_at(driver: Driver, witness: WitnessService, partner: Partner, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            seen = await driver.run(witness.look(partner))
    except TimeoutError:
        seen = await driver.run(witness.note_slow(partner))
    if seen.finding:
        get_logger().info("witness", partner=partner.identifier, finding=seen.finding)
    return seen is not partner


async def _for_ever(driver: Driver, witness: WitnessService, worker: str, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            count = await witness_hour(driver, witness, worker)
        except ProtocolError as error:
            get_logger().warning("witness", reason=error.description)
        else:
            if count:
                get_logger().info("witness", count=count)
