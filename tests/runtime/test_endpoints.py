"""The table of addresses that programs call, and how the edge answers for it."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from fastapi import Request
from starlette.exceptions import HTTPException

from protocol.errors import Malformed
from runtime.asgi import MAX_BODY, create_application, json_answer, read_json_body
from runtime.endpoints import Endpoints
from tests.support.web import call


@asynccontextmanager
async def lifespan(_):
    yield


@pytest.fixture
def service():
    endpoints = Endpoints()

    @endpoints.get("/things/{name}")
    async def thing(request: Request):
        name = request.path_params["name"]
        if name == "refused":
            raise Malformed("name", "is refused")
        if name == "broken":
            raise KeyError(name)
        if name == "teapot":
            raise HTTPException(418)
        return json_answer({"thing": name})

    @endpoints.post("/things/{name}")
    async def change(request: Request):
        return json_answer({"changed": await read_json_body(request, "body", max_bytes=2 * MAX_BODY)})

    @endpoints.get("/things/all")
    async def every(_: Request):
        return json_answer({"things": []})

    @endpoints.get("/things/{name}/parts")
    async def parts(request: Request):
        return json_answer({"parts of": request.path_params["name"]})

    @endpoints.get("/things/{name}/parts/{part}")
    async def part(request: Request):
        return json_answer(dict(request.path_params))

    application = create_application(title="A", secure=True, lifespan=lifespan, endpoints=endpoints)

    @application.get("/things/{name}/page")
    async def page(name: str):
        return json_answer({"page": name})

    @application.get("/things/{name}")
    async def hidden(name: str):
        return json_answer({"hidden": name})

    return application


def ask(service, path, method="GET", **how):
    return asyncio.run(call(service, method, path, **how))


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/things/book", {"thing": "book"}),
        ("/things/all", {"things": []}),
        ("/things/book/page", {"page": "book"}),
        ("/things/book/parts", {"parts of": "book"}),
        ("/things/book/parts/cover", {"name": "book", "part": "cover"}),
    ],
    ids=["varying", "fixed first", "the framework's", "varying before the last", "varying twice"],
)
def test_an_address_is_answered_by_what_it_fits(service, path, answer):
    assert ask(service, path).json() == answer


@pytest.mark.parametrize(
    "path",
    [
        "/things/",
        "/things",
        "/thing/book",
        "//book",
        "/",
        "/things/book/other",
        "/things//parts/cover",
        "/things/book/parts/",
        "/things/book/other/cover",
    ],
)
def test_an_address_that_fits_nothing_is_not_found(service, path):
    assert ask(service, path).status == 404


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [("/things/book", "DELETE", "GET, POST"), ("/things/all", "POST", "GET"), ("/things/all", "HEAD", "GET")],
)
def test_another_method_is_told_which_there_are(service, path, method, allowed):
    answer = ask(service, path, method)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(("name", "status"), [("refused", 400), ("broken", 500), ("teapot", 418)])
def test_what_goes_wrong_becomes_an_answer_with_everything_on_it(service, name, status):
    """T254, T264, T241"""
    answer = ask(service, f"/things/{name}")
    assert answer.status == status
    assert answer.json()["error"]
    assert answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert "broken" not in answer.body.decode()


def test_no_body_is_larger_than_the_edge_allows(service):
    """T247: whatever the endpoint would take."""
    body = [b" " * 65536] * (MAX_BODY // 65536) + [b"1 "]
    assert (
        ask(service, "/things/book", "POST", headers=((b"content-type", b"application/json"),), body=body).status == 413
    )


def test_the_part_before_the_last_may_vary_too(service):
    assert ask(service, "/things/one/parts").json() == {"parts of": "one"}
    assert ask(service, "/things/all/parts").json() == {"parts of": "all"}
    assert ask(service, "/things/parts").json() == {"thing": "parts"}
    assert ask(service, "/things/one/page").json() == {"page": "one"}
    assert ask(service, "/things/one/parts", "POST").status == 405
    for path in ("/things//parts", "/things/one/two/parts", "/things/one/parts/", "/parts", "/one/parts"):
        assert ask(service, path).status == 404
