"""The demo town as people meet it, all by hand: a clerk, a citizen and a partner follow their tutorials."""

import re
from urllib.parse import urljoin, urlsplit

import httpx2
from playwright.sync_api import expect

from hoheit.demo.places import CITIZEN, CITY_OFFICE, LIBRARY
from tests.browser.demo import demo, passphrase
from tests.browser.pictures import SCALE
from tests.browser.tutorial import Tutorial
from tests.support.browser import DESKTOP, PHONE, choose_picture, film, photo_of

__all__ = ["demo"]


def test_the_first_page_leads_to_everybody(chromium, demo):
    with chromium.window(size=PHONE) as window:
        window.page.goto(demo.start)
        window.see("town")
        addresses = [link.get_attribute("href") for link in window.page.get_by_role("main").get_by_role("link").all()]
        for address in dict.fromkeys(address for address in addresses if address):
            answer = window.page.goto(urljoin(demo.start, address))
            assert answer is not None
            assert answer.ok, address


def test_everybody_follows_their_tutorial(chromium, demo, tmp_path):
    clerk, citizen, partner = (Tutorial.read(name) for name in ("clerk", "citizen", "partner"))
    with chromium.window(size=DESKTOP) as desk:
        desk.page.goto(f"{demo.address(CITY_OFFICE)}/desk")
        desk.page.get_by_label("Your sign-in code").fill(demo.clerk_code(CITY_OFFICE))
        clerk.press(desk)
        clerk.see(desk)
        desk.page.get_by_label("Name or id").fill("erika")
        clerk.press(desk)
        clerk.press(desk, "link")
        clerk.press(desk, "link")
        clerk.see(desk)
        clerk.picture(desk)
        clerk.press(desk)
        clerk.press(desk, "link")
        seen = film(tmp_path / "offer.mjpeg", [photo_of(desk.page.get_by_role("img").first)])
        clerk.press(desk, "link")
        desk.page.get_by_text(clerk.left.pop(0)[1], exact=True).click()
        number = desk.page.locator(".code").inner_text().replace(" ", "")
        clerk.picture(desk)
        with chromium.window(size=PHONE, scale=SCALE, camera=seen) as phone:
            phone.page.goto(demo.start)
            citizen.picture(phone)
            phone.page.goto(demo.wallet_address)
            phone.page.get_by_label("Passphrase").fill(passphrase(demo))
            citizen.press(phone)
            citizen.see(phone)
            citizen.press(phone, "link")
            citizen.press(phone)
            expect(phone.page.get_by_role("heading", name="offers you a document")).to_be_visible()
            citizen.picture(phone)
            citizen.press(phone)
            phone.page.get_by_label("Code").fill(number)
            citizen.press(phone)
            citizen.see(phone)
            citizen.press(phone)
            citizen.see(phone)
            citizen.press(phone, "link")
            citizen.picture(phone)
            clerk.see(desk)
            clerk.press(desk, "link")
            clerk.press(desk)
            clerk.picture(desk)

            phone.page.goto(demo.address(LIBRARY))
            citizen.press(phone)
            citizen.press(phone)
            citizen.press(phone, "link")
            citizen.press(phone)
            expect(phone.page.get_by_role("heading", name="asks you for data")).to_be_visible()
            citizen.picture(phone)
            citizen.press(phone)
            citizen.press(phone, only_said=True)
            citizen.see(phone)
            phone.page.get_by_role("link", name=re.compile("^Back to")).click()
            expect(phone.page.get_by_text("Accepted", exact=True)).to_be_visible()
            phone.page.goto(demo.wallet_address)
            citizen.press(phone, "link")
            assert "Stadtbücherei" in phone.page.get_by_role("main").inner_text()
            citizen.picture(phone, dark=True)
            citizen.press(phone, "link")
            citizen.press(phone)
            phone.page.get_by_role("heading", name="Let the other side scan this code").wait_for()
            for _ in range(2):
                citizen.press(phone, only_said=True)
            citizen.see(phone, only_said=True)
            citizen.press(phone, only_said=True)
            citizen.press(phone, "link")
            citizen.press(phone, "link")
            phone.page.get_by_text("Last name", exact=True).click()
            citizen.picture(phone, dark=True)
            citizen.press(phone, "link")
            phone.page.get_by_label("What do you need?").fill("child benefit")
            phone.page.get_by_role("button", name="Search").click()
            citizen.see(phone)
            phone.page.get_by_role("checkbox").first.check()
            citizen.press(phone)
            citizen.press(phone)
            for _ in range(2):
                citizen.press(phone, only_said=True)
            citizen.is_done()

            with chromium.window(size=DESKTOP) as counter:
                counter.page.goto(demo.address(LIBRARY))
                partner.press(counter)
                partner.picture(counter)
                answer(phone, counter, demo, tmp_path)
                partner.see(counter)
                partner.see(counter, only_said=True)
                partner.picture(counter)
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
            phone.page.goto(demo.wallet_address)
            phone.page.get_by_role("button", name="Check now").click()
            expect(phone.page.get_by_text("Suspended", exact=True)).to_be_visible()


def answer(phone, counter, demo, folder):
    """Answer what a counter asks, by a picture of its code."""
    code = counter.page.get_by_role("img", name="QR code for your wallet")
    picture = folder / "question.png"
    picture.write_bytes(photo_of(code))
    phone.page.goto(f"{demo.wallet_address}/add")
    choose_picture(phone.page, picture)
    phone.page.get_by_role("button", name="Share").click()
    expect(phone.page.get_by_role("heading", name="Shared")).to_be_visible()


def test_an_offer_leads_to_the_wallet_in_this_browser(chromium, demo):
    body = {"credential_configuration_ids": ["pid"], "subject": CITIZEN, "tx_code": False}
    headers = {"authorization": f"Bearer {demo.api_key(CITY_OFFICE)}"}
    url = f"http://127.0.0.1:{urlsplit(demo.start).port}/api/offers"
    host = urlsplit(demo.address(CITY_OFFICE)).netloc
    made = httpx2.post(url, json=body, headers={**headers, "host": host}, trust_env=False)
    assert made.status_code == 201
    with chromium.window(size=PHONE) as phone:
        phone.page.goto(made.json()["page_url"])
        phone.page.get_by_role("link", name="Open the wallet in this browser").click()
        expect(phone.page.get_by_role("heading", name="A page wants to give you a document")).to_be_visible()
        assert phone.page.url.startswith(demo.wallet_address)
