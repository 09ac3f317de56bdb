"""Bodies of requests, as bytes under a cap, before anybody reads them as something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from protocol.errors import InvalidRequest, TooLarge

# Where the edge and the connection leave what `make_room` changes, in the scope of a request
BODY_ROOM = "hoheit.body_room"
BODY_TIME = "hoheit.body_time"


# What is large is in memory while it is read, so few of it at a time, and it may be long on its way (T246)
LARGE_AT_ONCE = 2  # of one process and kind
LARGE_SECONDS = 120.0


@dataclass(slots=True)
class BodyRoom:
    """How much of a request's body is still let in."""

    left: int  # bytes


def make_room(request: Request, max_bytes: int, *, seconds: float) -> None:
    """Let a larger body in, and more slowly, for somebody who is known: strangers have the edge's limits (T246, T247)."""
    room: BodyRoom | None = request.scope.get(BODY_ROOM)
    if room is not None:
        room.left = max(room.left, max_bytes)
    more_time: Callable[[float], None] | None = request.scope.get("state", {}).get(BODY_TIME)
    if more_time is not None:
        more_time(seconds)


def media_type_of(request: Request) -> str:
    """What a body is, without parameters."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


async def read_body(request: Request, max_bytes: int) -> bytes:
    """A body under a cap.

    Raises:
        TooLarge: it is over `max_bytes`.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > max_bytes:
        raise TooLarge("body", f"is larger than {max_bytes} bytes")
    chunks: list[bytes] = []
    left = max_bytes
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest("the connection ended before the body")
        chunk = message.get("body", b"")
        left -= len(chunk)
        if left < 0:
            raise TooLarge("body", f"is larger than {max_bytes} bytes")
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)
