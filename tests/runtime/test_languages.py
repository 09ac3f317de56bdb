"""The language of a page: chosen, else asked for, else German; and a choice leads nowhere but back."""

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from protocol.errors import NotFound
from runtime.asgi import error_answer
from runtime.languages import here, language_of, serve_languages


@pytest.fixture
def client():
    app = FastAPI()
    app.add_exception_handler(NotFound, lambda _, error: error_answer(error))
    serve_languages(app)

    @app.api_route("/page/{rest:path}", methods=["GET", "POST"])
    async def page(request: Request) -> dict[str, str]:
        return {"language": language_of(request), "here": here(request)}

    return TestClient(app, follow_redirects=False)


@pytest.mark.parametrize(
    ("accept", "language"),
    [("", "de"), ("en", "en"), ("fr, en-GB;q=0.5", "en"), ("en;q=0.3, de;q=0.9", "de"), ("en;q=0", "de"), ("fr", "de")],
)
def test_the_browser_is_asked(client, accept, language):
    assert client.get("/page/", headers={"accept-language": accept}).json()["language"] == language


def test_a_choice_is_remembered_and_wins(client):
    answer = client.get("/language/en/page/one")
    assert (answer.status_code, answer.headers["location"]) == (303, "/page/one")
    assert client.get("/page/", headers={"accept-language": "de"}).json()["language"] == "en"


def test_a_page_with_a_blank_in_its_address_is_led_back_to(client):
    told = client.get("/page/HRB%204711").json()["here"]
    assert told == "/page/HRB%204711"
    assert client.get(f"/language/en{told}").headers["location"] == told
    assert client.get("/language/en/%20/evil.example").status_code == 404


def test_a_cookie_of_another_language_counts_as_none(client):
    client.cookies.set("hoheit_language", "xx")
    assert client.get("/page/", headers={"accept-language": "en"}).json()["language"] == "en"


@pytest.mark.parametrize(
    "path",
    [
        "/xx/page",
        "/en",
        "/en//evil.example",
        "/en/%5Cevil.example",
        "/en/%0d%0aset-cookie:x",
        "/en/%2F%2Fevil.example",
        "/enpage",
    ],
)
def test_a_choice_leads_to_no_other_place(client, path):
    answer = client.get(f"/language{path}")
    assert answer.status_code != 303
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "shown"),
    [
        ("GET", "/page/one", "/page/one"),
        ("POST", "/page/one", ""),
        ("GET", "/page/one?code=secret", ""),
        ("GET", "/page/a%22b", ""),
    ],
)
def test_nothing_but_a_plain_path_is_written_into_a_page(client, method, path, shown):
    """T097, T260"""
    assert client.request(method, path).json()["here"] == shown
