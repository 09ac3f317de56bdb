"""The engine: durable, alone when it writes, and honest about what went wrong."""

import contextlib
import os
import sqlite3
import stat
import threading
from functools import partial

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from protocol.errors import Unavailable
from runtime.database import engine as engine_module
from runtime.database.engine import ATTEMPTS, Database


@pytest.fixture
def database(database_url):
    opened = Database(database_url, "public")
    opened.write(lambda connection: connection.execute(text("CREATE TABLE kept (id INTEGER PRIMARY KEY, v INTEGER)")))
    yield opened
    opened.dispose()


def keep(connection, number):
    connection.execute(text("INSERT INTO kept (id, v) VALUES (:id, 0)"), {"id": number})


def kept(database):
    with database.reading() as connection:
        return {row[0] for row in connection.execute(text("SELECT id FROM kept"))}


def test_every_sqlite_connection_is_durable(tmp_path):
    """T219"""
    database = Database(f"sqlite:///{tmp_path / 'a.db'}", "")
    with database.engine.connect() as one, database.engine.connect() as two:
        for connection in (one, two):
            found = {
                pragma: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
                for pragma in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
            }
            assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
            connection.rollback()
    database.dispose()


def test_a_sqlite_file_is_its_owners_alone(tmp_path):
    """T227: whatever the umask says, with everything that SQLite puts beside it."""
    before = os.umask(0)
    try:
        database = Database(f"sqlite:///{tmp_path / 'new' / 'a.db'}", "")
        database.write(lambda connection: connection.execute(text("CREATE TABLE a (b INTEGER)")))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
        database.dispose()
    finally:
        os.umask(before)
    assert modes == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}


