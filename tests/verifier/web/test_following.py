"""The counter while something happens, and after: steps, streams, fresh codes, and what was shown is erased."""

import re
from html import unescape

import pytest

from tests.support.verifier import IDENTIFIER, issue_held, make_verifier
from tests.verifier.web.people import Browser, shown


def accepted(counter, browser, held):
    """Ask, answer, and see it; the address of the page."""
    browser.get("/")
    browser.press(use_case="family-name")
    address = browser.address()
    shown(counter, browser.asked(), held)
    assert "Mustermann" in browser.get(address).text
    return address.removeprefix(IDENTIFIER)


def test_a_choice_says_what_it_is_for(browser):
    assert "What is your name?" in browser.page.text
    assert "We write it on your card." in browser.page.text


def test_how_far_it_is_is_told_step_by_step(counter, browser, held):
    browser.press(use_case="family-name")
    assert re.findall(r'aria-current="step">([^<]+)', browser.page.text) == ["Scan the code"]
    assert 'role="status"' in browser.page.text
    request = request_path(browser)
    counter.http("GET", request)
    browser.get(browser.address())
    assert re.findall(r'aria-current="step">([^<]+)', browser.page.text) == ["Decide in your wallet"]


def request_path(browser):
    return f"/requests/{re.search(r'/requests/([^/]+)/qr', browser.page.text)[1]}"


def test_what_is_asked_stands_on_the_page_before_anybody_answers(browser):
    browser.press(use_case="family-name")
    assert "Family name" in browser.page.text
    assert "From a document in your wallet" in browser.page.text


def first_event(counter, browser, path):
    """The first state that the stream of a page tells; the stream is ended by forgetting."""
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return counter.http("GET", path, headers={"cookie": cookie})


def test_the_stream_tells_the_state_that_the_page_has(counter, browser, held, monkeypatch):
    monkeypatch.setattr("runtime.live.STREAM_SECONDS", 0.0)
    browser.press(use_case="family-name")
    for _ in ("the first code", "a renewed one"):
        live, state = browser.state()
        told = first_event(counter, browser, live)
        assert told.headers["content-type"].startswith("text/event-stream")
        assert f"event: state\ndata: {state}\n\n" in told.text
        counter.clock.forward(240)
        browser.get(browser.address())
    live, _ = browser.state()
    shown(counter, browser.asked(), held)
    told = first_event(counter, browser, live)
    assert browser.get(browser.address()).status_code == 200
    assert f"data: {browser.state()[1]}\n" in told.text
    assert "Mustermann" not in told.text


def test_a_look_by_the_stream_renews_the_code(counter, browser, monkeypatch):
    monkeypatch.setattr("runtime.live.STREAM_SECONDS", 0.0)
    browser.press(use_case="family-name")
    live, state = browser.state()
    counter.clock.forward(240)
    told = first_event(counter, browser, live).text
    assert f"data: {state}\n" not in told
    browser.get(browser.address())
    assert f"data: {browser.state()[1]}\n" in told


def test_only_the_browser_that_began_may_listen(counter, browser):
    """T183, T237."""
    browser.press(use_case="family-name")
    live, _ = browser.state()
    other = Browser(counter)
    other.get("/")
    assert first_event(counter, other, live).status_code == 404
    assert first_event(counter, Browser(counter), live).status_code == 404


def test_an_answer_is_erased_on_the_spot(counter, browser, held):
    """T261: twice is as good as once, and the page that showed it says that it is gone."""
    path = accepted(counter, browser, held)
    before = browser.page
    for _ in range(2):
        browser.page = before  # as in a second tab
        page = browser.press(f"{path}/forget")
        assert (page.status_code, "We have erased everything" in page.text) == (200, True)
        assert browser.state() == (None, "forgotten-0")
    assert "Mustermann" not in browser.get(path).text
    assert "Mustermann" not in counter.http("GET", path).text


@pytest.mark.parametrize("change", ["no token", "token of another browser", "another site", "another browser"])
def test_nobody_else_erases(counter, browser, held, change):
    """T233, T237."""
    path = accepted(counter, browser, held)
    other = Browser(counter)
    other.get("/")
    form = {"form_token": re.search(r'name="form_token" value="([^"]+)"', browser.page.text)[1]}
    others = {"form_token": re.search(r'name="form_token" value="([^"]+)"', other.page.text)[1]}
    if change == "no token":
        refused = browser.go("POST", f"{path}/forget", data={"x": "y"})
    elif change == "token of another browser":
        refused = browser.go("POST", f"{path}/forget", data=others)
    elif change == "another site":
        refused = browser.go("POST", f"{path}/forget", data=form, headers={"sec-fetch-site": "cross-site"})
    else:
        refused = other.go("POST", f"{path}/forget", data=others)
    assert refused.status_code == (404 if change == "another browser" else 403)
    assert "Mustermann" in browser.get(path).text


def test_erasing_is_no_get(counter, browser, held):
    """T233: no picture or link erases."""
    path = accepted(counter, browser, held)
    assert browser.go("GET", f"{path}/forget").status_code == 405
    assert "Mustermann" in browser.get(path).text


def test_an_answer_is_not_shown_after_its_time(counter, browser, held):
    """T261"""
    path = accepted(counter, browser, held)
    counter.clock.forward(600)
    page = browser.get(path)
    assert (page.status_code, "Mustermann" in page.text) == (404, False)


def test_the_wallet_in_the_browser_is_offered_where_there_is_one(tmp_path, agency, counter, browser):
    browser.press(use_case="family-name", same_device="yes")
    assert "Open the wallet in this browser" not in browser.page.text
    with_wallet = make_verifier(f"sqlite:///{tmp_path}/w.db", agency.anchors, wallet_url="https://wallet.example")
    other = Browser(with_wallet)
    other.get("/")
    other.press(use_case="family-name", same_device="yes")
    _, _, query = other.link().partition("?")
    found = [unescape(href) for href in re.findall(r'href="([^"]+)"', other.page.text)]
    assert f"https://wallet.example/authorize?{query}" in found
    with_wallet.close()


def test_a_page_that_was_left_asks_before_it_goes_on(counter, browser):
    browser.press(use_case="family-name")
    address = browser.address()
    for _ in range(6):
        counter.clock.forward(240)
        browser.get(address)
    assert "Are you still there?" in browser.page.text
    assert "qr.svg" not in browser.page.text
    page = browser.press(use_case="family-name")
    assert "qr.svg" in page.text
    assert browser.address() != address


def test_the_first_thing_that_was_wrong_is_read_first(counter, browser, agency):
    browser.press(use_case="family-name")
    address = browser.address()
    shown(counter, browser.asked(), issue_held(agency, expires_at=counter.clock.now - 61))
    page = browser.get(address)
    assert page.text.index("It is not valid today") < page.text.index("We did not check whether it is genuine")
    assert "When one thing is not right, we look no further." in page.text


def test_a_browser_is_known_for_as_long_as_it_is_used(counter, browser, held):
    """A clerk who never goes back to the start is not thrown out after an hour."""
    path = accepted(counter, browser, held)
    [name] = browser.cookies
    assert f"{name}={browser.cookies[name]}" in browser.get(path).headers["set-cookie"]
