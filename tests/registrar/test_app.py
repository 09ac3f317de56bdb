"""A registrar as it is served: it looks at its partners by itself, and calls nobody whom it must not call."""

import time

import pytest
from starlette.testclient import TestClient

from registrar.app import create_app, open_registrar, open_store
from registrar.config import RegistrarSettings
from registrar.database.tables import metadata
from registrar.installation import NewRegistrar, set_up_registrar
from registrar.session import proposal_id
from registrar.witnessed import Finding
from runtime import system
from runtime.driver import drive
from runtime.http import NoSender
from tests.support.backups import Backup
from tests.support.pki import NOW, seeded, seeded_key
from tests.support.registrar import CINEMA, OPERATOR, cinema, request_of

NAMES = (("de", "Registerstelle"),)
SEAT = ("Lindenweg 9", "Lindenau", "01234")


@pytest.mark.parametrize("endpoint", ["https://127.0.0.1/cockpit", "https://nobody.invalid/cockpit"])
def test_a_service_that_runs_looks_at_its_partners(tmp_path, monkeypatch, endpoint):
    """T207"""
    monkeypatch.setattr("registrar.app.EVERY", 0.1)
    new = NewRegistrar(
        tmp_path / "r", "https://register.example", NAMES, "NTRDE-HRA 99", "post@register.example", "1", SEAT
    )
    set_up_registrar(new, now=system.now(), random_bytes=seeded(NOW))
    settings = RegistrarSettings.read(tmp_path / "r")
    store = open_store(settings)
    registrar = open_registrar(settings, store)

    def run(work):
        return drive(work, store, NoSender())

    run(registrar.parties.apply(cinema(addresses=[endpoint], cockpit_endpoint=endpoint)))
    run(registrar.parties.approve(CINEMA, proposal_id(run(registrar.parties.line(CINEMA)).proposed), OPERATOR))
    try:
        with TestClient(create_app(settings), base_url="https://register.example") as client:
            ends = time.monotonic() + 30
            while not store.witness.rounds_ended() and time.monotonic() < ends:
                time.sleep(0.1)
            assert client.get("/partners").status_code == 200
        [seen] = store.witness.partner(CINEMA)
        assert (seen.finding, store.witness.rounds_ended()) == (Finding.UNREACHABLE, 1)
    finally:
        store.database.dispose()


def test_t091_what_was_revoked_after_a_backup_is_revoked_when_the_service_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    new = NewRegistrar(
        tmp_path / "r", "https://register.example", NAMES, "NTRDE-HRA 99", "post@register.example", "1", SEAT
    )
    set_up_registrar(new, now=system.now(), random_bytes=seeded(NOW))
    settings = RegistrarSettings.read(tmp_path / "r")
    store = open_store(settings)
    registrar = open_registrar(settings, store)

    def run(work):
        return drive(work, store, NoSender())

    key = run(registrar.parties.apply(cinema()))
    run(registrar.parties.approve(CINEMA, proposal_id(run(registrar.parties.line(CINEMA)).proposed), OPERATOR))
    stage = run(registrar.parties.registered(key))
    given = run(registrar.certificates.access(stage, request_of(seeded_key(5)).encode(), OPERATOR))
    backup = Backup(store.database, metadata)
    run(registrar.certificates.revoke(given.id, OPERATOR))
    backup.restore(store.database)
    assert store.revoked_access(now=system.now()) == ()
    create_app(settings)
    assert [one.id for one in store.revoked_access(now=system.now())] == [given.id]
    store.database.dispose()
