"""`vouching`: who vouches for the wallet, the code for it, and having it blocked after a second look."""

import pytest

from tests.support.provider import PROVIDER, make_provider
from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import PASSPHRASE, QUICK
from tests.wallet.vetting import vetted_world
from wallet.vault.vault import Vault


@pytest.fixture
def office(tmp_path):
    """A provider that wants a code."""
    made = make_provider(f"sqlite:///{tmp_path}/provider.db")
    yield made
    made.close()


@pytest.fixture
def vouched(tmp_path, office):
    """A machine with an empty wallet that has a provider."""
    environment = {"HOHEIT_ENV": "production", "HOHEIT_WALLET_PROVIDER_URL": PROVIDER}
    machine = Machine(tmp_path, vetted_world(None, office), environment)
    Vault.create(machine.vault, PASSPHRASE, QUICK).close()
    return machine


def states(office):
    return [unit.state for unit in office.run(office.provider.units())]


def test_without_a_provider_nobody_vouches(machine):
    assert "Nobody vouches for this wallet." in machine.run("vouching").stdout
    assert set(machine.json("vouching").values()) == {None}


def test_a_code_is_given_and_the_wallet_is_confirmed(vouched, office):
    assert "wallets.example confirms your wallet when" in vouched.run("vouching").stdout
    wrong = vouched.run("vouching", "--code", "nonsense", status=1)
    assert "wants a code first" in wrong.output
    code = office.run(office.provider.invite("x"))
    shown = vouched.run("vouching", "--code", code).stdout
    assert "Your wallet is confirmed by Wallets Ltd, until 19 February 2028." in shown
    (unit,) = office.run(office.provider.units())
    assert vouched.json("vouching")["number"] == unit.id
    vouched.run("receive", vouched.world.agency.offer(), "--yes")
    [held] = vouched.json("list")["credentials"]
    assert held["copies"] == 3


def test_an_office_that_insists_is_explained_before_anything_is_asked(vouched):
    refused = vouched.run("receive", vouched.world.agency.offer(), "--yes", status=1)
    assert "If you have a code, type it in the settings" in refused.output


@pytest.mark.parametrize(("keys", "status", "state"), [("n", 3, "active"), ("y", 0, "revoked")])
def test_a_wallet_is_blocked_after_a_second_look(vouched, office, keys, status, state):
    vouched.run("vouching", "--code", office.run(office.provider.invite("x")))
    result = vouched.run("vouching", "--block", keys=keys, status=status)
    assert "This cannot be undone." in result.output
    assert states(office) == [state]
    if not status:
        assert "Wallets Ltd has blocked this wallet." in result.stdout
        assert vouched.json("vouching")["blocked_at"]


def test_a_provider_that_is_away_is_told(vouched, office):
    vouched.run("vouching", "--code", office.run(office.provider.invite("x")))
    del vouched.world.more[PROVIDER]
    refused = vouched.run("vouching", "--block", "--yes", status=1)
    assert "Please try again in a moment." in refused.output
    assert states(office) == ["active"]
