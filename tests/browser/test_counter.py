"""The counter in front of people: choose, scan, follow, read the outcome, erase; with every turn that it can take."""

import threading
from collections.abc import Iterator

import pytest

from protocol.errors import InvalidRequest
from protocol.oid4vp.answer import (
    Uncertain,
)
from protocol.trust.anchors import Role
from tests.browser.library import CLAIMS, DISCLOSABLE, WALLET, Library, opened
from tests.support.browser import DESKTOP, Window, read_code
from tests.support.pki import NOW, Pki, Template, make_pki
from tests.support.verifier import PID, issue_held

SMALLEST = (320, 640)


@pytest.fixture(scope="module")
def agency() -> Pki:
    return make_pki(Template(common_name="Residents' office"), types=frozenset({PID}))


@pytest.fixture
def library(tmp_path, agency) -> Iterator[Library]:
    with opened(tmp_path, agency) as library:
        yield library


def choose(window: Window, library: Library, title: str = "Join the film club") -> None:
    """Come in and choose a question; the page is marked, so that a reload would show."""
    window.page.goto(library.url)
    window.page.get_by_role("button", name=title).click()
    window.page.locator("img.qr").wait_for()
    mark(window)


def mark(window: Window) -> None:
    window.page.evaluate("window.sameDocument = true")


def never_reloaded(window: Window) -> bool:
    return window.page.evaluate("window.sameDocument") is True


def scan(window: Window) -> str:
    """What a camera sees of the code."""
    return read_code(window.page.locator("img.qr"))


def step(window: Window) -> str:
    return window.page.locator("[aria-current=step]").inner_text()


def heading(window: Window, text: str) -> None:
    window.page.get_by_role("heading", level=1, name=text, exact=True).wait_for()


def test_a_person_scans_shares_and_is_accepted_while_the_page_follows(chromium, library):
    library.network.gate.clear()
    with chromium.window(size=DESKTOP) as window:
        window.page.goto(library.url)
        window.see("counter-start")
        choose(window, library)
        window.see("counter-code")
        assert step(window) == "Scan the code"
        for asked in ("From: Identity card", "Last name", "Photo (if you like)"):
            assert asked in window.page.locator("#main").inner_text()
        request = library.open(scan(window))
        window.page.get_by_text("Your wallet has the question.").first.wait_for()
        assert step(window) == "Decide in your wallet"
        window.see("counter-opened")
        # What the wallet hears does not matter here: looking at the page takes longer than it waits
        sharing = threading.Thread(target=library.send, args=(request, library.held))
        sharing.start()
        window.page.get_by_text("The answer is here.").first.wait_for()
        assert step(window) == "We check the answer"
        window.see("counter-received")
        library.network.gate.set()
        heading(window, "Accepted")
        sharing.join()
        window.see("counter-accepted")
        shown = window.page.locator("#main").inner_text()
        for text in (
            "Mustermann",
            "12 August 1964",
            "Yes",
            "DE",
            "FR",
            "The document is genuine",
            "It was not taken back",
        ):
            assert text in shown
        picture = window.page.get_by_alt_text("Photo")
        assert picture.evaluate("e => e.naturalWidth") == 90
        assert never_reloaded(window)


def test_what_was_shared_is_erased_by_one_press_in_every_tab(chromium, library):
    """T261"""
    with chromium.window() as window:
        choose(window, library)
        library.share(library.open(scan(window)))
        heading(window, "Accepted")
        address = window.page.url
        second = window.context.new_page()
        second.goto(address)
        second.get_by_text("Mustermann").wait_for()
        window.page.get_by_role("button", name="Erase now").click()
        heading(window, "Erased")
        window.see("counter-erased")
        second.get_by_role("heading", level=1, name="Erased").wait_for()
        window.page.goto(library.url)
        window.page.go_back()
        heading(window, "Erased")
        window.page.go_back()
        for page in (window.page, second):
            assert "Mustermann" not in page.content()


def test_an_outcome_does_not_stay_on_a_screen_that_was_left(chromium, library):
    """T261: when the time of an answer is over, the open page is without it too."""
    with chromium.window() as window:
        window.expected.append("404 (Not Found)")
        choose(window, library)
        library.share(library.open(scan(window)))
        heading(window, "Accepted")
        library.counter.clock.forward(601)
        heading(window, "This page is not good any more")
        assert "Mustermann" not in window.page.content()
        window.see("counter-over")


