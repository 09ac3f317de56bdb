"""The web edge that all services share: bodies read under caps, errors turned into answers, headers on everything.

Routes stay a few lines: they read with `read_form` or `read_json_body`, ask their service, and write. What a `ProtocolError`
says becomes the specification's error object here; whatever else goes wrong is a 500 without detail and one log line. People
who meet an error in their browser get a page instead (`runtime/error_pages.py`).
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json
from protocol.errors import (
    InsufficientScope,
    InvalidRequest,
    Malformed,
    NotFound,
    ProtocolError,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
    UseAttestationChallenge,
    UseDpopNonce,
)
from protocol.keys import SIGNATURE_ALGORITHMS
from protocol.oauth.client_attestation import CHALLENGE_HEADER
from runtime.bodies import BODY_ROOM, BodyRoom, media_type_of, read_body
from runtime.driver import Driver
from runtime.endpoints import Endpoint, Endpoints
from runtime.error_pages import is_for_page
from runtime.health import METRICS_TYPE, Metrics, is_ready
from runtime.logs import get_logger
from runtime.openapi import with_refusals
from runtime.routes import finish_routes
from runtime.security_headers import SECURITY_HEADERS, SECURITY_HEADERS_FOR_PROGRAMS

MAX_FORM = 64 * 1024  # bytes
MAX_BODY = 1 << 20  # bytes
MAX_FIELDS = 100
RETRY_AFTER = "2"  # seconds
METRICS_KEY_BYTES = 16  # at least
FORM = "application/x-www-form-urlencoded"

# Makes a page of an error: of the request, the status, and the code by which the log knows it (empty: the log has none)
ErrorPage = Callable[[Request, int, str], Response]


def create_application(
    *,
    title: str,
    secure: bool,
    lifespan: Lifespan[FastAPI],
    endpoints: Endpoints | None = None,
    error_page: ErrorPage | None = None,
) -> FastAPI:
    """An application with the edge around it. `secure`: it is reached over https, and browsers shall insist on that.

    `endpoints` come first; what they do not have goes to the routes. Without an `error_page`, people read what programs read.
    """
    refusals = _Refusals(error_page)
    strict = {"strict-transport-security": "max-age=63072000"} if secure else {}
    application = _Application(
        title=title,
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Nothing leaves the house but answers and log lines
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    application.add_exception_handler(ProtocolError, refusals.protocol_error)
    application.add_exception_handler(HTTPException, refusals.http_error)
    application.add_exception_handler(RequestValidationError, refusals.validation_error)
    application.add_middleware(_Edge, headers=SECURITY_HEADERS | strict, refusals=refusals)
    if endpoints is not None:
        edge = _Edge(_called, headers=SECURITY_HEADERS_FOR_PROGRAMS | strict, refusals=_Refusals(None))
        application.put_first(endpoints, edge)
    return application


def add_health(application: FastAPI, driver: Driver, check: Callable[[], None], *, metrics_key: str = "") -> None:
    """Add `/live`, `/ready` and, for whoever has `metrics_key`, `/metrics`; without a key nothing is counted (T253, T255).

    Raises:
        ValueError: the key is so short that it could be guessed.
    """

    @application.get("/live", include_in_schema=False)
    async def live() -> Response:
        return json_answer({"live": True})

    @application.get("/ready", include_in_schema=False)
    async def ready() -> Response:
        good = await is_ready(driver, check)
        return json_answer({"ready": good}, status=200 if good else 503)

    if not metrics_key:
        return
    if len(metrics_key.encode()) < METRICS_KEY_BYTES:
        raise ValueError(f"metrics_key must have at least {METRICS_KEY_BYTES} characters")
    metrics = Metrics()
    application.state.metrics = metrics

    @application.get("/metrics", include_in_schema=False)
    async def counted(request: Request) -> Response:
        if not hmac.compare_digest(bearer_key(request).encode(), metrics_key.encode()):
            raise Unauthorized("this key is not good")
        return Response(metrics.text(), headers={"content-type": METRICS_TYPE})


async def read_form(request: Request, *, max_bytes: int = MAX_FORM) -> dict[str, str]:
    """A form as RFC 6749 wants it: urlencoded, no parameter twice (T113). Empty values count as absent.

    Raises:
        UnsupportedMediaType: another content type.
        TooLarge: a body over `max_bytes`.
        InvalidRequest: a parameter twice, too many, a NUL, or no UTF-8.
    """
    if media_type_of(request) != FORM:
        raise UnsupportedMediaType(f"the body must be {FORM}")
    body = await read_body(request, max_bytes)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise InvalidRequest("the form cannot be read") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise InvalidRequest("the form has a parameter twice")
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise InvalidRequest("the form holds a NUL")
    return {name: value for name, value in form.items() if value}


async def read_message(
    request: Request, media_types: tuple[str, ...], *, max_bytes: int = MAX_BODY
) -> tuple[str, bytes]:
    """A body with its media type, which is one of these.

    Raises:
        UnsupportedMediaType: another content type.
        TooLarge: a body over `max_bytes`.
    """
    media_type = media_type_of(request)
    if media_type not in media_types:
        raise UnsupportedMediaType(f"the body must be {' or '.join(media_types)}")
    return media_type, await read_body(request, max_bytes)


async def read_json_body(request: Request, at: str, *, max_bytes: int = MAX_BODY) -> JsonValue:
    """A JSON body.

    Raises:
        UnsupportedMediaType: another content type.
        TooLarge: a body over `max_bytes`.
        Malformed: not JSON.
    """
    _, body = await read_message(request, ("application/json",), max_bytes=max_bytes)
    return read_json(body, at)


def json_answer(content: JsonObject, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that nobody keeps."""
    return _JsonAnswer(encode_json(content), status, {"cache-control": "no-store", **(headers or {})})


