"""The relay's addresses: leave a message, look for one, end a channel. It reads nothing of what it carries.

Whoever knows a channel's name may do all three, and nobody else learns it from here: it stands in no log and no metric.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv6Network

from fastapi import Request, Response

from capabilities.relay.database import MAX_NUMBER, SqlRelay, WaitingMessage
from protocol.device_retrieval.carriers import MAX_MESSAGE, MEDIA_TYPE, Side
from protocol.encoding import sha256
from protocol.errors import NotFound
from runtime.asgi import read_message
from runtime.conversation import slow
from runtime.driver import Driver
from runtime.rate_limit import RateLimit
from runtime.routes import Router

# Of one address: whoever waits looks twice a second, and a partner has several counters. A proxy in front of the service hides
# who is who, so these are for all together then, and the proxy's own limits decide (docs/decisions/0032)
LOOKS_AT_ONCE, LOOKS_PER_MINUTE = 120, 1200.0
MESSAGES_AT_ONCE, MESSAGES_PER_MINUTE = 60, 240.0
# Of one channel: two sides look
CHANNEL_AT_ONCE, CHANNEL_PER_MINUTE = 60, 300.0
_CHANNEL = re.compile(r"[A-Za-z0-9_-]{22,86}")  # 128 to 512 random bits


def relay_endpoints(path: str, relay: SqlRelay, driver: Driver, now: Callable[[], int]) -> Router:
    """All three, below a path."""
    router = Router(include_in_schema=False)
    looks = RateLimit(LOOKS_AT_ONCE, LOOKS_PER_MINUTE, now)
    messages = RateLimit(MESSAGES_AT_ONCE, MESSAGES_PER_MINUTE, now)
    of_channel = RateLimit(CHANNEL_AT_ONCE, CHANNEL_PER_MINUTE, now)

    @router.post(f"{path}/{{channel}}/{{side}}/{{number}}")
    async def leave(channel: str, side: str, number: str, request: Request) -> Response:
        messages.spend(_caller(request))
        digest, whose, place = _channel(channel), _side(side), _number(number)
        of_channel.spend(digest)
        _, body = await read_message(request, (MEDIA_TYPE,), max_bytes=MAX_MESSAGE)
        message = WaitingMessage(digest, whose, place, body)
        await driver.run(slow(lambda: relay.leave(message, now=now())))
        return Response(status_code=204)

    @router.get(f"{path}/{{channel}}/{{side}}/{{number}}")
    async def look(channel: str, side: str, number: str, request: Request) -> Response:
        looks.spend(_caller(request))
        digest, whose, place = _channel(channel), _side(side), _number(number)
        of_channel.spend(digest)
        found = await driver.run(slow(lambda: relay.look(digest, whose, place, now=now())))
        headers = {"cache-control": "no-store"}
        if found is None:
            return Response(status_code=204, headers=headers)
        return Response(found, media_type=MEDIA_TYPE, headers=headers)

    @router.delete(f"{path}/{{channel}}")
    async def end(channel: str, request: Request) -> Response:
        messages.spend(_caller(request))
        digest = _channel(channel)
        await driver.run(slow(lambda: relay.end(digest)))
        return Response(status_code=204)

    return router


def _caller(request: Request) -> str:
    """Whose limit it is; of IPv6 the network, as everybody has plenty of addresses there."""
    host = request.client.host if request.client is not None else ""
    return str(IPv6Network((host, 64), strict=False)) if ":" in host else host


def _channel(name: str) -> str:
    if not _CHANNEL.fullmatch(name):
        raise NotFound("there is no such channel")
    return sha256(name.encode("ascii")).hex()


def _side(side: str) -> Side:
    try:
        return Side(side)
    except ValueError as error:
        raise NotFound("there is no such side") from error


def _number(number: str) -> int:
    if not (len(number) == 1 and number.isascii() and number.isdecimal() and int(number) < MAX_NUMBER):
        raise NotFound("there is no such message")
    return int(number)
