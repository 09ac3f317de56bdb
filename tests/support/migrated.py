"""New databases at this program's version, made in a moment.

A migration from nothing takes ten times as long as what the database does in it, and thousands of tests begin with one. The
first of a process is carried out and listened to; the next new databases are told the same, word by word.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Protocol

from sqlalchemy import Connection, event

from runtime.database.engine import Database

Said = tuple[str, Any]  # a statement, and its values as the driver takes them
_said: dict[tuple[type, bool], tuple[Said, ...]] = {}


class Store(Protocol):
    """A role's store."""

    database: Database

    def migrate(self) -> None:
        """Bring the database to this program's version."""


def migrate_quickly(store: Store) -> None:
    """What `store.migrate()` does; one that is not new is migrated by it."""
    database = store.database
    key = type(store), database.is_sqlite
    if not _is_new(database):
        store.migrate()
    elif key not in _said:
        _said[key] = _listen(store)
    else:
        said = _said[key] if database.is_sqlite else _together(_said[key])
        database.write(lambda connection: _repeat(connection, said))


def _repeat(connection: Connection, said: Iterable[Said]) -> None:
    for statement, values in said:
        connection.exec_driver_sql(statement, values or None)


def _together(said: Iterable[Said]) -> Iterator[Said]:
    """What has no values goes to a server in one message."""
    for has_values, group in groupby(said, lambda one: bool(one[1])):
        some = list(group)
        yield from some if has_values else [(";\n".join(statement for statement, _ in some), None)]


def _is_new(database: Database) -> bool:
    tables = "sqlite_master WHERE name" if database.is_sqlite else "pg_tables WHERE tablename"
    with database.reading() as connection:
        return connection.exec_driver_sql(f"SELECT 1 FROM {tables} = 'alembic_version'").first() is None


def _listen(store: Store) -> tuple[Said, ...]:
    said: list[Said] = []

    def heard(_: object, __: object, statement: str, values: Any, *___: object) -> None:
        if not statement.startswith(("SELECT", "PRAGMA", "BEGIN")):
            said.append((statement, values))

    engine = store.database.engine
    event.listen(engine, "before_cursor_execute", heard)
    try:
        store.migrate()
    finally:
        event.remove(engine, "before_cursor_execute", heard)
    return tuple(said)
