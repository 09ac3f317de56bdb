"""Erika moves house, all by hand: three hear of it after one yes, her bank is stopped, and then only two do."""

import re
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import expect

from hoheit.demo.places import HEALTH_COUNTER, POWER, SAVINGS
from hoheit.demo.stories.moving import HOMES, PLACES
from tests.browser.demo import demo, find, invite, receive, sign_in, unlock
from tests.support.browser import DESKTOP

__all__ = ["demo"]

NAMES = {SAVINGS: "Sparkasse Lindenau", HEALTH_COUNTER: "Lindenkasse", POWER: "Lindenstrom"}
TWO = [NAMES[HEALTH_COUNTER], NAMES[POWER]]
ALL = [NAMES[SAVINGS], *TWO]


def see(phone, name):
    """The page in every view, and in German on a phone."""
    phone.see(f"moving-{name}-en")
    phone.page.get_by_role("link", name="Deutsch").click()
    expect(phone.page.locator("html")).to_have_attribute("lang", "de")
    phone.axe()
    for scheme in ("dark", "light"):
        phone.page.emulate_media(color_scheme=scheme)
        phone.shoot(f"moving-{name}-de-phone-{scheme}")
    phone.page.get_by_role("link", name="English").click()
    expect(phone.page.locator("html")).to_have_attribute("lang", "en")


def open_proof(phone, demo):
    """Her proof of residence."""
    phone.page.goto(demo.wallet_address)
    phone.page.locator(".pass a").click()
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("Proof of residence")


def move(desk, person, home):
    """The clerk writes down where she lives now."""
    desk.page.goto(person)
    desk.page.get_by_role("link", name="Something is different").click()
    desk.page.get_by_label("Street and house number", exact=True).fill(home)
    desk.page.get_by_role("button", name="See what this does").click()
    expect(desk.page.get_by_text("The old one ends now. The wallet can get a new one by itself.")).to_be_visible()
    desk.page.get_by_role("button", name="Save, and let this happen").click()
    expect(desk.page.get_by_role("main")).to_contain_text("revoked")


def renew(phone, demo, home):
    """Her wallet finds the old one taken back, and she gets the new one."""
    phone.page.goto(demo.wallet_address)
    phone.page.get_by_role("button", name="Check now").click()
    expect(phone.page.locator(".pass-state")).to_have_text("Taken back")
    phone.page.locator(".pass a").click()
    phone.page.get_by_role("link", name="Get the new one").click()
    phone.page.get_by_role("button", name="Renew").click()
    expect(phone.page.get_by_role("status").filter(has_text="is different now")).to_contain_text(home)


def open_again(phone, demo):
    """She locks her wallet, and opens it another day."""
    phone.page.get_by_role("button", name="Lock").click()
    unlock(phone, demo)
    expect(phone.page.get_by_text("Something new is ready to be sent")).to_be_visible()


def look(phone):
    """She has those asked who shall know."""
    phone.page.get_by_role("main").get_by_role("link", name="Look at it").click()
    see(phone, "orders-due")
    phone.page.get_by_role("button", name="Look at it").click()
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("What each of them would get")


def recipients(phone):
    """For whom something lies ready."""
    return sorted(phone.page.locator("section.recipient h2").all_inner_texts())


def send(phone, count):
    """One yes."""
    boxes = phone.page.get_by_role("checkbox", name=re.compile("^Send this to"))
    assert [box.is_checked() for box in boxes.all()] == [True] * count
    phone.page.get_by_role("button", name="Send to those I ticked").click()
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("Everybody has it")


