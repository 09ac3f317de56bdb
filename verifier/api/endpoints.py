"""The protocol endpoints (OID4VP 1.0 §5.10, §8.2): read, ask the service, write."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from fastapi import Request, Response

from capabilities.cockpit.api import add_cockpit
from capabilities.usage_log.api import add_usage_log
from protocol.oid4vp.request_object import MEDIA_TYPE
from protocol.oid4vp.request_uri import RequestUriForm
from runtime.asgi import FORM, MAX_BODY, json_answer, read_form
from runtime.driver import Driver
from runtime.endpoints import Endpoints
from verifier.service import Verifier


def protocol_endpoints(verifier: Verifier, driver: Driver) -> Endpoints:
    """Everything that wallets call."""
    path = urlsplit(verifier.context.identifier).path
    endpoints = Endpoints()

    async def request_object(reference: str, wallet_nonce: str | None) -> Response:
        text = await driver.run(verifier.requests.open(reference, wallet_nonce))
        return Response(text, media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})

    @endpoints.get(f"{path}/requests/{{reference}}")
    async def get_request_object(request: Request) -> Response:
        return await request_object(request.path_params["reference"], None)

    @endpoints.post(f"{path}/requests/{{reference}}")
    async def post_request_object(request: Request) -> Response:
        return await request_object(request.path_params["reference"], await _wallet_nonce(request))

    async def counter_request(request: Request, wallet_nonce: str | None) -> Response:
        text = await driver.run(verifier.counters.ask(request.path_params["reference"], wallet_nonce))
        return Response(text, media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})

    @endpoints.get(f"{path}/quick/{{reference}}")
    async def get_counter_request(request: Request) -> Response:
        return await counter_request(request, None)

    @endpoints.post(f"{path}/quick/{{reference}}")
    async def post_counter_request(request: Request) -> Response:
        return await counter_request(request, await _wallet_nonce(request))

    @endpoints.post(f"{path}/responses/{{reference}}")
    async def response(request: Request) -> Response:
        form = await read_form(request, max_bytes=MAX_BODY)
        return json_answer(
            (await driver.run(verifier.answers.receive(request.path_params["reference"], form))).to_dict()
        )

    cockpit_path = f"{path}/cockpit"
    add_cockpit(endpoints, verifier.cockpit, driver, cockpit_path, time.monotonic)
    add_usage_log(endpoints, verifier.usage, driver, cockpit_path)

    did_path = f"{path}/did.json" if path else "/.well-known/did.json"

    @endpoints.get(did_path)
    async def did_document(_: Request) -> Response:
        return json_answer(verifier.context.did_document(), headers={"cache-control": "public, max-age=300"})

    return endpoints


async def _wallet_nonce(request: Request) -> str | None:
    # Some wallets post nothing at all, without any content type; that is a question too
    form = await read_form(request) if request.headers.get("content-type", "").startswith(FORM) else {}
    return RequestUriForm.from_form(form).wallet_nonce
