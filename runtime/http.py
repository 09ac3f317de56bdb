"""The one guarded sender: https, public addresses, the checked address used, no redirects, caps on bytes and time.

Addresses of this machine (`localhost`, `*.localhost`) are called only where the environment allows it; the sender maps
those names to loopback itself, without asking any resolver.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import httpx2

from protocol.errors import Malformed, TooLarge, Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from protocol.fields import is_local, read_https_url

TOTAL_SECONDS = 5.0  # from name to last byte
PER_HOST = 8  # requests to one host at the same time
MAX_HEADER_BYTES = 32 * 1024
MAX_ADDRESSES = 4  # of one host that are tried
RESOLVER_THREADS = 32
_GZIP = 16 + zlib.MAX_WBITS  # with the header and checksum of gzip, and nothing else
_GZIP_OVERHEAD = 64 * 1024  # bytes that packing may add

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of a host name; raises OSError if there are none."""


class Sender(Protocol):
    """Something that sends a request and brings the response."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request.

        Raises:
            Unreachable: no answer within the limits, or an address that must not be called.
        """


@dataclass(frozen=True, slots=True)
class SenderLimits:
    """How long and how often."""

    total_seconds: float = TOTAL_SECONDS
    per_host: int = PER_HOST


@lru_cache(maxsize=1)
def public_authorities() -> ssl.SSLContext:
    """Whom the system believes to name hosts. Cached: these are hundreds of certificates, the same for every sender."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class GuardedSender:
    """Sends to public addresses; to this machine only if `allow_local`."""

    def __init__(
        self, *, allow_local: bool, limits: SenderLimits | None = None, resolver: Resolver | None = None
    ) -> None:
        self._allow_local = allow_local
        self._limits = limits or SenderLimits()
        self._resolver = resolver or SystemResolver()
        self._tls = public_authorities()
        self._turns: dict[str, _Turns] = {}

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request; see `Sender`."""
        try:
            url = read_https_url(request.url, "url")
        except Malformed as error:
            raise Unreachable("an address that must not be called") from error
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            async with asyncio.timeout(self._seconds(request)), self._turn(host):
                addresses = await self._resolve(host, parts.port or (443 if parts.scheme == "https" else 80))
                return await self._send_to_first(request, url, host, addresses)
        except TimeoutError as error:
            raise Unreachable("no answer in time") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise Unreachable("no connection, or one that cannot be trusted") from error

    def _seconds(self, request: HttpRequest) -> float:
        limit = self._limits.total_seconds
        usual = limit if request.max_seconds is None else min(request.max_seconds, limit)
        return usual + request.more_seconds

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        """T213: one slow host must not take all there is."""
        turns = self._turns.setdefault(host, _Turns(asyncio.Semaphore(self._limits.per_host)))
        turns.users += 1
        try:
            async with turns.free:
                yield
        finally:
            turns.users -= 1
            if not turns.users:
                del self._turns[host]

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host; every one must be allowed (T207)."""
        if is_local(host):
            if not self._allow_local:
                raise Unreachable("an address of this machine, which is not called here")
            return ("127.0.0.1",)
        addresses = await self._resolver(host, port)
        if not addresses or not all(is_public(address) for address in addresses):
            raise Unreachable("an address that is not public")
        return addresses[:MAX_ADDRESSES]

    async def _send_to_first(self, request: HttpRequest, url: str, host: str, addresses: Sequence[str]) -> HttpResponse:
        """The answer of the first address that takes a connection; before that nothing was sent."""
        for address in addresses[:-1]:
            try:
                return await self._send_to(request, url, host, address)
            except httpx2.ConnectError:
                continue
        return await self._send_to(request, url, host, addresses[-1])

    async def _send_to(self, request: HttpRequest, url: str, host: str, address: str) -> HttpResponse:
        parts = urlsplit(url)
        literal = f"[{address}]" if ":" in address else address
        target = urlunsplit(parts._replace(netloc=f"{literal}:{parts.port}" if parts.port else literal))
        # No connection is kept: one that was opened for a name must never serve another name at the same address
        async with httpx2.AsyncClient(
            verify=self._tls, trust_env=False, follow_redirects=False, limits=httpx2.Limits(max_keepalive_connections=0)
        ) as client:
            encoding = "gzip" if request.gzip else "identity"
            headers = [("host", parts.netloc), ("accept-encoding", encoding), ("user-agent", "hoheit")]
            message = client.build_request(
                request.method,
                target,
                headers=[*headers, *request.headers],
                content=request.body or None,
                extensions={"sni_hostname": host},
            )
            response = await client.send(message, stream=True)
            try:
                return HttpResponse(response.status_code, _headers(response), await _body(response, request))
            finally:
                await response.aclose()


@dataclass(slots=True)
class _Turns:
    """Whose turn it is at one host; forgotten when nobody is there."""

    free: asyncio.Semaphore
    users: int = 0


class SystemResolver:
    """Asks the system's resolver, in threads of its own: names that answer slowly must not hold up files or databases."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolve")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, in the order in which they should be tried."""
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _ask_system, host, port)
        return tuple(dict.fromkeys(found))


