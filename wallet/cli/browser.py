"""The way back from a login in the browser: one address on this machine, for one answer (RFC 8252 §7.3)."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Self
from urllib.parse import urlsplit

from protocol.errors import Unreachable

WAIT_SECONDS = 300.0
PATH = "/callback"
MAX_TARGET = 16 * 1024  # characters

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>Hoheit</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""


class LoginListener:
    """Listens on loopback, on a port that the system picks, until the browser came back once."""

    def __init__(self, *, language: str, title: str, text: str) -> None:
        self._page = _PAGE.format(language=language, title=title, text=text).encode("utf-8")
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self._server = _Server(self._page)
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.server_close()

    @property
    def redirect_uri(self) -> str:
        """Where the browser is to come back to."""
        return f"http://127.0.0.1:{self._running.server_port}{PATH}"

    def wait(self, seconds: float = WAIT_SECONDS) -> str:
        """The whole address that the browser came back with; the first one counts, others are not heard (T149).

        Raises:
            Unreachable: it did not come back in time.
        """
        server = self._running
        deadline = time.monotonic() + seconds
        while server.returned is None:
            server.timeout = deadline - time.monotonic()
            if server.timeout <= 0:
                raise Unreachable("the browser did not come back from the login in time; nothing was received")
            server.handle_request()
        return f"http://127.0.0.1:{server.server_port}{server.returned}"

    @property
    def _running(self) -> _Server:
        if self._server is None:
            raise ValueError("the listener is not started")
        return self._server


class _Server(HTTPServer):
    def __init__(self, page: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page = page
        self.returned: str | None = None

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks is none of the user's business."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5  # seconds for one connection, so that a silent one cannot hold up the login

    def do_GET(self) -> None:
        """Take the answer, and show the user that they can go back to the wallet."""
        expected = f"127.0.0.1:{self.server.server_port}"
        target = urlsplit(self.path)
        if (
            target.path != PATH
            or not target.query
            or len(self.path) > MAX_TARGET
            or self.headers.get("host") != expected
        ):
            self.send_error(404)
            return
        if self.server.returned is None:
            self.server.returned = self.path
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(self.server.page)))
        self.send_header("content-security-policy", "default-src 'none'")
        self.send_header("referrer-policy", "no-referrer")
        self.send_header("cache-control", "no-store")
        self.end_headers()
        self.wfile.write(self.server.page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing is logged: the address holds a code."""
