"""What a wallet asks of its provider, by which key, and when it asks nothing at all."""

import pytest

from protocol.errors import Unavailable
from protocol.oauth.client_attestation import METHOD
from tests.support.pki import NOW, seeded_key
from tests.support.provider import CLIENT_ID, PROVIDER, make_provider
from tests.wallet.counterparts import World
from tests.wallet.vetting import vetted_world
from wallet.policy.vouching import NotVouched, ProviderAway, WhyUnvouched
from wallet.records import WalletUnit
from wallet.service.vouching import UNIT_ID

KEY = "11" * 32


@pytest.fixture
def world(vault, office):
    """A wallet that this provider vouches for."""
    return vetted_world(vault, office)


def attest_keys(world):
    return world.run(world.wallet.vouching.attest_keys([seeded_key(1)], None, None))


def contact_of(world):
    return world.run(world.wallet.receiving.look(world.agency.offer())).contact


def away(world):
    """Have the provider answer nobody; a call of it puts it back."""
    office = world.more.pop(PROVIDER)
    return lambda: world.more.update({PROVIDER: office})


def test_without_a_provider_no_keys_are_attested_and_none_is_made_for_it(vault):
    with pytest.raises(NotVouched) as refusal:
        attest_keys(World(vault))
    assert refusal.value.why is WhyUnvouched.NO_PROVIDER
    assert vault.unit() is None


def test_a_wallet_that_is_blocked_asks_nobody(world):
    world.run(world.wallet.vouching.register())
    world.run(world.wallet.vouching.report_lost())
    away(world)
    with pytest.raises(NotVouched) as refusal:
        attest_keys(world)
    assert refusal.value.why is WhyUnvouched.BLOCKED


def test_a_provider_that_does_not_know_this_wallet_is_not_asked_to_block_it(vault, tmp_path):
    office = make_provider(f"sqlite:///{tmp_path}/p.db")
    world = vetted_world(vault, office)
    with pytest.raises(NotVouched):
        world.run(world.wallet.vouching.register())
    away(world)
    with pytest.raises(NotVouched) as refusal:
        world.run(world.wallet.vouching.report_lost())
    assert refusal.value.why is WhyUnvouched.CODE_NEEDED
    office.close()


def test_what_was_begun_goes_on_with_the_key_that_was_kept(world, office, vault):
    back = away(world)
    with pytest.raises(ProviderAway):
        attest_keys(world)
    kept = vault.unit()
    back()
    assert attest_keys(world)
    assert vault.unit().key == kept.key
    assert len(office.run(office.provider.units())) == 1


def test_it_is_known_since_it_registered_first(world, office):
    assert world.run(world.wallet.vouching.register()).since == NOW
    world.now = office.clock.now = NOW + 100
    assert world.run(world.wallet.vouching.register()).since == NOW


def test_the_log_names_who_vouches_and_else_where_they_are(world, vault):
    world.run(world.wallet.vouching.register())
    assert vault.log()[-1].party == "Wallets Ltd"
    stranger = WalletUnit(UNIT_ID, PROVIDER, vault.unit().key, (), "", 0, 0, 0)
    world.run(world.wallet.vouching._blocked(stranger))
    assert vault.log()[-1].party == "wallets.example"


def test_tokens_that_are_bound_to_another_client_are_used_as_that_client(world, vault):
    contact = contact_of(world)
    again = world.run(world.wallet.vouching.client_again(contact, KEY, CLIENT_ID))
    assert (again.client_id, again.attested) == (CLIENT_ID, None)
    world.run(world.wallet.vouching.register())
    for client_id, attested in ((CLIENT_ID, True), ("another", False), ("", False)):
        again = world.run(world.wallet.vouching.client_again(contact, KEY, client_id))
        assert (again.client_id, again.attested is not None) == (client_id, attested)


def test_tokens_of_no_client_are_used_as_none_before_the_wallet_is_known(vault, tmp_path):
    office = make_provider(f"sqlite:///{tmp_path}/p.db")
    world = vetted_world(vault, office)
    contact = contact_of(world)
    with pytest.raises(NotVouched):
        world.run(world.wallet.vouching.register())
    assert vault.unit().client_id == ""
    assert world.run(world.wallet.vouching.client_again(contact, KEY, "")).attested is None
    office.close()


def test_by_haip_a_wallet_is_attested_or_goes_away(vault, office):
    """HAIP 1.0 §4.4.1: also where the server would take others."""
    world = vetted_world(vault, office, methods=("none", METHOD))
    contact = contact_of(world)
    away(world)
    assert world.run(world.wallet.vouching.client_for(contact)).attested is None
    strict = vetted_world(vault, office, methods=("none", METHOD), haip=True)
    away(strict)
    with pytest.raises(ProviderAway):
        strict.run(strict.wallet.vouching.client_for(contact))


@pytest.mark.parametrize(
    ("provider_url", "why"),
    [(PROVIDER, WhyUnvouched.FAILED), ("", WhyUnvouched.NO_PROVIDER)],
    ids=["a way", "a provider"],
)
def test_by_haip_nothing_goes_to_a_server_that_can_be_shown_no_attestation(vault, office, provider_url, why):
    contact = contact_of(vetted_world(vault, office, methods=("none",)))
    world = vetted_world(vault, office, haip=True, provider_url=provider_url)
    with pytest.raises(NotVouched) as refusal:
        world.run(world.wallet.vouching.client_for(contact))
    assert refusal.value.why is why


def test_a_store_that_is_away_is_not_taken_for_a_provider_that_is(world, vault):
    world.run(world.wallet.vouching.register())

    def ask():
        raise Unavailable("the records are closed")

    with pytest.raises(Unavailable, match="records"):
        world.run(world.wallet.vouching._ask(vault.unit(), ask))
