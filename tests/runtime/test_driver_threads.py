"""What is done off the event loop: keys that are not in memory, and exchanges whose own work takes long."""

import asyncio
import threading

import pytest

from protocol.errors import InvalidGrant, Unreachable
from protocol.exchange import Exchange, HttpRequest, send
from protocol.keys import Ed25519Key, P256Key
from runtime.conversation import slow, with_key
from runtime.driver import Driver
from tests.support.conversations import Echo


class Distant:
    """A key in a token, as far as anybody can see."""

    def __init__(self, key):
        self.key = key
        self.threads = []

    @property
    def public_key(self):
        return self.key.public_key

    def sign(self, data):
        self.threads.append(threading.current_thread().name)
        return self.key.sign(data)


def driven(exchange, **options):
    """What comes of an exchange."""

    async def drive_it():
        driver = Driver(None, Echo(), **options)
        try:
            return await driver.run(exchange)
        finally:
            driver.close()

    return asyncio.run(drive_it())


@pytest.mark.parametrize("key", [P256Key.generate(bytes), Ed25519Key.generate(bytes)])
def test_a_key_in_memory_answers_without_a_detour(key):
    with pytest.raises(StopIteration) as end:
        next(with_key(key, lambda: key.sign(b"data")))
    key.public_key.verify(end.value.value, b"data")


def test_any_other_key_is_used_off_the_event_loop():
    key = Distant(P256Key.generate(bytes))
    signature = driven(with_key(key, lambda: key.sign(b"data")))
    key.public_key.verify(signature, b"data")
    assert [name.split("_")[0] for name in key.threads] == ["slow"]


def test_an_exchange_that_takes_long_works_off_the_event_loop():
    """Whatever it yields is carried out as ever; only its own work is done elsewhere."""
    threads = []

    def here():
        threads.append(threading.current_thread().name.split("_")[0])

    def work() -> Exchange[str]:
        here()
        response = yield from send(HttpRequest("GET", "https://a.example"))
        here()
        try:
            yield from send(HttpRequest("GET", "https://missing.example"))
        except Unreachable:
            here()
        threads.append((yield from slow(lambda: "slow within")))
        return response.body.decode()

    assert driven(work(), works_in_thread=True) == "https://a.example"
    assert threads == ["slow", "slow", "slow", "slow within"]


def test_what_such_an_exchange_refuses_is_refused():
    closed = []

    def work() -> Exchange[str]:
        try:
            yield from slow(lambda: None)
            raise InvalidGrant("no")
        finally:
            closed.append(True)

    with pytest.raises(InvalidGrant):
        driven(work(), works_in_thread=True)
    assert closed == [True]
