"""A registrar on each database, and one on a file."""

import pytest

from tests.support.registrar import make_office


@pytest.fixture
def office(tmp_path):
    made = make_office(f"sqlite:///{tmp_path}/registrar.db")
    yield made
    made.close()


@pytest.fixture
def stored_office(database_url):
    made = make_office(database_url)
    yield made
    made.close()


@pytest.fixture
def office_with_several_writers(fresh_postgres_url):
    """The same where transactions run side by side; SQLite has one writer at a time."""
    made = make_office(fresh_postgres_url)
    yield made
    made.close()