def test_a_sqlite_file_is_not_made_through_a_link(tmp_path):
    """T227"""
    (tmp_path / "a.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        Database(f"sqlite:///{tmp_path / 'a.db'}", "")
    assert not (tmp_path / "elsewhere").exists()


def test_a_transaction_that_fails_leaves_nothing(database):
    def work(connection):
        keep(connection, 1)
        raise KeyError

    with pytest.raises(KeyError):
        database.write(work)
    assert kept(database) == set()
    database.write(lambda connection: keep(connection, 2))
    assert kept(database) == {2}


def test_a_reader_sees_what_was_committed_and_waits_for_nobody(database):
    inside, go_on = threading.Event(), threading.Event()

    def work(connection):
        keep(connection, 1)
        inside.set()
        assert go_on.wait(10)

    writer = threading.Thread(target=database.write, args=(work,))
    writer.start()
    assert inside.wait(10)
    assert kept(database) == set()
    go_on.set()
    writer.join()
    assert kept(database) == {1}


def test_a_writer_waits_for_the_writer_before_it(tmp_path):
    """Two workers' first reads must not both happen before one of them writes (SQLite)."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    one, two = Database(url, ""), Database(url, "")
    one.write(lambda c: c.execute(text("CREATE TABLE n (v INTEGER)")))
    one.write(lambda c: c.execute(text("INSERT INTO n VALUES (0)")))

    def count(connection):
        value = connection.execute(text("SELECT v FROM n")).scalar()
        connection.execute(text("UPDATE n SET v = :v"), {"v": value + 1})

    def often(database):
        for _ in range(50):
            database.write(count)

    threads = [threading.Thread(target=often, args=(database,)) for database in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with one.reading() as connection:
        assert connection.execute(text("SELECT v FROM n")).scalar() == 100
    one.dispose()
    two.dispose()


def test_a_busy_sqlite_database_is_unavailable_and_unchanged(tmp_path, monkeypatch):
    """T220, T221"""
    monkeypatch.setattr(engine_module, "BUSY_SECONDS", 0.05)
    database = Database(f"sqlite:///{tmp_path / 'a.db'}", "")
    database.write(lambda c: c.execute(text("CREATE TABLE kept (id INTEGER)")))
    blocker = sqlite3.connect(tmp_path / "a.db")
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="is away"):
        database.write(lambda c: c.execute(text("INSERT INTO kept VALUES (1)")))
    assert kept(database) == set()
    blocker.rollback()
    blocker.close()
    database.write(lambda c: c.execute(text("INSERT INTO kept VALUES (1)")))
    assert kept(database) == {1}
    database.dispose()


def test_a_full_disk_is_unavailable_and_the_store_recovers(tmp_path):
    """T220"""
    database = Database(f"sqlite:///{tmp_path / 'a.db'}", "")
    database.write(lambda c: c.execute(text("CREATE TABLE kept (id INTEGER, v BLOB)")))

    def fill(connection, pages):
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.execute(text("INSERT INTO kept VALUES (1, zeroblob(1000000))"))

    with pytest.raises(Unavailable, match="is away"):
        database.write(lambda c: fill(c, 4))
    assert kept(database) == set()
    database.write(lambda c: fill(c, 100_000))
    assert kept(database) == {1}
    database.dispose()


def test_a_store_in_memory_is_one_store_for_all_threads():
    database = Database("sqlite:///:memory:", "")
    database.write(lambda c: c.execute(text("CREATE TABLE kept (id INTEGER)")))

    def often(first):
        for number in range(20):
            row = {"n": first + number}
            database.write(partial(Connection.execute, statement=text("INSERT INTO kept VALUES (:n)"), parameters=row))
            kept(database)

    threads = [threading.Thread(target=often, args=(first,)) for first in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept(database)) == 80
    database.dispose()


class _Failure(Exception):
    def __init__(self, state):
        super().__init__(state)
        self.sqlstate = state


def failing(times, state, kind=OperationalError, **more):
    """Work that fails a few times, and how often it was tried."""
    tried = []

    def work(connection):
        tried.append(1)
        if len(tried) <= times:
            raise kind("", {}, _Failure(state), **more)
        return "done"

    return work, tried


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_transaction_that_another_one_stopped_is_run_again(state):
    """T223: serialization failures and deadlocks, a bounded number of times."""
    database = Database("sqlite:///:memory:", "")
    work, tried = failing(ATTEMPTS - 1, state)
    assert database.write(work) == "done"
    assert len(tried) == ATTEMPTS
    work, tried = failing(ATTEMPTS, state, DBAPIError)
    with pytest.raises(Unavailable):
        database.write(work)
    assert len(tried) == ATTEMPTS
    database.dispose()


def test_a_connection_that_was_cut_is_replaced_and_the_work_run_again():
    """T223"""
    database = Database("sqlite:///:memory:", "")
    work, tried = failing(1, None, connection_invalidated=True)
    assert database.write(work) == "done"
    assert len(tried) == 2
    database.dispose()


@pytest.mark.parametrize("state", ["57P01", "57P03", "08006", "53300", "55P03"])
def test_a_server_that_is_away_is_not_asked_again_and_again(state):
    """T223"""
    database = Database("sqlite:///:memory:", "")
    work, tried = failing(1, state)
    with pytest.raises(Unavailable, match="is away"):
        database.write(work)
    assert len(tried) == 1
    database.dispose()


def test_a_mistake_of_ours_stays_a_mistake(database):
    """A 503 would ask everybody to try again for ever."""
    database.write(lambda connection: keep(connection, 1))
    with pytest.raises(IntegrityError):
        database.write(lambda connection: keep(connection, 1))
    with pytest.raises(DBAPIError), database.reading() as connection:
        connection.execute(text("SELECT missing FROM kept"))


@pytest.mark.parametrize("memory", [True, False])
def test_an_exhausted_pool_is_unavailable(memory, request, monkeypatch):
    """T223"""
    monkeypatch.setattr(engine_module, "POOL_SIZE", 1)
    monkeypatch.setattr(engine_module, "BUSY_SECONDS", 0.05)
    database = Database("sqlite:///:memory:" if memory else request.getfixturevalue("fresh_postgres_url"), "public")
    with contextlib.ExitStack() as taken:
        for _ in range(1 if memory else 2):
            taken.enter_context(database.engine.connect())
        with pytest.raises(Unavailable, match="too much"):
            database.write(lambda connection: None)
        with pytest.raises(Unavailable, match="too much"), database.reading():
            pass
    database.write(lambda connection: None)
    database.dispose()


def test_a_file_that_is_no_database_is_unavailable(tmp_path):
    """T220"""
    (tmp_path / "a.db").write_bytes(b"no database " * 1000)
    database = Database(f"sqlite:///{tmp_path / 'a.db'}", "")
    with pytest.raises(Unavailable):
        database.write(lambda connection: None)
    assert (tmp_path / "a.db").read_bytes() == b"no database " * 1000
    database.dispose()


def test_a_database_without_our_tables_is_not_ready(database):
    """T253"""
    with pytest.raises(Unavailable, match="not set up"):
        database.check()
    database.write(lambda c: c.execute(text("CREATE TABLE alembic_version (version_num TEXT)")))
    database.check()
