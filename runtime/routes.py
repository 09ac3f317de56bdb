"""Routes of an application's rooms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from enum import Enum
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.params import Depends as DependsOn
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from runtime.bodies import LARGE_AT_ONCE, LARGE_SECONDS, make_room


class LateRoute(APIRoute):
    """A route that finds out what its handler asks for when it is first asked for; from then on it is as any other.

    See docs/decisions/0074-routes-are-made-when-asked-for.md. That a handler cannot be served shows only then, or in `finish`.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **described: Any) -> None:
        methods, in_schema = described["methods"], described["include_in_schema"]
        Route.__init__(self, path, endpoint, methods=methods, include_in_schema=in_schema)
        self.methods = set(methods)  # HEAD is answered where a handler says so
        self._rest: Callable[[], None] | None = partial(APIRoute.__init__, self, path, endpoint, **described)
        self.app = self._first

    async def _first(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.finish()
        await self.app(scope, receive, send)

    def finish(self) -> None:
        """Find out now."""
        # Applications of one process may share routes and run in threads of their own; twice is the same as once
        rest = self._rest
        if rest is not None:
            rest()
            self._rest = None


class Router(APIRouter):
    """A room of an application, with routes that are made when they are asked for."""

    def __init__(
        self,
        *,
        prefix: str = "",
        tags: list[str | Enum] | None = None,
        dependencies: Sequence[DependsOn] | None = None,
        include_in_schema: bool = True,
    ) -> None:
        super().__init__(
            prefix=prefix,
            tags=tags,
            dependencies=dependencies,
            include_in_schema=include_in_schema,
            route_class=LateRoute,
        )


def finish_routes(application: FastAPI) -> None:
    """Make all routes of an application, such as to describe its interface."""
    for route in application.routes:
        if isinstance(route, LateRoute):
            route.finish()


def add_routes(application: FastAPI, *routers: APIRouter) -> None:
    """Make the routes of routers the application's own, in their order.

    `FastAPI.include_router` keeps a router as a part and makes each of its routes once more when it is first asked for. Ours
    know their whole address, tags and dependencies, so there is nothing to add to them, and they are searched in one list.
    """
    for router in routers:
        application.router.routes.extend(router.routes)


def large_bodies(check: Callable[[Request], Awaitable[object]], max_bytes: int) -> type[APIRoute]:
    """A kind of route that takes bodies of `max_bytes` from whom `check` lets in, before anything of them is read (T246).

    The framework reads a body before it asks who sent it. So few at a time are read and answered; the others wait unread.
    """
    turns = asyncio.Semaphore(LARGE_AT_ONCE)

    class LargeBodies(LateRoute):
        """Its handler is reached with the door open."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """See `APIRoute`."""
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                await check(request)
                async with turns:
                    make_room(request, max_bytes, seconds=LARGE_SECONDS)
                    return await handle(request)

            return answer

    return LargeBodies
