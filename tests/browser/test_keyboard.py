"""The two main paths with a keyboard and nothing else: a document is handed over and taken, asked for and shown, or not.

Nothing is clicked here. Where the keyboard stands is seen, comes after where it stood, and is found again when a page changes.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.library import opened
from tests.browser.served import PASSPHRASE
from tests.browser.town import neighbours, town
from tests.support.browser import DESKTOP, read_code
from tests.support.keyboard import Keyboard
from tests.support.pki import Template, make_pki
from tests.support.verifier import PID

__all__ = ["neighbours", "town"]


def goes(window, address):
    """A person opens an address, and has their keyboard there."""
    window.page.goto(address)
    return Keyboard(window)


def link_on(window):
    """What a wallet reads from the code on a screen."""
    window.page.wait_for_function("() => document.querySelector('img.qr')?.complete")
    return read_code(window.page.locator("img.qr"))


def paste(citizen, link):
    """From the wallet's first page to whatever a link leads to."""
    citizen.arrives("Documents")
    citizen.skip()
    citizen.to("Scan a code")
    citizen.press("Enter")
    citizen.arrives("Scan a code")
    citizen.skip()
    citizen.to("Or paste a link")
    citizen.type(link)
    citizen.press("Enter")


def described(window):
    """What is said about the field that has the keyboard."""
    return window.page.evaluate(
        "(document.activeElement.getAttribute('aria-describedby') ?? '').split(' ')"
        ".map((id) => document.getElementById(id)?.innerText).join(' ')"
    )


def test_a_clerk_hands_a_document_over_and_a_citizen_takes_it(chromium, town):
    with chromium.window(size=DESKTOP) as desk, chromium.window() as phone:
        clerk = goes(desk, f"{town.services.issuer.address}/desk")
        clerk.arrives("Desk: sign in", at="Your sign-in code")
        clerk.type(town.services.clerk_code)
        clerk.press("Enter")
        clerk.arrives("Find a person", at="Name or id in the register")
        clerk.type("erika")
        clerk.press("Enter")
        expect(desk.page.get_by_role("heading", name="1 person found")).to_be_visible()
        clerk.skip()
        clerk.to("Erika Maria Mustermann")
        clerk.press("Enter")
        clerk.arrives("Erika Maria Mustermann")
        clerk.skip()
        clerk.to("Identity card")
        clerk.press("Enter")
        clerk.arrives("Is everything right?")
        clerk.skip()
        clerk.to("Invite now, with a code")
        clerk.press("Enter")
        clerk.arrives("The person scans this code with their wallet")
        link = link_on(desk)
        clerk.skip()
        clerk.to("Show the number for the wallet")
        clerk.press("Enter")
        number = desk.page.locator(".code").inner_text().replace(" ", "")

        phone.expected += ["401", "400"]
        citizen = goes(phone, town.wallet.url)
        citizen.arrives("Make your wallet")
        citizen.skip()
        citizen.to("Passphrase")
        citizen.type(PASSPHRASE)
        citizen.to("The same again")
        citizen.type(PASSPHRASE)
        citizen.press("Enter")
        citizen.arrives("Documents")
        citizen.to("Lock")
        citizen.press("Space")
        citizen.arrives("Open your wallet", at="Passphrase")
        citizen.type("not this one")
        citizen.press("Enter")
        phone.page.get_by_role("alert").wait_for()
        citizen.arrives("Open your wallet", at="Passphrase")
        assert "does not open the wallet" in described(phone)
        citizen.type(PASSPHRASE)
        citizen.press("Enter")
        paste(citizen, link)
        citizen.arrives("City office offers you a document")
        citizen.skip()
        citizen.to("Yes, I want it")
        citizen.press("Enter")
        citizen.arrives("Type your code", at="Code")
        citizen.type("000000" if number != "000000" else "111111")
        citizen.press("Enter")
        phone.page.get_by_role("alert").wait_for()
        citizen.arrives("Type your code", at="Code")
        assert "this code is not right" in described(phone)
        citizen.type(number)
        citizen.press("Enter")
        citizen.arrives("Is everything right?")
        clerk.arrives("The wallet has opened the invitation", at="The wallet has opened the invitation")
        citizen.skip()
        citizen.to("Keep it")
        citizen.to("Do not keep it")
        citizen.to("Keep it", key="Shift+Tab")
        citizen.press("Enter")
        citizen.arrives("It is in your wallet now")
        citizen.skip()
        citizen.to("Identity card")
        citizen.press("Enter")
        citizen.arrives("Identity card")
        citizen.skip()
        citizen.to("First names")
        citizen.press("Enter")
        expect(phone.page.get_by_text("Erika Maria", exact=True)).to_be_visible()

        clerk.arrives("Accepted: the document is in the wallet", at="Accepted")
        clerk.to("Back to the person")


