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
    """One address: what answers it by each method, and the names of the parts that vary (empty: fixed)."""

    path: str  # as it was given: the label in logs and metrics
    parameter: str
    outer: str = ""  # of a second part, two before the last one
    handlers: dict[str, Handler] = field(default_factory=dict)  # method → handler


class Endpoints:
    """A table of addresses.

    The last part of one may stand for anything but nothing, or the one before it: `/offers/{reference}`, `/rights/{id}/answer`;
    and both the last one and the one before a fixed word: `/rights/{id}/files/{hash}`.
    """

    def __init__(self) -> None:
        self._fixed: dict[str, Endpoint] = {}
        self._open: dict[str, Endpoint] = {}  # by all but the last part
        self._inner: dict[tuple[str, str], Endpoint] = {}  # by what stands before and behind the last part but one
        self._nested: dict[
            tuple[str, str], Endpoint
        ] = {}  # by what stands before both parts, and the word between them

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
        yield from self._nested.values()

    def find(self, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        """The endpoint of an address as it was decoded, with the parts that vary by their names."""
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
        if endpoint is not None:
            return endpoint, {endpoint.parameter: inner}
        front, _, outer = front.rpartition("/")
        endpoint = self._nested.get((front, inner)) if outer else None
        return None if endpoint is None else (endpoint, {endpoint.outer: outer, endpoint.parameter: last})

    def _adding(self, method: str, path: str) -> Callable[[Handler], Handler]:
        front, _, last = path.rpartition("/")
        before, _, inner = front.rpartition("/")
        first, _, outer = before.rpartition("/")
        if last.startswith("{") and outer.startswith("{"):
            name = last.strip("{}")
            endpoint = self._nested.setdefault((first, inner), Endpoint(path, name, outer.strip("{}")))
        elif last.startswith("{"):
            endpoint = self._open.setdefault(front, Endpoint(path, last.strip("{}")))
        elif inner.startswith("{"):
            endpoint = self._inner.setdefault((before, last), Endpoint(path, inner.strip("{}")))
        else:
            endpoint = self._fixed.setdefault(path, Endpoint(path, ""))

        def add(handler: Handler) -> Handler:
            endpoint.handlers[method] = handler
            return handler

        return add
