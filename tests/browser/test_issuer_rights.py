"""Rights over a document, asked for in the wallet and answered at the agency's desk, as people see both."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Page, expect

from issuer.policy import Deed
from runtime.serve import Listen, running
from tests.browser.stage import Stage
from tests.browser.test_wallet_documents_log import Offices
from tests.flows.agency import SUBJECT, Town, agency
from tests.support.browser import DESKTOP, PHONE, Chromium, Window
from tests.support.issuer import CLERK, IDENTIFIER
from tests.support.ports import free_port

T = TypeVar("T")


@dataclass
class Scene:
    """A wallet and the agency's desk, each at an address of its own."""

    offices: Offices
    desk: str

    def take(self, window: Window) -> None:
        """The citizen takes a card."""
        self.offices.open(window)
        self.offices.paste(window, apart(lambda: self.offices.town.office.offer("card")))
        window.page.get_by_role("button", name="Yes, I want it").click()
        window.page.get_by_role("button", name="Keep it", exact=True).click()
        window.page.get_by_role("heading", name="It is in your wallet now").wait_for()

    def ask(self, window: Window, title: str, text: str = "") -> None:
        """Ask from the page of the document."""
        page = window.page
        page.goto(self.offices.url)
        page.get_by_role("main").get_by_role("link", name="Card").first.click()
        page.get_by_role("heading", name="Your rights").wait_for()
        window.see("issuer-rights-card")
        page.get_by_role("link", name="See what you can ask").click()
        page.get_by_role("heading", name="What you can ask City office").wait_for()
        page.get_by_role("link", name=title, exact=True).click()
        page.get_by_role("heading", name=title, exact=True).wait_for()
        window.see("issuer-rights-ask")
        if text:
            page.locator("#text").fill(text)
        page.get_by_role("button", name="Send it to City office").click()
        page.get_by_role("heading", name="What you asked", exact=True).wait_for()

    def sign_in(self, page: Page, code_label: str, button: str) -> None:
        """A clerk comes to the list of requests."""
        page.goto(f"{self.desk}/desk")
        page.get_by_label(code_label).fill(apart(self.offices.town.desk.clerk_code))
        page.get_by_role("button", name=button).click()
        page.goto(f"{self.desk}/desk/rights")

    def later(self, window: Window) -> None:
        """Some minutes pass, and the citizen looks again."""
        apart(lambda: self.offices.town.forward(200))
        window.page.reload()


