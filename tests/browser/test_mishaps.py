"""What goes wrong on a day as any other: two clicks for one, no network in the middle, a code that is too old."""

from playwright.sync_api import expect

from issuer.policy import Lifetimes
from tests.browser.town import neighbours, town

__all__ = ["neighbours", "town"]

OFFER_LIFETIME = Lifetimes().offer


def test_two_clicks_are_one_and_what_came_is_there_once(chromium, town):
    offer, question = town.offer("pid", tx_code=False), town.ask("over-18")
    with chromium.window() as window:
        page = window.page
        town.wallet.make(window)
        town.paste(window, offer["uri"])
        page.get_by_role("button", name="Yes, I want it").dblclick()
        expect(page.get_by_role("heading", level=1)).to_have_text("Is everything right?")
        page.get_by_role("button", name="Keep it", exact=True).dblclick()
        expect(page.get_by_role("heading", level=1)).to_have_text("It is in your wallet now")
        town.paste(window, question["uri"])
        page.get_by_role("button", name="Share").dblclick()
        expect(page.get_by_role("heading", level=1)).to_have_text("Shared")
        page.goto(town.wallet.url)
        assert page.locator(".pass").count() == 1
        page.get_by_role("link", name="Activity").click()
        expect(page.get_by_role("main").get_by_text("You showed")).to_have_count(1)
    assert town.verdict(question).text("state") == "accepted"


def test_a_wallet_that_is_cut_off_in_the_middle_goes_on_where_it_was(chromium, town):
    question = town.ask()
    with chromium.window() as window:
        window.expected.append("net::ERR_INTERNET_DISCONNECTED")
        page = window.page
        town.wallet.make(window)
        town.receive(window)
        town.paste(window, question["uri"])
        share = page.get_by_role("button", name="Share")
        share.wait_for()
        consent = page.url
        page.get_by_label("Show this too: At least 18 years old").check()
        window.context.set_offline(True)
        share.click()
        page.wait_for_url("chrome-error://chromewebdata/")
        assert town.verdict(question).text("state") in ("requested", "opened")
        window.context.set_offline(False)
        page.goto(consent)
        # Nothing was shared, and what was chosen is chosen anew
        assert page.locator("input:checked").count() == 0
        share.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Shared")
    assert town.verdict(question).object("claims").members == {"name": [{"family_name": "Mustermann"}]}


def test_an_invitation_that_is_over_says_so_before_and_after_it_was_read(chromium, town):
    """The last of this file: the office's clock is put forward, and never back."""
    read, too_old = town.offer("pid"), town.offer("pid")
    with chromium.window() as window:
        window.expected += ["400", "502"]
        page = window.page
        town.wallet.make(window)
        town.paste(window, read["uri"])
        page.get_by_role("button", name="Yes, I want it").click()
        town.withdraw(read)
        # An office does not say whether it is the code or the invitation (OID4VCI 1.0 §6.3): the wallet says so in time
        for _ in range(3):
            page.get_by_label("Code").fill(str(read["tx_code"]))
            page.get_by_role("button", name="Get the document").click()
            page.get_by_role("alert").wait_for()
        expect(page.get_by_role("alert")).to_contain_text("Perhaps the invitation is not good any more")
        town.services.clock.ahead += OFFER_LIFETIME
        town.paste(window, too_old["uri"])
        expect(page.get_by_role("heading", level=1)).to_have_text("This invitation cannot be used")
        expect(page.get_by_role("alert")).to_contain_text("It may be too old")
