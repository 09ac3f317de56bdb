"""Several services on one port: the host name of a request picks the service (`docs/decisions/0006`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping

Scope = MutableMapping[str, object]
Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Service = Callable[..., Awaitable[None]]  # an ASGI application

_PLAIN: list[tuple[bytes, bytes]] = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
_UNKNOWN = b"Here is no service of this name.\n"


class HostSwitch:
    """An ASGI application that hands every request to the service of its host name; all services start and stop with it."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        """`services`: by host name, lower case, without a port."""
        self._services = dict(services)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or start and stop all services."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        service = self._services.get(_host(scope))
        if service is not None:
            await service(scope, receive, send)
        elif scope["type"] == "http":
            # RFC 9110 §15.5.20: a request that came to a server which does not answer for that name
            await send({"type": "http.response.start", "status": 421, "headers": list(_PLAIN)})
            await send({"type": "http.response.body", "body": _UNKNOWN})
        else:
            raise ValueError("only http is served here")

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start every service; if one cannot start, stop those that did and say so. Stop all in the end."""
        lives: list[_Life] = []
        await receive()
        try:
            for service in self._services.values():
                lives.append(_Life(service, scope))
                await lives[-1].start()
        except StartupError as error:
            await _stop(lives[:-1])
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await _stop(lives)
        await send({"type": "lifespan.shutdown.complete"})


class StartupError(RuntimeError):
    """A service did not start."""


class _Life:
    """The lifespan of one service: a task of its own that is told when to begin and when to end."""

    def __init__(self, service: Service, scope: Scope) -> None:
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        own = {**scope, "state": {}}
        self._task = asyncio.create_task(self._run(service, own))

    async def _run(self, service: Service, scope: Scope) -> None:
        await service(scope, self._told.get, self._said.put)

    async def start(self) -> None:
        answer = await self._tell("lifespan.startup")
        if answer is None or answer["type"] != "lifespan.startup.complete":
            await asyncio.wait([self._task])
            raise StartupError("a service did not start") from self._task.exception()

    async def stop(self) -> None:
        await self._tell("lifespan.shutdown")
        await asyncio.wait([self._task])
        if (error := self._task.exception()) is not None:
            raise error

    async def _tell(self, kind: str) -> Message | None:
        """The answer to a message; None if the service ended without one."""
        self._told.put_nowait({"type": kind})
        answer = asyncio.create_task(self._said.get())
        await asyncio.wait([answer, self._task], return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
        return None


async def _stop(lives: list[_Life]) -> None:
    """Stop in the reverse order; one that fails does not keep the others from stopping."""
    results = await asyncio.gather(*(life.stop() for life in reversed(lives)), return_exceptions=True)
    for error in results:
        if error is not None:
            raise error


def _host(scope: Scope) -> str:
    """The host name that a request is for, lower case, without its port; empty if it names none, or two."""
    headers = scope["headers"]
    if not isinstance(headers, list):
        raise TypeError("an ASGI server brings headers as a list")
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1:
        return ""
    name, _, port = hosts[0].decode("latin-1").lower().partition(":")
    return name if not port or port.isdecimal() else ""
