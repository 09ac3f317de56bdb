"""The guarded sender, against servers that mean no good."""

import asyncio
import gzip
import threading
import time

import pytest
from httpx2 import ConnectError, ReadError

from protocol.errors import TooLarge, Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from runtime.http import GuardedSender, InProcessSender, NoSender, SenderLimits, is_public
from tests.support.cases import cases
from tests.support.peers import PATIENCE, answering, endless, ok, peer, read_request, silent

QUICK = SenderLimits(total_seconds=0.3)


def fetch(url: str, sender: GuardedSender | None = None, **request) -> HttpResponse:
    sender = sender or GuardedSender(allow_local=True)
    return asyncio.run(sender.send(HttpRequest("GET", url, **request)))


def resolving(*addresses: str):
    async def resolve(host: str, port: int) -> tuple[str, ...]:
        return addresses

    return resolve


class Watched(GuardedSender):
    """Connects nowhere, and remembers where it would have connected."""

    def __init__(self, resolver, failing=()):
        super().__init__(allow_local=False, resolver=resolver)
        self.called: list[str] = []
        self._failing = failing

    async def _send_to(self, request, url, host, address):
        self.called.append(address)
        if address in self._failing:
            raise self._failing[address]
        return HttpResponse(200, (), b"")


def test_an_answer_comes_back_as_it_was():
    with peer(answering(ok(b"{}", b"Content-Type: application/json", b"X-Two: a", b"x-two: b"))) as server:
        response = fetch(server.url(path="/x?y=1"), headers=(("accept", "application/json"),))
    assert (response.status, response.body) == (200, b"{}")
    assert [value for name, value in response.headers if name == "x-two"] == ["a", "b"]
    head = server.requests[0].lower()
    assert head.startswith(b"get /x?y=1 http/1.1\r\n")
    assert b"\r\nhost: peer.localhost:%d\r\n" % server.port in head
    assert b"\r\naccept: application/json\r\n" in head
    assert b"\r\naccept-encoding: identity\r\n" in head
    assert b"cookie" not in head


def test_a_body_is_sent():
    received = []

    def handler(connection, server):
        head = read_request(connection, server)
        body = head.partition(b"\r\n\r\n")[2]
        while len(body) < 5:
            body += connection.recv(10)
        received.append(body)
        connection.sendall(ok(b""))

    with peer(handler) as server:
        asyncio.run(GuardedSender(allow_local=True).send(HttpRequest("POST", server.url(), body=b"a=b&c")))
    assert received == [b"a=b&c"]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://host.example/x",
        "gopher://host.example/x",
        "data:text/plain,x",
        "javascript:alert(1)",
        "http://host.example/",
        "//host.example/",
        "host.example",
        "https:///x",
        "",
    ],
)
def test_other_schemes_than_https_are_not_opened(url):
    """T206"""
    with pytest.raises(Unreachable, match="must not be called"):
        fetch(url, Watched(resolving("1.1.1.1")))


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pw@host.example/",
        "https://user@host.example/",
        "https://host.example\\@evil.example/",
        "https://host.example/\t",
        "https://host.example/\r\nx-evil: 1",
        "https://host.example/#fragment",
        "https://host.example/" + "x" * 10_000,
        "https://host.example:99999/",
        "https://ho st.example/",
        "https://host.example/ü",
        "https://[::1/",
    ],
)
def test_addresses_that_could_mean_two_things_are_not_called(url):
    """T209"""
    sender = Watched(resolving("1.1.1.1"))
    with pytest.raises(Unreachable, match="must not be called"):
        fetch(url, sender)
    assert sender.called == []


@cases("runtime/addresses.json", "public")
def test_public_addresses_are_public(case):
    assert is_public(case["address"])


@cases("runtime/addresses.json", "refuse")
def test_other_addresses_are_not_public(case):
    assert not is_public(case["address"])


@cases("runtime/addresses.json", "refuse")
def test_a_name_with_one_bad_address_is_not_called(case):
    """T207: every resolved address must be public, not only the first."""
    for addresses in [(case["address"],), ("1.1.1.1", case["address"]), (case["address"], "1.1.1.1")]:
        sender = Watched(resolving(*addresses))
        with pytest.raises(Unreachable, match="not public"):
            fetch("https://host.example/", sender)
        assert sender.called == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:127.0.0.1]"])
def test_loopback_in_any_spelling_is_not_connected_to(host):
    """T207: with a server that listens there."""
    with peer(answering(ok(b""))) as server, pytest.raises(Unreachable):
        fetch(server.url(host, "https"), GuardedSender(allow_local=True))
    assert server.connections == 0