def test_a_document_that_has_run_out_is_refused_with_the_reason(chromium, library):
    old = issue_held(library.agency, CLAIMS, disclosable=DISCLOSABLE, expires_at=NOW - 61)
    with chromium.window() as window:
        choose(window, library)
        assert library.send(library.open(scan(window)), old) == Uncertain("the verifier answered with status 400")
        heading(window, "Not accepted")
        window.see("counter-refused")
        assert "It is not valid today" in window.page.locator("#main").inner_text()
        assert "Mustermann" not in window.page.content()
        window.page.get_by_role("button", name="Ask again").click()
        window.page.locator("img.qr").wait_for()


def test_a_no_is_as_easy_as_a_yes(chromium, library):
    with chromium.window(language="de") as window:
        window.page.goto(library.url)
        window.page.get_by_role("button", name="Dem Filmclub beitreten").click()
        window.page.locator("img.qr").wait_for()
        window.shoot("counter-code-german")
        library.decline(library.open(scan(window)))
        heading(window, "Es wurde nichts geteilt")
        window.see("counter-declined")


def test_a_code_is_renewed_before_it_runs_out_and_the_page_follows_the_new_one(chromium, library):
    """T196"""
    with chromium.window() as window:
        choose(window, library)
        address, first = window.page.url, scan(window)
        picture = window.page.locator("img.qr").get_attribute("src")
        library.counter.clock.forward(240)
        window.page.wait_for_function(
            "old => document.querySelector('img.qr').getAttribute('src') !== old", arg=picture
        )
        second = scan(window)
        assert second != first
        assert (window.page.url, never_reloaded(window)) == (address, True)
        # Somebody who had just scanned the former code is not turned away, but as soon as its own time is over
        library.counter.clock.forward(60)
        with pytest.raises(InvalidRequest, match="answered with status 404"):
            library.open(first)
        library.share(library.open(second))
        heading(window, "Accepted")


def test_a_page_that_was_left_asks_whether_anybody_is_there(chromium, library):
    with chromium.window() as window:
        choose(window, library)
        for _ in range(5):
            picture = window.page.locator("img.qr").get_attribute("src")
            library.counter.clock.forward(241)
            window.page.wait_for_function(
                "old => document.querySelector('img.qr').getAttribute('src') !== old", arg=picture
            )
        library.counter.clock.forward(241)
        heading(window, "Are you still there?")
        window.see("counter-unattended")
        assert never_reloaded(window)
        window.page.get_by_role("button", name="Yes, go on").click()
        library.share(library.open(scan(window)))
        heading(window, "Accepted")


def test_a_question_that_nobody_decided_about_runs_out_and_can_be_asked_again(chromium, library):
    """T196"""
    with chromium.window() as window:
        choose(window, library)
        library.open(scan(window))
        window.page.get_by_text("Your wallet has the question.").first.wait_for()
        library.counter.clock.forward(300)
        heading(window, "The time is over")
        window.see("counter-expired")
        window.page.get_by_role("button", name="Ask again").click()
        window.page.locator("img.qr").wait_for()


def test_on_the_same_device_the_wallet_leads_back_to_the_outcome(chromium, tmp_path, agency):
    """T183"""
    with opened(tmp_path, agency, wallet_url=WALLET) as library, chromium.window() as window:
        choose(window, library)
        window.page.get_by_role("button", name="My wallet is on this device").click()
        in_browser = window.page.get_by_role("link", name="Open the wallet in this browser")
        address, link = window.page.url, window.page.get_by_role("link", name="Open my wallet").get_attribute("href")
        window.see("counter-same-device")
        assert in_browser.get_attribute("href") == link.replace("openid4vp://", f"{WALLET}/authorize")
        assert step(window) == "Open your wallet"
        back = library.share(library.open(in_browser.get_attribute("href")))
        window.page.get_by_text("let it lead you back").first.wait_for()
        window.see("counter-answered")
        with chromium.window() as other:
            other.expected.append("404 (Not Found)")
            other.page.goto(back)
            heading(other, "This page is not good any more")
        window.page.goto(back)
        heading(window, "Accepted")
        assert window.page.url == address
        window.page.get_by_role("button", name="Ask again").click()
        window.page.get_by_role("button", name="My wallet is on another device").click()
        window.page.locator("img.qr").wait_for()


