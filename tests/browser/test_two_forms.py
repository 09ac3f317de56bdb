"""A document in two formats in front of people: one card, one consent with another document, portraits as pictures."""

from tests.browser.test_counter import scan
from tests.browser.town import neighbours, town

__all__ = ["neighbours", "town"]

FORMS = ("For the internet", "For the internet and face to face")


def test_two_forms_are_one_card_and_two_documents_are_shown_with_one_consent(chromium, town):
    with chromium.window() as window, chromium.window() as counter:
        page = window.page
        town.wallet.make(window)
        offer = town.offer("pid", "pid-mdoc", "diploma")
        town.paste(window, offer["uri"])
        page.get_by_role("button", name="Yes, I want it").wait_for()
        assert page.get_by_role("heading", name="Identity card", exact=True).count() == 1
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_label("Code").fill(str(offer["tx_code"]))
        page.get_by_role("button", name="Get the document").click()
        page.get_by_role("button", name="Keep it", exact=True).wait_for()
        assert page.get_by_role("heading", name="Identity card", exact=True).count() == 1
        assert page.get_by_role("img", name="Photo").count() == 1
        window.see("wallet-two-forms-arrived")
        page.get_by_role("button", name="Keep it", exact=True).click()
        page.get_by_role("heading", name="It is in your wallet now").wait_for()
        page.goto(town.wallet.url)
        card = page.locator("#main li").filter(has_text="Identity card")
        assert card.count() == 1
        card.get_by_role("link").click()
        page.get_by_role("heading", name="Identity card").wait_for()
        assert all(page.get_by_text(form, exact=True).count() == 1 for form in FORMS)
        page.get_by_role("button", name="Show everything").click()
        assert page.locator("img.portrait").count() == 1
        window.see("wallet-two-forms-card")
        page.get_by_role("link", name="Deutsch").click()
        page.get_by_text("Für das Internet und vor Ort", exact=True).wait_for()
        page.get_by_role("link", name="English").click()

        counter.page.goto(town.services.verifier.address)
        counter.page.get_by_role("button", name="Enrol for a course").click()
        town.paste(window, scan(counter))
        page.get_by_role("heading", name="Cinema asks you for data").wait_for()
        main = page.locator("#main")
        assert main.get_by_role("img", name="Photo").count() == 1
        assert "Germany (DE)" in main.inner_text()
        assert "University diploma" in main.inner_text()
        assert not any(word in main.inner_text() for word in ("mdoc", "eu.europa", "SD-JWT"))
        window.see("wallet-two-documents")
        page.get_by_role("button", name="Share").click()
        page.get_by_role("heading", name="Shared", exact=True).wait_for()

        counter.page.get_by_role("heading", name="Accepted").wait_for()
        assert counter.page.locator("#main img[src^='data:image/jpeg']").count() == 1
        counter.see("counter-two-documents")

        page.goto(town.wallet.url)
        page.locator("#main li").filter(has_text="Identity card").get_by_role("link").click()
        page.get_by_role("link", name="Delete this document").click()
        page.get_by_text("All its forms go").wait_for()
        window.see("wallet-two-forms-delete")
        page.get_by_role("button", name="Delete for ever").click()
        page.get_by_role("heading", name="Identity card is deleted").wait_for()
        page.get_by_role("link", name="To my documents").click()
        page.get_by_role("heading", name="Documents").wait_for()
        assert page.locator("#main li").filter(has_text="Identity card").count() == 0
