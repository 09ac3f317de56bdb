"""Addresses that programs call: found by one look, where a framework would search its routes and read their signatures.

    endpoints = Endpoints()

    @endpoints.post("/responses/{reference}")
    async def response(request: Request) -> Response: ...

Wallets call these for every credential and every answer. Pages and documented APIs are the framework's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address: what answers it by each method, and the name that its last part is read by (empty: it is fixed)."""

    path: str  # as it was given: the label in logs and metrics
    parameter: str
    handlers: dict[str, Handler] = field(default_factory=dict)  # method → handler


class Endpoints:
    """A table of addresses. The last part of one may stand for anything but nothing: `/offers/{reference}`."""

    def __init__(self) -> None:
        self._fixed: dict[str, Endpoint] = {}
        self._open: dict[str, Endpoint] = {}  # by all but the last part

    def get(self, path: str) -> Callable[[Handler], Handler]:
        """Let a function answer GET."""
        return self._adding("GET", path)

    def post(self, path: str) -> Callable[[Handler], Handler]:
        """Let a function answer POST."""
        return self._adding("POST", path)

    def __iter__(self) -> Iterator[Endpoint]:
        """Every endpoint."""
        yield from self._fixed.values()
        yield from self._open.values()

    def find(self, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        """The endpoint of an address as it was decoded, with the part that varies by its name."""
        endpoint = self._fixed.get(path)
        if endpoint is not None:
            return endpoint, {}
        front, _, last = path.rpartition("/")
        endpoint = self._open.get(front) if last else None
        return None if endpoint is None else (endpoint, {endpoint.parameter: last})

    def _adding(self, method: str, path: str) -> Callable[[Handler], Handler]:
        front, _, last = path.rpartition("/")
        is_open = last.startswith("{")
        table, key = (self._open, front) if is_open else (self._fixed, path)
        endpoint = table.setdefault(key, Endpoint(path, last.strip("{}") if is_open else ""))

        def add(handler: Handler) -> Handler:
            endpoint.handlers[method] = handler
            return handler

        return add