@pytest.mark.parametrize("language", ["en", "de"])
def test_another_browser_sees_nothing(chromium, library, language):
    """T183, T237"""
    with chromium.window() as mine, chromium.window(language=language) as other:
        other.expected.append("404 (Not Found)")
        choose(mine, library)
        address = mine.page.url
        other.page.goto(library.url)
        for _ in ("while it is open", "when it is over"):
            other.page.goto(address)
            assert other.page.get_by_role("heading", level=1).inner_text() in (
                "This page is not good any more",
                "Diese Seite gilt nicht mehr",
            )
            assert "Mustermann" not in other.page.content()
            assert other.page.evaluate("a => fetch(a).then(r => r.status)", f"{address}/events") == 404
            if mine.page.locator("img.qr").count():
                library.share(library.open(scan(mine)))
                heading(mine, "Accepted")


def test_without_scripts_the_page_looks_by_itself(chromium, library):
    with chromium.window(scripts=False) as window:
        window.page.goto(library.url)
        window.page.get_by_role("button", name="Are you over 18?").click()
        request = library.open(scan_picture(window, library))
        window.page.get_by_text("Your wallet has the question.").first.wait_for()
        library.share(request)
        heading(window, "Accepted")
        window.page.get_by_role("button", name="Erase now").click()
        heading(window, "Erased")


def scan_picture(window: Window, library: Library) -> str:
    """The code of a page without scripts, where we cannot ask whether its picture is there."""
    code = window.page.locator("img.qr")
    code.wait_for()
    reference = code.get_attribute("src").split("/")[2]
    return library.wallet(library.counter.verifier.requests.link_of_reference(reference), library.counter.store)


def test_a_page_that_loses_the_network_says_so_and_goes_on(chromium, library):
    with chromium.window() as window:
        window.expected.append("net::ERR_INTERNET_DISCONNECTED")
        choose(window, library)
        link = scan(window)
        window.context.set_offline(True)
        window.page.get_by_text("There is no connection at the moment.").wait_for()
        window.see("counter-offline")
        library.share(library.open(link))
        window.context.set_offline(False)
        heading(window, "Accepted")
        assert never_reloaded(window)


def test_the_counter_can_be_used_by_keyboard_alone_in_the_smallest_window(chromium, library):
    """320 pixels are also what is left of 1280 at 400 %."""
    with chromium.window(size=SMALLEST, language="de") as window:
        window.page.goto(library.url)
        window.axe()
        press_until(window, "Sind Sie über 18?")
        window.page.keyboard.press("Enter")
        link = scan(window)
        window.axe()
        library.share(library.open(link))
        heading(window, "Angenommen")
        window.axe()
        press_until(window, "Jetzt löschen")
        window.page.keyboard.press("Space")
        heading(window, "Gelöscht")


def press_until(window: Window, text: str) -> None:
    """Go from control to control until the one with this text."""
    for _ in range(20):
        window.page.keyboard.press("Tab")
        if text in window.page.evaluate("document.activeElement.textContent"):
            return
    raise AssertionError(f"the keyboard does not come to {text}")


def of_a_library() -> Pki:
    """An access certificate that says who answers for the data, and where."""
    host = "library.localhost"
    who = Template(organization="City library", identifier="VATDE-123456789", country="DE", dns_names=(host,))
    return make_pki(who, role=Role.VERIFIER)


def test_under_the_verdict_stands_what_the_receipt_says(chromium, tmp_path, agency):
    with (
        opened(tmp_path, agency, access=of_a_library(), privacy_policy="https://library.example/privacy") as library,
        chromium.window(size=SMALLEST) as window,
    ):
        choose(window, library)
        library.share(library.open(scan(window)))
        heading(window, "Accepted")
        fold = window.page.locator("details")
        assert not fold.locator("dl").is_visible()
        fold.locator("summary").click()
        assert "We write down who you are" in fold.inner_text()
        window.see("counter-receipt")
