"""A response's head and body in one write: each write is a call into the kernel, a segment, and a reader that wakes up."""

from __future__ import annotations

import asyncio

MAX_HELD = 64 * 1024  # bytes; beyond it they are written at once, so that whoever writes much is told when to wait


class JoinedWrites(asyncio.Transport):
    """A transport that writes once what is written to it in one turn of the loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[bytes | bytearray | memoryview] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write before the loop turns to anything that is read or timed."""
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > MAX_HELD:
            self._flush()

    def close(self) -> None:
        """Close after what was written."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close now; what was not sent is lost."""
        self._held.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, or being closed."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: object = None) -> object:
        """What the transport knows of its socket."""
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand what comes in to another protocol."""
        self._transport.set_protocol(protocol)

    def pause_reading(self) -> None:
        """Let nothing come in."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Let it come in again."""
        self._transport.resume_reading()

    def _flush(self) -> None:
        held, self._held, self._size = self._held, [], 0
        if held:
            self._transport.write(held[0] if len(held) == 1 else b"".join(held))
