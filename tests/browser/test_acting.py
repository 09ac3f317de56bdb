"""A mother acts for her child in browsers: in her wallet, in a form, at the desk, at the partner's page and in her activity."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from capabilities.accounts.service import new_clerk_code
from runtime import system
from tests.browser.served import served_wallet
from tests.browser.town import BrowserTown
from tests.flows.parties import serving
from tests.support.acting import PID_QUERY, PROOF_QUERY, SERVICE
from tests.support.browser import Window
from tests.support.ports import free_port
from verifier.app import open_store
from verifier.config import VerifierSettings

LINE = "Erika Maria Mustermann acts for Mia Mustermann"


def question(id_: str, relation: str) -> str:
    return f"""
id = "{id_}"
keep_seconds = 600
max_status_age_seconds = 0
[title]
en = "Sign for {relation}"
de = "Unterschreiben"
[purpose]
en = "We write down who signs, and for whom."
de = "Wir schreiben auf, wer für wen unterschreibt."
[query]
credentials = [
  {PROOF_QUERY},
  {PID_QUERY},
]
[acting]
proof = "proof"
identity = "pid"
relations = ["{relation}"]
area = "school"
called = {{ de = "Schule", en = "School" }}
"""


@dataclass(frozen=True, slots=True)
class Club:
    """The town, a club's service and questions, and the code of a clerk."""

    town: BrowserTown
    code: str

    @property
    def address(self) -> str:
        """Where the club is."""
        return self.town.services.verifier.address

    def open_in_wallet(self, window: Window) -> None:
        """Open the question of this page in the wallet on this device."""
        link = window.page.get_by_role("link", name="Open my wallet").get_attribute("href") or ""
        window.page.goto(f"{self.town.wallet.url}/authorize?{link.partition('?')[2]}")
        window.page.get_by_role("button", name="Go on").click()


@pytest.fixture
def club(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Club]:
    monkeypatch.setenv("HOHEIT_ENV", "test")
    folder = tmp_path / "verifier" / "services"
    folder.mkdir(parents=True)
    # Only for children: whoever comes shows for whom
    (folder / "join-club.toml").write_text(
        SERVICE.replace("optional = true\n\n[acting]", "\n[acting]"), encoding="utf-8"
    )
    cases = {"school.toml": question("school", "parent"), "firm.toml": question("firm", "employee")}
    port = free_port()
    database = f"sqlite:///{tmp_path / 'hoheit.db'}"
    with serving(tmp_path, database, redirect_uris=(f"http://localhost:{port}/callback",), use_cases=cases) as services:
        code, kept = new_clerk_code("Ada", now=system.now(), random_bytes=system.random_bytes)
        store = open_store(VerifierSettings.read(tmp_path / "verifier"))
        store.clerk_codes.put(kept)
        store.database.dispose()
        with served_wallet(tmp_path / "wallet", services.anchors, port=port) as wallet:
            yield Club(BrowserTown(services, wallet), code)


def test_a_mother_signs_up_her_child_and_everybody_reads_for_whom(chromium, club):
    with chromium.window() as window, chromium.window() as desk:
        page = window.page
        club.town.wallet.make(window)
        club.town.receive(window, "pid", "representation-parent")
        page.goto(f"{club.address}/services/join-club")
        expect(page.locator("#main")).to_contain_text("For whom you act")
        window.see("acting-start")
        page.get_by_role("button", name="Begin with my wallet on another device").click()
        page.get_by_role("button", name="My wallet is on this device").click()
        club.open_in_wallet(window)
        expect(page.locator("#main")).to_contain_text("You act for Mia.")
        window.see("acting-consent")
        page.get_by_role("button", name="Share").click()
        page.get_by_role("link", name="Back to localhost").click()
        page.get_by_role("heading", name=LINE).wait_for()
        window.see("acting-form")
        page.get_by_role("button", name="Look through it").click()
        page.get_by_role("heading", name=LINE).wait_for()
        window.see("acting-review")
        page.get_by_role("button", name="Send").click()
        page.get_by_role("heading", name="We have it").wait_for()
        case = page.locator(".code").inner_text()
        expect(page.locator("#main")).not_to_contain_text("Mia")

        desk.page.goto(f"{club.address}/desk")
        desk.page.get_by_label("Your sign-in code").fill(club.code)
        desk.page.get_by_role("button", name="Sign in").click()
        desk.page.get_by_role("link", name=case).click()
        desk.page.get_by_role("heading", name=LINE).wait_for()
        expect(desk.page.locator("#main")).to_contain_text("3 May 2018")
        desk.see("acting-desk")

        page.goto(f"{club.town.wallet.url}/activity")
        expect(page.get_by_text("For Mia", exact=True).first).to_be_visible()
        page.get_by_text("Search and choose").click()
        page.get_by_label("For whom").select_option(label="Mia")
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("1 line found")
        window.see("acting-activity")
        page.get_by_role("link", name="You showed").click()
        expect(page.get_by_text("For Mia", exact=True)).to_be_visible()
        window.see("acting-entry")
        window.check()
        desk.check()


def test_the_partners_page_says_who_acted_or_why_nobody_may(chromium, club):
    with chromium.window() as window:
        page = window.page
        club.town.wallet.make(window)
        club.town.receive(window, "pid", "representation-parent")
        for title, shared, heading, words in (
            (
                "Sign for parent",
                "Shared",
                "Accepted",
                (LINE, "Mother or father", "School", "2 May 2036", "City office"),
            ),
            (
                "Sign for employee",
                "Sent, but perhaps not arrived",
                "Not accepted",
                ("With this kind of proof nobody can act for another here",),
            ),
        ):
            page.goto(club.address)
            page.get_by_role("button", name=title).click()
            page.get_by_role("button", name="My wallet is on this device").click()
            address = page.url
            club.open_in_wallet(window)
            page.get_by_role("button", name="Share").click()
            page.get_by_role("heading", level=1, name=shared, exact=True).wait_for()
            if heading == "Accepted":
                page.get_by_role("link", name="Back to localhost").click()
            else:
                page.goto(address)
            page.get_by_role("heading", level=1, name=heading, exact=True).wait_for()
            for text in words:
                expect(page.locator("#main")).to_contain_text(text)
            window.see(f"acting-{heading.split()[0].lower()}")
        window.check()
