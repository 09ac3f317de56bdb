"""Where services begin: the address in the catalogue. A wallet gets a signed request of its own, a browser its page."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from protocol.oid4vp.request_object import MEDIA_TYPE
from runtime.driver import Driver
from runtime.pages import redirect
from verifier.api.endpoints import wallet_nonce_of
from verifier.service import Verifier


def service_starts(verifier: Verifier, driver: Driver) -> APIRouter:
    """The address of every service, by both methods (OID4VP 1.0 §5.10)."""
    address = f"{urlsplit(verifier.context.identifier).path}/services/{{service}}/start"
    router = APIRouter(include_in_schema=False)

    async def answer(service: str, wallet_nonce: str | None) -> Response:
        text = await driver.run(verifier.forms.start(service, wallet_nonce))
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

    return router
