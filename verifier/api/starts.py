"""Where services begin, and where data is forwarded to them: the addresses in the catalogue.

A wallet gets a signed request of its own, or an invitation to bring notes where no document is needed; a browser gets its page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from fastapi import Request, Response

from protocol.exchange import Exchange
from protocol.oid4vp.request_object import MEDIA_TYPE
from protocol.sovereignty.form_invitation import MAX_SEALED
from protocol.sovereignty.form_invitation import MEDIA_TYPE as INVITATION
from runtime.asgi import json_answer, read_form
from runtime.driver import Driver
from runtime.pages import redirect
from runtime.routes import Router
from verifier.api.endpoints import wallet_nonce_of
from verifier.service import Verifier
from verifier.service.context import service_forward, service_start

MAX_FORM = MAX_SEALED + (16 << 10)  # bytes: what is sealed, and the state
Making = Callable[[str, str | None], Exchange[str]]


def service_starts(verifier: Verifier, driver: Driver) -> Router:
    """The addresses of every service, by both methods (OID4VP 1.0 §5.10)."""
    path = urlsplit(verifier.context.identifier).path
    router = Router(include_in_schema=False)
    start = {MEDIA_TYPE: verifier.forms.start, INVITATION: verifier.notes.invite}
    _add(router, verifier, driver, service_start(path, "{service}"), start)
    _add(router, verifier, driver, service_forward(path, "{service}"), {MEDIA_TYPE: verifier.forms.forward})

    @router.post(f"{path}/services/{{service}}/notes")
    async def notes(service: str, request: Request) -> Response:
        form = await read_form(request, max_bytes=MAX_FORM)
        return json_answer({"redirect_uri": await driver.run(verifier.notes.bring(service, form))})

    return router


def _add(router: Router, verifier: Verifier, driver: Driver, address: str, makings: Mapping[str, Making]) -> None:
    """`makings`: media type → who makes it; the first is what is made for whoever asks for none of them."""
    usual = next(iter(makings))

    async def answer(service: str, wanted: str, wallet_nonce: str | None) -> Response:
        media_type = wanted if wanted in makings else usual
        text = await driver.run(makings[media_type](service, wallet_nonce))
        return Response(text, media_type=media_type, headers={"cache-control": "no-store"})

    @router.get(address)
    async def get_request(service: str, request: Request) -> Response:
        # Somebody opened it in a browser, such as from a letter: the page leads on from there
        if "text/html" in request.headers.get("accept", ""):
            described = verifier.forms.service(service)
            return redirect(urlsplit(verifier.context.service_page(described.id)).path)
        return await answer(service, usual, None)

    @router.post(address)
    async def post_request(service: str, request: Request) -> Response:
        return await answer(service, request.headers.get("accept", ""), await wallet_nonce_of(request))
