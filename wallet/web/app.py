"""The web application of a wallet: for one citizen, on their own machine, under one host name (T239)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from protocol.errors import InvalidRequest, NotFound, ProtocolError
from protocol.keys import RandomBytes
from runtime.asgi import create_application
from runtime.hosts import HostSwitch
from runtime.languages import language_of
from runtime.pages import Pages, serve_static
from runtime.routes import Router, add_routes
from runtime.seal import DamagedError
from wallet.service.trusting import Trusting
from wallet.web.activity import activity_pages
from wallet.web.adding import adding_pages
from wallet.web.cockpit import cockpit_pages
from wallet.web.complaining import complaint_pages
from wallet.web.door import Door
from wallet.web.entrance import entrance
from wallet.web.following import Following
from wallet.web.forwarding import forwarding_pages
from wallet.web.keeping import keeping_pages
from wallet.web.login import login_pages
from wallet.web.mandates import mandate_pages
from wallet.web.meeting import meeting_pages
from wallet.web.moving import moving_pages
from wallet.web.presenting import presenting_pages
from wallet.web.receiving import receiving_pages
from wallet.web.refreshing import refreshing
from wallet.web.renewing import renewal_pages, renewing
from wallet.web.rights import rights_pages
from wallet.web.room import Room, room_of
from wallet.web.services.errands import errand_pages
from wallet.web.services.notes import note_pages
from wallet.web.services.pages import catalogue_pages
from wallet.web.services.planning import planning_pages
from wallet.web.settings import settings_pages
from wallet.web.shelf import Shelf
from wallet.web.standing import standing_pages
from wallet.web.tickets import Tickets
from wallet.web.told import told_pages
from wallet.web.vouching import vouching_pages
from wallet.words import Words

HOME = Path(__file__).parent.parent


def serve_wallet(
    door: Door,
    *,
    public_url: str,
    random_bytes: RandomBytes,
    trusting: Trusting,
    following: Following | None = None,
    in_background: bool = True,
) -> HostSwitch:
    """The application around a door. What comes for another host name is refused: no other site can point its name here.

    `following` goes on as long as the application runs, whether the door is open or not; `in_background`: documents are
    renewed by themselves while it is open.
    """
    room = Room(
        door,
        Pages(HOME, public_url=public_url, secret=random_bytes(32)),
        public_url,
        trusting,
        Tickets(random_bytes(32)),
        links=Shelf(door.now, random_bytes),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        background = renewing(door, random_bytes) if in_background else nullcontext()
        async with door.watched(), refreshing(door), background, following or nullcontext():
            yield

    def trouble(request: Request, status: int, code: str) -> Response:
        owner = Words(language_of(request))("My wallet")
        return room.pages.trouble(request, status=status, code=code, owner=owner, home="/")

    application = create_application(
        title="Hoheit wallet", secure=public_url.startswith("https://"), lifespan=lifespan, error_page=trouble
    )
    application.state.room = room
    application.add_exception_handler(ProtocolError, _refusal)
    application.add_exception_handler(DamagedError, _damaged)
    application.add_exception_handler(HTTPException, _no_page)
    add_routes(application, *_rooms())
    serve_static(application)
    return HostSwitch({urlsplit(public_url).hostname or "": application})


@cache
def _rooms() -> tuple[Router, ...]:
    """All routes. They take what they show from their application's room, so several wallets in a process share them."""
    return (
        entrance(),
        keeping_pages(),
        renewal_pages(),
        activity_pages(),
        cockpit_pages(),
        rights_pages(),
        complaint_pages(),
        settings_pages(),
        moving_pages(),
        vouching_pages(),
        told_pages(),
        adding_pages(),
        receiving_pages(),
        login_pages(),
        presenting_pages(),
        meeting_pages(),
        catalogue_pages(),
        planning_pages(),
        errand_pages(),
        note_pages(),
        forwarding_pages(),
        standing_pages(),
        mandate_pages(),
    )


async def _refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, ProtocolError):
        raise error
    return room_of(request).refusal(request, error)


async def _damaged(request: Request, _: Exception) -> Response:
    room = room_of(request)
    room.door.close()
    return room.page(request, "damaged.html", status=500)


async def _no_page(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    room = room_of(request)
    missing = error.status_code == 404
    answer = room.refusal(request, NotFound("no such page") if missing else InvalidRequest("this is not possible here"))
    answer.status_code = error.status_code
    return answer
