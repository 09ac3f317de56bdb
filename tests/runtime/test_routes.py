"""Routes are made when they are asked for; with large bodies, who sends them is known first, and few are read at a time."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
from fastapi import Request
from fastapi.exceptions import FastAPIError
from pydantic import BaseModel

from protocol.errors import Unauthorized
from runtime.asgi import MAX_BODY, bearer_key, create_application
from runtime.bodies import LARGE_AT_ONCE
from runtime.routes import LateRoute, Router, add_routes, large_bodies
from tests.support.web import call

LARGE = 2 * MAX_BODY
KEY = (b"authorization", b"Bearer good")
JSON = (b"content-type", b"application/json")


class Body(BaseModel):
    text: str


@asynccontextmanager
async def lifespan(_):
    yield


async def known(request: Request) -> None:
    if bearer_key(request) != "good":
        raise Unauthorized("this key is not good")


@pytest.fixture
def application():
    async def length(body: Body) -> dict[str, int]:
        return {"length": len(body.text)}

    router = Router()
    router.add_api_route("/large", length, methods=["POST"], route_class_override=large_bodies(known, LARGE))
    router.add_api_route("/usual", length, methods=["POST"])
    made = create_application(title="A", secure=False, lifespan=lifespan)
    add_routes(made, router)
    return made


def test_what_a_handler_asks_for_is_found_out_when_it_is_asked_for():
    router = Router(prefix="/of", include_in_schema=False)

    @router.get("/{number:int}")
    async def page(number: int) -> dict[str, int]:
        return {"number": number}

    @router.get("/never")
    async def never(key: asyncio.Event) -> dict[str, int]:
        return {}

    made = create_application(title="A", secure=False, lifespan=lifespan)
    add_routes(made, router)
    first, second = (asyncio.run(call(made, "GET", "/of/7")) for _ in range(2))
    assert (first.status, first.json()) == (second.status, second.json()) == (200, {"number": 7})
    assert asyncio.run(call(made, "HEAD", "/of/7")).status == 405
    # One that cannot be served is told by whoever describes the interface, as all of our interfaces are in their tests
    with pytest.raises(FastAPIError):
        made.openapi()


def test_two_threads_may_finish_a_route_at_once(monkeypatch):
    """Wallets of one process share their routes, and each may run in a thread of its own."""
    router = Router(include_in_schema=False)

    @router.get("/page")
    async def page() -> dict[str, int]:
        return {}

    [route] = router.routes
    assert isinstance(route, LateRoute)
    assert route._rest is not None
    rest, both = route._rest, threading.Barrier(2, timeout=10)

    def slowly():
        both.wait()
        rest()
        both.wait()

    monkeypatch.setattr(route, "_rest", slowly)
    with ThreadPoolExecutor(2) as threads:
        for finished in [threads.submit(route.finish) for _ in range(2)]:
            finished.result(timeout=20)
    made = create_application(title="A", secure=False, lifespan=lifespan)
    add_routes(made, router)
    assert asyncio.run(call(made, "GET", "/page")).status == 200


def body_of(size):
    """A body of so many bytes, in pieces."""
    text = b'{"text": "' + b"x" * (size - 12) + b'"}'
    return [text[start : start + 65_536] for start in range(0, len(text), 65_536)]


def post(application, path, body, *headers):
    return asyncio.run(call(application, "POST", path, headers=(JSON, *headers), body=body))


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/large", 100, 200), ("/large", LARGE, 200), ("/large", LARGE + 1, 413), ("/usual", LARGE, 413)],
)
def test_a_large_body_is_let_in_where_it_may_come(application, path, size, status):
    answer = post(application, path, body_of(size), KEY)
    assert answer.status == status
    if status == 200:
        assert answer.json() == {"length": size - 12}


@pytest.mark.parametrize("headers", [(), ((b"authorization", b"Bearer bad"),)], ids=["none", "bad"])
def test_t246_of_strangers_nothing_is_read(application, headers):
    async def refused():
        # A body that never comes
        return await asyncio.wait_for(
            call(application, "POST", "/large", headers=(JSON, *headers), body=None), timeout=5
        )

    assert asyncio.run(refused()).status == 401


def test_t246_few_are_read_at_a_time_and_the_others_wait(application):
    reading = 0
    more = asyncio.Event()

    async def send(number):
        nonlocal reading
        asked, sent = False, []

        async def receive():
            nonlocal reading, asked
            if not asked:
                asked, reading = True, reading + 1
                await more.wait()
            return {"type": "http.request", "body": b'{"text": "x"}', "more_body": False}

        async def keep(message):
            sent.append(message)

        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "path": "/large", "raw_path": b"/large",
            "root_path": "", "query_string": b"", "headers": [JSON, KEY], "client": ("127.0.0.1", number), "state": {},
        }  # fmt: skip
        await application(scope, receive, keep)
        return sent[0]["status"]

    async def several():
        tasks = [asyncio.create_task(send(number)) for number in range(LARGE_AT_ONCE + 2)]
        for _ in range(50):
            await asyncio.sleep(0)
        before = reading
        more.set()
        return before, await asyncio.gather(*tasks)

    before, answers = asyncio.run(several())
    assert before == LARGE_AT_ONCE
    assert answers == [200] * (LARGE_AT_ONCE + 2)
