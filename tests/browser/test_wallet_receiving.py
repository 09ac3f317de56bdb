"""A document comes into the wallet: scanned, with a code, by login, refused, cut off."""

from playwright.sync_api import expect

from tests.browser.town import film_of, neighbours, town

__all__ = ["neighbours", "town"]


def heading(window):
    return window.page.get_by_role("heading", level=1)


def test_an_offer_is_scanned_and_with_its_code_a_document_comes(chromium, town, tmp_path):
    offer = town.offer("pid")
    seen = film_of(chromium, tmp_path / "offer.mjpeg", offer["page_url"], "img.qr")
    with chromium.window(camera=seen) as window:
        page = window.page
        town.wallet.make(window)
        page.get_by_role("link", name="Scan", exact=True).click()
        window.see("wallet-add")
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_role("heading", name="City office offers you a document").wait_for()
        assert "Checked: the trust list of the tests vouches for them." in page.locator("#main").inner_text()
        window.see("wallet-offer")
        page.get_by_role("button", name="Yes, I want it").click()
        window.see("wallet-code")
        window.expected.append("400")
        page.get_by_label("Code").fill("000000" if offer["tx_code"] != "000000" else "111111")
        page.get_by_role("button", name="Get the document").click()
        expect(page.get_by_role("alert")).to_contain_text("this code is not right. Nothing is lost.")
        window.see("wallet-code-wrong")
        page.get_by_label("Code").fill(str(offer["tx_code"]))
        page.get_by_role("button", name="Get the document").click()
        page.get_by_role("heading", name="Is everything right?").wait_for()
        assert "Erika Maria" in page.locator("#main").inner_text()
        window.see("wallet-arrived")
        page.get_by_role("button", name="Keep it", exact=True).click()
        page.get_by_role("heading", name="It is in your wallet now").wait_for()
        window.see("wallet-kept")
        page.locator(".pass a").click()
        page.wait_for_url("**/cards/*")
    assert town.services.issuer.get(f"/api/offers/{offer['id']}").json()["state"] == "accepted"


def test_back_and_a_second_tab_do_nothing_twice(chromium, town):
    offer = town.offer("pid", tx_code=False)
    with chromium.window() as window:
        window.expected.append("404")
        page = window.page
        town.wallet.make(window)
        town.paste(window, offer["uri"])
        heading(window).wait_for()
        address = page.url
        other = window.context.new_page()
        other.goto(address)
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_role("heading", name="Is everything right?").wait_for()
        other.get_by_role("button", name="Yes, I want it").click()
        expect(other.locator("#main")).to_contain_text("This page is not good any more")
        page.get_by_role("button", name="Keep it", exact=True).click()
        page.get_by_role("heading", name="It is in your wallet now").wait_for()
        page.goto(f"{address}/arrived")
        assert "You answered it already" in page.locator("#main").inner_text()
        page.goto(town.wallet.url)
        assert page.locator(".pass").count() == 1


def test_a_document_can_be_refused_before_and_after_it_came(chromium, town):
    with chromium.window() as window:
        page = window.page
        town.wallet.make(window)
        offer = town.offer("pid", tx_code=False)
        town.paste(window, offer["uri"])
        page.get_by_role("button", name="No, thanks").click()
        page.get_by_role("heading", name="You said no").wait_for()
        window.see("wallet-declined")
        assert town.services.issuer.get(f"/api/offers/{offer['id']}").json()["state"] == "offered"
        town.paste(window, offer["uri"])
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_role("button", name="Do not keep it").click()
        page.get_by_role("heading", name="You said no").wait_for()
        assert town.services.issuer.get(f"/api/offers/{offer['id']}").json()["state"] == "failed"
        page.goto(town.wallet.url)
        assert page.locator(".pass").count() == 0


def test_who_logs_in_at_the_office_comes_back_to_the_document(chromium, town):
    letter = town.services.issuer.post("/api/letters", subject="erika")["letter_code"]
    with chromium.window() as window:
        page = window.page
        town.wallet.make(window)
        town.paste(window, town.offer("pid", grant="authorization_code", tx_code=False)["uri"])
        window.see("wallet-offer-login")
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_label("Code from the letter").fill(str(letter))
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("heading", name="Is everything right?").wait_for()
        assert "code=" not in page.url
        page.get_by_role("button", name="Keep it", exact=True).click()
        page.get_by_role("heading", name="It is in your wallet now").wait_for()


def test_who_cancels_at_the_office_is_back_and_can_begin_again(chromium, town):
    with chromium.window() as window:
        page = window.page
        town.wallet.make(window)
        town.paste(window, town.offer("pid", grant="authorization_code", tx_code=False)["uri"])
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("heading", name="You stopped at the office").wait_for()
        window.see("wallet-login-cancelled")
        page.get_by_role("button", name="Begin again").click()
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_label("Code from the letter").wait_for()
        page.go_back()
        page.get_by_role("button", name="Yes, I want it").or_(page.get_by_role("button", name="Begin again")).wait_for()


def test_a_wallet_that_was_locked_during_the_login_says_so(chromium, town):
    with chromium.window() as window:
        window.expected.append("401")
        page = window.page
        town.wallet.make(window)
        town.paste(window, town.offer("pid", grant="authorization_code", tx_code=False)["uri"])
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_label("Code from the letter").wait_for()
        other = window.context.new_page()
        other.goto(town.wallet.url)
        other.get_by_role("button", name="Lock").click()
        other.get_by_role("heading", name="Open your wallet").wait_for()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("heading", name="Your wallet was locked meanwhile").wait_for()
        window.see("wallet-login-locked")


def test_a_page_on_the_same_device_offers_and_the_wallet_is_opened_in_between(chromium, town):
    """T260"""
    query = str(town.offer("pid", tx_code=False)["uri"]).partition("?")[2]
    with chromium.window() as window:
        page = window.page
        town.wallet.make(window)
        page.get_by_role("button", name="Lock").click()
        page.get_by_role("heading", name="Open your wallet").wait_for()
        page.goto(f"{town.wallet.url}/credential-offer?{query}")
        window.see("wallet-from-page-offer")
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("heading", name="Open your wallet").wait_for()
        assert "credential_offer" not in page.url
        town.wallet.unlock(window)
        page.get_by_role("heading", name="City office offers you a document").wait_for()


def test_a_link_that_is_none_is_told_kindly_and_not_opened(chromium, town):
    with chromium.window() as window:
        window.expected += ["400", "502"]
        town.wallet.make(window)
        town.paste(window, "https://shop.example/sale?x=1")
        expect(window.page.get_by_role("alert")).to_contain_text("ordinary web page (shop.example)")
        window.see("wallet-add-problem")
        town.paste(window, "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Foffice.example%2Fnone")
        heading(window).wait_for()
        window.see("wallet-add-failed")
