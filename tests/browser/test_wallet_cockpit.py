"""The Datencockpit, as citizens see it, with a partner that gives receipts, says what it did, and sometimes lies."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.sovereignty.usage import Action
from protocol.sovereignty.usage_report import News
from runtime.anchors import write_anchor
from runtime.serve import Listen, running
from tests.browser.stage import Stage
from tests.support.browser import Chromium, Window
from tests.support.partners import both
from tests.support.pki import NOW
from tests.support.ports import free_port
from tests.wallet.cockpit import TO_BANK, CockpitWorld, use


class Town(Stage):
    """A stage on which the library has a cockpit."""

    def __init__(self, folder: Path, url: str) -> None:
        self.people = CockpitWorld(None)
        super().__init__(folder, url, self.people)
        registrar = self.people.registrar.pki
        write_anchor(
            self.served.settings.anchors_folder,
            "r.pem",
            registrar.root.pem,
            role=registrar.role,
            name="The town register",
        )

    def give(self, window: Window) -> None:
        """Show the library what it asks for, and go on to the activity."""
        self.paste(window, self.people.partner.link())
        window.page.get_by_role("button", name="Share").click()
        window.page.get_by_role("heading", name="Shared", exact=True).wait_for()
        self.later()
        window.page.get_by_role("link", name="Activity", exact=True).click()
        window.page.get_by_role("heading", name="Activity", exact=True).wait_for()

    def later(self) -> None:
        """Some minutes pass, in which somebody clicked now and then."""
        self.people.now += 200


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A wallet that was made, and is closed."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    port = free_port()
    stage = Town(tmp_path / "wallet", f"http://localhost:{port}")
    stage.served.create()
    with running(stage.served.switch, Listen(port=port)):
        yield stage


@pytest.fixture
def citizen(chromium: Chromium, town: Town) -> Iterator[Window]:
    """The window of somebody who holds an identity card."""
    with chromium.window() as window:
        town.open(window)
        town.receive(window)
        yield window


def test_a_receipt_and_what_was_done_since_are_read_and_taken_along(town: Town, citizen: Window) -> None:
    town.give(citizen)
    page = citizen.page
    page.get_by_text("City library gave you a receipt.").wait_for()
    town.people.partner.did(
        use(), use(Action.VIEWED, NOW + 60, by="Clerk, cards"), use(Action.FORWARDED, NOW + 120, TO_BANK)
    )
    town.people.partner.news = (News(NOW + 150, both("Bewilligt", "Your card is ready."), town.people.agency.offer()),)
    page.get_by_role("link", name="You showed Personal ID to City library").click()
    page.get_by_text("City library gave your data to Bank.").wait_for()
    page.get_by_text("City library confirmed what you gave, and your wallet checked it.").wait_for()
    page.get_by_text("without a witness").first.wait_for()
    citizen.see("cockpit-entry")
    page.get_by_text("What was checked").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download everything that was signed").click()
    signed = json.loads(Path(download.value.path()).read_text())
    assert signed["receipt"].count(".") == 2
    assert len(signed["usage_reports"]) == 1
    page.get_by_role("link", name="Everything with City library").click()
    page.get_by_role("heading", name="What they have of you now").wait_for()
    page.get_by_text("To make you a library card.").first.wait_for()
    citizen.see("cockpit-partner")
    page.get_by_role("link", name="Deutsch").click()
    page.get_by_role("heading", name="Was dort jetzt von Ihnen liegt").wait_for()
    citizen.see("cockpit-partner-german")
    page.get_by_role("link", name="English").click()
    page.get_by_role("link", name="Activity", exact=True).click()
    citizen.see("cockpit-timeline")
    page.get_by_role("button", name="Look at what they offer").click()
    page.get_by_role("heading", name="City of Köln").wait_for()


def test_one_searches_the_timeline(town: Town, citizen: Window) -> None:
    town.give(citizen)
    page = citizen.page
    page.get_by_text("Search and choose").click()
    page.get_by_label("Word").fill("library")
    page.get_by_label("What happened").select_option(label="Receipts")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_text("1 line found").wait_for()
    assert "library" not in page.url
    citizen.see("cockpit-found")


def test_a_receipt_that_lies_and_a_report_that_lies_are_said_in_plain_words(town: Town, citizen: Window) -> None:
    town.people.partner.lie = lambda receipt: replace(receipt, key="A" * 43)
    town.give(citizen)
    page = citizen.page
    page.get_by_role("link", name="does not match what you sent").click()
    page.get_by_text("It names another key than your wallet sent.").wait_for()
    page.get_by_text("Your wallet does not ask City library about this").wait_for()
    citizen.see("cockpit-wrong-receipt")
    assert town.people.partner.calls == []


def test_a_finding_stands_with_its_partner(town: Town, citizen: Window) -> None:
    town.give(citizen)
    other = TO_BANK._replace(name="Advertiser", identifier="LEI-ADVERTISER")
    town.people.partner.did(use(), use(Action.FORWARDED, NOW + 120, other))
    page = citizen.page
    page.get_by_role("link", name="City library", exact=True).click()
    page.get_by_role("heading", name="What is wrong").wait_for()
    page.get_by_text("gave your data to somebody whom the receipt does not name").first.wait_for()
    citizen.see("cockpit-finding")
    page.get_by_role("link", name="You showed Personal ID to City library").click()
    page.get_by_text("Something is wrong with what City library says. It stands in the lines below.").wait_for()
    page.get_by_text("Your wallet keeps everything that they signed, as proof; nothing of it is lost.").wait_for()
    citizen.see("cockpit-finding-entry")
    page.get_by_role("link", name="Complain").first.click()
    page.get_by_role("heading", name="Complain").wait_for()


def test_letting_go_says_what_it_costs(town: Town, citizen: Window) -> None:
    town.give(citizen)
    page = citizen.page
    page.get_by_role("link", name="You showed Personal ID to City library").click()
    page.get_by_role("link", name="Give up the key for this").click()
    page.get_by_text("take back that you agreed").wait_for()
    citizen.see("cockpit-key")
    page.get_by_role("button", name="Give up the key").click()
    page.get_by_text("You gave up the key for this").wait_for()
    page.get_by_role("link", name="Delete this line").click()
    citizen.see("cockpit-delete")
    page.get_by_role("button", name="Delete this line").click()
    page.get_by_role("heading", name="The line is deleted").wait_for()
    citizen.see("cockpit-deleted")


def test_asking_by_itself_is_chosen_in_the_settings(town: Town, citizen: Window) -> None:
    page = citizen.page
    page.goto(f"{town.url}/settings")
    box = page.get_by_label("Ask by itself once a day")
    assert not box.is_checked()
    box.check()
    citizen.see("cockpit-settings")
    page.get_by_role("button", name="Keep this choice").click()
    page.get_by_role("heading", name="Your choice is kept").wait_for()
    page.goto(f"{town.url}/settings")
    assert page.get_by_label("Ask by itself once a day").is_checked()


def test_how_long_the_activity_is_kept_is_chosen_in_the_settings(town: Town, citizen: Window) -> None:
    page = citizen.page
    page.goto(f"{town.url}/settings")
    assert page.get_by_label("Until I delete it").is_checked()
    page.get_by_label("2 years").check()
    citizen.see("cockpit-settings-keep")
    page.get_by_role("button", name="Keep it for so long").click()
    page.get_by_role("heading", name="Your choice is kept").wait_for()
    page.goto(f"{town.url}/settings")
    assert page.get_by_label("2 years").is_checked()
    page.get_by_role("link", name="Deutsch").first.click()
    page.get_by_role("heading", name="Wie lange Ihr Verlauf bleibt").wait_for()
    assert page.get_by_label("2 Jahre").is_checked()
    citizen.see("cockpit-settings-keep-german")
