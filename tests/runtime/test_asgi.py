"""The edge around every service: what is on every answer, and what is on none."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from fastapi import Request

from protocol.errors import Malformed, Unavailable
from runtime import asgi
from runtime.asgi import MAX_BODY, add_health, create_application, json_answer, read_form, read_json_body
from runtime.bodies import make_room
from runtime.driver import Driver
from runtime.http import NoSender
from tests.support.web import call

KEY = "k" * 16
PATIENCE = 5.0  # seconds


@asynccontextmanager
async def lifespan(_):
    yield


@pytest.fixture
def service(tmp_path):
    return make(metrics_key=KEY)


def make(check=lambda: None, **how):
    application = create_application(title="A", secure=True, lifespan=lifespan)
    add_health(application, Driver(None, NoSender()), check, **how)

    @application.get("/greeting/{name}")
    async def greet(name: str):
        if name == "refused":
            raise Malformed("name", "is refused")
        if name == "broken":
            raise KeyError(name)
        return json_answer({"greeting": name})

    @application.post("/form")
    async def form(request: Request):
        return json_answer({"form": dict(await read_form(request, max_bytes=20))})

    @application.post("/raw")
    async def raw(request: Request):
        return json_answer({"bytes": len(await request.body())})

    @application.post("/large")
    async def large(request: Request):
        make_room(request, 2 * MAX_BODY, seconds=PATIENCE)
        return json_answer({"bytes": len(await request.body())})

    @application.post("/json")
    async def read(request: Request):
        return json_answer({"json": await read_json_body(request, "body")})

    return application


def ask(service, method, path, *headers, **how):
    async def in_time():
        return await asyncio.wait_for(call(service, method, path, headers=headers, **how), PATIENCE)

    return asyncio.run(in_time())


@pytest.mark.parametrize("path", ["/greeting/you", "/greeting/refused", "/greeting/broken", "/nowhere", "/metrics"])
@pytest.mark.parametrize("origin", [b"https://evil.example", b"null"])
def test_no_page_of_somebody_else_may_read_an_answer(service, path, origin):
    """T241, T234: whatever the answer, no origin is let in, and the browser is told what it may do with it."""
    headers = ask(service, "GET", path, (b"origin", origin), (b"cookie", b"a=b")).headers
    assert not [name for name in headers if name.startswith("access-control-")]
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"]
    assert headers["cache-control"] == "no-store"


def test_a_browser_that_asks_first_is_told_no(service):
    """T241"""
    asked = [(b"origin", b"https://evil.example"), (b"access-control-request-method", b"POST")]
    answer = ask(service, "OPTIONS", "/greeting/you", *asked)
    assert answer.status == 405
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_an_exception_says_nothing_of_itself(service, capsys):
    """T254, T264: the next request is served as ever."""
    answer = ask(service, "GET", "/greeting/broken")
    assert answer.status == 500
    assert sorted(answer.json()) == ["error", "request_id"]
    assert "broken" not in answer.body.decode() + capsys.readouterr().out
    assert ask(service, "GET", "/greeting/you").json() == {"greeting": "you"}


@pytest.mark.parametrize(
    "headers",
    [(), ((b"authorization", b"Bearer "),), ((b"authorization", b"Bearer " + b"x" * 16),), ((b"cookie", b"a"),)],
)
def test_metrics_are_for_whoever_has_the_key(service, headers):
    """T255"""
    assert ask(service, "GET", "/metrics", *headers).status == 401


def test_metrics_name_routes_and_never_addresses(service):
    """T255"""
    ask(service, "GET", "/greeting/erika")
    ask(service, "GET", "/nowhere/erika")
    counted = ask(service, "GET", "/metrics", (b"authorization", b"Bearer " + KEY.encode())).body.decode()
    assert 'route="/greeting/{name}"' in counted
    assert "erika" not in counted


def test_without_a_key_there_are_no_metrics():
    """T255"""
    assert ask(make(), "GET", "/metrics").status == 404
    with pytest.raises(ValueError, match="at least 16"):
        make(metrics_key=KEY[1:])


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/debug", "/openapi.json", "/metrics/"])
def test_nothing_for_developers_is_served_beside_the_description(service, path):
    """T255"""
    assert ask(service, "GET", path).status == 404
    assert ask(service, "GET", "/api/openapi.json").status == 200


def post(service, path, *pieces, kind=b"application/x-www-form-urlencoded", announced=None):
    headers = [(b"content-type", kind)]
    if announced is not None:
        headers.append((b"content-length", announced))
    return ask(service, "POST", path, *headers, body=pieces or None)


def test_a_form_is_read_whole_from_its_pieces(service):
    assert post(service, "/form", b"a=1&b", b"=%C3%A4&c=").json() == {"form": {"a": "1", "b": "ä"}}


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ((b"a=1&a=2",), 400),
        ((b"a=%00",), 400),
        ((b"a=%ff",), 400),
        ((b"a=\xff",), 400),
        ((b"a=" + b"x" * 19,), 413),
        ((b"a=", *(b"x" for _ in range(19))), 413),
    ],
    ids=["T113-twice", "T224-NUL", "utf-8", "ascii", "T247-whole", "T247-pieces"],
)
def test_a_form_that_is_none_is_refused(service, pieces, status):
    assert post(service, "/form", *pieces).status == status


def test_a_form_has_only_so_many_fields(service, monkeypatch):
    """T247"""
    monkeypatch.setattr(asgi, "MAX_FIELDS", 3)
    assert post(service, "/form", b"a=1&b=2&c=3").status == 200
    assert post(service, "/form", b"a=1&b=2&c=3&d=4").status == 400


@pytest.mark.parametrize("announced", [b"21", b"9" * 5000])
def test_a_body_that_is_announced_too_large_is_not_waited_for(service, announced):
    """T247"""
    assert post(service, "/form", announced=announced).status == 413


@pytest.mark.parametrize("path", ["/json", "/raw"])
def test_no_body_is_larger_than_the_edge_allows(service, path):
    """T247: whoever reads it, and whatever its route allows."""
    answer = post(service, path, *[b" " * 65536] * (MAX_BODY // 65536), b"1 ", kind=b"application/json")
    assert answer.status == 413


@pytest.mark.parametrize("path", ["/form", "/json"])
@pytest.mark.parametrize("kind", [b"", b"text/plain", b"multipart/form-data; boundary=x", b"application/jwt"])
def test_another_content_type_is_refused(service, path, kind):
    """T140, T182, T233"""
    assert post(service, path, b"{}", kind=kind).status == 415


@pytest.mark.parametrize(("path", "query"), [("/greeting/a\x00", b""), ("/greeting/a", b"b=%00")])
def test_no_address_holds_a_nul(service, path, query):
    """T224"""
    assert ask(service, "GET", path, query=query).status == 400


def test_a_service_is_ready_when_its_store_is():
    """T253: and alive without."""

    def away():
        raise Unavailable("the store is away")

    assert [ask(make(), "GET", path).status for path in ("/live", "/ready")] == [200, 200]
    assert [ask(make(away), "GET", path).status for path in ("/live", "/ready")] == [200, 503]


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/raw", MAX_BODY, 200),
        ("/raw", MAX_BODY + 1, 413),
        ("/large", 2 * MAX_BODY, 200),
        ("/large", 2 * MAX_BODY + 1, 413),
    ],
)
def test_t246_a_larger_body_is_let_in_where_somebody_said_so(service, path, size, status):
    assert ask(service, "POST", path, body=[bytes(size)]).status == status