class _JsonAnswer(Response):
    """A JSON answer with a body, whose headers are what they are told to be; the framework would first look what is there."""

    media_type = "application/json"

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        ]


def error_answer(error: ProtocolError) -> Response:
    """The answer that an error stands for."""
    headers: dict[str, str] = {}
    if isinstance(error, UseDpopNonce):
        headers["dpop-nonce"] = error.nonce
    if isinstance(error, UseAttestationChallenge):
        headers[CHALLENGE_HEADER.lower()] = error.challenge
    # RFC 6750 §3: a token that is not enough is answered with a challenge too
    if error.status == 401 or isinstance(error, InsufficientScope):
        headers["www-authenticate"] = _challenge(error)
    if isinstance(error, Unavailable):
        headers["retry-after"] = RETRY_AFTER
    return json_answer(dict[str, JsonValue](error.to_dict()), status=error.status, headers=headers)


def bearer_key(request: Request) -> str:
    """The key of the administration API that a request carries.

    Raises:
        Unauthorized: none.
    """
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise Unauthorized("an API key is needed")
    return key


def _challenge(error: ProtocolError) -> str:
    if isinstance(error, Unauthorized):
        return "Bearer"
    return f'DPoP error="{error.code}", algs="{" ".join(SIGNATURE_ALGORITHMS)}"'


class _Refusals:
    """What an application says when it does not do what was asked."""

    def __init__(self, error_page: ErrorPage | None) -> None:
        self._page = error_page

    def told(self, request: Request, answer: Response, code: str = "") -> Response:
        """An answer for programs as its asker reads it: for people a page, which repeats nothing of the request."""
        if self._page is None or not is_for_page(request.scope["path"], request.headers.get("accept", "")):
            return answer
        page = self._page(request, answer.status_code, code)
        for name in _KEPT & set(answer.headers):
            page.headers[name] = answer.headers[name]
        return page

    async def protocol_error(self, request: Request, error: Exception) -> Response:
        """What a service refused."""
        if not isinstance(error, ProtocolError):
            raise error
        return self.told(request, error_answer(error))

    async def http_error(self, request: Request, error: Exception) -> Response:
        """What the router and the edge say: no such address, not by this method, too large a body."""
        if not isinstance(error, HTTPException):
            raise error
        return self.told(request, _http_answer(error))

    async def validation_error(self, request: Request, error: Exception) -> Response:
        """A parameter or member of the wrong shape: where, and what kind of wrong; never the value that came (T259)."""
        if not isinstance(error, RequestValidationError):
            raise error
        found = error.errors()[0]
        at = ".".join(part if _NAME.fullmatch(part) else "*" for part in map(str, found["loc"]))
        return self.told(request, error_answer(Malformed(at, found["type"].replace("_", " "))))


