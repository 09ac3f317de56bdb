"""Errors as people meet them: a page in their language; and as programs meet them: what it always was."""

import asyncio
import re
from contextlib import asynccontextmanager

import pytest
from fastapi import Request
from starlette.exceptions import HTTPException
from structlog.testing import capture_logs

from protocol.errors import Malformed, TooLarge, Unavailable
from runtime.asgi import MAX_BODY, create_application, json_answer, read_form
from runtime.endpoints import Endpoints
from runtime.error_pages import prefers_page
from runtime.pages import Pages
from runtime.security_headers import CONTENT_SECURITY_POLICY
from tests.support.web import call

BROWSER = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
MARKER = "marker7f"
ERRORS = {
    "missing": HTTPException(404),
    "refused": Malformed("name", "is refused"),
    "large": TooLarge("body", "is large"),
    "fast": HTTPException(429, headers={"retry-after": "300"}),
    "away": Unavailable("the store is away"),
    "broken": KeyError(MARKER),
}


@asynccontextmanager
async def lifespan(_):
    yield


async def raising(request: Request):
    """Whatever the last part of the address says."""
    raise ERRORS[request.path_params["what"]]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service with one page and one protocol endpoint, which both do nothing but fail."""
    pages = Pages(tmp_path_factory.mktemp("home"), public_url="https://a.example", secret=b"s" * 32)

    def show(request, status, code):
        return pages.trouble(request, status=status, code=code, owner="Bürgeramt <Lindenau>", home="/start")

    endpoints = Endpoints()
    endpoints.post("/token/{what}")(raising)
    endpoints.get("/token/{what}")(raising)
    application = create_application(title="A", secure=True, lifespan=lifespan, endpoints=endpoints, error_page=show)
    for path in ("/page/{what}", "/api/{what}", "/metrics/{what}", "/.well-known/{what}"):
        application.get(path)(raising)

    @application.get("/number/{number}")
    async def number(number: int):
        return json_answer({"number": number})

    @application.post("/form")
    async def form(request: Request):
        return json_answer({"form": dict(await read_form(request, max_bytes=MAX_BODY))})

    return application


def ask(service, path, *headers, method="GET", accept=BROWSER, **how):
    told = [] if accept is None else [(b"accept", accept)]
    return asyncio.run(call(service, method, path, headers=[*told, *headers], **how))


@pytest.mark.parametrize(
    ("asked", "status", "english", "german"),
    [
        (("GET", "/nowhere"), 404, "There is no page here", "Hier ist keine Seite"),
        (
            ("POST", "/page/missing"),
            405,
            "This page cannot be opened this way",
            "So lässt sich diese Seite nicht öffnen",
        ),
        (("GET", "/page/missing"), 404, "There is no page here", "Hier ist keine Seite"),
        (("GET", "/page/refused"), 400, "This did not work", "Das hat nicht geklappt"),
        (("GET", f"/number/{MARKER}"), 400, "This did not work", "Das hat nicht geklappt"),
        (("GET", "/page/large"), 413, "That was too much", "Das war zu viel"),
        (("GET", "/page/fast"), 429, "Too many tries", "Zu viele Versuche"),
        (("GET", "/page/away"), 503, "We cannot do this right now", "Das geht gerade nicht"),
        (("GET", "/page/broken"), 500, "Something went wrong on our side", "Bei uns ist etwas schiefgegangen"),
        (("GET", "/page/a\x00"), 400, "This did not work", "Das hat nicht geklappt"),
    ],
)
def test_people_read_a_page_in_their_language(service, asked, status, english, german):
    """T234: with the headers that every page has, without a cookie, and with nothing of the request in it (T259)."""
    method, path = asked
    for language, heading in (("en", english), ("de", german)):
        headers = [(b"accept-language", language.encode()), (b"cookie", f"a={MARKER}".encode())]
        answer = ask(service, path, *headers, method=method, query=f"q={MARKER}".encode())
        text = answer.body.decode()
        assert (answer.status, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert re.findall("<h1>(.*?)</h1>", text) == [heading]
        assert f'<html lang="{language}">' in text
        assert "Bürgeramt &lt;Lindenau&gt;" in text
        assert '<a class="deed" href="/start">' in text
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert {"x-content-type-options", "referrer-policy", "strict-transport-security"} <= set(answer.headers)
        assert "set-cookie" not in answer.headers
        for echoed in (MARKER, "nowhere", "/page/"):
            assert echoed not in text


def test_the_language_that_was_chosen_counts_on_these_pages_too(service):
    answer = ask(service, "/nowhere", (b"cookie", b"hoheit_language=en"), (b"accept-language", b"de"))
    assert "There is no page here" in answer.body.decode()


def test_what_a_page_says_to_do_next_its_headers_say_too(service):
    assert ask(service, "/page/away").headers["retry-after"] == "2"
    assert ask(service, "/page/fast").headers["retry-after"] == "300"
    assert ask(service, "/page/missing", method="POST").headers["allow"] == "GET"


def test_a_mistake_of_ours_has_a_code_that_the_log_knows(service):
    """T254, T264"""
    with capture_logs() as lines:
        answer = ask(service, "/page/broken")
    [line] = [line for line in lines if line["event"] == "unhandled"]
    assert f'<p class="code">{line["request_id"]}</p>' in answer.body.decode()
    assert MARKER not in answer.body.decode() + str(lines)


def test_a_body_that_is_too_large_is_told_on_a_page(service):
    body = [b"a=" + b"x" * 65536] * (MAX_BODY // 65536 + 1)
    kind = (b"content-type", b"application/x-www-form-urlencoded")
    answer = ask(service, "/form", kind, method="POST", body=body)
    assert (answer.status, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")


@pytest.mark.parametrize("what", ERRORS)
@pytest.mark.parametrize("path", ["/token/{}", "/api/{}", "/metrics/{}", "/.well-known/{}"])
@pytest.mark.parametrize("accept", [BROWSER, b"text/html", b"*/*", b"application/json", None])
def test_what_programs_call_never_answers_with_a_page(service, path, what, accept):
    for method in ("GET", "POST", "DELETE"):
        answer = ask(service, path.format(what), method=method, accept=accept)
        assert answer.status >= 400
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/page/refused", "/page/away", "/page/broken", "/number/x", "/page/a\x00"]
)
@pytest.mark.parametrize(
    "accept", [b"*/*", b"application/json", b"text/event-stream", b"image/avif,image/*,*/*;q=0.8", None]
)
def test_a_program_at_a_page_is_answered_with_an_object(service, path, accept):
    answer = ask(service, path, accept=accept)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (BROWSER.decode(), True),
        ("text/html", True),
        ("TEXT/HTML;level=1", True),
        ("text/html, */*", True),
        ("text/html, application/json;q=0.9", True),
        ("application/json;q=0.9, text/html", True),
        ("text/html;q=0.5", True),
        ("application/json, text/html", False),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0.1, */*", False),
        ("text/html;q=0.1, application/*;q=0.2", False),
        ("text/html;q=0", False),
        ("text/html;q=nan", False),
        ("text/html;q=many", False),
        ("text/*", False),
        ("*/*", False),
        ("", False),
        ("," * 1000 + "text/html", False),
    ],
)
def test_a_page_is_for_those_who_name_it_and_want_nothing_more(accept, page):
    assert prefers_page(accept) is page
