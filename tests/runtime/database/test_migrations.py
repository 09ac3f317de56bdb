"""Bringing a database to this program's version: alone, wholly or not at all."""

import os
import shutil
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, inspect, text
from sqlalchemy.exc import DBAPIError

from runtime.database.conversations import ConversationTables
from runtime.database.engine import Database
from runtime.database.migrations import DatabaseTooNewError, migrate

FIRST = """
from runtime.database.first_version import create_conversations
revision, down_revision, branch_labels, depends_on = "0001", None, None, None
def upgrade():
    create_conversations()
"""
SECOND = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None
def upgrade():
    op.create_table("more", sa.Column("id", sa.Integer, primary_key=True))
"""
BROKEN = SECOND + '    op.execute("SELECT missing FROM nowhere")\n'


@pytest.fixture
def database(database_url):
    opened = Database(database_url, "role")
    yield opened
    opened.dispose()


@pytest.fixture
def scripts(tmp_path):
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "versions" / "0001_first.py").write_text(FIRST)
    return folder


def tables(database):
    with database.reading() as connection:
        return set(inspect(connection).get_table_names(schema=None if database.is_sqlite else "role"))


def version(database):
    with database.reading() as connection:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def test_the_first_version_makes_the_tables_that_the_program_uses(database, scripts):
    migrate(database, scripts)
    metadata = MetaData()
    ConversationTables(metadata)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    assert differences == []
    assert tables(database) == {"sessions", "session_keys", "spent_values", "events", "alembic_version"}
    database.check()


def test_a_migrated_database_is_left_as_it_is(database, scripts):
    migrate(database, scripts)
    migrate(database, scripts)
    assert version(database) == "0001"


def newer(scripts, second, name="newer"):
    """The scripts of a program that has a version more."""
    folder = scripts.with_name(name)
    shutil.copytree(scripts, folder)
    (folder / "versions" / "0002_more.py").write_text(second)
    return folder


def test_a_migration_that_fails_is_taken_back(database, scripts):
    """T222"""
    migrate(database, scripts)
    with pytest.raises(DBAPIError):
        migrate(database, newer(scripts, BROKEN, "broken"))
    assert version(database) == "0001"
    assert "more" not in tables(database)
    migrate(database, newer(scripts, SECOND))
    assert version(database) == "0002"
    assert "more" in tables(database)


def test_a_database_of_a_newer_program_is_refused_and_untouched(database, scripts):
    """T222"""
    migrate(database, newer(scripts, SECOND))
    with pytest.raises(DatabaseTooNewError, match="newer version"):
        migrate(database, scripts)
    assert version(database) == "0002"


@pytest.mark.kill
def test_workers_that_start_together_migrate_once(database_url, scripts):
    """T221"""
    program = (
        "import sys, pathlib\nfrom runtime.database.engine import Database\nfrom runtime.database.migrations import migrate\n"
        "sys.stdin.read()\nmigrate(Database(sys.argv[1], 'role'), pathlib.Path(sys.argv[2]))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", program, database_url, str(scripts)]
    workers = [subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) for _ in range(2)]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.close()
    assert [worker.wait() for worker in workers] == [0, 0]
    database = Database(database_url, "role")
    assert version(database) == "0001"
    database.dispose()
