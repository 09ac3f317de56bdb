"""A page that shows a message as moving codes and reads one, as pages of the roles do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import jinja2
from fastapi import FastAPI, Request, Response

from protocol.base45 import encode_base45
from protocol.cbor import CborValue, encode_cbor
from protocol.encoding import decode_base64url
from protocol.mdoc.frames import PREFIX, Frame
from runtime.asgi import create_application, json_answer, read_form
from runtime.moving_codes import moving_codes
from runtime.pages import COMMON_TEMPLATES, serve_static
from runtime.serve import Listen, running
from tests.support.ports import free_port

_PAGE = """{% import "camera.html" as camera with context %}
<!doctype html><html lang="en"><title>Moving codes</title><link rel="stylesheet" href="/static/hoheit.css">
<link rel="icon" href="/static/icon.svg"><script type="module" src="/static/page.js"></script>
<script type="module" src="/static/codes.js"></script>
<main><h1>In person</h1>
<canvas class="qr" data-moving-codes="/codes" data-failed="There is no code any more." role="img"
 aria-label="A moving code"></canvas>
<form method="post" action="/got" data-moving-reader>
<input type="hidden" name="message"><input type="hidden" name="link" data-schemes="mdoc: openid4vp:">
{{ camera.eye() }}{{ camera.progress() }}</form></main>"""


@dataclass(slots=True)
class Station:
    """Where the page is, what it shows, and what it was sent."""

    url: str
    shown: bytes | None = None
    got: list[dict[str, str]] = field(default_factory=list)

    @property
    def messages(self) -> list[bytes]:
        """The messages that were read, each once for each time that it was sent."""
        return [decode_base64url(form["message"], "message") for form in self.got]


@contextmanager
def serving() -> Iterator[Station]:
    """Serve one while the block lasts, with the headers of every page."""
    port = free_port()
    station = Station(f"http://localhost:{port}")
    with running(_application(station), Listen(port=port)):
        yield station


def forged(text: str, **changes: CborValue) -> str:
    """A frame with some of its members exchanged, for others of any type."""
    frame = Frame.from_text(text)
    members: dict[str, CborValue] = {"id": frame.id, "size": frame.size, "number": frame.number, "data": frame.data}
    return PREFIX + encode_base45(encode_cbor([*{**members, **changes}.values()]))


def _application(station: Station) -> FastAPI:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(COMMON_TEMPLATES), autoescape=True)
    environment.globals["_"] = str  # every text as it is written
    page = environment.from_string(_PAGE).render()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    application = create_application(title="moving codes", secure=False, lifespan=lifespan)

    @application.get("/")
    async def show() -> Response:
        return Response(page, media_type="text/html; charset=utf-8")

    @application.get("/codes")
    async def codes() -> Response:
        return json_answer(moving_codes(station.shown)) if station.shown is not None else Response(status_code=404)

    @application.post("/got")
    async def got(request: Request) -> Response:
        station.got.append(await read_form(request, max_bytes=1 << 20))
        return Response('<!doctype html><html lang="en"><title>Got it</title><h1>Got it</h1>', media_type="text/html")

    serve_static(application)
    return application
