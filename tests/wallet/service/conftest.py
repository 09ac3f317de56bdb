"""A wallet provider for the wallets of these tests."""

import pytest

from tests.support.provider import make_provider
from wallet.provider.policy import ProviderPolicy


@pytest.fixture
def office(tmp_path):
    """A provider that takes whoever comes."""
    made = make_provider(f"sqlite:///{tmp_path}/provider.db", policy=ProviderPolicy(open_enrolment=True))
    yield made
    made.close()
