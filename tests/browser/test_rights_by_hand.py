"""A clerk answers by hand, first a part and then the rest, and the citizen opens both and saves the files."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.rights import RightsStage, citizen, first, rights_stage
from tests.support.browser import Chromium

LETTER, LARGE = b"%PDF-1.7 a letter", b"%PDF-1.7 " + bytes(3_000_000)


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RightsStage]:
    """A library whose consent can be taken back."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with rights_stage(tmp_path) as made:
        yield made


def saved(page: Page, name: str) -> bytes:
    """A file of the answer, as it is saved."""
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    return Path(download.value.path()).read_bytes()


def test_a_part_goes_out_now_and_the_rest_later(chromium: Chromium, there: RightsStage) -> None:
    with citizen(chromium, there) as window:
        page = window.page
        there.ask(window, "See everything that they have about you")
        with there.clerk(chromium) as desk:
            first(desk.page)
            desk.see("desk-answer")
            choose = desk.page.get_by_label("File", exact=True)
            desk.expected.append("status of 400")
            choose.set_input_files({"name": "run.exe", "mimeType": "application/pdf", "buffer": b"MZ"})
            desk.page.get_by_role("button", name="Add this file").click()
            expect(desk.page.get_by_role("alert")).to_contain_text("cannot be sent")
            desk.see("desk-answer-problem")
            choose.set_input_files({"name": "Brief an Erika.pdf", "mimeType": "application/pdf", "buffer": LETTER})
            desk.page.get_by_role("button", name="Add this file").click()
            expect(desk.page.get_by_text("Brief an Erika.pdf")).to_be_visible()
            desk.see("desk-answer-file")
            desk.page.get_by_label("We made sure that it is the person").check()
            desk.page.get_by_label("What machines decide with this data").fill("Nothing decides by itself.")
            expect(desk.page.get_by_label("If the rest follows: by when")).to_be_hidden()
            desk.page.get_by_label("This is a part, and the rest follows").check()
            desk.see("desk-answer-rest")
            until = desk.page.get_by_label("If the rest follows: by when")
            until.fill(until.get_attribute("max") or "")
            desk.page.get_by_label("If something does not go out").fill("The archive takes longer.")
            desk.page.get_by_role("button", name="Send the answer").click()
            expect(desk.page.get_by_text("A part was handed out.")).to_be_visible()
            desk.see("desk-answer-part")
        there.again(window)
        page.get_by_text("City library has a part of the answer for you.").first.wait_for()
        window.see("rights-part")
        asked = page.url
        page.get_by_role("button", name="Open this part").click()
        page.get_by_text("This is a part.").wait_for()
        window.see("rights-part-open")
        assert saved(page, "Brief an Erika.pdf") == LETTER
        with there.clerk(chromium, "de") as desk:
            first(desk.page)
            desk.page.get_by_label("Datei", exact=True).set_input_files(
                {"name": "Archiv.pdf", "mimeType": "application/pdf", "buffer": LARGE}
            )
            desk.page.get_by_role("button", name="Diese Datei hinzufügen").click()
            expect(desk.page.get_by_text("Archiv.pdf")).to_be_visible()
            desk.see("desk-answer-german")
            desk.page.get_by_label("Wir haben sichergestellt").check()
            desk.page.get_by_label("Was Maschinen mit diesen Daten entscheiden").fill("Nichts entscheidet allein.")
            desk.page.get_by_label("Das ist alles, und die Anfrage ist beantwortet").check()
            desk.page.get_by_role("button", name="Antwort senden").click()
            expect(desk.page.get_by_text("Dateien, die hinausgingen")).to_be_visible()
            desk.see("desk-answer-sent-german")
        page.goto(asked)
        there.again(window)
        page.get_by_role("button", name="Open the answer").click()
        page.get_by_text("Archiv.pdf").wait_for()
        window.see("rights-whole-open")
        assert (saved(page, "Brief an Erika.pdf"), saved(page, "Archiv.pdf")) == (LETTER, LARGE)