def _ask_system(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class InProcessSender:
    """Hands requests to applications in the same process, by host: tests use it in place of a network."""

    def __init__(self, applications: Mapping[str, object]) -> None:
        self._applications = applications

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request; see `Sender`."""
        application = self._applications.get(urlsplit(request.url).netloc)
        if application is None:
            raise Unreachable("no such host")
        transport = httpx2.ASGITransport(app=application, raise_app_exceptions=True)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, follow_redirects=False) as client:
            response = await client.request(
                request.method, request.url, headers=list(request.headers), content=request.body or None
            )
            if len(response.content) > request.max_bytes:
                raise TooLarge("response", f"is larger than {request.max_bytes} bytes")
            return HttpResponse(response.status_code, _headers(response), response.content)


class NoSender:
    """For roles that never call anybody."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Refuse."""
        raise Unreachable(f"this service calls nobody, by {request.method} or otherwise")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public network; addresses that wrap another are judged by that one too."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast
    if ip.ipv4_mapped is not None or ip in _NAT64:
        return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    # RFC 4291 §2.4: all other ranges are for this machine, this link, this site, or for nobody yet. What tunnels through IPv4
    # (RFC 7526 ended 6to4) is public for some versions of Python and not for others
    return ip in _GLOBAL_UNICAST and ip not in _TEREDO and ip.sixtofour is None and ip.is_global


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_TEREDO = ipaddress.IPv6Network("2001::/32")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")


def _headers(response: httpx2.Response) -> tuple[tuple[str, str], ...]:
    headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
        raise Unreachable("an answer with too many headers")
    return headers


async def _body(response: httpx2.Response, request: HttpRequest) -> bytes:
    encoding = response.headers.get("content-encoding", "identity")
    if encoding == "gzip" and request.gzip:
        return await _unpacked(response, request.max_bytes)
    # T210: what was not asked to be compressed, and is, is a bomb or a mistake
    if encoding != "identity":
        raise Unreachable("an answer that is compressed although that was not asked")
    chunks: list[bytes] = []
    left = request.max_bytes
    async for chunk in response.aiter_raw():
        left -= len(chunk)
        if left < 0:
            raise _too_large(request.max_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


async def _unpacked(response: httpx2.Response, max_bytes: int) -> bytes:
    """A compressed body, unpacked piece by piece, so that a bomb is found when it is one byte too large (T210)."""
    unpacker = zlib.decompressobj(_GZIP)
    chunks: list[bytes] = []
    left, packed = max_bytes, 0
    async for chunk in response.aiter_raw():
        # What does not shrink is not larger packed either, but for a header
        packed += len(chunk)
        try:
            found = unpacker.decompress(chunk, left + 1)
        except zlib.error as error:
            raise Unreachable("an answer that cannot be unpacked") from error
        left -= len(found)
        if left < 0 or packed > max_bytes + _GZIP_OVERHEAD:
            raise _too_large(max_bytes)
        chunks.append(found)
    if not unpacker.eof or unpacker.unused_data:
        raise Unreachable("an answer that cannot be unpacked")
    return b"".join(chunks)


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge("response", f"is larger than {max_bytes} bytes")
