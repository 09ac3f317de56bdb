"""Live pages: a browser is told by server-sent events when what it shows has changed, and loads it again.

    EventSource ─► events(look) ─► `event: state`, `data: opened`

Without JavaScript a page loads itself again every few seconds; both see the same state.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import Response
from fastapi.responses import StreamingResponse

from protocol.errors import ProtocolError, Unavailable

LOOK_SECONDS = 0.5  # between two looks
STREAM_SECONDS = 20.0  # of one answer; the browser then asks again, so a server that ends need not wait for long
MAX_STREAMS = 200  # of one process; more have to ask again and again instead
GONE = "gone"  # the state of what cannot be seen any more

Look = Callable[[], Awaitable[str]]


class LiveStreams:
    """The open streams of one service."""

    def __init__(self) -> None:
        self._open = 0

    async def events(self, look: Look) -> Response:
        """A stream that says the state at first, and each time that it is another one.

        Raises:
            ProtocolError: what the first look raised.
            Unavailable: too many streams are open.
        """
        first = await look()
        if self._open >= MAX_STREAMS:
            raise Unavailable("too many are watching")
        return StreamingResponse(
            self._stream(first, look), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    async def _stream(self, state: str, look: Look) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            yield b"retry: 500\n\n" + _event(state)
            loop = asyncio.get_running_loop()
            ends = loop.time() + STREAM_SECONDS
            while loop.time() < ends and state != GONE:
                await asyncio.sleep(LOOK_SECONDS)
                try:
                    found = await look()
                except Unavailable:
                    continue
                except ProtocolError:
                    found = GONE
                if found != state:
                    state = found
                    yield _event(state)
        finally:
            self._open -= 1


def _event(state: str) -> bytes:
    return f"event: state\ndata: {state}\n\n".encode()
