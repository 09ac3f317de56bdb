"""Asking a register, as citizens see it: what it would learn, its answer, its silence, and its no, in both languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.anchors import write_list_of_lists
from runtime.serve import Listen, running
from tests.browser.stage import Stage
from tests.protocol.trust.lists import OPERATOR
from tests.support.browser import Chromium, Window
from tests.support.ports import free_port
from tests.wallet.counterparts import dcql
from tests.wallet.registrar import LIST_HOST, ListHost, RegisteredWorld

LEARNS = (
    "Your wallet can ask Town about City library. The register then learns whom you have to do with."
    " It learns nothing from your documents."
)
LERNT = (
    "Ihre Wallet kann Town nach City library fragen. Das Register erfährt dann, mit wem Sie zu tun haben."
    " Es erfährt nichts aus Ihren Dokumenten."
)


class Listed(Stage):
    """A stage on which the library shows no certificate, and a list has the register that it names."""

    def __init__(self, folder: Path, url: str, *, strict: bool) -> None:
        self.people = RegisteredWorld(None).naming_register()
        self.people.more[LIST_HOST] = ListHost(self.people.registrar.pki)
        super().__init__(folder, url, self.people, strict=strict)
        write_list_of_lists(self.served.settings.anchors_folder, f"{LIST_HOST}/registrars", OPERATOR.pem)

    def asked(self, window: Window, *paths: tuple[str, ...]) -> None:
        """Have the library ask for this data."""
        self.people.partner.query = {"credentials": [dcql(*paths)]}
        self.paste(window, self.people.partner.link())


@pytest.fixture
def listed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listed]:
    """A wallet that was made, and is closed; it is strict where a test says so."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    port = free_port()
    stage = Listed(tmp_path / "wallet", f"http://localhost:{port}", strict=getattr(request, "param", "") == "strict")
    stage.served.create()
    with running(stage.served.switch, Listen(port=port)):
        yield stage


@pytest.fixture
def citizen(chromium: Chromium, listed: Listed) -> Iterator[Window]:
    """The window of somebody who holds an identity card."""
    with chromium.window() as window:
        listed.open(window)
        listed.receive(window)
        yield window


strict = pytest.mark.parametrize("listed", ["strict"], indirect=True)


def says(window: Window, *texts: str) -> None:
    """That the page says exactly this, each as one piece."""
    for text in texts:
        window.page.get_by_text(text, exact=True).first.wait_for()


def says_not(window: Window, text: str) -> None:
    """That the page does not say so."""
    assert window.page.get_by_text(text).count() == 0


def press(window: Window, name: str) -> None:
    """Press a button that is there once; the page has another address then."""
    before = window.page.url
    window.page.get_by_role("button", name=name, exact=True).click()
    window.page.wait_for_url(lambda url: url != before)


def in_german(window: Window) -> None:
    window.page.get_by_role("link", name="Deutsch").click()
    window.page.get_by_role("link", name="English").wait_for()


def in_english(window: Window) -> None:
    window.page.get_by_role("link", name="English").click()
    window.page.get_by_role("link", name="Deutsch").wait_for()


def test_the_citizen_reads_what_the_register_learns_asks_it_and_shares(listed: Listed, citizen: Window) -> None:
    """T170"""
    listed.asked(citizen, ("given_name",))
    says(
        citizen,
        "City library does not show that they are registered to ask for data."
        " No office has looked at whether they need it.",
        "Are they registered?",
        LEARNS,
    )
    assert citizen.page.get_by_role("button", name="Share").count() == 1
    citizen.see("wallet-register-offered")
    in_german(citizen)
    says(
        citizen,
        "Sind sie registriert?",
        LERNT,
        "City library zeigt keine Registrierung für Fragen nach Daten. Kein Amt hat geprüft, ob die Daten nötig sind.",
    )
    citizen.see("wallet-register-offered-german")
    assert listed.people.registrar.asked == []
    press(citizen, "Das Register fragen")
    says(citizen, "Wofür, wie sie es registriert haben:", "Um Ihnen einen Ausweis zu machen.")
    citizen.page.get_by_text("City library ist registriert, um zu fragen nach: Vorname.").wait_for()
    citizen.shoot("wallet-register-answered-german")
    in_english(citizen)
    citizen.page.get_by_text("City library is registered to ask for: Given name.").wait_for()
    says_not(citizen, "Are they registered?")
    citizen.page.get_by_text("What the register says", exact=True).click()
    says(citizen, "Registered by: Town", "Who watches over them: watch@data.example")
    citizen.see("wallet-register-answered")
    assert len(listed.people.registrar.asked) == 1
    citizen.page.get_by_role("button", name="Share").click()
    citizen.page.get_by_role("heading", name="Shared", exact=True).wait_for()


@strict
def test_a_strict_wallet_waits_for_the_register_and_hears_its_silence(listed: Listed, citizen: Window) -> None:
    """T170"""
    listed.people.registrar.away = True
    listed.asked(citizen, ("given_name",))
    waits = "As long as no register confirms it, your wallet passes on nothing."
    says(citizen, "City library does not show that they are registered to ask for data.", waits, LEARNS)
    assert citizen.page.get_by_role("button", name="Share").count() == 0
    citizen.see("wallet-register-needed")
    in_german(citizen)
    says(citizen, "Solange kein Register das bestätigt, gibt Ihre Wallet nichts weiter.")
    citizen.shoot("wallet-register-needed-german")
    press(citizen, "Das Register fragen")
    says(
        citizen,
        "Das Register hat nicht geantwortet. Es wurde nichts weitergegeben."
        " Sie können noch einmal fragen oder Nein sagen.",
    )
    citizen.page.get_by_role("button", name="Das Register noch einmal fragen", exact=True).wait_for()
    citizen.shoot("wallet-register-silent-german")
    in_english(citizen)
    says(citizen, "The register did not answer. Nothing was passed on. You can ask it again, or say no.", waits)
    assert citizen.page.get_by_role("button", name="Share").count() == 0
    citizen.see("wallet-register-silent")
    listed.people.registrar.away = False
    press(citizen, "Ask the register again")
    citizen.page.get_by_text("City library is registered to ask for: Given name.").wait_for()
    citizen.page.get_by_role("button", name="Share").click()
    citizen.page.get_by_role("heading", name="Shared", exact=True).wait_for()


def test_who_is_not_in_the_register_gets_nothing(listed: Listed, citizen: Window) -> None:
    """T170"""
    listed.people.registrar.entry = None
    listed.asked(citizen, ("given_name",))
    press(citizen, "Ask the register")
    says(citizen, "The register says that City library is not registered for this.")
    says(citizen, "So your wallet passes on nothing.")
    citizen.see("wallet-register-says-no")
    in_german(citizen)
    says(citizen, "Das Register sagt, dass City library dafür nicht registriert ist.")
    citizen.shoot("wallet-register-says-no-german")
    in_english(citizen)
    assert citizen.page.get_by_role("button", name="Share").count() == 0
    citizen.page.get_by_role("button", name="Close without an answer").click()
    citizen.page.get_by_role("heading", name="You shared nothing").wait_for()


def test_who_asks_for_more_than_the_register_has_gets_nothing_of_it(listed: Listed, citizen: Window) -> None:
    """T170"""
    listed.asked(citizen, ("given_name",), ("birthdate",))
    press(citizen, "Ask the register")
    says(citizen, "City library asks for more than they registered for: Date of birth.")
    assert citizen.page.get_by_role("button", name="Share").count() == 0
    citizen.see("wallet-register-too-much")