def test_a_citizen_shows_a_part_and_says_no_and_the_counter_follows(chromium, town):
    with chromium.window() as phone, chromium.window(size=DESKTOP) as counter:
        for window in (phone, counter):
            window.page.emulate_media(color_scheme="dark")
        town.wallet.make(phone)
        town.receive(phone)
        partner = goes(counter, town.services.verifier.address)
        partner.arrives("What would you like to do?")
        partner.skip()
        partner.to("Join the film club")
        partner.press("Space")
        partner.arrives("Join the film club")

        citizen = goes(phone, town.wallet.url)
        paste(citizen, link_on(counter))
        citizen.arrives("Cinema asks you for data")
        partner.arrives("Join the film club", at="Join the film club")
        citizen.skip()
        citizen.to("Show this too: At least 18 years old")
        citizen.press("Space")
        assert phone.page.locator("input:checked").count() == 1
        citizen.to("Share")
        citizen.to("No, thanks")
        citizen.to("Share", key="Shift+Tab")
        citizen.press("Enter")
        citizen.arrives("Shared")
        partner.arrives("Accepted", at="Accepted")
        shared = counter.page.get_by_role("main").inner_text()
        assert "Mustermann" in shared
        assert "Lindenau" not in shared
        partner.to("Erase now")
        partner.press("Enter")
        partner.arrives("Erased")

        citizen.skip()
        citizen.to("To my documents")
        citizen.press("Enter")
        paste(citizen, town.ask()["uri"])
        citizen.arrives("Cinema asks you for data")
        citizen.skip()
        citizen.to("No, thanks")
        citizen.press("Enter")
        citizen.arrives("You shared nothing")


@pytest.fixture(scope="module")
def agency():
    return make_pki(Template(common_name="Residents' office"), types=frozenset({PID}))


def test_a_code_that_is_renewed_leaves_the_keyboard_where_it_stands(chromium, tmp_path, agency):
    with opened(tmp_path, agency) as library, chromium.window() as window:
        partner = goes(window, library.url)
        partner.arrives("What would you like to do?")
        partner.to("Are you over 18?")
        partner.press("Enter")
        partner.arrives("Are you over 18?")
        for name in ("My wallet is on this device", "Deutsch"):
            partner.to(name)
            picture = window.page.locator("img.qr").get_attribute("src")
            library.counter.clock.forward(241)
            window.page.wait_for_function(
                "old => document.querySelector('img.qr').getAttribute('src') !== old", arg=picture
            )
            assert partner.where() == name
        partner.to("My wallet is on this device", key="Shift+Tab")
        library.open(link_on(window))
        partner.arrives("Are you over 18?", at="Are you over 18?")


def test_a_page_that_comes_back_with_a_problem_begins_there(chromium, town):
    with chromium.window() as phone:
        phone.expected.append("400")
        town.wallet.make(phone)
        citizen = goes(phone, town.wallet.url)
        paste(citizen, "https://shop.example/")
        citizen.arrives("Scan a code", at="This is the address of an ordinary web page")
        citizen.to("Start the camera")
        citizen.press("Enter")
        phone.page.get_by_text("No camera was found").wait_for()
        assert citizen.where() == "Start the camera"
        citizen.to("Or paste a link")
