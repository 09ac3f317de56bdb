"""What wallets call, and what anybody may read."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response

from capabilities.status_publisher.api import add_status_lists
from protocol.errors import raised_as
from protocol.fields import Fields
from protocol.wallet_unit.errors import InvalidUnitRequest
from runtime.asgi import json_answer, read_json_body
from runtime.driver import Driver
from runtime.endpoints import Endpoints
from wallet.provider.service import WalletProvider

MAX_REQUEST = 128 * 1024  # bytes: a hundred keys
TEXT = "text/plain; charset=utf-8"


def provider_endpoints(provider: WalletProvider, driver: Driver, statements: dict[str, str]) -> Endpoints:
    """Everything below a provider's address; `statements` are what it says of its wallets, by name."""
    path = urlsplit(provider.context.identifier).path
    endpoints = Endpoints()

    @endpoints.post(f"{path}/challenge")
    async def challenge(_: Request) -> Response:
        return json_answer({"challenge": provider.challenge()})

    @endpoints.post(f"{path}/unit")
    async def unit(request: Request) -> Response:
        with raised_as(InvalidUnitRequest):
            body = Fields(await read_json_body(request, "unit_request", max_bytes=MAX_REQUEST), "unit_request")
            text = body.text("request", max_length=MAX_REQUEST)
        return json_answer((await driver.run(provider.answer(text))).to_dict())

    for name, text in statements.items():
        _add_statement(endpoints, f"{path}/{name}", text)
    add_status_lists(endpoints, provider.lists, driver, path)
    return endpoints


def _add_statement(endpoints: Endpoints, path: str, text: str) -> None:
    @endpoints.get(path)
    async def statement(_: Request) -> Response:
        return Response(text, media_type=TEXT, headers={"cache-control": "public, max-age=3600"})
