"""Rights over what was given, as a citizen asks for them in the wallet and a clerk answers them at the desk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.rights import RightsStage, citizen, first, rights_stage
from tests.flows.rights_town import NAMELESS
from tests.support.browser import Chromium


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RightsStage]:
    """A library whose consent can be taken back."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with rights_stage(tmp_path) as made:
        yield made


@pytest.fixture
def nameless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RightsStage]:
    """A library that asks for nothing that names somebody."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with rights_stage(tmp_path, claims=NAMELESS) as made:
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
