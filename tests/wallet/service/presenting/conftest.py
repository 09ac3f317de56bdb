"""A wallet that has something to present."""

import pytest

from tests.wallet.counterparts import World


@pytest.fixture
def world(vault):
    """A wallet that holds an identity card in three copies."""
    world = World(vault)
    world.receive()
    return world
