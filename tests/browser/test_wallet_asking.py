"""Who asks, and who gives, as citizens see it: registered or not, for others, too much, barred; and the proof of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.trust.carried import carry_registration
from protocol.trust.registration import Intermediary, Registration
from runtime.anchors import write_anchor
from runtime.serve import Listen, running
from tests.browser.stage import Stage
from tests.support.browser import Chromium, Window
from tests.support.ports import free_port
from tests.wallet.counterparts import dcql
from tests.wallet.registrar import AGENCY_ENTRY, ENTRY, LIBRARY, RegisteredWorld
from tests.wallet.service.test_issuing import RegisteredAgency


class Registry(Stage):
    """A stage on which everybody is known to a register."""

    def __init__(self, folder: Path, url: str) -> None:
        self.people = RegisteredWorld(None)
        super().__init__(folder, url, self.people)
        pki = self.people.registrar.pki
        write_anchor(
            self.served.settings.anchors_folder, "registrar.pem", pki.root.pem, role=pki.role, name="The register"
        )

    def asked(self, window: Window, *paths: tuple[str, ...], entry: Registration | None = ENTRY) -> None:
        """Have the library ask for this data, with this registration."""
        self.people.partner.query = {"credentials": [dcql(*paths)]}
        self.people.partner.changes = {} if entry is None else {"verifier_info": (self.people.registrar.info(entry),)}
        self.paste(window, self.people.partner.link())

    def offered(self, window: Window, entry: Registration) -> None:
        """Have the office offer a document, with this registration."""
        agency = RegisteredAgency(pki=self.people.agency.pki)
        agency.info = (carry_registration(self.people.registrar.certificate(entry)),)
        self.people.agency = agency
        self.paste(window, agency.offer())


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A wallet that was made, and is closed."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    port = free_port()
    stage = Registry(tmp_path / "wallet", f"http://localhost:{port}")
    stage.served.create()
    with running(stage.served.switch, Listen(port=port)):
        yield stage


@pytest.fixture
def citizen(chromium: Chromium, registry: Registry) -> Iterator[Window]:
    """The window of somebody who holds an identity card."""
    with chromium.window() as window:
        registry.open(window)
        registry.receive(window)
        yield window


def says(window: Window, text: str) -> None:
    """That the page says so."""
    window.page.get_by_text(text).first.wait_for()


def shares_nothing(window: Window) -> None:
    """That there is no way to say yes, and one to leave."""
    assert window.page.get_by_role("button", name="Share").count() == 0
    window.page.get_by_role("button", name="Close without an answer").click()
    window.page.get_by_role("heading", name="You shared nothing").wait_for()


def test_who_is_registered_asks_and_the_register_is_one_click_away(registry: Registry, citizen: Window) -> None:
    registry.asked(citizen, ("given_name",), ("address", "locality"))
    says(citizen, "City library is registered to ask for: Given name, City.")
    says(citizen, "To make you a library card.")
    citizen.page.get_by_text("What the register says").click()
    says(citizen, "Who watches over them: watch@data.example")
    citizen.see("wallet-asks-registered")
    citizen.page.get_by_role("button", name="Share").click()
    citizen.page.get_by_role("heading", name="Shared", exact=True).wait_for()


def test_who_asks_too_much_gets_nothing_and_the_proof_can_be_taken_along(registry: Registry, citizen: Window) -> None:
    """T170"""
    registry.asked(citizen, ("given_name",), ("birthdate",), ("nationalities",))
    says(citizen, "City library asks for more than they registered for: Date of birth, Nationality.")
    citizen.see("wallet-asks-too-much")
    citizen.page.get_by_role("link", name="Deutsch").click()
    says(citizen, "City library fragt nach mehr, als sie registriert haben: Geburtsdatum, Staatsangehörigkeit.")
    citizen.shoot("wallet-asks-too-much-german")
    citizen.page.get_by_role("link", name="English").click()
    shares_nothing(citizen)
    page = citizen.page
    page.goto(f"{registry.url}/activity")
    page.get_by_role("link", name="City library asked for more than they registered for").click()
    page.get_by_role("heading", name="Proof of what was asked").wait_for()
    citizen.see("wallet-proof")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the proof").click()
    found = json.loads(Path(download.value.path()).read_text())
    assert download.value.suggested_filename == "proof.json"
    assert found["request_object"].count(".") == 2
    assert found["asked_beyond_registration"][0]["claims"] == ['["birthdate"]', '["nationalities"]']


def test_what_is_too_much_and_optional_is_left_out(registry: Registry, citizen: Window) -> None:
    registry.people.registering()
    registry.people.partner.query = {
        "credentials": [dcql(("given_name",), query_id="name"), dcql(("birthdate",), query_id="born")],
        "credential_sets": [{"options": [["name"]]}, {"options": [["born"]], "required": False}],
    }
    registry.paste(citizen, registry.people.partner.link())
    says(citizen, "Your wallet does not pass that on. You can share the rest, or say no.")
    citizen.see("wallet-asks-too-much-rest")
    citizen.page.get_by_role("button", name="Share").click()
    citizen.page.get_by_role("heading", name="Shared", exact=True).wait_for()
    assert "Date of birth" not in citizen.page.locator("#main").inner_text()


def test_who_shows_no_registration_is_warned_of(registry: Registry, citizen: Window) -> None:
    registry.asked(citizen, ("given_name",), entry=None)
    says(citizen, "City library does not show that they are registered to ask for data.")
    citizen.see("wallet-asks-unregistered")
    assert citizen.page.get_by_role("button", name="Share").count() == 1


def test_whose_registration_was_taken_back_gets_nothing(registry: Registry, citizen: Window) -> None:
    registry.people.registrar.status = 1
    registry.asked(citizen, ("given_name",))
    says(citizen, "The registration of City library was taken back.")
    citizen.see("wallet-asks-revoked")
    shares_nothing(citizen)


def test_who_asks_for_somebody_else_says_so(registry: Registry, citizen: Window) -> None:
    entry = replace(ENTRY, name="Cinema", identifier="VATDE-333333333", intermediary=Intermediary(LIBRARY))
    registry.asked(citizen, ("given_name",), entry=entry)
    says(citizen, "City library asks on behalf of Cinema.")
    citizen.see("wallet-asks-on-behalf")


def test_an_office_that_may_give_it_and_one_that_may_not(registry: Registry, citizen: Window) -> None:
    """T186"""
    citizen.expected += ["400"]
    registry.offered(citizen, AGENCY_ENTRY)
    says(citizen, "City of Köln is registered to give you this.")
    citizen.see("wallet-offer-registered")
    registry.offered(citizen, replace(AGENCY_ENTRY, provides=()))
    says(citizen, "City of Köln is not registered to give you: Personal ID.")
    citizen.see("wallet-offer-not-entitled")
