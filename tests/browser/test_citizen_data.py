"""The second tutorial for citizens, followed by hand in the demo town: a plan, forwarding, and rights."""

import re

from playwright.sync_api import expect

from hoheit.demo.places import CITIZEN, CITY_OFFICE
from tests.browser.demo import demo, keep, offered, paste, unlock
from tests.browser.pictures import SCALE
from tests.browser.tutorial import Tutorial
from tests.support.browser import PHONE

__all__ = ["demo"]


def test_a_citizen_follows_the_tutorial_about_their_data(chromium, demo):
    citizen = Tutorial.read("citizen-data")
    with chromium.window(size=PHONE, scale=SCALE) as phone:
        page = phone.page
        unlock(phone, demo)
        for one in ("pid", "residence"):
            paste(phone, demo, offered(demo, CITY_OFFICE, (one,), CITIZEN))
            keep(phone)

        citizen.press(phone, "link")
        citizen.press(phone, "link")
        page.get_by_role("checkbox", name="Birth certificate").check()
        citizen.press(phone)
        citizen.press(phone)
        plan = page.url
        citizen.picture(phone)
        citizen.press(phone)
        citizen.press(phone)
        citizen.press(phone, "link")
        citizen.see(phone)
        citizen.press(phone)
        citizen.press(phone)
        citizen.see(phone)
        page.goto(plan)
        expect(page.get_by_role("button", name="Begin this step")).to_have_count(0)
        citizen.see(phone, only_said=True)
        citizen.press(phone, only_said=True)

        citizen.press(phone, "link")
        citizen.press(phone, "link")
        citizen.press(phone, "link")
        page.get_by_role("checkbox", name="Sparkasse Lindenau").check()
        citizen.press(phone)
        citizen.see(phone)
        citizen.picture(phone)
        citizen.press(phone)
        citizen.see(phone)
        page.get_by_role("checkbox", name="Sparkasse Lindenau", exact=True).check()
        citizen.press(phone, "radio")
        citizen.press(phone)
        citizen.see(phone)
        citizen.press(phone, only_said=True)

        citizen.press(phone, "link")
        assert re.search("to Sparkasse Lindenau", page.get_by_role("main").inner_text())
        citizen.press(phone, "link")
        citizen.see(phone)
        citizen.press(phone, "link")
        citizen.press(phone, "link")
        citizen.press(phone)
        expect(
            page.get_by_text(re.compile("^Sparkasse Lindenau (is working on|did) what you asked")).first
        ).to_be_visible()
        citizen.picture(phone)

        citizen.press(phone, "link")
        citizen.see(phone)
        citizen.press(phone, "link", whole=True)
        citizen.see(phone)
        citizen.see(phone)
        phone.see("office-of-two-services")
        citizen.see(phone)
        # Of both places
        assert page.get_by_text("The register watches that").count() == 2
        citizen.is_done()