def test_a_name_that_resolves_to_loopback_is_not_connected_to():
    """T207"""
    with peer(answering(ok(b""))) as server, pytest.raises(Unreachable, match="not public"):
        fetch(server.url("rebound.example", "https"), GuardedSender(allow_local=True, resolver=resolving("127.0.0.1")))
    assert server.connections == 0


def test_a_name_without_addresses_is_unreachable():
    with pytest.raises(Unreachable, match="not public"):
        fetch("https://host.example/", Watched(resolving()))


def test_a_resolver_that_fails_is_unreachable():
    async def resolve(host, port):
        raise OSError("no such name")

    with pytest.raises(Unreachable, match="no connection"):
        fetch("https://host.example/", Watched(resolve))


def test_the_checked_address_is_the_one_that_is_used():
    """T207: a name server that answers the second question with a private address is never asked twice."""
    answers = iter([("1.1.1.1",), ("127.0.0.1",)])

    async def resolve(host, port):
        return next(answers)

    sender = Watched(resolve)
    fetch("https://host.example/", sender)
    assert sender.called == ["1.1.1.1"]
    assert list(answers) == [("127.0.0.1",)]


def test_the_connection_goes_to_the_address_and_not_to_the_name():
    """T207: the name that is called does not exist; only the address that was found for it can have been used."""
    with peer(answering(ok(b"here"))) as server:
        sender = GuardedSender(allow_local=True)
        request = HttpRequest("GET", server.url("host.invalid"))
        response = asyncio.run(sender._send_to(request, request.url, "host.invalid", "127.0.0.1"))
    assert response.body == b"here"
    assert b"host: host.invalid:%d" % server.port in server.requests[0].lower()


def test_the_next_address_is_tried_when_one_takes_no_connection():
    sender = Watched(resolving("1.1.1.1", "1.0.0.1"), {"1.1.1.1": ConnectError("refused")})
    assert fetch("https://host.example/", sender).status == 200
    assert sender.called == ["1.1.1.1", "1.0.0.1"]
    # What may have arrived is not sent again
    sender = Watched(resolving("1.1.1.1", "1.0.0.1"), {"1.1.1.1": ReadError("cut")})
    with pytest.raises(Unreachable):
        fetch("https://host.example/", sender)
    assert sender.called == ["1.1.1.1"]


@pytest.mark.parametrize("host", ["localhost", "peer.localhost", "a.b.localhost", "PEER.LOCALHOST"])
def test_this_machine_is_called_only_where_that_is_allowed(host):
    """T207"""
    with peer(answering(ok(b""))) as server:
        assert fetch(server.url(host), GuardedSender(allow_local=True)).status == 200
        assert server.connections == 1
        with pytest.raises(Unreachable, match="this machine"):
            fetch(server.url(host), GuardedSender(allow_local=False))
    assert server.connections == 1


@pytest.mark.parametrize("location", ["http://127.0.0.1/", "https://host.example/", "/", "//peer.localhost/"])
def test_a_redirect_is_an_answer_and_is_not_followed(location):
    """T208"""
    redirect = b"HTTP/1.1 302 Found\r\nlocation: %s\r\ncontent-length: 0\r\n\r\n" % location.encode()
    with peer(answering(redirect)) as server:
        response = fetch(server.url())
    assert (response.status, response.header("location")) == (302, location)
    assert server.connections == 1


def test_a_server_that_says_nothing_is_left():
    """T210"""
    began = time.monotonic()
    with peer(silent) as server:
        with pytest.raises(Unreachable, match="in time"):
            fetch(server.url(), GuardedSender(allow_local=True, limits=QUICK))
        assert time.monotonic() - began < PATIENCE / 2


def test_a_request_that_has_less_time_gets_no_more():
    """T210"""
    began = time.monotonic()
    with peer(silent) as server, pytest.raises(Unreachable, match="in time"):
        fetch(server.url(), max_seconds=0.2)
    assert time.monotonic() - began < PATIENCE / 2


def test_a_request_has_no_more_time_than_the_sender_gives():
    """T210"""
    began = time.monotonic()
    with peer(silent) as server, pytest.raises(Unreachable, match="in time"):
        fetch(server.url(), GuardedSender(allow_local=True, limits=QUICK), max_seconds=1000)
    assert time.monotonic() - began < PATIENCE / 2


