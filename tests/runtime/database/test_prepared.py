"""Statements that are compiled once, on both databases."""

import pytest
from sqlalchemy import BigInteger, Boolean, Column, MetaData, Table, Text, bindparam, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.schema import CreateTable

from protocol.errors import InvalidRequest, Unavailable
from runtime.database.engine import KEPT, Database
from runtime.database.prepared import Prepared

METADATA = MetaData()
THINGS = Table("things", METADATA, Column("name", Text, primary_key=True), Column("number", BigInteger, nullable=False))
FLAGS = Table("flags", METADATA, Column("name", Text, primary_key=True), Column("good", Boolean, nullable=False))
ADD = insert(THINGS).values(name=bindparam("name"), number=bindparam("number"))
FIND = select(THINGS.c.number).where(THINGS.c.name == bindparam("name"))


@pytest.fixture
def database(database_url):
    opened = Database(database_url, "prepared")

    def create(connection):
        if not opened.is_sqlite:
            connection.execute(text("CREATE SCHEMA prepared"))
        METADATA.create_all(connection)

    opened.write(create)
    yield opened
    opened.dispose()


def add(database, *rows):
    statement = Prepared(database, ADD)
    database.write(lambda c: statement.run_each(c, [{"name": name, "number": number} for name, number in rows]))


def find(database, name):
    return Prepared(database, FIND).look({"name": name})


@pytest.mark.parametrize("rows", [[("a", 1)], [("a", 1), ("b", 2), ("c", 2**62)]])
def test_what_was_written_is_found(database, rows):
    add(database, *rows)
    assert [find(database, name) for name, _ in rows] == [(number,) for _, number in rows]
    assert find(database, "nowhere") is None


def test_values_of_the_statement_itself_are_bound_too(database):
    add(database, ("a", 1))
    step = Prepared(
        database, update(THINGS).where(THINGS.c.name == bindparam("one")).values(number=THINGS.c.number + 41)
    )
    database.write(lambda c: step.run(c, {"one": "a"}))
    assert find(database, "a") == (42,)


def test_a_transaction_sees_what_it_wrote_and_others_do_not(database):
    statement, query = Prepared(database, ADD), Prepared(database, FIND)
    seen = []

    def work(connection):
        statement.run(connection, {"name": "a", "number": 1})
        seen.append(query.first(connection, {"name": "a"}))
        seen.append(query.look({"name": "a"}))
        raise KeyError("back")

    with pytest.raises(KeyError):
        database.write(work)
    assert seen == [(1,), None]
    assert find(database, "a") is None


@pytest.mark.parametrize("rows", [[("a", 2)], [("b", 1), ("a", 2)]])
def test_an_error_of_the_driver_is_sqlalchemys_and_holds_no_value(database, rows):
    add(database, ("a", 1))
    with pytest.raises(IntegrityError) as caught:
        add(database, *rows)
    assert not caught.value.params
    assert find(database, "b") is None


def test_wrong_sql_is_no_operational_trouble(database):
    broken = Prepared(database, select(Table("missing", MetaData(), Column("a", Text)).c.a))
    with pytest.raises(DBAPIError):
        broken.look({})
    with pytest.raises(DBAPIError):
        database.write(lambda c: broken.first(c, {}))
    with pytest.raises(DBAPIError):
        database.write(lambda c: broken.run(c, {}))
    # The connection that it met is good for the next
    assert find(database, "a") is None


def test_what_cannot_be_stored_is_refused(database):
    """T224"""
    add(database, ("a", 1))
    if database.is_sqlite:
        assert find(database, "a\x00b") is None
    else:
        with pytest.raises(InvalidRequest):
            find(database, "a\x00b")
    assert find(database, "a") == (1,)


@pytest.mark.parametrize(
    "statement",
    [
        select(FLAGS.c.name).where(FLAGS.c.good == bindparam("good")),
        select(FLAGS.c.good),
    ],
    ids=["value", "column"],
)
def test_a_type_that_needs_converting_is_refused(tmp_path, statement):
    with pytest.raises(TypeError):
        Prepared(Database(f"sqlite:///{tmp_path}/a.sqlite", "prepared"), statement)


def test_what_is_no_statement_is_refused(database):
    with pytest.raises(TypeError):
        Prepared(database, CreateTable(THINGS))


def test_connections_are_kept_for_a_file_only_and_only_a_few(database):
    taken = [database.take() for _ in range(KEPT + 1)]
    for connection in taken:
        database.give_back(connection)
    again = [database.take() for _ in range(KEPT + 1)]
    assert sum(connection in taken for connection in again) == (KEPT if database.is_sqlite else 0)
    for connection in again:
        connection.close()


def test_a_database_that_is_away_says_so(postgres_url):
    away = Database(f"{postgres_url}-that-is-not-there", "prepared")
    with pytest.raises(Unavailable):
        Prepared(away, FIND).look({"name": "a"})
