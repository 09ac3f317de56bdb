"""A conversation written straight down the specification: it yields what it needs done and is handed the outcome.

    def fetch_nonce(endpoint: str) -> Exchange[str]:
        response = yield from send(HttpRequest("POST", endpoint))
        return Fields(response.json("nonce_response"), "nonce_response").text("c_nonce")

Exchanges compose with `yield from`. Who drives one decides how effects run: a plain loop in tests and commands, an
asynchronous driver in a server. An effect that fails with a `ProtocolError` raises it inside the exchange, which may catch it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from protocol.encoding import MAX_JSON_BYTES, JsonValue, read_json
from protocol.errors import Malformed, ProtocolError

T = TypeVar("T")

DEFAULT_RESPONSE_BYTES = 256 * 1024

Exchange = Generator[object, object, T]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request to be sent by the guarded sender; redirects are never followed."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    max_bytes: int = DEFAULT_RESPONSE_BYTES  # of the response's body, after decompression
    max_seconds: float | None = None  # from name to last byte; None: as long as the sender waits
    more_seconds: float = 0.0  # beyond that, for what is large and may come slowly
    gzip: bool = False  # take a compressed body, which is unpacked no further than `max_bytes`


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back; header names are lower case."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name (lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)

    def media_type(self) -> str:
        """The content type without parameters, lower case; empty if there is none."""
        return (self.header("content-type") or "").split(";")[0].strip().lower()

    def json(self, at: str, *, max_bytes: int = MAX_JSON_BYTES) -> JsonValue:
        """The body as JSON.

        Raises:
            TooLarge: more than `max_bytes`.
            Malformed: the media type is not JSON's, or the body is not JSON.
        """
        media_type = self.media_type()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise Malformed(at, "is not served as JSON")
        return read_json(self.body, at, max_bytes=max_bytes)


def send(request: HttpRequest) -> Exchange[HttpResponse]:
    """Have a request sent.

    Raises:
        Unreachable: no answer within the sender's limits.
    """
    response = yield request
    if not isinstance(response, HttpResponse):
        raise TypeError("an HttpRequest is answered by an HttpResponse")
    return response


def run(exchange: Exchange[T], perform: Callable[[object], object]) -> T:
    """Drive an exchange to its end in a plain loop; `perform` carries out one effect."""
    try:
        effect = next(exchange)
        while True:
            try:
                outcome = perform(effect)
            except ProtocolError as error:
                effect = exchange.throw(error)
            else:
                effect = exchange.send(outcome)
    except StopIteration as end:
        result: T = end.value
        return result
