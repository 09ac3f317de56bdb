"""The demo town as people meet it, all by hand: a clerk, a citizen and a partner follow their tutorials."""

import re
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import expect

from hoheit.demo.places import CITIZEN, CITY_OFFICE, LIBRARY
from hoheit.demo.running import PASSPHRASE_FILE, open_town
from tests.browser.tutorial import Tutorial
from tests.support.browser import DESKTOP, PHONE, film
from tests.support.ports import free_port


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """The town, up, before anybody has walked through it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "demo")
        with open_town(tmp_path_factory.mktemp("town"), free_port(), as_json=True) as running:
            yield running.town


def test_the_first_page_leads_to_everybody(chromium, town):
    with chromium.window(size=PHONE) as window:
        window.page.goto(town.start)
        window.see("town")
        addresses = [link.get_attribute("href") for link in window.page.get_by_role("main").get_by_role("link").all()]
        for address in dict.fromkeys(address for address in addresses if address):
            answer = window.page.goto(address)
            assert answer is not None
            assert answer.ok, address


def test_everybody_follows_their_tutorial(chromium, town, tmp_path):
    clerk, citizen, partner = (Tutorial.read(name) for name in ("clerk", "citizen", "partner"))
    with chromium.window(size=DESKTOP) as desk:
        desk.page.goto(f"{town.address(CITY_OFFICE)}/desk")
        desk.page.get_by_label("Your sign-in code").fill(town.clerk_code(CITY_OFFICE))
        clerk.press(desk)
        clerk.see(desk)
        desk.page.get_by_label("Name or id").fill("erika")
        clerk.press(desk)
        clerk.press(desk, "link")
        clerk.press(desk, "link")
        clerk.see(desk)
        clerk.press(desk)
        clerk.press(desk, "link")
        seen = film(tmp_path / "offer.mjpeg", [desk.page.get_by_role("img").first.screenshot()])
        clerk.press(desk, "link")
        desk.page.get_by_text(clerk.left.pop(0)[1], exact=True).click()
        number = desk.page.locator(".code").inner_text().replace(" ", "")
        with chromium.window(size=PHONE, camera=seen) as phone:
            phone.page.goto(town.wallet_address)
            phone.page.get_by_label("Passphrase").fill((town.wallet / PASSPHRASE_FILE).read_text())
            citizen.press(phone)
            citizen.see(phone)
            citizen.press(phone, "link")
            citizen.press(phone)
            citizen.press(phone)
            phone.page.get_by_label("Code").fill(number)
            citizen.press(phone)
            citizen.see(phone)
            citizen.press(phone)
            citizen.see(phone)
            clerk.see(desk)

            phone.page.goto(town.address(LIBRARY))
            citizen.press(phone)
            citizen.press(phone)
            citizen.press(phone, "link")
            citizen.press(phone)
            citizen.press(phone)
            citizen.press(phone, only_said=True)
            citizen.see(phone)
            phone.page.get_by_role("link", name=re.compile("^Back to")).click()
            expect(phone.page.get_by_text("Accepted", exact=True)).to_be_visible()
            phone.page.goto(town.wallet_address)
            citizen.press(phone, "link")
            assert "Stadtbücherei" in phone.page.get_by_role("main").inner_text()
            citizen.is_done()

            with chromium.window(size=DESKTOP) as counter:
                counter.page.goto(town.address(LIBRARY))
                partner.press(counter)
                answer(phone, counter, town, tmp_path)
                partner.see(counter)
                partner.see(counter, only_said=True)
                partner.press(counter)
                partner.see(counter)
                partner.press(counter, "link")
                partner.is_done()

            clerk.press(desk, "link")
            desk.page.get_by_role("main").get_by_role("link", name="Identity card").first.click()
            clerk.press(desk, "link")
            desk.page.get_by_label("The device was lost or stolen").check()
            clerk.press(desk)
            clerk.press(desk, "link", only_said=True)
            clerk.press(desk, "link", only_said=True)

            clerk.press(desk, "link")
            clerk.press(desk)
            clerk.is_done()

            # A resting document is seen to rest: on the card, and at the counter
            phone.page.goto(town.wallet_address)
            phone.page.get_by_role("button", name="Check now").click()
            expect(phone.page.get_by_text("Suspended", exact=True)).to_be_visible()


def answer(phone, counter, town, folder):
    """Answer what a counter asks, by a picture of its code."""
    code = counter.page.get_by_role("img", name="QR code for your wallet")
    picture = folder / "question.png"
    picture.write_bytes(code.screenshot())
    phone.page.goto(f"{town.wallet_address}/add")
    phone.page.get_by_label("Or choose a picture with the code").set_input_files(picture)
    phone.page.get_by_role("button", name="Share").click()
    expect(phone.page.get_by_role("heading", name="Shared")).to_be_visible()


def test_an_offer_leads_to_the_wallet_in_this_browser(chromium, town):
    body = {"credential_configuration_ids": ["pid"], "subject": CITIZEN, "tx_code": False}
    headers = {"authorization": f"Bearer {town.api_key(CITY_OFFICE)}"}
    url = f"http://127.0.0.1:{urlsplit(town.start).port}/api/offers"
    host = urlsplit(town.address(CITY_OFFICE)).netloc
    made = httpx2.post(url, json=body, headers={**headers, "host": host}, trust_env=False)
    assert made.status_code == 201
    with chromium.window(size=PHONE) as phone:
        phone.page.goto(made.json()["page_url"])
        phone.page.get_by_role("link", name="Open the wallet in this browser").click()
        expect(phone.page.get_by_role("heading", name="A page wants to give you a document")).to_be_visible()
        assert phone.page.url.startswith(town.wallet_address)
