"""A code on the wall, a browser at the counter and phones in front of it: who sees what, and what is heard."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from protocol.oid4vp.answer import Delivered
from tests.browser.library import CLAIMS, DISCLOSABLE, Library, opened
from tests.support.browser import DESKTOP, Window, read_code
from tests.support.pki import Pki, Template, make_pki
from tests.support.verifier import PID, issue_held
from verifier.counter import SHOWN_SECONDS

BIG = "Are you over 18?"


@pytest.fixture(scope="module")
def agency() -> Pki:
    return make_pki(Template(common_name="Residents' office"), types=frozenset({PID}))


@pytest.fixture
def library(tmp_path, agency) -> Iterator[Library]:
    with opened(tmp_path, agency) as library:
        yield library


class Wall:
    """A counter with its printed codes."""

    def __init__(self, library: Library) -> None:
        self.library, self.counters = library, library.counter.verifier.counters
        self.record = self.run(self.counters.add("Desk", ["over-18", "club"], "command line"))
        self.page = self.counters.page(self.record)

    def run(self, exchange):
        return self.library.wallet(exchange, self.library.counter.store)

    def pair(self, window: Window) -> None:
        """Open the link in the browser that stands there."""
        offer = self.run(self.counters.offer_pairing(self.record.id))
        window.page.goto(self.counters.pairing_link(self.record, offer.code))
        assert window.page.get_by_label("Code for the counter").input_value() == offer.code
        assert urlsplit(window.page.url).fragment == ""
        window.page.get_by_role("button", name="Use this browser").click()
        window.page.get_by_role("heading", name="Ready").wait_for()

    def answer(self, use_case: str = "over-18", held=None) -> str:
        """Somebody scans and says yes; the page that their wallet leads to."""
        link = self.counters.link(self.record, use_case)
        verified = self.library.open(link)
        delivery = self.library.send(verified, held or self.library.held)
        assert isinstance(delivery, Delivered)
        return delivery.redirect_uri or ""


def test_the_clerk_pairs_a_browser_and_sees_each_verdict_large(chromium, library):
    wall = Wall(library)
    with chromium.window(size=DESKTOP) as clerk, chromium.window() as phone:
        offer = wall.run(wall.counters.offer_pairing(wall.record.id))
        clerk.page.goto(wall.counters.pairing_link(wall.record, offer.code))
        clerk.see("at-counter-pair")
        wall.pair(clerk)
        clerk.see("at-counter-ready")
        clerk.page.evaluate("window.sameDocument = true")
        number_page = wall.answer("club")
        clerk.page.get_by_role("heading", name="OK", exact=True).wait_for()
        assert clerk.page.get_by_alt_text("Picture of the person").evaluate("e => e.naturalWidth") == 90
        clerk.see("at-counter-good")
        phone.page.goto(number_page)
        number = phone.page.locator(".your-number").inner_text()
        phone.see("at-counter-number")
        assert clerk.page.locator(".large-number").inner_text() == f"Number {number}"
        clerk.page.get_by_role("button", name="Next").click()
        clerk.page.get_by_role("heading", name="Ready").wait_for()
        assert "Mustermann" not in clerk.page.content()
        wall.answer("over-18", issue_held(make_pki(), CLAIMS, disclosable=DISCLOSABLE))
        clerk.page.get_by_role("heading", name="No", exact=True).wait_for()
        clerk.see("at-counter-bad")
        clerk.page.get_by_role("button", name="Next").click()
        clerk.page.get_by_role("heading", name="Ready").wait_for()
        library.decline(library.open(wall.counters.link(wall.record, "over-18")))
        clerk.page.get_by_role("heading", name="Nothing was shared").wait_for()
        clerk.see("at-counter-declined")


def test_two_at_once_are_asked_for_by_number_and_in_german_too(chromium, library):
    wall = Wall(library)
    with chromium.window(size=DESKTOP, language="de") as clerk, chromium.window(language="de") as phone:
        offer = wall.run(wall.counters.offer_pairing(wall.record.id))
        clerk.page.goto(wall.counters.pairing_link(wall.record, offer.code))
        clerk.page.get_by_role("button", name="Diesen Browser verwenden").click()
        clerk.page.get_by_role("heading", name="Bereit").wait_for()
        clerk.page.goto("about:blank")
        wall.answer("club")
        phone.page.goto(wall.answer("over-18"))
        number = phone.page.locator(".your-number").inner_text()
        clerk.page.goto(wall.page)
        clerk.page.get_by_role("heading", name="Welche Nummer hat die Person?").wait_for()
        assert "Mustermann" not in clerk.page.content()
        clerk.see("at-counter-which")
        clerk.page.get_by_role("button", name=number, exact=True).click()
        clerk.page.get_by_text(f"Nummer {number}").wait_for()
        assert "Mustermann" not in clerk.page.content()
        clerk.see("at-counter-german")


def test_tones_are_off_until_somebody_turns_them_on_and_each_outcome_has_one(chromium, library):
    wall = Wall(library)
    with chromium.window(size=DESKTOP) as clerk:
        clerk.context.add_init_script(
            "window.tones = []; document.addEventListener('sounded', (e) => window.tones.push(e.detail));"
        )
        wall.pair(clerk)
        wall.answer()
        clerk.page.get_by_role("heading", name="OK", exact=True).wait_for()
        assert clerk.page.evaluate("window.tones") == []
        clerk.page.get_by_role("button", name="Next").click()
        clerk.page.get_by_role("heading", name="Ready").wait_for()
        sound = clerk.page.get_by_role("button", name="Sound is off")
        sound.click()
        clerk.page.get_by_role("button", name="Sound is on").wait_for()
        wall.answer()
        clerk.page.get_by_role("heading", name="OK", exact=True).wait_for()
        clerk.page.wait_for_function("window.tones.length === 2")
        wall.answer()
        clerk.page.get_by_text("Others wait: 1").wait_for()
        assert clerk.page.evaluate("window.tones") == ["good", "good"]
        clerk.page.get_by_role("button", name="Sound is on").click()
        clerk.page.get_by_role("button", name="Sound is off").wait_for()


def test_what_was_shown_goes_by_itself(chromium, library):
    """T261"""
    wall = Wall(library)
    with chromium.window(size=DESKTOP) as clerk:
        wall.pair(clerk)
        wall.answer("club")
        clerk.page.get_by_text("Mustermann").wait_for()
        library.counter.clock.forward(SHOWN_SECONDS)
        clerk.page.get_by_role("heading", name="Ready").wait_for()
        assert "Mustermann" not in clerk.page.content()


def test_the_code_is_printed_with_both_languages_and_can_be_scanned(chromium, library):
    wall = Wall(library)
    with chromium.window(size=DESKTOP) as window:
        window.page.goto(f"{wall.page}/code/over-18")
        window.see("at-counter-code")
        window.page.wait_for_function("() => document.querySelector('img.qr')?.complete")
        assert read_code(window.page.locator("img.qr")) == wall.counters.link(wall.record, "over-18")
        window.page.emulate_media(media="print")
        window.page.set_viewport_size({"width": 794, "height": 1123})
        window.shoot("at-counter-printed")
        assert window.page.evaluate("document.documentElement.scrollHeight") <= 1123


def test_another_browser_is_told_whom_to_ask(chromium, library):
    wall = Wall(library)
    with chromium.window() as window:
        window.expected.append("404 (Not Found)")
        window.page.goto(wall.page)
        window.page.get_by_role("heading", name="This browser does not belong to the counter").wait_for()
        window.see("at-counter-closed")
