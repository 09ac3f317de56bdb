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
    """One address: what answers it by each method, and the name of the part that varies (empty: it is fixed)."""

    path: str  # as it was given: the label in logs and metrics
    parameter: str
    handlers: dict[str, Handler] = field(default_factory=dict)  # method → handler


class Endpoints:
    """A table of addresses.

    The last part of one may stand for anything but nothing, or the one before it: `/offers/{reference}`, `/rights/{id}/answer`.
    """

    def __init__(self) -> None:
        self._fixed: dict[str, Endpoint] = {}
        self._open: dict[str, Endpoint] = {}  # by all but the last part
        self._inner: dict[tuple[str, str], Endpoint] = {}  # by what stands before and behind the last part but one

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
        yield from self._inner.values()

    def find(self, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        """The endpoint of an address as it was decoded, with the part that varies by its name."""
        endpoint = self._fixed.get(path)
        if endpoint is not None:
            return endpoint, {}
        front, _, last = path.rpartition("/")
        if not last:
            return None
        endpoint = self._open.get(front)
        if endpoint is not None:
            return endpoint, {endpoint.parameter: last}
        front, _, inner = front.rpartition("/")
        endpoint = self._inner.get((front, last)) if inner else None
        return None if endpoint is None else (endpoint, {endpoint.parameter: inner})

    def _adding(self, method: str, path: str) -> Callable[[Handler], Handler]:
        front, _, last = path.rpartition("/")
        before, _, inner = front.rpartition("/")
        if last.startswith("{"):
            endpoint = self._open.setdefault(front, Endpoint(path, last.strip("{}")))
        elif inner.startswith("{"):
            endpoint = self._inner.setdefault((before, last), Endpoint(path, inner.strip("{}")))
        else:
            endpoint = self._fixed.setdefault(path, Endpoint(path, ""))

        def add(handler: Handler) -> Handler:
            endpoint.handlers[method] = handler
            return handler

        return add
