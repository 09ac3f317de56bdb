"""Commands about services and usage logs: listed, read, checked, decided."""

import json
from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from registrar.app import open_registrar, open_store
from registrar.cli import app
from registrar.config import RegistrarSettings
from registrar.session import proposal_id
from runtime.driver import drive
from runtime.http import NoSender
from tests.support.announced import COCKPIT, entry
from tests.support.commands import Commands
from tests.support.registrar import CINEMA, cinema

COMMANDS = Commands(app)
done, refused = COMMANDS.done, COMMANDS.refused


@pytest.fixture
def registrar(data):
    settings = RegistrarSettings.read(data)
    store = open_store(settings)
    opened = open_registrar(settings, store)
    yield opened
    store.database.dispose()


@pytest.fixture
def key(registrar):
    def run(work):
        return drive(work, registrar.context.store, NoSender())

    party = cinema(cockpit_endpoint=COCKPIT)
    key = run(registrar.parties.apply(party))
    run(registrar.parties.approve(CINEMA, proposal_id(run(registrar.parties.line(CINEMA)).proposed), "x"))
    return key


@pytest.fixture
def handed_in(registrar, key):
    stage = drive(registrar.parties.registered(key), registrar.context.store, NoSender())
    drive(registrar.offerings.hand_in(key, stage, [entry()]), registrar.context.store, NoSender())


def services(data, *words):
    return done(data, f"services {words[0]}", *words[1:])


def test_an_operator_decides_by_command(data, registrar, handed_in):
    assert services(data, "list", "--waiting") == f"film-club  {CINEMA}  new · waits for a decision\n"
    shown = json.loads(services(data, "show", "film-club"))
    assert (shown["proposed"], shown["announced"], shown["problems"]) == (entry(), None, [])
    assert services(data, "approve", "film-club", "--operator", "Frau Amt") == "film-club: announced\n"
    assert registrar.context.store.audit(limit=1)[0].actor == "Frau Amt"
    assert json.loads(services(data, "list", "--json"))["state"] == "announced"
    assert services(data, "take-out", "film-club", "--reason", "closed") == "film-club: out: closed\n"
    assert services(data, "list", "--waiting") == ""


def test_a_refusal_by_command_needs_something_that_waits(data, handed_in):
    assert services(data, "refuse", "film-club", "--reason", "too vague") == "film-club: refused: too vague\n"
    said = refused(data, "services approve", "film-club")
    assert "nothing waits" in said


def test_a_file_is_checked_and_nothing_handed_in(data, registrar, key, tmp_path):
    file = tmp_path / "services.json"
    file.write_bytes(encode_json([entry()]))
    assert services(data, "check", CINEMA, file) == "✓ 1 of 1 can be handed in\n"
    file.write_bytes(encode_json([entry(registration="nope"), entry(id="snacks", start="https://evil.example")]))
    wrong = COMMANDS.call(data, "services check", CINEMA, file)
    assert wrong.exit_code == 1
    assert [line[:12] for line in wrong.output.splitlines()] == ["✗ film-club:", "✗ snacks: be"]
    assert registrar.context.store.services.find("film-club") is None


def test_partners_are_told_with_what_was_found(data, registrar, key):
    store = registrar.context.store.witness
    assert done(data, "partners") == f"{CINEMA}  {COCKPIT}  not looked at yet\n"
    [known] = store.partner(CINEMA)
    store.keep_seen(known, replace(known, looked_at=1, finding="broken", broken_since=1))
    assert done(data, "partners") == f"{CINEMA}  {COCKPIT}  broken · has changed its past\n"
    told = json.loads(done(data, "partners", "--json"))
    assert (told["identifier"], told["cockpit_endpoint"], told["broken_since"]) == (CINEMA, COCKPIT, 1)
