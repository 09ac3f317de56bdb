"""What is written in one turn of the loop leaves in one write, and nothing is held longer than that."""

import asyncio

import pytest

from runtime.joined_writes import MAX_HELD, JoinedWrites


class Wire(asyncio.Transport):
    """A transport that remembers what was done with it."""

    def __init__(self):
        super().__init__({"peername": ("192.0.2.1", 443)})
        self.done = []

    def write(self, data):
        self.done.append(bytes(data))

    def close(self):
        self.done.append("closed")

    def abort(self):
        self.done.append("aborted")

    def is_closing(self):
        return "closed" in self.done

    def set_protocol(self, protocol):
        self.done.append(protocol)

    def pause_reading(self):
        self.done.append("paused")

    def resume_reading(self):
        self.done.append("resumed")


def carry_out(work):
    """What a transport was told, at once and after the loop's turn."""

    async def turn():
        wire = Wire()
        work(JoinedWrites(wire, asyncio.get_running_loop()))
        at_once = list(wire.done)
        await asyncio.sleep(0)
        return at_once, wire.done

    return asyncio.run(turn())


def test_head_and_body_are_one_write_when_the_loop_turns():
    def answer(transport):
        transport.write(b"head ")
        transport.write(memoryview(b"body"))

    assert carry_out(answer) == ([], [b"head body"])


def test_what_closes_writes_before_and_is_closing():
    def answer(transport):
        transport.write(b"last")
        assert not transport.is_closing()
        transport.close()
        assert transport.is_closing()

    assert carry_out(answer) == ([b"last", "closed"], [b"last", "closed"])


def test_what_is_aborted_writes_nothing():
    def answer(transport):
        transport.write(b"lost")
        transport.abort()

    assert carry_out(answer) == (["aborted"], ["aborted"])


def test_much_is_written_at_once_so_that_the_writer_is_told_to_wait():
    half = bytes(MAX_HELD // 2 + 1)

    def answer(transport):
        transport.write(half)
        transport.write(half)
        transport.write(b"more")

    assert carry_out(answer) == ([half * 2], [half * 2, b"more"])


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (lambda transport: transport.pause_reading(), ["paused"]),
        (lambda transport: transport.resume_reading(), ["resumed"]),
        (lambda transport: transport.set_protocol("another"), ["another"]),
        (lambda transport: transport.write(transport.get_extra_info("peername")[0].encode()), [b"192.0.2.1"]),
    ],
    ids=["pause", "resume", "protocol", "extra info"],
)
def test_everything_else_is_the_transports(work, expected):
    assert carry_out(work)[1] == expected
