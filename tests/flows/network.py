"""Joins applications in one process by their hosts, and remembers every byte that went between them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fastapi import FastAPI

from protocol.exchange import HttpRequest, HttpResponse
from runtime.http import InProcessSender, Sender

Lie = Callable[[HttpRequest, HttpResponse], HttpResponse]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What went over the network once, as it was sent and as it arrived."""

    who: str
    request: HttpRequest
    response: HttpResponse

    @property
    def host(self) -> str:
        """Who was called."""
        return urlsplit(self.request.url).netloc

    @property
    def sent(self) -> bytes:
        """All bytes of the request."""
        request = self.request
        headers = "".join(f"{name}: {value}\r\n" for name, value in request.headers)
        return f"{request.method} {request.url}\r\n{headers}\r\n".encode() + request.body

    @property
    def came(self) -> bytes:
        """All bytes of the answer."""
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.response.headers)
        return f"{self.response.status}\r\n{headers}\r\n".encode() + self.response.body


@dataclass(slots=True)
class Network:
    """Joins the applications by their host, and remembers everything."""

    hosts: dict[str, FastAPI] = field(default_factory=dict)
    seen: list[Exchanged] = field(default_factory=list)
    lies: dict[str, Lie] = field(default_factory=dict)  # host → what comes of its answers before they arrive
    elsewhere: Callable[[str, HttpRequest], FastAPI | None] = lambda who, request: (
        None
    )  # who is led to another application

    def of(self, who: str) -> Sender:
        """How somebody sends."""
        return _Line(self, who)

    def between(self, who: str, host: str, ending: str = "") -> list[Exchanged]:
        """What somebody exchanged with somebody at addresses that end so."""
        host = urlsplit(host).netloc
        return [
            one
            for one in self.seen
            if one.who == who and one.host == host and urlsplit(one.request.url).path.endswith(ending)
        ]


@dataclass(frozen=True, slots=True)
class _Line:
    network: Network
    who: str

    async def send(self, request: HttpRequest) -> HttpResponse:
        network, host = self.network, urlsplit(request.url).netloc
        led = network.elsewhere(self.who, request)
        response = await InProcessSender({**network.hosts, **({host: led} if led else {})}).send(request)
        if host in network.lies:
            response = network.lies[host](request, response)
        network.seen.append(Exchanged(self.who, request, response))
        return response
