"""One connection: what a stranger sends before any route decided has an end in size and in time."""

import contextlib
import socket
import time

import pytest
from fastapi import FastAPI, Request

from runtime.bodies import make_room
from runtime.connection import MAX_HEAD, MAX_HEADERS, MAX_URL, LimitedConnection
from runtime.serve import Listen, running

SECONDS = 0.3
PATIENCE = 5.0


@pytest.fixture(scope="module")
def address():
    application = FastAPI()

    @application.post("/length")
    async def length(request: Request):
        return {"length": len(await request.body())}

    @application.post("/patient")
    async def patient(request: Request):
        make_room(request, 10, seconds=20 * SECONDS)
        return {"length": len(await request.body())}

    @application.get("/length")
    async def nothing():
        return {"length": 0}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LimitedConnection, "head_seconds", SECONDS)
        patch.setattr(LimitedConnection, "body_seconds", 3 * SECONDS)
        with running(application, Listen()) as listening:
            host, _, port = listening.partition(":")
            yield host, int(port)


def connect(address):
    return contextlib.closing(socket.create_connection(address, timeout=PATIENCE))


def read_all(connection):
    """Everything until the server closes."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            received += piece
    return received


def exchange(address, request):
    with connect(address) as connection:
        connection.sendall(request)
        return read_all(connection)


def request(*lines, body=b""):
    return b"\r\n".join([*lines, b"", body])


def status_of(answer):
    return int(answer.split(b" ")[1])


def get(*headers, path=b"/length"):
    return request(b"GET " + path + b" HTTP/1.1", b"host: a.localhost", b"connection: close", *headers)


def post(*headers, body=b""):
    return request(b"POST /length HTTP/1.1", b"host: a.localhost", b"connection: close", *headers, body=body)


def test_a_good_request_is_answered(address):
    assert exchange(address, post(b"content-length: 3", body=b"abc")).endswith(b'{"length":3}')


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (get(path=b"/" + b"a" * MAX_URL), 414),
        (get(*(b"x-%d: 1" % number for number in range(MAX_HEADERS))), 431),
        (get(b"x: " + b"a" * MAX_HEAD), 431),
        (b"GET /length HTTP/1.1\r\nx: " + b"a" * 2 * MAX_HEAD, 431),
    ],
    ids=["T247-url", "T247-headers", "T247-header", "T247-endless-header"],
)
def test_a_head_that_is_too_large_is_refused(address, sent, status):
    assert status_of(exchange(address, sent)) == status


@pytest.mark.parametrize(
    "sent",
    [
        post(b"content-length: 3", b"transfer-encoding: chunked", body=b"0\r\n\r\n"),
        post(b"content-length: 3", b"content-length: 4", body=b"abcd"),
        post(b"content-length: -1"),
        post(b"content-length: 99999999999999999999"),
        post(b"transfer-encoding: chunked", body=b"fffffffffffffffff\r\nabc"),
        post(b"transfer-encoding: chunked", body=b"-1\r\nabc"),
        b"GET /length HTTP/1.1\nhost: a.localhost\nconnection: close\n\n",
        post(b"a header: without\x00 sense"),
    ],
    ids=["both-lengths", "two-lengths", "negative", "huge", "chunk-overflow", "chunk-negative", "bare-LF", "NUL"],
)
def test_a_request_of_unclear_length_is_refused_and_nothing_after_it_is_read(address, sent):
    """T248: what follows on the same connection could be a smuggled request."""
    answer = exchange(address, sent + get())
    assert status_of(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer


@pytest.mark.parametrize(
    ("begin", "status"),
    [
        (b"", None),
        (b"GET /len", 408),
        (b"GET /length HTTP/1.1\r\nhost: a.localhost\r\n", 408),
        (b"POST /length HTTP/1.1\r\nhost: a.localhost\r\ncontent-length: 9\r\n\r\nabc", 408),
    ],
    ids=["T246-silent", "T246-line", "T246-head", "T246-body"],
)
def test_who_stops_sending_is_sent_away(address, begin, status):
    began = time.monotonic()
    answer = exchange(address, begin)
    assert time.monotonic() - began < PATIENCE
    assert (status_of(answer) if answer else None) == status


def test_a_body_has_a_time_of_its_own(address):
    """T246"""
    with connect(address) as connection:
        connection.sendall(post(b"content-length: 3"))
        time.sleep(1.5 * SECONDS)
        connection.sendall(b"abc")
        assert read_all(connection).endswith(b'{"length":3}')


def test_one_byte_now_and_then_does_not_keep_a_connection(address):
    """T246: the deadline is for the whole head, not for the next byte; others are served meanwhile."""
    began = time.monotonic()
    with connect(address) as slow:
        with contextlib.suppress(OSError):
            for byte in b"GET /length HTTP/1.1\r\nx: " + b"a" * 40:
                slow.sendall(bytes([byte]))
                assert status_of(exchange(address, get())) == 200
                time.sleep(SECONDS / 10)
        answer = read_all(slow)
    assert time.monotonic() - began < PATIENCE
    assert not answer or status_of(answer) == 408


def test_a_body_has_more_time_where_somebody_said_so(address):
    """T246"""
    head = post(b"content-length: 3").replace(b"/length", b"/patient")
    with connect(address) as connection:
        connection.sendall(head)
        time.sleep(6 * SECONDS)
        connection.sendall(b"abc")
        assert read_all(connection).endswith(b'{"length":3}')
