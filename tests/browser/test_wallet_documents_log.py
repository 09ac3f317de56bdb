"""What an office did with its register, as the citizen sees it with the document that came from there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from issuer.usage import By
from protocol.encoding import JsonObject
from runtime.anchors import write_anchor
from runtime.serve import Listen, running
from tests.browser.stage import Stage
from tests.flows.agency import SUBJECT, Town, agency
from tests.support.browser import Chromium
from tests.support.issuer import IDENTIFIER
from tests.support.ports import free_port


class Offices(Stage):
    """A stage on which the agency is ours, with a register and a desk."""

    def __init__(self, folder: Path, url: str, town: Town) -> None:
        self.town = town
        super().__init__(folder, url, town)
        for pki, name in ((town.office.pki, "office"), (town.office.access, "register")):
            write_anchor(
                self.served.settings.anchors_folder,
                f"{name}.pem",
                pki.root.pem,
                role=pki.role,
                name=f"The town {name}",
            )


@pytest.fixture
def offices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offices]:
    """A wallet that was made, and is closed."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    port = free_port()
    with agency() as office:
        stage = Offices(tmp_path / "wallet", f"http://localhost:{port}", Town(None, more={IDENTIFIER: office}))
        stage.served.create()
        with running(stage.served.switch, Listen(port=port)):
            yield stage


def test_a_citizen_sees_who_at_the_office_used_the_register(offices: Offices, chromium: Chromium) -> None:
    with chromium.window() as window:
        page, desk = window.page, offices.town.desk
        offices.open(window)
        offices.paste(window, offices.town.office.offer("card"))
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_role("button", name="Keep it", exact=True).click()
        page.get_by_role("heading", name="It is in your wallet now").wait_for()
        offices.town.forward(200)
        desk.run(desk.issuer.desk.person(SUBJECT))
        desk.run(desk.issuer.changes.show(SUBJECT, "Frau Berg"))
        moved: JsonObject = {"address": {"locality": "Neustadt"}}
        desk.run(desk.issuer.changes.patch(SUBJECT, moved, "Frau Berg", by=By.CLERK))
        page.get_by_role("link", name="Activity", exact=True).click()
        page.get_by_role("link", name="You received Card from City office").first.click()
        page.get_by_text("City office changed what their register says about you.").wait_for()
        page.get_by_text("City office decided something about your document.").wait_for()
        window.see("document-log-entry")
        page.get_by_text("What was checked").click()
        page.get_by_text("It names exactly the data that are in it.").wait_for()
        page.get_by_role("link", name="Everything with City office").click()
        page.get_by_text("You gave them nothing that is known here.").wait_for()
        window.see("document-log-partner")
        page.get_by_role("link", name="Deutsch").click()
        page.get_by_text("Von dort haben Sie einen Nachweis").wait_for()
        page.get_by_role("link", name="Sie haben Karte erhalten von: City office").first.click()
        page.get_by_text("City office hat geändert, was dort im Register über Sie steht.").wait_for()
        window.see("document-log-entry-german")
