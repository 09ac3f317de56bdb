"""A registrar to register at."""

import pytest

from tests.support.registrar import make_office


@pytest.fixture
def office(tmp_path):
    made = make_office(f"sqlite:///{tmp_path}/registrar.db")
    yield made
    made.close()
