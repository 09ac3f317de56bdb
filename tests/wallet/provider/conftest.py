"""A wallet provider on each of the databases, and on SQLite alone where that is no question."""

import pytest

from tests.support.provider import make_provider


@pytest.fixture
def office(tmp_path):
    """A provider on a file of SQLite."""
    made = make_provider(f"sqlite:///{tmp_path}/provider.db")
    yield made
    made.close()


@pytest.fixture
def stored_office(database_url):
    """A provider on each of the databases."""
    made = make_provider(database_url)
    yield made
    made.close()
