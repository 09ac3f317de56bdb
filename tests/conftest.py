"""What every test may ask for."""

import pytest

from tests.support.postgres import database_url, fresh_postgres_url, postgres_cluster, postgres_url
from tests.support.vectors import refuse_missing

__all__ = ["database_url", "fresh_postgres_url", "postgres_cluster", "postgres_url"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse the parameter that stands for missing vectors."""
    if (missing := item.get_closest_marker("no_vectors")) is not None:
        refuse_missing(missing.args[0])
