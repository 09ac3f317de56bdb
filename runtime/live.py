"""Live pages: a browser is told by server-sent events when what it shows has changed, and loads it again.

    EventSource ─► events(look) ─► `event: state`, `data: opened`

Without JavaScript a page loads itself again every few seconds; both see the same state.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from protocol.errors import ProtocolError, Unavailable

LOOK_SECONDS = 0.5  # between two looks
STREAM_SECONDS = 20.0  # of one answer; the browser then asks again
MAX_STREAMS = 200  # of one process; more have to ask again and again instead
GONE = "gone"  # the state of what cannot be seen any more
# Where the connection leaves in the scope of a request whether its server is about to end: then so do streams, at their next
# look, and browsers ask the one that comes after
ENDING = "hoheit.ending"

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
        answer = _EventStream(headers={"cache-control": "no-store"})
        answer.body_iterator = self._stream(first, look, answer)
        return answer

    async def _stream(self, state: str, look: Look, answer: _EventStream) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            yield b"retry: 500\n\n" + _event(state)
            loop = asyncio.get_running_loop()
            ends = loop.time() + STREAM_SECONDS
            while loop.time() < ends and state != GONE and not answer.is_ending():
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


class _EventStream(StreamingResponse):
    """The answer around a stream, which learns from its request whether the server ends."""

    media_type = "text/event-stream"

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__((), headers=headers)
        self.is_ending: Callable[[], bool] = lambda: False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.is_ending = scope.get("state", {}).get(ENDING, self.is_ending)
        await super().__call__(scope, receive, send)


def _event(state: str) -> bytes:
    return f"event: state\ndata: {state}\n\n".encode()