def known(demo, place):
    """Where she lives, by each of the cases that a place has, newest first."""
    [service] = [service for service, where in PLACES.items() if where is place]
    address, key = demo.address(place), demo.case_key(place)
    here = f"http://127.0.0.1:{urlsplit(demo.start).port}/api/cases"
    headers = {"authorization": f"Bearer {key}", "host": urlsplit(address).netloc}
    listed = httpx2.get(here, params={"state": "open", "service": service}, headers=headers, trust_env=False).json()
    cases = [httpx2.get(f"{here}/{one['id']}", headers=headers, trust_env=False).json() for one in listed["cases"]]
    values = [{line["name"]: line["value"] for line in one["fields"]} for one in cases]
    return sorted(one["street"] for one in values)


def test_who_moves_house_says_yes_once_and_stops_whoever_shall_not_know(chromium, demo):
    with chromium.window(size=DESKTOP) as desk, chromium.window() as phone:
        page = phone.page
        sign_in(desk, demo)
        find(desk)
        person = desk.page.url
        desk.page.get_by_role("link", name="Proof of residence").click()
        link, number = invite(desk)
        unlock(phone, demo)
        receive(phone, demo, link, number)

        # To all three at once, and again whenever it changes
        open_proof(phone, demo)
        page.get_by_role("link", name="Forward it").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Who shall get it?")
        see(phone, "who")
        for name in ALL:
            page.get_by_role("checkbox", name=name).check()
        page.get_by_role("button", name="Ask them").click()
        assert recipients(phone) == sorted(ALL)
        see(phone, "consent")
        send(phone, 3)
        see(phone, "done")
        own = page.get_by_role("link", name="Their page for you").first.get_attribute("href")
        for name in ALL:
            page.get_by_role("checkbox", name=name, exact=True).check()
        page.get_by_role("radio", name="For a year", exact=True).check()
        page.get_by_role("button", name="Arrange it").click()
        expect(page.get_by_text("They have what you have.")).to_have_count(3)
        see(phone, "orders")
        before = known(demo, SAVINGS)
        assert before == known(demo, POWER) == known(demo, HEALTH_COUNTER)
        assert len(before) == 1

        # She moves
        move(desk, person, HOMES[0])
        renew(phone, demo, HOMES[0])
        expect(page.get_by_text("Something new is ready to be sent")).to_be_visible()
        see(phone, "renewed")
        open_again(phone, demo)
        see(phone, "unlocked")
        look(phone)
        assert recipients(phone) == sorted(ALL)
        expect(page.get_by_text(HOMES[0])).to_have_count(3)
        expect(page.get_by_text("New since last time: Street and house number")).to_have_count(3)
        assert known(demo, SAVINGS) == before
        see(phone, "consent-again")
        send(phone, 3)
        see(phone, "done-again")
        for place in NAMES:
            assert known(demo, place) == sorted([*before, HOMES[0]])
        page.get_by_role("navigation").get_by_role("link", name="Activity").click()
        for name in ALL:
            expect(page.get_by_text(f"{name} gave you a receipt.")).to_have_count(2)
        see(phone, "activity")
        page.get_by_role("link", name=re.compile("to Sparkasse Lindenau")).first.click()
        expect(
            page.get_by_text("Sparkasse Lindenau confirmed what you gave, and your wallet checked it.")
        ).to_be_visible()
        see(phone, "receipt")

        # Her bank is stopped
        page.goto(f"{demo.wallet_address}/orders")
        page.get_by_role("button", name="Stop it: Sparkasse Lindenau").click()
        expect(page.get_by_text("You stopped it.")).to_be_visible()
        see(phone, "stopped")

        # She moves once more
        move(desk, person, HOMES[1])
        renew(phone, demo, HOMES[1])
        open_again(phone, demo)
        look(phone)
        assert recipients(phone) == sorted(TWO)
        send(phone, 2)
        for name in TWO:
            expect(page.get_by_text(f"{name} has it.")).to_be_visible()
        assert known(demo, SAVINGS) == sorted([*before, HOMES[0]])
        for place in (HEALTH_COUNTER, POWER):
            assert known(demo, place) == sorted([*before, *HOMES])

        page.goto(str(own))
        see(phone, "their-page")
