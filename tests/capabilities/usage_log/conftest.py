"""A party to ask."""

import pytest

from tests.support.usage import open_party


@pytest.fixture
def party():
    made = open_party("sqlite:///:memory:")
    yield made
    made.close()


@pytest.fixture
def stored_party(database_url):
    made = open_party(database_url)
    yield made
    made.close()
