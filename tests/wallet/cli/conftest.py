"""A terminal with a wallet, empty or not."""

import pytest

from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import PASSPHRASE, QUICK, World
from wallet.vault.vault import Vault


@pytest.fixture
def machine(tmp_path):
    """A machine with an empty wallet."""
    machine = Machine(tmp_path, World(None), {"HOHEIT_ENV": "production"})
    Vault.create(machine.vault, PASSPHRASE, QUICK).close()
    return machine


@pytest.fixture
def holder(machine):
    """The same, with an identity card in the wallet."""
    machine.run("receive", machine.world.agency.offer(), "--yes")
    return machine
