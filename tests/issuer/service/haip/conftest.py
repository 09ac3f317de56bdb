"""An issuer under HAIP 1.0, a wallet that its provider vouches for, and a way to talk to it."""

import pytest

from tests.issuer.service.haip.asking import issuer
from tests.support.issuer import Clock
from tests.support.wallet_provider import CLIENT, AttestedWallet, WalletProvider


@pytest.fixture
def provider():
    return WalletProvider(Clock())


@pytest.fixture
def desk(provider):
    return issuer(provider)


@pytest.fixture
def wallet(desk, provider):
    return AttestedWallet(desk, provider=provider, client_id=CLIENT)


@pytest.fixture
def http(desk):
    with desk.browser() as client:
        yield client


@pytest.fixture
def tokens(desk, wallet):
    return wallet.redeem(desk.offer("member", "badge"))
