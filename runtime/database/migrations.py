"""Bringing a role's database to this program's version with Alembic; nobody migrates at the same time (T221, T222)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from runtime.database.engine import Database

_LOCK = 0x686F6865  # any number, as long as every role's migration uses the same


class DatabaseTooNewError(RuntimeError):
    """The database was made by a newer program; this one would not understand it."""


def migrate(database: Database, scripts: Path) -> None:
    """Bring a database to the newest version in `scripts`, in one transaction.

    Raises:
        DatabaseTooNewError: it is at a version that this program does not know.
        Unavailable: the database is away; nothing was changed.
    """
    config, directory = _read_scripts(scripts)
    database.write(lambda connection: _upgrade(connection, database, config, directory))


def is_current(database: Database, scripts: Path) -> bool:
    """Whether a database is at the newest version in `scripts`; it is only read.

    Raises:
        Unavailable: the database is away.
    """
    _, directory = _read_scripts(scripts)
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision() == directory.get_current_head()


@lru_cache(maxsize=8)
def _read_scripts(scripts: Path) -> tuple[Config, ScriptDirectory]:
    """Cached: they belong to the program, and each is run to be read."""
    config = Config()
    config.set_main_option("script_location", str(scripts))
    return config, ScriptDirectory.from_config(config)


def _upgrade(connection: Connection, database: Database, config: Config, directory: ScriptDirectory) -> None:
    if not database.is_sqlite:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{database.schema}"'))
    at = MigrationContext.configure(connection).get_current_revision()
    if at is not None and at == directory.get_current_head():
        return
    known = {script.revision for script in directory.walk_revisions()}
    if at is not None and at not in known:
        raise DatabaseTooNewError("this database was made by a newer version of the program")
    environment = EnvironmentContext(
        config,
        directory,
        fn=lambda revision, _: directory._upgrade_revs("head", revision),  # noqa: SLF001 - Alembic's documented recipe
    )
    environment.configure(connection=connection, target_metadata=None)
    environment.run_migrations()
