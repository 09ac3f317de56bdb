"""Cockpits in the store, on both databases: several of one partner, page by page, and those of a database of before."""

import importlib
import json

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import MetaData, Table, insert, inspect, text

from registrar.database.tables import cockpits
from registrar.witnessed import witnessed_of
from tests.protocol.sovereignty.logs import Log
from tests.support.announced import COCKPIT, ISSUING, both_of
from tests.support.pki import DAY, NOW
from tests.support.registrar import CINEMA, OPERATOR, cinema

OTHER = "NTRDE-HRB 9"


def at(found):
    return [(one.identifier, one.cockpit_endpoint) for one in found]


@pytest.fixture
def filled(stored_office):
    both_of(stored_office)
    stored_office.register(cinema(identifier=OTHER, cockpit_endpoint="https://kino.example/z"))
    return stored_office


def test_pages_count_partners_and_never_part_one(filled):
    witness = filled.store.witness
    assert at(witness.partners(limit=1)) == [(CINEMA, ISSUING), (CINEMA, COCKPIT)]
    assert at(witness.partners(limit=1, after=CINEMA)) == [(OTHER, "https://kino.example/z")]
    assert witness.partners(limit=1, after=OTHER) == ()
    assert at(witness.partner(CINEMA)) == at(witness.partners(limit=1))
    assert witness.partner("nobody") == ()


def test_what_is_seen_of_one_cockpit_is_kept_for_that_one_alone(filled):
    witness = filled.store.witness
    before = {one.cockpit_endpoint: one for one in witness.partner(CINEMA)}
    seen = filled.run(filled.registrar.witness.note_slow(before[COCKPIT]))
    assert seen.looked_at == NOW
    after = {one.cockpit_endpoint: one for one in witness.partner(CINEMA)}
    assert (after[COCKPIT], after[ISSUING]) == (seen, before[ISSUING])
    assert at(witness.due(before=NOW, limit=9)) == [(CINEMA, ISSUING), (OTHER, "https://kino.example/z")]


def test_who_rests_rests_with_every_cockpit_and_comes_back_with_every_one(filled):
    witness = filled.store.witness
    filled.run(filled.registrar.parties.suspend(CINEMA, "x", OPERATOR))
    assert [one.active for one in witness.partner(CINEMA)] == [False, False]
    assert [one.active for one in witness.partner(OTHER)] == [True]
    assert at(witness.due(before=NOW + DAY, limit=9)) == [(OTHER, "https://kino.example/z")]
    filled.run(filled.registrar.parties.resume(CINEMA, OPERATOR))
    assert [one.active for one in witness.partner(CINEMA)] == [True, True]


def test_what_was_seen_before_there_were_several_is_still_there(stored_office):
    """As a register of before has it: a table with one address for each partner."""
    database = stored_office.store.database
    scripts = [
        importlib.import_module(f"registrar.database.migrations.versions.{name}")
        for name in ("0002_sovereignty", "0003_several_cockpits")
    ]
    head = Log().hour().head()
    row = {
        "identifier": CINEMA, "cockpit_endpoint": COCKPIT, "country": "DE", "active": True, "signed": '{"2026":"x"}',
        "heads": json.dumps([head.to_dict()]), "broken_since": NOW - 1, "evidence": '["a","b"]', "looked_at": NOW,
        "reached_at": NOW - 2, "finding": "broken",
    }  # fmt: skip

    def work(connection):
        for name in ("services", "cockpits", "witness_rounds"):
            connection.execute(text(f"DROP TABLE {name}"))
        with Operations.context(MigrationContext.configure(connection)):
            scripts[0].upgrade()
            connection.execute(insert(Table("partners", MetaData(), autoload_with=connection)).values(row))
            scripts[1].upgrade()
        return inspect(connection).get_table_names()

    names = database.write(work)
    assert "partners" not in names
    [cockpit] = stored_office.store.witness.partner(CINEMA)
    assert {name: getattr(cockpit, name) for name in row} == row
    assert witnessed_of(cockpit).heads == (head,)
    assert cockpits.name in names
