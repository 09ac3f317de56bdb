"""The pages that anybody can open: readable by everybody, in both languages, in every size."""

import pytest
from playwright.sync_api import expect

from issuer.app import create_app as create_issuer
from issuer.config import IssuerSettings
from issuer.installation import NewIssuer, set_up_issuer
from runtime import system
from runtime.serve import Listen, running
from tests.support.ports import free_port
from verifier.app import create_app as create_verifier
from verifier.config import VerifierSettings
from verifier.installation import NewVerifier, set_up_verifier

SMALLEST = (320, 640)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory):
    """An agency and a library that are open."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        ports = free_port(), free_port()
        urls = [f"http://agency.localhost:{ports[0]}", f"http://library.localhost:{ports[1]}"]
        names = (("de", "Bürgeramt Lindenau"), ("en", "Lindenau city office"))
        set_up_issuer(NewIssuer(folder / "a", urls[0], names), now=system.now(), random_bytes=system.random_bytes)
        set_up_verifier(NewVerifier(folder / "l", urls[1], names), now=system.now(), random_bytes=system.random_bytes)
        agency = create_issuer(IssuerSettings.read(folder / "a"))
        library = create_verifier(VerifierSettings.read(folder / "l"))
        with running(agency, Listen(port=ports[0])), running(library, Listen(port=ports[1])):
            yield urls


@pytest.mark.parametrize("place", [0, 1])
def test_a_first_page_can_be_read_by_everybody(chromium, addresses, place):
    """T234"""
    with chromium.window() as window:
        window.page.goto(addresses[place])
        window.see(f"first-{place}")
        window.page.set_viewport_size({"width": SMALLEST[0], "height": SMALLEST[1]})
        window.axe()


@pytest.mark.parametrize("place", [0, 1])
def test_who_is_lost_reads_a_page_and_finds_the_way_back(chromium, addresses, place):
    """T234"""
    with chromium.window(language="de") as window:
        window.expected.append("status of 404")
        window.page.goto(f"{addresses[place]}/nowhere")
        assert window.page.get_by_role("heading", level=1).inner_text() == "Hier ist keine Seite"
        window.see(f"lost-{place}")
        window.page.set_viewport_size({"width": SMALLEST[0], "height": SMALLEST[1]})
        window.axe()
        window.page.get_by_role("link", name="Zur Startseite").click()
        window.page.wait_for_url(f"{addresses[place]}/")


def test_a_language_is_chosen_and_stays(chromium, addresses):
    with chromium.window(language="en") as window:
        window.page.goto(addresses[0])
        assert window.page.locator("html").get_attribute("lang") == "en"
        window.page.get_by_role("link", name="Deutsch").click()
        expect(window.page.get_by_role("heading", level=1)).to_have_text("Nachweise für Ihre Wallet")
        window.page.reload()
        assert window.page.locator("html").get_attribute("lang") == "de"


def test_the_keyboard_comes_to_the_content_first(chromium, addresses):
    with chromium.window(language="de") as window:
        window.page.goto(addresses[1])
        window.page.keyboard.press("Tab")
        assert window.page.evaluate("document.activeElement.textContent") == "Zum Inhalt"
        window.page.keyboard.press("Enter")
        window.page.keyboard.press("Tab")
        assert window.page.evaluate("document.activeElement.type") == "submit"
