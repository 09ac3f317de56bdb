"""The first page of the town: who is there, and what to try. It knows nothing and keeps nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request, Response

from hoheit.demo.places import (
    AGENCIES,
    CITIZEN_NAME,
    CITY_OFFICE,
    LIBRARY,
    PARTNERS,
    REGISTERS,
    TOWN,
    Agency,
    Partner,
    Register,
)
from hoheit.demo.setting_up import Town
from runtime.asgi import create_application
from runtime.languages import language_of
from runtime.pages import Pages, serve_static

HOME = Path(__file__).parent.parent


DESKS: dict[type, str] = {Agency: "desk", Register: "operator"}  # where people of a place work


@dataclass(frozen=True, slots=True)
class Door:
    """A place that can be visited."""

    name: str
    address: str
    desk: str = ""  # where its people work


def start_page(town: Town, *, secret: bytes) -> FastAPI:
    """The page at the town's own address."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    address = town.start
    pages = Pages(HOME, public_url=address, secret=secret)

    def trouble(request: Request, status: int, code: str) -> Response:
        return pages.trouble(request, status=status, code=code, owner=TOWN, home="/")

    application = create_application(
        title="Hoheit demo", secure=address.startswith("https://"), lifespan=lifespan, error_page=trouble
    )

    @application.get("/", include_in_schema=False)
    async def start(request: Request) -> Response:
        language = language_of(request)
        return pages.page(
            request,
            "town.html",
            town=TOWN,
            citizen=CITIZEN_NAME,
            wallet=town.wallet_address,
            agencies=_doors(town, AGENCIES, language),
            partners=_doors(town, PARTNERS, language),
            registers=_doors(town, REGISTERS, language),
            desk=f"{town.address(CITY_OFFICE)}/desk",
            library=f"{town.address(LIBRARY)}/",
        )

    serve_static(application)
    return application


def _doors(town: Town, places: Sequence[Agency | Partner | Register], language: str) -> list[Door]:
    return [
        Door(
            dict(place.name)[language],
            f"{town.address(place)}/",
            f"{town.address(place)}/{DESKS[type(place)]}" if type(place) in DESKS else "",
        )
        for place in places
    ]
