"""Where services begin, and where data is forwarded to them: the addresses in the catalogue.

A wallet gets a signed request of its own, a browser its page.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from protocol.exchange import Exchange
from protocol.oid4vp.request_object import MEDIA_TYPE
from runtime.driver import Driver
from runtime.pages import redirect
from verifier.api.endpoints import wallet_nonce_of
from verifier.service import Verifier
from verifier.service.context import service_forward, service_start

Making = Callable[[str, str | None], Exchange[str]]


def service_starts(verifier: Verifier, driver: Driver) -> APIRouter:
    """The addresses of every service, by both methods (OID4VP 1.0 §5.10)."""
    path = urlsplit(verifier.context.identifier).path
    router = APIRouter(include_in_schema=False)
    _add(router, verifier, driver, service_start(path, "{service}"), verifier.forms.start)
    _add(router, verifier, driver, service_forward(path, "{service}"), verifier.forms.forward)
    return router


def _add(router: APIRouter, verifier: Verifier, driver: Driver, address: str, make: Making) -> None:
    async def answer(service: str, wallet_nonce: str | None) -> Response:
        text = await driver.run(make(service, wallet_nonce))
        return Response(text, media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})

    @router.get(address)
    async def get_request(service: str, request: Request) -> Response:
        # Somebody opened it in a browser, such as from a letter: the page leads on from there
        if "text/html" in request.headers.get("accept", ""):
            described = verifier.forms.service(service)
            return redirect(urlsplit(verifier.context.service_page(described.id)).path)
        return await answer(service, None)

    @router.post(address)
    async def post_request(service: str, request: Request) -> Response:
        return await answer(service, await wallet_nonce_of(request))
