"""An issuer's store on each of the databases, for tests that need nothing else of an issuer."""

from collections.abc import Iterator

import pytest

from issuer.database.store import SqlIssuerStore
from runtime.database.engine import Database
from tests.support.issuer import Clock
from tests.support.migrated import migrate_quickly


@pytest.fixture
def clock() -> Clock:
    """What time it is for the store."""
    return Clock()


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[SqlIssuerStore]:
    """A store that is new."""
    made = SqlIssuerStore(Database(database_url, "issuer"), clock)
    migrate_quickly(made)
    yield made
    made.database.dispose()
