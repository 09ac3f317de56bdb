"""Routes of an application's rooms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute

from runtime.bodies import LARGE_AT_ONCE, LARGE_SECONDS, make_room


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

    class LargeBodies(APIRoute):
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
