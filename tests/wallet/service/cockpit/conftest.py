"""A wallet with documents, and a library with a cockpit."""

import pytest

from tests.wallet.cockpit import CockpitWorld
from tests.wallet.meeting import document
from tests.wallet.service.cockpit.asking import given


@pytest.fixture
def world(vault):
    """A wallet that holds an identity card and a driving licence."""
    world = CockpitWorld(vault)
    world.receive()
    return world.keep(document())


@pytest.fixture
def desk(world):
    """Where the library answers; it has data of the user already."""
    given(world)
    return world.partner.desk
