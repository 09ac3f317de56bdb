"""The edge around every service: what is on every answer, and what is on none."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from protocol.errors import Malformed
from runtime.asgi import add_health, create_application, json_answer
from runtime.driver import Driver
from runtime.http import NoSender
from tests.support.web import call

KEY = "k" * 16


@asynccontextmanager
async def lifespan(_):
    yield


@pytest.fixture
def service(tmp_path):
    return make(metrics_key=KEY)


def make(**how):
    application = create_application(title="A", secure=True, lifespan=lifespan)
    add_health(application, Driver(None, NoSender()), lambda: None, **how)

    @application.get("/greeting/{name}")
    async def greet(name: str):
        if name == "refused":
            raise Malformed("name", "is refused")
        if name == "broken":
            raise KeyError(name)
        return json_answer({"greeting": name})

    return application


def ask(service, method, path, *headers, **how):
    return asyncio.run(call(service, method, path, headers=headers, **how))


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
