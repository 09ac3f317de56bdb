"""One HTTP/1.1 connection with limits that uvicorn does not set: the size of a request's head and the time a peer may take.

The limits hold for every byte that a stranger can send before a route has decided anything (T246, T247, T248).
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from protocol.encoding import encode_json
from runtime.bodies import BODY_TIME
from runtime.joined_writes import JoinedWrites
from runtime.live import ENDING

KEEP_ALIVE_SECONDS = 15  # between an answer and the next request
HEAD_SECONDS = 10.0  # from a connection's or request's first moment to the last byte of its headers
BODY_SECONDS = 10.0  # from there to the last byte of its body
MAX_URL = 8 * 1024  # bytes
MAX_HEADERS = 100
MAX_HEAD = 32 * 1024  # bytes of request line and headers

_PHRASES = {
    400: b"Bad Request",
    408: b"Request Timeout",
    414: b"URI Too Long",
    431: b"Request Header Fields Too Large",
}


class LimitedConnection(HttpToolsProtocol):
    """uvicorn's connection, which ends itself when its peer sends too much or too slowly."""

    head_seconds = HEAD_SECONDS
    body_seconds = BODY_SECONDS
    _ends = float("inf")  # of the loop's time: then the peer was too slow
    _alarm: asyncio.TimerHandle | None = None  # rings at that time or before
    _in_head = True
    _body_comes = False
    _head_bytes = 0  # received while the head was incomplete
    _header_bytes = 0  # of complete headers
    _ending = False  # the server is
    _too_large = 0  # the status that a limit asks for; 0 while none is passed

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request's head."""
        super().connection_made(JoinedWrites(transport, self.loop))
        self._await(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._await(None)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came. A head is measured here too, because the parser tells of a header only when it is complete."""
        began_in_head = self._in_head
        super().data_received(data)
        if began_in_head and self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self._refuse(431)

    def on_message_begin(self) -> None:
        """A request begins: its head has the time and room of its own."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        self._header_bytes = 0
        self._too_large = 0
        self._body_comes = True
        self.scope["state"][BODY_TIME] = self._more_time
        self.scope["state"][ENDING] = self._is_ending
        self._await(self.head_seconds)

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        super().on_url(url)
        if len(self.url) > MAX_URL:
            self._too_large = 414
            raise ValueError("too long an address")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value)
        # A head that came in one piece is never measured while it is incomplete
        if len(self.headers) > MAX_HEADERS or self._header_bytes > MAX_HEAD:
            self._too_large = 431
            raise ValueError("too many headers, or too large ones")

    def on_headers_complete(self) -> None:
        """The head is complete; now the body has its time."""
        self._in_head = False
        super().on_headers_complete()
        self._await(self.body_seconds)

    def on_message_complete(self) -> None:
        """The request is complete; the answer may take what it takes."""
        self._body_comes = False
        self._await(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is complete. A body that still comes is dropped until its deadline, so that the peer reads the answer."""
        super().on_response_complete()
        if not self.pipeline and not self.cycle.more_body:
            # Blank lines stop the server's own timer, and are no request yet
            self._await(KEEP_ALIVE_SECONDS + self.head_seconds)

    def shutdown(self) -> None:
        """The server ends: what is asked for is still answered, and what would go on and on learns of it (T251)."""
        self._ending = True
        super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """What cannot be parsed, or passed a limit while it was parsed."""
        self._refuse(self._too_large or 400)

    def _await(self, seconds: float | None) -> None:
        """Give the peer so much time from now on; None: it owes nothing. An alarm that rings too early is set anew then."""
        if seconds is None:
            self._ends = float("inf")
            return
        self._ends = self.loop.time() + seconds
        if self._alarm is not None and self._alarm.when() > self._ends:
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None:
            self._alarm = self.loop.call_at(self._ends, self._ring)

    def _more_time(self, seconds: float) -> None:
        """Give a body more time, from now on, if it still comes; see `runtime.bodies.make_room`."""
        if self._body_comes:
            self._await(seconds)

    def _is_ending(self) -> bool:
        return self._ending

    def _ring(self) -> None:
        self._alarm = None
        if self.loop.time() >= self._ends:
            self._too_slow()
        elif self._ends < float("inf"):
            self._alarm = self.loop.call_at(self._ends, self._ring)

    def _too_slow(self) -> None:
        cycle: RequestResponseCycle | None = getattr(self, "cycle", None)
        answering = cycle is not None and cycle.response_started and not cycle.response_complete
        begun = self._head_bytes > 0 if self._in_head else cycle is not None and not cycle.response_started
        if begun and not answering and not self.transport.is_closing():
            self._refuse(408)
        else:
            # Nothing was asked, or it was answered already
            self.transport.close()

    def _refuse(self, status: int) -> None:
        body = encode_json({"error": "invalid_request"})
        head = [
            b"HTTP/1.1 %d %s" % (status, _PHRASES[status]),
            b"content-type: application/json",
            b"content-length: %d" % len(body),
            b"cache-control: no-store",
            b"x-content-type-options: nosniff",
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join([*head, b"", body]))
        self.transport.close()
