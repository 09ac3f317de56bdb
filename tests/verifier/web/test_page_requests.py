"""The addresses that the page's own script calls, and what no other page can make a browser send there."""

import json
import re

import pytest

from tests.support.verifier import IDENTIFIER, asked_on_page, page_answer, present
from tests.verifier.web.people import Browser

OURS = {"origin": IDENTIFIER, "sec-fetch-site": "same-origin"}
JSON = {"content-type": "application/json"}


def part(page):
    """What the page tells its script."""
    return dict(re.findall(r'data-(page-request|page-answer|form-token)="([^"]+)"', page.text))


def send(browser, address, body, headers=OURS):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return browser.go("POST", address, content=content, headers={**JSON, **headers})


def asked(browser):
    """Choose a question; what the page asks through the browser."""
    told = part(browser.press(use_case="family-name"))
    answer = send(browser, told["page-request"], {"form_token": told["form-token"]})
    assert answer.status_code == 200
    return told, answer.json()["requests"]


def handed_over(counter, held, request):
    question = asked_on_page(counter, request)
    data = page_answer(question, present(question.request, held))
    return {"protocol": request["protocol"], "data": data}


def test_a_page_asks_through_its_browser_and_shows_the_verdict(counter, browser, held):
    told, requests = asked(browser)
    address = told["page-request"].removesuffix("/page-request")
    body = {"form_token": told["form-token"], **handed_over(counter, held, requests[0])}
    answer = send(browser, told["page-answer"], body)
    assert (answer.status_code, answer.json()) == (200, {})
    assert "Mustermann" in browser.get(address).text
    assert send(browser, told["page-answer"], body).status_code == 400


def test_asking_changes_nothing_that_is_seen(browser):
    told, _ = asked(browser)
    address = told["page-request"].removesuffix("/page-request")
    before = browser.get(address).text
    send(browser, told["page-request"], {"form_token": told["form-token"]})
    assert browser.get(address).text == before


@pytest.fixture
def passing(counter, held):
    """A good wallet, which answers one of the requests."""
    return lambda request: handed_over(counter, held, request)


@pytest.mark.parametrize("which", ["page-request", "page-answer"])
@pytest.mark.parametrize(
    "sent",
    [
        ({"form_token": None}, OURS, 403),
        ({"form_token": "0" * 64}, OURS, 403),
        ({}, {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, 403),
        ({}, {"origin": "null", "sec-fetch-site": "cross-site"}, 403),
        ({}, {**OURS, "content-type": "text/plain"}, 415),
        ({}, {**OURS, "content-type": "application/x-www-form-urlencoded"}, 415),
        (b"[]", OURS, 400),
        (b"{", OURS, 400),
        (b'{"a":"' + b"x" * (1 << 20) + b'"}', OURS, 413),
    ],
)
def test_what_another_page_sends_is_not_done(browser, passing, which, sent):
    """T233, T241, T246"""
    body, headers, status = sent
    told, requests = asked(browser)
    usual = {"form_token": told["form-token"], **passing(requests[0])}
    answer = send(browser, told[which], body if isinstance(body, bytes) else {**usual, **body}, headers)
    assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (status, False)
    # Nothing was changed: the answer is still good
    assert send(browser, told["page-answer"], usual).status_code == 200


def test_another_browser_gets_nothing_with_a_form_token_of_its_own(counter, browser, held):
    """T183, T237"""
    told, requests = asked(browser)
    other = Browser(counter)
    other.get("/")
    token = part(other.press(use_case="family-name"))["form-token"]
    body = {"form_token": token, **handed_over(counter, held, requests[0])}
    assert send(other, told["page-request"], body).status_code == 404
    assert send(other, told["page-answer"], body).status_code == 400


@pytest.mark.parametrize("missing", ["protocol", "data"])
def test_half_an_answer_is_none(counter, browser, held, missing):
    told, requests = asked(browser)
    body = {"form_token": told["form-token"], **handed_over(counter, held, requests[0])}
    half = {name: value for name, value in body.items() if name != missing}
    assert send(browser, told["page-answer"], half).json()["error"] == "invalid_request"


def test_the_way_is_offered_while_a_wallet_is_awaited_and_stays_hidden_without_a_script(browser):
    page = browser.press(use_case="family-name")
    assert re.search(r'data-page-request="[^>]+ hidden>', page.text)
    page = browser.press(use_case="family-name", same_device="yes")
    assert part(page)
    for name in ("digital-credentials-get=(self)", "digital-credentials-create=(self)"):
        assert name in page.headers["permissions-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
