"""Rights over what was given, as a citizen asks for them in the wallet and a clerk answers them at the desk."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.rights import RightsStage, citizen, first, rights_stage
from tests.support.browser import Chromium


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RightsStage]:
    """A library whose consent can be taken back."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with rights_stage(tmp_path) as made:
        yield made


def test_erasing_is_asked_for_answered_by_a_clerk_and_seen(chromium: Chromium, there: RightsStage) -> None:
    with citizen(chromium, there) as window:
        page = window.page
        window.see("rights-line")
        there.read()
        page.get_by_role("link", name="See what you can ask").click()
        page.get_by_role("heading", name="What you can ask City library").wait_for()
        window.see("rights-choose")
        there.choose(window, "Have your data erased")
        window.see("rights-ask")
        there.ask(window, "Have your data erased", "I have moved away.")
        page.get_by_text("City library is working on what you asked.").first.wait_for()
        window.see("rights-working")
        with there.clerk(chromium) as desk:
            desk.see("desk-rights")
            first(desk.page)
            expect(desk.page.get_by_text("I have moved away.")).to_be_visible()
            desk.see("desk-right")
            desk.page.get_by_role("button", name="Tell the citizen that it is done").click()
            expect(desk.page.get_by_text("Done", exact=True)).to_be_visible()
            desk.see("desk-right-done")
            desk.page.get_by_role("link", name="Rights", exact=True).click()
            desk.see("desk-rights-empty")
            desk.page.get_by_role("link", name="Answered requests").click()
            desk.see("desk-rights-ended")
        there.again(window)
        page.get_by_text("City library did what you asked.").first.wait_for()
        window.see("rights-done")
        there.line(window)
        page.get_by_text("City library erased your data.").wait_for()
        window.see("rights-line-after")


def test_data_is_shown_once_more_and_the_answer_opened_and_saved(chromium: Chromium, there: RightsStage) -> None:
    with citizen(chromium, there) as window:
        page = window.page
        there.choose(window, "See everything that they have about you")
        window.see("rights-ask-access")
        there.ask(window, "See everything that they have about you")
        page.get_by_text("City library wants to see your data once more").first.wait_for()
        window.see("rights-again")
        asked = page.url
        with there.clerk(chromium) as desk:
            first(desk.page)
            expect(desk.page.get_by_text("You can wait for that.")).to_be_visible()
            desk.see("desk-right-again")
        page.get_by_role("button", name="Look at what they want to see").click()
        page.get_by_role("heading", level=1).filter(has_text="City library").wait_for()
        window.see("rights-again-consent")
        page.get_by_role("button", name="Share").click()
        page.get_by_role("heading", name="Shared", exact=True).wait_for()
        window.see("rights-again-shared")
        page.goto(asked)
        there.again(window)
        page.get_by_text("City library has an answer for you.").first.wait_for()
        window.see("rights-answered")
        page.get_by_role("button", name="Open the answer").click()
        page.get_by_text("Your wallet keeps no copy of it.").wait_for()
        expect(page.get_by_text("Mustermann")).to_be_visible()
        expect(page.get_by_text("Family name", exact=True)).to_be_visible()
        window.see("rights-answer")
        with page.expect_download() as download:
            page.get_by_role("link", name="Save the answer").click()
        assert json.loads(Path(download.value.path()).read_text())["data"]["pid"][0]["given_name"] == "Erika"
        page.get_by_role("link", name="Deutsch").click()
        page.get_by_role("heading", name="Was City library antwortet").wait_for()
        window.see("rights-answer-german")


def test_what_is_put_off_and_refused_is_read_in_german_and_written_to(chromium: Chromium, there: RightsStage) -> None:
    with citizen(chromium, there) as window:
        page = window.page
        there.ask(window, "Have a person check a decision", "Nobody looked at it.")
        with there.clerk(chromium, "de") as desk:
            desk.see("desk-rights-german")
            first(desk.page)
            desk.see("desk-right-german")
            desk.expected.append("status of 400")
            desk.page.locator("#why-not").fill("<b>nein</b>")
            desk.page.get_by_role("button", name="Ablehnen").click()
            expect(desk.page.get_by_role("alert")).to_be_visible()
            desk.see("desk-right-problem")
            desk.page.locator("#until").fill(desk.page.locator("#until").get_attribute("max") or "")
            desk.page.locator("#why-longer").fill("Es fragen gerade sehr viele.")
            desk.page.get_by_role("button", name="Verlängern").click()
            expect(desk.page.get_by_text("Es fragen gerade sehr viele.")).to_be_visible()
        there.again(window)
        page.get_by_text("City library needs more time, and says why.").first.wait_for()
        window.see("rights-put-off")
        with there.clerk(chromium) as desk:
            first(desk.page)
            desk.page.locator("#why-not").fill("Article 22 GDPR: no machine decided this.")
            desk.page.get_by_role("button", name="Refuse", exact=True).click()
            expect(desk.page.get_by_text("Refused", exact=True)).to_be_visible()
            desk.see("desk-right-refused")
        there.again(window)
        page.get_by_text("City library refused what you asked.").first.wait_for()
        window.see("rights-refused")
        page.get_by_role("link", name="Deutsch").click()
        page.get_by_role("heading", name="Was Sie verlangt haben").wait_for()
        window.see("rights-refused-german")
        page.go_back()
        there.line(window)
        page.get_by_role("link", name="Ansehen, was Sie verlangen können").click()
        window.see("rights-choose-german")
        page.get_by_role("main").get_by_role("listitem").get_by_role("link").nth(1).click()
        window.see("rights-ask-german")
        page.get_by_role("button", name="Einen Brief vorbereiten").click()
        window.see("rights-letter-german")
