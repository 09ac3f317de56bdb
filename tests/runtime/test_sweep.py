"""Work that a service does by itself, again and again."""

import asyncio

from structlog.testing import capture_logs

from protocol.errors import Unavailable
from runtime.driver import Driver
from runtime.http import NoSender
from runtime.sweep import repeating


def test_work_goes_on_after_a_round_that_failed_and_ends_with_its_block():
    rounds: list[int] = []

    def work():
        rounds.append(len(rounds))
        yield from ()
        if len(rounds) == 1:
            raise Unavailable("away for now")
        return 3

    async def serve():
        driver = Driver(None, NoSender())
        async with repeating(driver, work, name="check", every=0.001):
            while len(rounds) < 3:
                await asyncio.sleep(0.001)
        done = len(rounds)
        await asyncio.sleep(0.02)
        driver.close()
        return done

    with capture_logs() as lines:
        assert asyncio.run(serve()) == len(rounds)
    found = [(line["log_level"], line.get("reason"), line.get("count")) for line in lines if line["event"] == "check"]
    assert found[:2] == [("warning", "away for now", None), ("info", None, 3)]
