"""An issuer, a wallet that talks to it, and its tokens."""

import pytest

from tests.support.issuer import TestWallet, make_issuer


@pytest.fixture
def desk():
    """An issuer with small types and two people."""
    return make_issuer()


@pytest.fixture
def wallet(desk):
    """A wallet that asks this issuer."""
    return TestWallet(desk)


@pytest.fixture
def tokens(desk, wallet):
    """What the wallet got for an offer of `member`."""
    return wallet.redeem(desk.offer("member"))
