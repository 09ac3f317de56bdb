"""A question is answered: scanned, with a choice, refused, on the same device, twice."""

from playwright.sync_api import expect

from tests.browser.town import film_of, neighbours, town

__all__ = ["neighbours", "town"]


def test_a_question_is_scanned_and_what_is_chosen_is_shared_and_nothing_else(chromium, town, tmp_path):
    question = town.ask()
    seen = film_of(chromium, tmp_path / "question.mjpeg", question["qr_svg_url"], "svg")
    with chromium.window(camera=seen) as window:
        page = window.page
        town.wallet.make(window)
        town.receive(window)
        page.get_by_role("link", name="Scan", exact=True).click()
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_role("heading", name="Cinema asks you for data").wait_for()
        main = page.locator("#main").inner_text()
        assert "We write down your name, and show some films to adults only." in main
        assert "Mustermann" in main
        assert page.locator("input:checked").count() == 0
        window.see("wallet-consent")
        page.get_by_role("link", name="Deutsch").click()
        page.get_by_role("button", name="Nein, danke").wait_for()
        window.shoot("wallet-consent-german")
        page.get_by_role("link", name="English").click()
        adult = page.get_by_role("group", name="Only if you want").filter(has_text="At least 18 years old")
        adult.get_by_label("Show this too").check()
        page.get_by_role("button", name="Share").click()
        page.get_by_role("heading", name="Shared", exact=True).wait_for()
        assert "At least 18 years old" in page.locator("#main").inner_text()
        window.see("wallet-shared")
    verdict = town.verdict(question)
    assert verdict.text("state") == "accepted"
    claims = verdict.object("claims")
    assert claims.members == {
        "name": [{"family_name": "Mustermann"}],
        "adult": [{"age_equal_or_over": {"18": True}}],
    }


def test_to_say_no_is_as_easy_and_says_nothing(chromium, town):
    question = town.ask()
    with chromium.window() as window:
        page = window.page
        town.wallet.make(window)
        town.receive(window)
        town.paste(window, question["uri"])
        share, no = page.get_by_role("button", name="Share"), page.get_by_role("button", name="No, thanks")
        sizes = [button.bounding_box() for button in (share, no)]
        assert sizes[0] is not None
        assert sizes[1] is not None
        assert (sizes[0]["width"], sizes[0]["height"]) == (sizes[1]["width"], sizes[1]["height"])
        no.click()
        page.get_by_role("heading", name="You shared nothing").wait_for()
        window.see("wallet-shared-nothing")
    assert town.verdict(question).text("state") == "declined"


def test_who_has_nothing_that_fits_is_told_kindly(chromium, town):
    question = town.ask("over-18")
    with chromium.window() as window:
        page = window.page
        town.wallet.make(window)
        town.paste(window, question["uri"])
        page.get_by_role("heading", name="You do not have what they need").wait_for()
        assert page.get_by_role("button", name="Share").count() == 0
        window.see("wallet-nothing-fits")
        page.get_by_role("button", name="Close without an answer").click()
        page.get_by_role("heading", name="You shared nothing").wait_for()
    assert town.verdict(question).text("state") == "declined"


def test_a_page_on_the_same_device_asks_and_gets_its_person_back(chromium, town):
    """T172: the address to go on at is a button, and never opened unasked."""
    back = f"{town.services.verifier.address}/api/openapi.json"
    question = town.ask("over-18", same_device=True, redirect_uri=back)
    query = str(question["uri"]).partition("?")[2]
    with chromium.window() as window:
        page = window.page
        town.wallet.make(window)
        town.receive(window)
        page.goto(f"{town.wallet.url}/authorize?{query}")
        page.get_by_role("heading", name="A page wants to know something from you").wait_for()
        window.see("wallet-from-page-question")
        assert town.verdict(question).text("state") == "requested"
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("button", name="Share").click()
        page.get_by_role("heading", name="Shared", exact=True).wait_for()
        window.see("wallet-shared-same-device")
        assert page.url.startswith(town.wallet.url)
        button = page.get_by_role("link", name="Back to localhost")
        address = button.get_attribute("href") or ""
        assert address.startswith(f"{back}?response_code=")
        button.click()
        page.wait_for_url(f"{back}?*")
    assert town.verdict(question).text("state") == "answered"
    assert town.verdict(question, address.partition("response_code=")[2]).text("state") == "accepted"


def test_back_and_a_second_tab_share_nothing_twice_and_a_repeated_question_is_told(chromium, town):
    """T175"""
    question = town.ask("over-18")
    with chromium.window() as window:
        window.expected += ["404", "400"]
        page = window.page
        town.wallet.make(window)
        town.receive(window)
        town.paste(window, question["uri"])
        page.get_by_role("button", name="Share").wait_for()
        other = window.context.new_page()
        other.goto(page.url)
        page.get_by_role("button", name="Share").click()
        page.get_by_role("heading", name="Shared", exact=True).wait_for()
        other.get_by_role("button", name="Share").click()
        expect(other.locator("#main")).to_contain_text("This page is not good any more")
        page.go_back()
        page.wait_for_url("**/done")
        assert town.verdict(question).text("state") == "accepted"
