"""A wallet in a browser, closed and open."""

import pytest

from tests.wallet.web.visitor import Served


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A wallet that was made, and is closed."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    wallet = Served(tmp_path / "wallet")
    wallet.create()
    yield wallet
    wallet.door.close()


@pytest.fixture
def citizen(served):
    """The browser that opened it."""
    visitor = served.visitor()
    visitor.unlock()
    return visitor
