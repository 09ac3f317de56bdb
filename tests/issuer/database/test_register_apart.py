"""A register in a database of its own, beside that of the sessions."""

import sqlite3

import pytest

from issuer.app import open_register, open_store
from issuer.cli import app
from issuer.config import IssuerSettings
from issuer.database.register import SqlRegister
from runtime.database import engine
from tests.issuer.database.later import LATER
from tests.support.commands import Commands
from tests.support.tree import ROOT

COMMANDS = Commands(app)
TOWN = ROOT / "hoheit/demo/town/people.csv"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An agency whose register is another file."""
    monkeypatch.setenv("HOHEIT_ENV", "demo")
    monkeypatch.setenv("HOHEIT_ISSUER_REGISTER_URL", f"sqlite:///{tmp_path}/register.db")
    data = tmp_path / "issuer"
    COMMANDS.done(data, "init", "--public-url", "http://agency.localhost:8000", "--name", "de=Amt")
    return data


@pytest.fixture
def file(folder):
    return folder.parent / "register.db"


def names(data):
    """Who is found by this name."""
    settings = IssuerSettings.read(data)
    store = open_store(settings)
    register = open_register(settings, store)
    assert isinstance(register, SqlRegister)
    assert SqlRegister(store.database).subjects(9) == ()
    return [person.subject for person in register.find("erika", 9)]


def make_older(file):
    """Put the register back to the version before people were found by name."""
    with sqlite3.connect(file) as connection:
        for table in LATER:
            connection.execute(f"DROP TABLE {table}")
        for index in ("credentials_by_time", "letter_codes_by_subject", "credentials_by_revocation"):
            connection.execute(f"DROP INDEX {index}")
        for column in ("said", "revoke_at"):
            connection.execute(f"ALTER TABLE credentials DROP COLUMN {column}")
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
    connection.close()


def test_a_register_of_its_own_is_set_up_and_filled(folder):
    assert "people of this table" in COMMANDS.done(folder, "import-people", TOWN)
    assert names(folder) == ["erika"]


@pytest.mark.parametrize("command", [None, "migrate"])
def test_an_older_register_of_its_own_is_brought_to_this_version(folder, file, command):
    COMMANDS.done(folder, "import-people", TOWN)
    make_older(file)
    if command:
        COMMANDS.done(folder, command)
    assert names(folder) == ["erika"]


def test_a_register_that_cannot_be_written_to_is_read_or_refused_by_name(folder, file, monkeypatch):
    """T252"""
    COMMANDS.done(folder, "import-people", TOWN)
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.1)
    for older in (False, True):
        if older:
            make_older(file)
        writer = sqlite3.connect(file, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        if older:
            assert COMMANDS.refused(folder, "migrate").startswith("register_url: ")
        else:
            assert names(folder) == ["erika"]
        writer.close()


def test_a_register_of_a_newer_version_is_refused(folder, file):
    """T222, T252"""
    COMMANDS.done(folder, "import-people", TOWN)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "newer version" in COMMANDS.refused(folder, "import-people", TOWN)
