"""A wallet for each test, in a folder of its own."""

from collections.abc import Iterator
from functools import lru_cache

import pytest

from tests.wallet.counterparts import PASSPHRASE, QUICK, World
from wallet.vault.passphrase import KeyDerivation
from wallet.vault.vault import Vault


@pytest.fixture(scope="session", autouse=True)
def _stretched_once() -> Iterator[None]:
    """The same passphrase with the same salt gives the same key; who opens a vault again does not wait for it again."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(KeyDerivation, "derive", lru_cache(maxsize=64)(KeyDerivation.derive))
        yield


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
