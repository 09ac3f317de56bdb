"""The doctor asks the register as wallets do, where a verifier shows no certificate and only says where it is registered."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import typer
from typer.testing import CliRunner

from hoheit.doctor import command
from hoheit.registering import open_register
from hoheit.registrar.quickstart import QuickPlace, set_up_quickly
from hoheit.shown_registration import check_shown_registration
from registrar.app import create_app as create_registrar
from registrar.config import RegistrarSettings
from runtime import system
from runtime.anchors import AnchorFolder
from runtime.driver import drive
from runtime.http import InProcessSender, NoSender
from tests.support.tree import ROOT
from verifier.config import VerifierSettings

CINEMA = "NTRDE-HRB 4711"


@dataclass(frozen=True, slots=True)
class Installation:
    """A register and a partner in it, which nobody serves."""

    at: QuickPlace

    @property
    def sender(self):
        """Reaches the register."""
        host = urlsplit(self.at.registrar_url).netloc
        return InProcessSender({host: create_registrar(RegistrarSettings.read(self.at.registrar))})

    def say(self, setting):
        """Add a setting of the partner's."""
        file = VerifierSettings.file(self.at.partner)
        file.write_text(f"{setting}\n{file.read_text(encoding='utf-8')}", encoding="utf-8")

    def fetch_lists(self):
        """The partner's lists, as its service would."""
        folder = AnchorFolder(self.at.partner / "anchors", system.now)
        assert drive(folder.refresh(), None, self.sender).failed == 0

    def look(self, sender=None):
        """What the doctor says."""
        return drive(check_shown_registration(self.at.partner, system.now()), None, sender or self.sender)

    def suspend(self):
        """An operator lets the partner's registration rest."""
        with open_register(RegistrarSettings.read(self.at.registrar)) as register:
            parties, store = register.registrar.parties, register.registrar.context.store
            drive(parties.suspend(CINEMA, "because", "test"), store, NoSender())


def set_up(folder: Path, port: int) -> Installation:
    place = QuickPlace(folder, port)
    set_up_quickly(place, "Kino Capitol", CINEMA, ("over-18",))
    return Installation(place)


@pytest.fixture
def by_certificate(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    return set_up(tmp_path / "here", 8490)


@pytest.fixture
def place(by_certificate):
    """The same partner, who shows the dataset alone."""
    by_certificate.say('show_registration = "dataset"')
    return by_certificate


def test_who_shows_a_certificate_is_told_so_and_no_register_is_asked(by_certificate):
    by_certificate.fetch_lists()
    [line] = by_certificate.look(NoSender())
    assert (line.good, line.advice) == (True, "")
    assert "requests show the registration certificate (1 there)" in line.what


def test_who_only_says_where_hears_what_wallets_hear_and_what_that_means(place):
    place.fetch_lists()
    [shown, asked] = place.look()
    assert shown.good is None
    assert "they show no certificate" in shown.what
    assert "only after letting it ask the register" in shown.advice
    assert (asked.good, asked.advice) == (True, "")
    assert asked.what == "use case over-18: Register for trying out says that it is registered"


def test_what_no_register_confirms_is_told(place):
    place.fetch_lists()
    [_, away] = place.look(NoSender())
    place.suspend()
    [_, resting] = place.look()
    assert (away.good, resting.good) == (False, False)
    assert "nobody is registered by this identifier" in resting.what
    assert resting.advice == "wallets that ask there give nothing"


def test_a_question_that_became_wider_than_the_register_has_it_is_named(place, tmp_path):
    place.fetch_lists()
    text = (ROOT / "verifier/use_cases/over-18.toml").read_text(encoding="utf-8")
    wider = text.replace("    { path = [", '    { path = ["birthdate"] },\n    { path = [', 1)
    (tmp_path / "wider").mkdir()
    (tmp_path / "wider" / "over-18.toml").write_text(wider, encoding="utf-8")
    place.say(f'use_cases_folder = "{tmp_path / "wider"}"')
    [_, asked] = place.look()
    assert asked.good is False
    assert asked.what == 'use case over-18: the register does not have pid ["birthdate"]'


def test_a_register_that_no_list_has_is_one_that_no_wallet_asks(place, tmp_path):
    other = set_up(tmp_path / "there", 8491)
    other.fetch_lists()
    shutil.rmtree(place.at.partner / "anchors")
    shutil.copytree(other.at.partner / "anchors", place.at.partner / "anchors")
    [_, asked] = place.look(NoSender())
    assert asked.good is False
    assert (
        asked.what
        == f"use case over-18: no list has a register at {place.at.registrar_url}/wrp, so no wallet asks there"
    )


def test_without_a_list_of_registers_nobody_can_tell(place):
    [_, asked] = place.look(NoSender())
    assert asked.good is None
    assert f"wallets would ask {place.at.registrar_url}/wrp" in asked.what


def test_a_use_case_without_a_registration_that_is_good_now_is_named(place):
    place.fetch_lists()
    later = system.now() + 400 * 86_400
    [_, asked] = drive(check_shown_registration(place.at.partner, later), None, NoSender())
    assert asked.good is False
    assert asked.what == "use case over-18: no registration that is good now is for it"


def test_a_broken_registration_is_named_and_nothing_to_show_is_nothing_to_say(place):
    folder = place.at.partner / "registrations"
    (folder / "broken.jwt").write_text("x")
    [line] = place.look(NoSender())
    assert line.good is False
    assert "broken.jwt" in line.what
    shutil.rmtree(folder)
    assert place.look(NoSender()) == []


def test_nothing_is_said_of_whoever_is_no_verifier(place):
    assert drive(check_shown_registration(place.at.registrar, system.now()), None, NoSender()) == []


def test_the_command_tells_it(place):
    app = typer.Typer()
    app.command()(command)
    told = CliRunner().invoke(app, ["--data", str(place.at.partner)])
    assert told.exit_code == 1  # nobody serves the register
    assert "requests only say where the register is; they show no certificate" in told.output
    assert "use case over-18: wallets would ask" in told.output
