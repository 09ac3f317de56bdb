"""What the desk ends is over everywhere: at the counter at once, and on the card as soon as the citizen looks."""

from playwright.sync_api import expect

from tests.browser.demo import ask, demo, find, invite, paste, receive, sign_in, unlock
from tests.support.browser import DESKTOP

__all__ = ["demo"]

QUESTION = "Are you over 18?"


def end(desk, deed, button, reason):
    """The clerk opens the document and does something to it, with a reason."""
    desk.page.get_by_role("link", name="Documents").click()
    desk.page.get_by_role("main").get_by_role("link", name="Identity card").click()
    desk.page.get_by_role("link", name=deed).click()
    desk.page.get_by_label(reason).check()
    desk.page.get_by_role("button", name=button).click()


def show(counter, phone, town):
    """The citizen shows the card at the counter; its verdict, and the lines that failed."""
    paste(phone, town, ask(counter, town, QUESTION))
    phone.page.get_by_role("button", name="Share").click()
    verdict = counter.page.locator(".verdict h1")
    expect(verdict).to_be_visible()
    failed = counter.page.locator(".checks li").filter(has=counter.page.locator("img[src$='bad.svg']"))
    return verdict.inner_text(), [line.strip() for line in failed.all_inner_texts()]


def card_after_a_look(phone, town):
    """The citizen asks whether the card is still good; what stands on it, and how it looks."""
    phone.page.goto(town.wallet_address)
    phone.page.get_by_role("button", name="Check now").click()
    expect(phone.page.get_by_text("Checked. What you see is what the offices say now.")).to_be_visible()
    state = phone.page.locator(".pass-state")
    return state.inner_text(), state.get_attribute("class").split()[-1]


def test_a_card_that_rests_holds_again_and_ends_is_seen_so_at_the_counter_and_in_the_wallet(chromium, demo):
    """T073"""
    taken_back = ("Not accepted", ["It was taken back, or we could not find out whether it was"])
    with chromium.window(size=DESKTOP) as desk, chromium.window() as phone, chromium.window(size=DESKTOP) as counter:
        sign_in(desk, demo)
        find(desk)
        desk.page.get_by_role("link", name="Identity card").click()
        link, number = invite(desk)
        unlock(phone, demo)
        receive(phone, demo, link, number)
        assert show(counter, phone, demo) == ("Accepted", [])
        assert card_after_a_look(phone, demo) == ("Valid", "good")

        end(desk, "Suspend", "Suspend", "The device was lost or stolen")
        assert show(counter, phone, demo) == taken_back
        assert card_after_a_look(phone, demo) == ("Suspended", "bad")

        end(desk, "Reinstate", "Reinstate", "It was a mistake of ours")
        assert card_after_a_look(phone, demo) == ("Valid", "good")
        assert show(counter, phone, demo) == ("Accepted", [])

        end(desk, "Revoke", "Revoke for ever", "The person asked for it")
        assert show(counter, phone, demo) == taken_back
        counter.shoot("counter-revoked")
        assert card_after_a_look(phone, demo) == ("Taken back", "bad")
        phone.page.locator(".pass a").click()
        phone.shoot("wallet-card-revoked")
        expect(desk.page.get_by_role("status")).to_contain_text("revoked")
