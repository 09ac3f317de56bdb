"""How the messages of a meeting travel (docs/decisions/0032).

A carrier takes whole messages of either side, numbered from 0, and knows nothing about them: what they say is encrypted for
the other side, and a message that was exchanged or comes again opens nothing there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from protocol.errors import Malformed, TooLarge, Unreachable
from protocol.exchange import Exchange, HttpRequest, send
from protocol.fields import read_https_url
from protocol.mdoc.engagement import RetrievalMethod

HTTP = 4  # the kind that multipaz has for it; the standard's own end at 3
VERSION = 1
MEDIA_TYPE = "application/cbor"
MAX_MESSAGE = 256 * 1024  # bytes
MAX_SECONDS = 8.0  # for one message

_URI = 0
_AT = "relay"


class Side(StrEnum):
    """Whose messages they are."""

    READER = "reader"
    DEVICE = "device"


class Carrier(Protocol):
    """A way for the messages of one meeting, from one side."""

    def send(self, message: bytes, number: int = 0) -> Exchange[None]:
        """Hand over a message of this side; handing over the same again changes nothing.

        Raises:
            Unreachable: it was not taken, or nobody knows.
            TooLarge: it is larger than what is carried.
        """

    def receive(self, number: int = 0) -> Exchange[bytes | None]:
        """The other side's message; None: it is not there yet.

        Raises:
            Unreachable: nobody knows whether there is one.
        """


@dataclass(frozen=True, slots=True)
class Relay:
    """A place on the web where both sides leave messages for each other for some seconds; it cannot read them."""

    uri: str
    side: Side  # ours

    @classmethod
    def of_device(cls, base: str, channel: str) -> Self:
        """A wallet's own channel, at a relay that it trusts to be there; `channel` is at least 128 random bits in base64url."""
        return cls(f"{base.rstrip('/')}/{channel}", Side.DEVICE)

    @classmethod
    def of_reader(cls, methods: Iterable[RetrievalMethod]) -> Self | None:
        """The relay that an engagement names; None: it names none that we can use.

        The address is the other side's choice: whoever sends there has to be as careful as with any stranger's.
        """
        for method in methods:
            if method.kind == HTTP and method.version == VERSION and isinstance(method.options, dict):
                try:
                    return cls(read_https_url(method.options.get(_URI), _AT), Side.READER)
                except Malformed:
                    continue
        return None

    def method(self) -> RetrievalMethod:
        """How an engagement names it."""
        return RetrievalMethod(HTTP, VERSION, {_URI: self.uri})

    def send(self, message: bytes, number: int = 0) -> Exchange[None]:
        """Leave a message; see `Carrier.send`."""
        if len(message) > MAX_MESSAGE:
            raise TooLarge(_AT, f"carries messages of at most {MAX_MESSAGE} bytes")
        url = f"{self.uri}/{self.side}/{number}"
        headers = (("content-type", MEDIA_TYPE),)
        response = yield from send(HttpRequest("POST", url, headers, message, max_seconds=MAX_SECONDS))
        if response.status != 204:
            raise Unreachable(f"{_AT}: answered with status {response.status}")

    def receive(self, number: int = 0) -> Exchange[bytes | None]:
        """Look for the other side's message; see `Carrier.receive`."""
        url = f"{self.uri}/{Side.DEVICE if self.side is Side.READER else Side.READER}/{number}"
        headers = (("accept", MEDIA_TYPE),)
        response = yield from send(HttpRequest("GET", url, headers, max_bytes=MAX_MESSAGE, max_seconds=MAX_SECONDS))
        if response.status == 204:
            return None
        if response.status != 200 or response.media_type() != MEDIA_TYPE:
            raise Unreachable(f"{_AT}: answered with status {response.status}")
        return response.body

    def end(self) -> Exchange[None]:
        """Have everything there erased, now and not only when its time is over; whether it was is nobody's worry."""
        yield from send(HttpRequest("DELETE", self.uri, max_seconds=MAX_SECONDS))
