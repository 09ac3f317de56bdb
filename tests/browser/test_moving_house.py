"""A citizen moves: the clerk sees what that does before saving it, the wallet renews the document and says what is new."""

from playwright.sync_api import expect

from tests.browser.demo import demo, find, invite, receive, sign_in, unlock
from tests.support.browser import DESKTOP

__all__ = ["demo"]

PLACE = "Neustadt an der See"


def change_register(desk):
    """The clerk writes down where the person lives now, up to the look at what follows."""
    desk.page.get_by_role("link", name="Something is different").click()
    desk.page.get_by_label("Town or village", exact=True).fill(PLACE)
    desk.see("desk-register")
    desk.page.get_by_role("button", name="See what this does").click()


def test_who_moves_sees_the_new_address_in_a_renewed_document(chromium, demo):
    with chromium.window(size=DESKTOP) as desk, chromium.window() as phone:
        sign_in(desk, demo)
        find(desk)
        person = desk.page.url
        desk.page.get_by_role("link", name="Proof of residence").click()
        link, number = invite(desk)
        unlock(phone, demo)
        receive(phone, demo, link, number)

        desk.page.goto(person)
        desk.see("desk-person-with-document")
        change_register(desk)
        expect(desk.page.get_by_text("The old one ends now. The wallet can get a new one by itself.")).to_be_visible()
        expect(desk.page.get_by_text("before:")).to_be_visible()
        desk.see("desk-register-confirm")
        desk.page.get_by_role("button", name="Save, and let this happen").click()
        expect(desk.page.get_by_role("main")).to_contain_text("revoked")

        phone.page.goto(demo.wallet_address)
        phone.page.get_by_role("button", name="Check now").click()
        expect(phone.page.locator(".pass-state")).to_have_text("Taken back")
        phone.page.locator(".pass a").click()
        phone.see("wallet-card-to-renew")
        phone.page.get_by_role("link", name="Renew").click()
        expect(phone.page.get_by_role("heading", name="Renew this document?")).to_be_visible()
        phone.see("wallet-renew")
        phone.page.get_by_role("button", name="Renew").click()
        expect(phone.page.get_by_role("status")).to_contain_text(PLACE)
        phone.see("wallet-renewed")

        phone.page.goto(demo.wallet_address)
        expect(phone.page.locator(".pass-state")).to_have_text("Valid")
        phone.see("wallet-cards-changed")
        phone.page.get_by_role("link", name="See what").click()
        phone.see("wallet-card-changed")
        phone.page.get_by_role("button", name="I have seen it").click()
        expect(phone.page.get_by_text("Something in this document is different now:")).to_be_hidden()
        phone.page.goto(f"{demo.wallet_address}/activity")
        expect(phone.page.get_by_text("renewed Proof of residence")).to_be_visible()

        desk.page.goto(person)
        desk.page.get_by_role("link", name="The person has left").click()
        expect(desk.page.get_by_text("It ends now, for ever.")).to_be_visible()
        desk.see("desk-register-gone")
        desk.page.get_by_role("button", name="Take out for ever").click()
        expect(desk.page.get_by_role("heading", level=1)).to_be_visible()

        phone.page.goto(demo.wallet_address)
        phone.page.locator(".pass a").click()
        phone.page.get_by_role("link", name="Renew").click()
        phone.page.get_by_role("button", name="Renew").click()
        expect(phone.page.get_by_role("status")).to_contain_text("ask for a new one there")
        phone.see("wallet-not-renewed")
        phone.page.goto(demo.wallet_address)
        phone.page.locator(".pass a").click()
        expect(phone.page.get_by_role("main")).to_contain_text("does not renew this document by itself any more")
        phone.see("wallet-card-over")
