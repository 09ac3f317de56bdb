"""What the counter's page asks through its browser, and the answer that it sends on: for our own script, as JSON."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response

from protocol.fields import Fields
from runtime.asgi import json_answer, read_json_body
from runtime.driver import Driver
from runtime.pages import Pages
from runtime.routes import Router
from verifier.service import Verifier

_AT = "body"


def page_requests(verifier: Verifier, driver: Driver, pages: Pages) -> Router:
    """Both addresses; like every form they take nothing that another site sends (T233)."""
    path = urlsplit(verifier.context.identifier).path
    router = Router(include_in_schema=False)

    @router.post(f"{path}/r/{{request_id}}/page-request")
    async def page_request(request_id: str, request: Request) -> Response:
        browser, _ = await _read(request, pages)
        asked = await driver.run(verifier.page_requests.ask(request_id, browser))
        return json_answer({"requests": list(asked)})

    @router.post(f"{path}/r/{{request_id}}/page-answer")
    async def page_answer(request_id: str, request: Request) -> Response:
        browser, body = await _read(request, pages)
        protocol, data = body.text("protocol"), body.required("data")
        await driver.run(verifier.page_requests.answer(request_id, browser, protocol, data))
        return json_answer({})

    return router


async def _read(request: Request, pages: Pages) -> tuple[str, Fields]:
    body = Fields(await read_json_body(request, _AT), _AT)
    browser = pages.check_form(request, {"form_token": body.optional_text("form_token") or ""})
    return browser, body