_KEPT = frozenset(("allow", "retry-after"))  # headers that say what to do next, on pages too
_NAME = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)


def _http_answer(error: HTTPException) -> Response:
    missing = error.status_code == 404
    known = error_answer(NotFound("no such address") if missing else InvalidRequest("this is not possible here"))
    known.status_code = error.status_code
    for name, value in (error.headers or {}).items():
        known.headers[name] = value
    return known


class _Application(FastAPI):
    """FastAPI, with endpoints that are called before anything of the framework's own is; both have the edge around them."""

    _first: tuple[Endpoints, ASGIApp] | None = None

    def put_first(self, endpoints: Endpoints, called: ASGIApp) -> None:
        """Let `called` answer for these addresses."""
        self._first = endpoints, called

    def openapi(self) -> dict[str, Any]:
        """The interface for programs: what FastAPI found, and with each operation how it refuses.

        Given to FastAPI itself, that answer would be made a model of again for each route, pages among them, at every start.
        """
        if self.openapi_schema is None:
            finish_routes(self)
            self.openapi_schema = with_refusals(super().openapi())
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._first is not None and scope["type"] == "http":
            endpoints, called = self._first
            found = endpoints.find(scope["path"])
            if found is not None:
                scope["app"] = self
                scope["route"], scope["path_params"] = found
                await called(scope, receive, send)
                return
        await super().__call__(scope, receive, send)


async def _called(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers by the endpoint that was found; its errors are for programs, whatever the caller accepts."""
    endpoint: Endpoint = scope["route"]
    handler = endpoint.handlers.get(scope["method"])
    answer: Response
    try:
        if handler is None:
            raise HTTPException(405, headers={"allow": ", ".join(sorted(endpoint.handlers))})
        answer = await handler(Request(scope, receive))
    except ProtocolError as error:
        answer = error_answer(error)
    except HTTPException as error:
        answer = _http_answer(error)
    await answer(scope, receive, send)


class _Edge:
    """Around every request: caps on what comes in, headers on what goes out, one log line, an end to every exception."""

    def __init__(self, app: ASGIApp, *, headers: Mapping[str, str], refusals: _Refusals) -> None:
        self._app = app
        self._refusals = refusals
        self._log: FilteringBoundLogger | None = None
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 500
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                started = True
                status = message["status"]
                there = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *[pair for pair in self._headers if pair[0] not in there]]
            await send(message)

        try:
            # T224: no address of ours has a NUL, and neither files nor databases take one
            if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
                refused = error_answer(InvalidRequest("the address holds a NUL"))
                await self._refusals.told(Request(scope), refused)(scope, receive, send_with_headers)
            else:
                room = scope[BODY_ROOM] = BodyRoom(MAX_BODY)
                await self._app(scope, _bounded(receive, room), send_with_headers)
        except Exception as error:
            request_id = secrets.token_hex(8)
            # The kind and the place of a mistake, never its text or its values (T258, T264)
            get_logger().error("unhandled", request_id=request_id, error=type(error).__name__, place=_place(error))
            if not started:
                answer = json_answer({"error": "server_error", "request_id": request_id}, status=500)
                await self._refusals.told(Request(scope), answer, request_id)(scope, receive, send_with_headers)
        finally:
            seconds = time.monotonic() - began
            route = getattr(scope.get("route"), "path", "none")
            if self._log is None:
                # Bound once: it costs more than the line
                self._log = get_logger().bind()
            self._log.info(
                "request", method=scope["method"], route=route, status=status, milliseconds=round(seconds * 1000, 1)
            )
            metrics: Metrics | None = getattr(scope["app"].state, "metrics", None)
            if metrics is not None:
                metrics.count(scope["method"], route, status, seconds)


def _bounded(receive: Receive, room: BodyRoom) -> Receive:
    """A body under a cap for whoever reads it, the framework included (T246). Its time is the connection's to watch."""

    async def receive_bounded() -> Message:
        message = await receive()
        room.left -= len(message.get("body", b""))
        if room.left < 0:
            raise HTTPException(413)
        return message

    return receive_bounded


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else ""
