"""The pages of the town itself: who is there, what to try, and what can go wrong. They know nothing and keep nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request, Response

from hoheit.demo.places import (
    AGENCIES,
    CAR_RENTAL,
    CINEMA,
    CITIZEN_NAME,
    CITY_OFFICE,
    COLLEGE,
    COUNTERS,
    FORM_SERVICE,
    LIBRARY,
    PARTNERS,
    PRIZE_DRAW,
    PROVIDING,
    REGISTERS,
    SPORTS_CLUB,
    TOWN,
    VIDEO_SHOP,
    Agency,
    Partner,
    Register,
)
from hoheit.demo.setting_up import Town
from protocol.oid4vci.offer import CredentialOffer, offer_link
from runtime.asgi import create_application
from runtime.languages import language_of
from runtime.pages import Pages, qr_svg, serve_static

HOME = Path(__file__).parent.parent


def _workplace(place: Agency | Partner | Register) -> str:
    """Where people of a place work; empty: nobody has a code for it."""
    if isinstance(place, Register):
        return "operator"
    return "desk" if isinstance(place, Agency) or place in PROVIDING else ""


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
            counters=_doors(town, COUNTERS, language),
            registers=_doors(town, REGISTERS, language),
            desk=f"{town.address(CITY_OFFICE)}/desk",
            library=f"{town.address(LIBRARY)}/",
            cinema=f"{town.address(CINEMA)}/",
        )

    @application.get("/wrong", include_in_schema=False)
    async def wrong(request: Request) -> Response:
        language = language_of(request)
        link = _offer_of_the_college(town)
        return pages.page(
            request,
            "wrong.html",
            citizen=CITIZEN_NAME,
            wallet=town.wallet_address,
            desk=f"{town.address(CITY_OFFICE)}/desk",
            curious=_doors(town, (VIDEO_SHOP,), language)[0],
            unknown=_doors(town, (PRIZE_DRAW,), language)[0],
            barred=_doors(town, (CAR_RENTAL,), language)[0],
            service=_doors(town, (FORM_SERVICE,), language)[0],
            club=dict(SPORTS_CLUB.name)[language],
            college=dict(COLLEGE.name)[language],
            offer=f"{town.wallet_address}/credential-offer?{link.partition('?')[2]}",
        )

    @application.get("/wrong/offer.svg", include_in_schema=False)
    async def code(_: Request) -> Response:
        return Response(qr_svg(_offer_of_the_college(town)), media_type="image/svg+xml")

    serve_static(application)
    return application


def _offer_of_the_college(town: Town) -> str:
    """What the college offers anybody: nothing that it may give. The wallet sees that before it asks for anything."""
    return offer_link(CredentialOffer(town.address(COLLEGE), COLLEGE.types, authorization_code=True))


def _doors(town: Town, places: Sequence[Agency | Partner | Register], language: str) -> list[Door]:
    return [
        Door(
            dict(place.name)[language],
            f"{town.address(place)}/",
            f"{town.address(place)}/{_workplace(place)}" if _workplace(place) else "",
        )
        for place in places
    ]
