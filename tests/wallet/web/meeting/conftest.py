"""A wallet with a driving licence that knows a relay, and its holder."""

import pytest

from tests.wallet.meeting import RELAY
from tests.wallet.web.meeting.in_person import (
    enter,
    serve,
)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A wallet that knows a relay."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    served = serve(tmp_path / "wallet", relay=RELAY)
    yield served
    served.door.close()


@pytest.fixture
def holder(served):
    """The browser of somebody with a driving licence."""
    return enter(served)
