"""A mother acts for her child at a counter: her wallet says for whom, the clerk reads it large, until it is taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hoheit.demo.places import USE_CASES
from tests.browser.served import served_wallet
from tests.browser.test_in_person import show_code
from tests.browser.town import BrowserTown
from tests.flows.parties import serving
from tests.support.browser import DESKTOP, Window
from tests.support.ports import free_port

LINE = "Erika Maria Mustermann acts for Mia Mustermann"
ONLINE = "This page goes on by itself"


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrowserTown]:
    """Everybody; the partner is a relay and asks as the library of the demo town does, and for one that may be for oneself."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    shipped = (USE_CASES / "child-card.toml").read_text(encoding="utf-8")
    proof = 'options = [["proof", "pid"], ["proof-mdoc", "pid-mdoc"]]'
    either = 'options = [["pid"], ["pid-mdoc"]] }, { options = [["proof"], ["proof-mdoc"]], required = false'
    assert proof in shipped
    cases = {
        "child-card.toml": shipped,
        "either.toml": shipped.replace(proof, either).replace('"child-card"', '"either"').replace(" for a child", ""),
    }
    port = free_port()
    callback = (f"http://localhost:{port}/callback",)
    database = f"sqlite:///{tmp_path / 'hoheit.db'}"
    with serving(tmp_path, database, redirect_uris=callback, relay=True, use_cases=cases) as services:
        relay = f"{services.verifier.address}/relay"
        with served_wallet(tmp_path / "wallet", services.anchors, port=port, relay=relay) as wallet:
            yield BrowserTown(services, wallet)


def ask(clerk: Window, town: BrowserTown, button: str) -> Page:
    """The clerk presses a button and holds the camera to the code on the phone."""
    page = clerk.page
    page.goto(f"{town.services.verifier.address}/")
    clerk.see("acting-in-person-start")
    page.locator(f"form[action$='/in-person'] button{button}").click()
    expect(page.locator("#main")).to_contain_text("They are asked to show that they may act for somebody")
    clerk.see("acting-in-person-scan")
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_text("We have asked their wallet.").wait_for()
    expect(page.locator("#main")).to_contain_text("For whom you act")
    return page


def test_a_mother_signs_for_her_child_at_the_counter_until_it_is_taken_back(chromium, town, tmp_path):
    with chromium.window(scale=2) as phone:
        page = phone.page
        town.wallet.make(phone)
        town.receive(phone, "pid", "pid-mdoc")
        town.receive(phone, "representation-parent", "representation-parent-mdoc")
        for number, button in enumerate(("[value='child-card']", "[name='for_another'][value='either']")):
            page.goto(town.wallet.url)
            code = show_code(page, tmp_path / f"code-{number}.mjpeg", ONLINE)
            with chromium.window(camera=code, size=DESKTOP) as clerk:
                ask(clerk, town, button)
                page.get_by_role("heading", name="asks you for data").wait_for()
                expect(page.locator("#main")).to_contain_text("You act for Mia.")
                phone.see("acting-in-person-consent")
                page.get_by_role("button", name="Share").click()
                page.get_by_role("heading", name="Shared", exact=True).wait_for()
                clerk.page.get_by_role("heading", name="OK", exact=True).wait_for()
                expect(clerk.page.locator(".large-acting")).to_have_text(LINE)
                expect(clerk.page.locator("#main")).to_contain_text("Mother or father")
                clerk.see(f"acting-in-person-good-{number}")
                if number:
                    clerk.page.get_by_role("button", name="Next person, who acts for somebody").click()
                    expect(clerk.page.locator("#main")).to_contain_text("They are asked to show that they may act")
                clerk.check()
        page.goto(f"{town.wallet.url}/activity")
        expect(page.get_by_text("For Mia", exact=True).first).to_be_visible()
        phone.see("acting-in-person-activity")

        office = town.services.issuer
        for one in office.get("/api/credentials", subject="erika").json():
            if (one["credential_configuration_id"], one["state"]) == ("representation-parent-mdoc", "valid"):
                office.post(f"/api/credentials/{one['id']}/revoke")
        page.goto(town.wallet.url)
        code = show_code(page, tmp_path / "code-over.mjpeg", ONLINE)
        with chromium.window(camera=code, size=DESKTOP) as clerk:
            ask(clerk, town, "[value='child-card']")
            page.get_by_role("heading", name="asks you for data").wait_for()
            page.get_by_role("button", name="Share").click()
            clerk.page.get_by_role("heading", name="No", exact=True).wait_for()
            expect(clerk.page.locator("#main")).to_contain_text("It was taken back")
            expect(clerk.page.locator("#main")).not_to_contain_text("Mustermann")
            clerk.see("acting-in-person-bad")
            clerk.check()
        phone.check()
