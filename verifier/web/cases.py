"""The page of a case for its citizen: how it stands, in plain words, and what their wallet can fetch. No decisions here."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response

from protocol.errors import ProtocolError, TooLarge
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.pages import Pages, qr_svg
from runtime.routes import Router
from verifier.once_only.case import CaseState
from verifier.service import Verifier
from verifier.service.cases import OwnCase
from verifier.web.form_view import wording_in
from verifier.web.pages import partner_name, refusal_page


def case_pages(verifier: Verifier, driver: Driver, pages: Pages) -> Router:
    """Both addresses of a case."""
    path = urlsplit(verifier.context.identifier).path
    router = Router(include_in_schema=False)

    @router.get(f"{path}/cases/{{secret}}")
    async def case(secret: str, request: Request) -> Response:
        try:
            found = await driver.run(verifier.cases.own(secret))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return _page(request, pages, verifier, found, f"{path}/cases/{secret}")

    @router.get(f"{path}/cases/{{secret}}/qr.svg")
    async def picture(secret: str) -> Response:
        found = await driver.run(verifier.cases.own(secret))
        svg = qr_svg(found.told.offer)
        return Response(svg, media_type="image/svg+xml", headers={"cache-control": "no-store"})

    return router


def _page(request: Request, pages: Pages, verifier: Verifier, found: OwnCase, address: str) -> Response:
    language = language_of(request)
    service = verifier.context.services.get(found.case.service)
    return pages.page(
        request,
        "case.html",
        partner=service.announced.provider.name if service else partner_name(verifier, request),
        title=wording_in(service.announced.name, language) if service else "",
        answer_days=service.outcome.answer_days if service else 0,
        case=found.case,
        told=found.told,
        good=found.case.state == CaseState.GRANTED,
        qr=f"{address}/qr.svg" if _fits_code(found.told.offer) else "",
    )


def _fits_code(offer: str) -> bool:
    """Whether an offer can be scanned; a long one is a link alone."""
    if not offer:
        return False
    try:
        qr_svg(offer)
    except TooLarge:
        return False
    return True