def apart(work: Callable[[], T]) -> T:
    """Do something in a thread of its own: while playwright is there, its event loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Both are served."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    ports = free_port(), free_port()
    with agency() as office:
        town = Town(None, more={IDENTIFIER: office})
        offices = Offices(tmp_path / "wallet", f"http://localhost:{ports[0]}", town)
        offices.served.create()
        desk = office.desk.issuer
        assert isinstance(offices, Stage)
        assert desk.rights is not None
        with (
            running(offices.served.switch, Listen(port=ports[0])),
            running(office.client.app, Listen(port=ports[1])),
        ):
            yield Scene(offices, f"http://localhost:{ports[1]}")


def test_a_correction_is_refused_by_a_clerk_and_read_in_the_wallet(chromium: Chromium, scene: Scene) -> None:
    with chromium.window(size=PHONE) as window:
        page = window.page
        scene.take(window)
        scene.ask(window, "Have something corrected", "I have 5 points.")
        page.get_by_text("City office is working on what you asked.").first.wait_for()
        with chromium.window(size=DESKTOP, language="en") as clerk:
            scene.sign_in(clerk.page, "Your sign-in code", "Sign in")
            expect(clerk.page.get_by_text("Wants something corrected")).to_be_visible()
            clerk.see("issuer-desk-rights")
            clerk.page.get_by_role("link", name="Wants something corrected").click()
            expect(clerk.page.get_by_text("I have 5 points.")).to_be_visible()
            expect(clerk.page.get_by_text("and the document is valid.")).to_be_visible()
            clerk.see("issuer-desk-right")
            clerk.page.locator("#why-not").fill("The register is right. Art. 16 GDPR.")
            clerk.page.get_by_role("button", name="Refuse").click()
            expect(clerk.page.get_by_text("Refused", exact=True)).to_be_visible()
            clerk.see("issuer-desk-right-refused")
        scene.later(window)
        page.get_by_text("City office refused what you asked.").first.wait_for()
        page.get_by_text("The register is right. Art. 16 GDPR.").first.wait_for()
        window.see("issuer-rights-refused")


def test_access_is_answered_at_once_and_opened(chromium: Chromium, scene: Scene) -> None:
    with chromium.window(size=PHONE) as window:
        page = window.page
        scene.take(window)
        scene.ask(window, "See everything that they have about you")
        page.get_by_text("City office has an answer for you.").first.wait_for()
        window.see("issuer-rights-answered")
        page.get_by_role("main").get_by_role("button", name="Open the answer").click()
        page.get_by_text("Xanthippe").wait_for()
        page.get_by_role("link", name="noted.json").wait_for()
        window.see("issuer-rights-answer")


def test_an_erasure_on_a_phone_in_german(chromium: Chromium, scene: Scene) -> None:
    with chromium.window(size=PHONE) as window:
        scene.take(window)
        scene.ask(window, "Have your data erased")
        with chromium.window(size=PHONE, language="de") as clerk:
            scene.sign_in(clerk.page, "Ihr Anmeldecode", "Anmelden")
            clerk.see("issuer-desk-rights-german")
            clerk.page.get_by_role("main").get_by_role("listitem").first.get_by_role("link").click()
            expect(clerk.page.get_by_text("Der Nachweis gilt noch", exact=True)).to_be_visible()
            clerk.see("issuer-desk-right-german")
            desk = scene.offices.town.desk

            def end() -> None:
                for one in desk.store.documents(limit=10, subject=SUBJECT):
                    desk.run(desk.issuer.desk.change(one.id, Deed.REVOKE, "asked", CLERK))

            apart(end)
            clerk.page.reload()
            clerk.page.locator("#kept").fill("§ 13 Registergesetz")
            clerk.see("issuer-desk-right-erasing")
            clerk.page.get_by_role("button", name="Mitteilen, dass es erledigt ist").click()
            expect(clerk.page.get_by_text("Was bleibt, und warum")).to_be_visible()
            clerk.see("issuer-desk-right-erased")
        scene.later(window)
        window.page.get_by_text(
            "City office did a part of what you asked, and says why not all of it."
        ).first.wait_for()
        window.see("issuer-rights-erased")


def test_a_part_goes_out_by_hand_and_the_rest_later(chromium: Chromium, scene: Scene) -> None:
    with chromium.window(size=PHONE) as window:
        page = window.page
        scene.take(window)
        desk = scene.offices.town.desk

        def end() -> None:
            for one in desk.store.documents(limit=10, subject=SUBJECT):
                desk.run(desk.issuer.desk.change(one.id, Deed.REVOKE, "asked", CLERK))

        apart(end)
        scene.ask(window, "See everything that they have about you")
        page.get_by_text("City office is working on what you asked.").first.wait_for()
        with chromium.window(size=DESKTOP, language="en") as clerk:
            scene.sign_in(clerk.page, "Your sign-in code", "Sign in")
            clerk.page.get_by_role("link", name="Wants to know what we hold").click()
            choose = clerk.page.get_by_label("File", exact=True)
            choose.set_input_files({"name": "Archive.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 old"})
            clerk.page.get_by_role("button", name="Add this file").click()
            expect(clerk.page.get_by_text("Archive.pdf")).to_be_visible()
            clerk.page.get_by_label("We made sure that it is the person").check()
            clerk.page.get_by_label("What machines decide with this data").fill("Nothing decides by itself.")
            clerk.page.get_by_label("This is a part, and the rest follows").check()
            until = clerk.page.get_by_label("If the rest follows: by when")
            until.fill(until.get_attribute("max") or "")
            clerk.page.get_by_label("If something does not go out").fill("The archive takes longer.")
            clerk.see("issuer-desk-answer")
            clerk.page.get_by_role("button", name="Send the answer").click()
            expect(clerk.page.get_by_text("A part was handed out.")).to_be_visible()
        scene.later(window)
        page.get_by_role("button", name="Open this part").click()
        page.get_by_role("link", name="Archive.pdf").wait_for()
        with chromium.window(size=PHONE, language="de") as clerk:
            scene.sign_in(clerk.page, "Ihr Anmeldecode", "Anmelden")
            clerk.page.get_by_role("main").get_by_role("listitem").first.get_by_role("link").click()
            clerk.see("issuer-desk-answer-german")
            clerk.page.get_by_label("Wir haben sichergestellt").check()
            clerk.page.get_by_label("Was Maschinen mit diesen Daten entscheiden").fill("Nichts entscheidet allein.")
            clerk.page.get_by_label("Das ist alles, und die Anfrage ist beantwortet").check()
            clerk.page.get_by_role("button", name="Antwort senden").click()
            expect(clerk.page.get_by_text("Dateien, die hinausgingen")).to_be_visible()
            clerk.see("issuer-desk-answer-sent-german")


def test_whoever_has_no_wallet_finds_out_what_they_can_do(chromium: Chromium, scene: Scene) -> None:
    with chromium.window(size=PHONE, language="de") as window:
        window.page.goto(f"{scene.desk}/")
        window.page.get_by_role("link", name="Was wir mit Ihren Daten tun, und was Sie verlangen können").click()
        expect(window.page.get_by_role("heading", name="Ohne Ihre Wallet")).to_be_visible()
        expect(window.page.get_by_text("Haben Sie Ihre Wallet verloren?")).to_be_visible()
        window.see("issuer-cockpit-page")
    with chromium.window(size=DESKTOP, language="en") as window:
        window.page.goto(f"{scene.desk}/cockpit")
        expect(window.page.get_by_role("link", name="What they say about data protection")).to_be_visible()
        window.see("issuer-cockpit-page-desktop")
