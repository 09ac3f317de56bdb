"""What every test may ask for."""

import gc
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from runtime.serve import YOUNG_OBJECTS
from tests.support.postgres import database_url, database_urls, fresh_postgres_url, postgres_cluster, postgres_url
from tests.support.softhsm import softhsm
from tests.support.tree import ROOT
from tests.support.vectors import refuse_missing

# How long one example takes is the machine's business; whatever must end in time has a bound of its own (T246, BOUNDED).
# A change is judged by the same examples each time; `make soak` goes looking for others.
settings.register_profile("hoheit", deadline=None, derandomize=True)
settings.register_profile("exploring", deadline=None, max_examples=1000)
settings.load_profile("exploring" if os.environ.get("HOHEIT_EXPLORE") else "hoheit")

__all__ = ["database_url", "database_urls", "fresh_postgres_url", "postgres_cluster", "postgres_url", "softhsm"]


# Their files are few and take minutes; thousands of short tests fill what is left
_FIRST = tuple(ROOT / "tests" / folder for folder in ("browser", "flows"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first: when a process finds nothing more to do, the others are almost done too."""
    items.sort(key=lambda item: [not item.path.is_relative_to(folder) for folder in _FIRST])


def pytest_collection_finish() -> None:
    """What was collected stays to the end; looking through it for garbage again and again took a quarter of the time."""
    gc.collect()
    gc.freeze()
    _, young, _ = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS, young, 100)


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    """What a test set up for its logs is not the next one's."""
    yield
    structlog.reset_defaults()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse the parameter that stands for missing vectors."""
    if (missing := item.get_closest_marker("no_vectors")) is not None:
        refuse_missing(missing.args[0])
