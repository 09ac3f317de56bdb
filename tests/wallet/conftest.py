"""A wallet for each test, in a folder of its own."""

import pytest

from tests.wallet.counterparts import PASSPHRASE, QUICK, World
from wallet.vault.vault import Vault


@pytest.fixture
def path(tmp_path):
    """Where a vault stands."""
    return tmp_path / "wallet" / "wallet.db"


@pytest.fixture
def vault(path):
    """An open, empty vault."""
    with Vault.create(path, PASSPHRASE, QUICK) as opened:
        yield opened


@pytest.fixture
def world(vault):
    """A wallet between an agency and a partner."""
    return World(vault)
