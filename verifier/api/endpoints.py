"""The protocol endpoints (OID4VP 1.0 §5.10, §8.2): read, ask the service, write."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from protocol.oid4vp.request_object import MEDIA_TYPE
from protocol.oid4vp.request_uri import RequestUriForm
from runtime.asgi import FORM, MAX_BODY, json_answer, read_form
from runtime.driver import Driver
from runtime.pages import qr_svg
from verifier.service import Verifier


def protocol_endpoints(verifier: Verifier, driver: Driver) -> APIRouter:
    """Everything that wallets call."""
    path = urlsplit(verifier.context.identifier).path
    router = APIRouter(include_in_schema=False)

    async def request_object(reference: str, wallet_nonce: str | None) -> Response:
        text = await driver.run(verifier.requests.open(reference, wallet_nonce))
        return Response(text, media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})

    @router.get(f"{path}/requests/{{reference}}")
    async def get_request_object(reference: str) -> Response:
        return await request_object(reference, None)

    @router.post(f"{path}/requests/{{reference}}")
    async def post_request_object(reference: str, request: Request) -> Response:
        # Some wallets post nothing at all, without any content type; that is a question too
        form = await read_form(request) if request.headers.get("content-type", "").startswith(FORM) else {}
        return await request_object(reference, RequestUriForm.from_form(form).wallet_nonce)

    @router.get(f"{path}/requests/{{reference}}/qr.svg")
    async def request_qr(reference: str) -> Response:
        link = await driver.run(verifier.requests.link_of_reference(reference))
        return Response(qr_svg(link), media_type="image/svg+xml", headers={"cache-control": "no-store"})

    @router.post(f"{path}/responses/{{reference}}")
    async def response(reference: str, request: Request) -> Response:
        form = await read_form(request, max_bytes=MAX_BODY)
        return json_answer((await driver.run(verifier.answers.receive(reference, form))).to_dict())

    did_path = f"{path}/did.json" if path else "/.well-known/did.json"

    @router.get(did_path)
    async def did_document() -> Response:
        return json_answer(verifier.context.did_document(), headers={"cache-control": "public, max-age=300"})

    return router
