"""Calls an ASGI application as a server would, byte for byte and without one."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an application answered."""

    status: int
    pairs: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The headers by lower-case name; the last of each."""
        return dict(self.pairs)

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def call(
    application: Any,
    method: str,
    path: str,
    *,
    query: bytes = b"",
    headers: Sequence[Header] = (),
    body: Sequence[bytes] | None = (b"",),
) -> Answer:
    """Send one request, its body in the given pieces; None: a body that never comes."""
    pieces = list(body) if body is not None else None
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if pieces is None:
            await asyncio.Event().wait()
        if not pieces:
            return {"type": "http.disconnect"}
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    await application(scope, receive, send)
    start = sent[0]
    pairs = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start["headers"])
    return Answer(start["status"], pairs, b"".join(message.get("body", b"") for message in sent[1:]))


def api_routes(application: FastAPI) -> set[tuple[str, str]]:
    """Every method and path under `/api/`."""
    return routes(application, "/api/")


def routes(application: FastAPI, under: str) -> set[tuple[str, str]]:
    """Every method and path that begins so, as the router itself knows them, and not as it describes them."""
    found: list[Any] = application.routes
    return {
        (method, route.path)
        for route in found
        if getattr(route, "path", "").startswith(under)
        for method in getattr(route, "methods", None) or ()
    }