def test_a_server_that_drips_is_left():
    """T210: every byte comes in time, the whole does not."""

    def handler(connection, server):
        read_request(connection, server)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not server.stopping.wait(0.02):
            connection.sendall(b"x")

    began = time.monotonic()
    with peer(handler) as server, pytest.raises(Unreachable, match="in time"):
        fetch(server.url(), GuardedSender(allow_local=True, limits=QUICK))
    assert time.monotonic() - began < PATIENCE / 2


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 4096),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n", b"x" * 4096),
    ],
)
def test_an_endless_body_is_cut_off(begin, more):
    """T210"""
    with peer(endless(begin, more)) as server, pytest.raises(TooLarge, match="larger than 5000 bytes"):
        fetch(server.url(), max_bytes=5000)


def test_a_body_of_exactly_the_cap_is_read():
    with peer(answering(ok(b"x" * 5000))) as server:
        assert len(fetch(server.url(), max_bytes=5000).body) == 5000


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate", b"br", b"zstd", b"identity, gzip"])
def test_a_compressed_answer_is_refused_unread(encoding):
    """T210: a bomb never goes off, because nothing is unpacked."""
    bomb = gzip.compress(b"\0" * 10_000_000)
    with (
        peer(answering(ok(bomb, b"content-encoding: " + encoding))) as server,
        pytest.raises(Unreachable, match="compressed"),
    ):
        fetch(server.url())


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"x-flood: 1\r\n" * 100),
        (b"HTTP/1.1 200 OK\r\nx-flood: ", b"x" * 4096),
        (b"", b"x" * 4096),
    ],
)
def test_a_flood_of_headers_is_cut_off(begin, more):
    """T210"""
    with peer(endless(begin, more)) as server, pytest.raises(Unreachable):
        fetch(server.url())


def test_too_many_headers_are_refused():
    """T210: what the client library would still take."""
    with (
        peer(answering(ok(b"", *(b"x-%d: %s" % (i, b"y" * 100) for i in range(400))))) as server,
        pytest.raises(Unreachable, match="too many headers"),
    ):
        fetch(server.url())


@pytest.mark.parametrize(
    "answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"]
)
def test_an_answer_that_is_no_http_is_refused(answer):
    with peer(answering(answer)) as server, pytest.raises(Unreachable):
        fetch(server.url())


def test_a_connection_is_not_used_twice():
    """One that was opened for a name must never serve another name."""
    with peer(answering(ok(b""))) as server:
        sender = GuardedSender(allow_local=True)

        async def twice():
            await sender.send(HttpRequest("GET", server.url("one.localhost")))
            await sender.send(HttpRequest("GET", server.url("two.localhost")))

        asyncio.run(twice())
    assert server.connections == 2


def test_one_slow_host_leaves_the_others_alone():
    """T213"""
    release = threading.Event()
    together = threading.Lock()
    now, most = 0, 0

    def handler(connection, server):
        nonlocal now, most
        if b"slow.localhost" in read_request(connection, server):
            with together:
                now += 1
                most = max(most, now)
            release.wait(PATIENCE)
            with together:
                now -= 1
        connection.sendall(ok(b"done"))

    async def storm(server):
        sender = GuardedSender(allow_local=True, limits=SenderLimits(total_seconds=PATIENCE, per_host=3))
        slow = [asyncio.create_task(sender.send(HttpRequest("GET", server.url("slow.localhost")))) for _ in range(60)]
        try:
            while now < 3:
                await asyncio.sleep(0)
            async with asyncio.timeout(PATIENCE / 2):
                other = await sender.send(HttpRequest("GET", server.url("quick.localhost")))
            assert not any(task.done() for task in slow)
        finally:
            release.set()
        answers = await asyncio.gather(*slow)
        assert sender._turns == {}
        return other, answers

    with peer(handler) as server:
        other, answers = asyncio.run(storm(server))
    assert other.body == b"done"
    assert {answer.body for answer in answers} == {b"done"}
    assert most == 3


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with peer(answering(ok(b"direct"))) as server:
        assert fetch(server.url()).body == b"direct"


def test_the_in_process_sender_knows_its_hosts_only():
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 100})

    sender = InProcessSender({"agency.localhost": application})
    response = asyncio.run(sender.send(HttpRequest("GET", "http://agency.localhost/")))
    assert response.body == b"x" * 100
    with pytest.raises(TooLarge):
        asyncio.run(sender.send(HttpRequest("GET", "http://agency.localhost/", max_bytes=99)))
    with pytest.raises(Unreachable):
        asyncio.run(sender.send(HttpRequest("GET", "http://other.localhost/")))


def test_a_service_that_calls_nobody_calls_nobody():
    with pytest.raises(Unreachable):
        asyncio.run(NoSender().send(HttpRequest("GET", "https://host.example/")))
