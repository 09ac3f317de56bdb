"""Routes of an application's rooms."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI


def add_routes(application: FastAPI, *routers: APIRouter) -> None:
    """Make the routes of routers the application's own, in their order.

    `FastAPI.include_router` keeps a router as a part and makes each of its routes once more when it is first asked for. Ours
    know their whole address, tags and dependencies, so there is nothing to add to them, and they are searched in one list.
    """
    for router in routers:
        application.router.routes.extend(router.routes)
