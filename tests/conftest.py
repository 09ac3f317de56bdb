"""What every test may ask for."""

from collections.abc import Iterator

import pytest
import structlog

from tests.support.postgres import database_url, fresh_postgres_url, postgres_cluster, postgres_url
from tests.support.vectors import refuse_missing

__all__ = ["database_url", "fresh_postgres_url", "postgres_cluster", "postgres_url"]


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    """What a test set up for its logs is not the next one's."""
    yield
    structlog.reset_defaults()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse the parameter that stands for missing vectors."""
    if (missing := item.get_closest_marker("no_vectors")) is not None:
        refuse_missing(missing.args[0])
