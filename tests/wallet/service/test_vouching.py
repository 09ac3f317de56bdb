"""A wallet that somebody vouches for: registered once, attested when it is asked, and clear about it when nobody does."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from protocol.errors import Unavailable, Unreachable
from protocol.jws import Jws
from protocol.oauth.client_attestation import METHOD, METHOD_DPOP
from protocol.oid4vci.client import IssuerRefused
from protocol.oid4vci.key_attestation import KeyRequirements
from protocol.wallet_unit.messages import unit_id
from tests.support.pki import NOW
from tests.support.provider import CLIENT_ID, PROVIDER, make_provider
from tests.wallet.counterpart_agency import AGENCY, PID, Agency, answer
from tests.wallet.counterparts import PASSPHRASE, QUICK, World
from tests.wallet.vetting import ATTESTED, vetted_world
from wallet.keys import sealed_key
from wallet.policy.vouching import NotVouched, ProviderAway, WhyUnvouched
from wallet.provider.policy import DAY, ProviderPolicy
from wallet.vault.vault import Vault


@pytest.fixture
def world(vault, office):
    """A wallet that this provider vouches for."""
    return vetted_world(vault, office)


def units(office):
    return office.run(office.provider.units())


def paths(seen):
    return [request.url.removeprefix(AGENCY) for request in seen]


def test_a_wallet_registers_and_is_attested_when_an_office_asks(world, office):
    assert units(office) == ()
    [kept] = world.receive()
    assert len(kept.copies) == 3
    (unit,) = units(office)
    assert unit.version == "1.0"
    (wallet,) = world.agency.wallets
    assert (wallet.says.client_id, wallet.says.wallet_version) == (CLIENT_ID, "1.0")
    (keys,) = world.agency.keys
    assert {sealed_key(copy.key).public_key for copy in kept.copies} == set(keys.keys)
    assert keys.attestation.says.key_storage == ("iso_18045_basic",)
    assert world.actions() == [("vouched for", "done"), ("received", "done")]


def test_two_offices_cannot_compare_notes(world, office):
    """TS3 1.5 §2.2.1.1, HAIP 1.0 §4.4.1: another key, another place in the list; the key of the wallet nowhere."""
    world.receive()
    world.receive()
    first, second = [wallet.says for wallet in world.agency.wallets]
    assert first.key != second.key
    assert first.client_status.reference != second.client_status.reference
    first_keys, second_keys = world.agency.keys
    assert not set(first_keys.keys) & set(second_keys.keys)
    (unit,) = units(office)
    assert unit.id not in (unit_id(first.key), unit_id(second.key))
    assert len(units(office)) == 1


def test_the_credential_request_says_which_client_asks(world):
    world.receive()
    assert world.agency.keys[0].issuer == CLIENT_ID
    form = dict(parse_qsl(next(r for r in world.agency.seen if r.url.endswith("/token")).body.decode()))
    assert form["client_id"] == CLIENT_ID


@pytest.mark.parametrize("method", [METHOD, METHOD_DPOP])
def test_a_login_is_attested_from_beginning_to_end(vault, office, method):
    """HAIP 1.0 §4.3: at the pushed request and at the token endpoint, by the same key."""
    world = vetted_world(vault, office, methods=(method,))
    seen = world.run(world.wallet.receiving.look(world.agency.offer(pre_authorized_code=None, authorization_code=True)))
    begun = world.run(world.wallet.login.begin(seen, "http://localhost/cb"))
    returned = f"http://localhost/cb?code=c&state={begun.state}&iss={AGENCY}"
    pending = world.run(world.wallet.login.finish(seen, begun, returned))
    arrived = world.run(world.wallet.receiving.fetch(pending, seen.contact))
    assert len(arrived.held) == 1
    pushed, token = [wallet.says for wallet in world.agency.wallets]
    assert pushed.key == token.key
    form = dict(parse_qsl(next(r for r in world.agency.seen if r.url.endswith("/par")).body.decode()))
    assert form["client_id"] == CLIENT_ID == pending.client_id
    assert f"client_id={'https%3A%2F%2Fwallets.example'}" in begun.url


def test_a_renewal_is_attested_by_the_key_that_the_tokens_are_bound_to(vault, office):
    world = vetted_world(vault, office, refresh_token="r1")
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    world.agency.refuse["/credential"] = [answer({"error": "invalid_token"}, 401)]
    arrived = world.run(world.wallet.receiving.fetch(pending))
    assert len(arrived.held) == 1
    first, second = [wallet.says for wallet in world.agency.wallets]
    assert first.key == second.key
    assert first.client_status.reference != second.client_status.reference


def test_a_wallet_that_was_killed_goes_on_with_fresh_keys(world):
    """T158: a key is attested once, so what was begun and cut off begins with others."""
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    world.agency.refuse["/credential"] = [Unreachable("gone")]
    with pytest.raises(Unreachable):
        world.run(world.wallet.receiving.fetch(pending))
    (again,) = world.vault.pending()
    assert again.wanted[0].keys != pending.wanted[0].keys
    arrived = world.run(world.wallet.receiving.fetch(again))
    assert len(arrived.held[0].copies) == 3
    world.run(world.wallet.receiving.keep(arrived))
    assert world.vault.pending() == ()


def test_another_nonce_means_other_keys(world):
    """T123, T138: the attestation for the first nonce is not shown again."""
    world.agency.refuse["/credential"] = [answer({"error": "invalid_nonce"}, 400)]
    world.receive()
    requests = [r for r in world.agency.seen if r.url.endswith("/credential")]
    assert len(requests) == 2
    assert world.agency.keys[0].nonce == "nonce-2"
    assert world.agency.keys[0].attestation.says.nonce == "nonce-2"


def test_where_only_attestations_are_taken_one_is_sent(vault, office):
    """HAIP 1.0 §4.5.1."""
    only = replace(ATTESTED, proof_algorithms=())
    world = vetted_world(vault, office, configurations={"pid": only})
    [kept] = world.receive()
    assert len(kept.copies) == 3
    assert world.agency.keys[0].attestation.says.nonce == "nonce-1"


def test_no_more_keys_are_attested_than_are_used(vault, office):
    world = vetted_world(vault, office, batch_size=None)
    [kept] = world.receive()
    assert len(kept.copies) == len(world.agency.keys[0].keys) == 1


def test_a_status_is_kept_up_as_long_as_an_office_likes(vault, office):
    """TS3 1.5 §2.4.2."""
    longer = replace(ATTESTED, key_attestations_required=KeyRequirements(preferred_status_period=90 * DAY))
    world = vetted_world(
        vault, office, configurations={"pid": longer}, signed=False,
        metadata_changes={"preferred_client_status_period": 60 * DAY},
    )  # fmt: skip
    world.receive()
    assert world.agency.wallets[0].says.client_status.expires_at >= NOW + 60 * DAY
    assert world.agency.keys[0].attestation.says.key_storage_status.expires_at >= NOW + 90 * DAY


def test_a_fresh_attestation_is_fetched_when_the_server_wants_one(world):
    """The same key, and another place in the status list."""
    world.agency.wants_fresh = 1
    world.receive()
    texts = [dict(r.headers)["oauth-client-attestation"] for r in world.agency.seen if r.url.endswith("/token")]
    first, second = [Jws.from_compact(text, "a").peek_claims("a") for text in texts]
    assert first.members["cnf"] == second.members["cnf"]
    assert first.members["client_status"] != second.members["client_status"]


# Where nobody has to know


@pytest.mark.parametrize("methods", [("none",), ()])
def test_nobody_hears_of_an_issuance_where_no_attestation_is_wanted(vault, office, methods):
    world = World(vault, Agency(), more={PROVIDER: office}, provider_url=PROVIDER)
    world.agency.server_changes = {"token_endpoint_auth_methods_supported": list(methods)}
    world.receive()
    assert units(office) == ()
    assert world.vault.unit() is None


def test_where_an_attestation_is_welcome_it_is_shown(vault, office):
    world = vetted_world(vault, office, methods=("none", METHOD), configurations={"pid": PID})
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    world.run(world.wallet.receiving.take(seen))
    assert len(world.agency.wallets) == 1


def test_where_it_is_only_welcome_the_provider_keeps_nobody_away(vault):
    world = World(vault, Agency(), provider_url=PROVIDER)
    world.agency.server_changes = {"token_endpoint_auth_methods_supported": ["none", METHOD]}
    [kept] = world.receive()
    assert len(kept.copies) == 3
    assert "oauth-client-attestation" not in dict(world.agency.seen[-2].headers)


# Where nobody vouches


@pytest.mark.parametrize(
    ("methods", "configuration"), [((METHOD,), PID), (("none",), ATTESTED)], ids=["the wallet", "its keys"]
)
def test_without_a_provider_it_is_said_before_anything_is_asked(vault, office, methods, configuration):
    world = vetted_world(vault, office, provider_url="", methods=methods, configurations={"pid": configuration})
    with pytest.raises(NotVouched) as refusal:
        world.run(world.wallet.receiving.look(world.agency.offer()))
    assert refusal.value.why is WhyUnvouched.NO_PROVIDER
    assert not any(path in ("/token", "/par") for path in paths(world.agency.seen))
    assert world.actions()[0][0] == "failed"


def test_what_needs_no_attestation_is_received_all_the_same(vault, office):
    world = vetted_world(
        vault, office, provider_url="", methods=("none",), configurations={"pid": PID, "strict": ATTESTED}
    )
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    assert [shown.configuration_id for shown in seen.consent.credentials] == ["pid"]
    assert len(seen.consent.left_out) == 1


def test_a_provider_that_wants_a_code_is_told_apart(vault, tmp_path):
    office = make_provider(f"sqlite:///{tmp_path}/p.db")
    world = vetted_world(vault, office)
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    with pytest.raises(NotVouched) as refusal:
        world.run(world.wallet.receiving.take(seen))
    assert refusal.value.why is WhyUnvouched.CODE_NEEDED
    assert not world.wallet.vouching.shown().registered
    code = office.run(office.provider.invite("4711"))
    shown = world.run(world.wallet.vouching.register(code))
    assert (shown.host, shown.name, shown.until) == ("wallets.example", "Wallets Ltd", NOW + 400 * DAY)
    # The offer was not spent: it is tried again
    world.run(world.wallet.receiving.take(seen))
    assert units(office)[0].label == "4711"
    office.close()


def test_a_provider_that_cannot_be_reached_is_no_refusal(vault, office):
    world = vetted_world(vault, office)
    del world.more[PROVIDER]
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    with pytest.raises(ProviderAway):
        world.run(world.wallet.receiving.take(seen))
    assert world.actions() == [("failed", "whoever vouches for this wallet cannot be reached")]
    world.more[PROVIDER] = office
    pending = world.run(world.wallet.receiving.take(seen))
    del world.more[PROVIDER]
    with pytest.raises(ProviderAway):
        world.run(world.wallet.receiving.fetch(pending))
    assert [again.id for again in world.vault.pending()] == [pending.id]


def test_a_wallet_that_is_blocked_while_it_receives_loses_nothing(world, office):
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    office.run(office.provider.revoke(units(office)[0].id, "clerk"))
    with pytest.raises(NotVouched) as refusal:
        world.run(world.wallet.receiving.fetch(pending))
    assert refusal.value.why is WhyUnvouched.BLOCKED
    assert [again.id for again in world.vault.pending()] == [pending.id]
    assert world.wallet.vouching.shown().blocked_at == NOW
    with pytest.raises(NotVouched) as refusal:
        world.run(world.wallet.receiving.look(world.agency.offer()))
    assert refusal.value.why is WhyUnvouched.BLOCKED
    assert ("blocked", "done") in world.actions()


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (ProviderPolicy(open_enrolment=True, refused_versions=frozenset(("1.0",))), WhyUnvouched.TOO_OLD),
        (ProviderPolicy(open_enrolment=True, attestations_a_day=0), WhyUnvouched.TOO_OFTEN),
    ],
)
def test_why_nobody_vouches_is_known(vault, tmp_path, policy, why):
    office = make_provider(f"sqlite:///{tmp_path}/p.db", policy=policy)
    world = vetted_world(vault, office)
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    with pytest.raises(NotVouched) as refusal:
        world.run(world.wallet.receiving.take(seen))
    assert refusal.value.why is why
    office.close()


def test_an_office_that_does_not_take_the_attestation_has_said_no(vault, office):
    """T105: its own code reaches the log."""
    world = vetted_world(vault, office)
    world.agency.providers = Agency().pki.anchors
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    with pytest.raises(IssuerRefused) as refusal:
        world.run(world.wallet.receiving.take(seen))
    assert refusal.value.reason == "invalid_client"


# The wallet and its provider


def test_a_wallet_that_was_forgotten_registers_anew(world, office):
    world.receive()
    first = world.vault.unit()
    office.clock.now += 401 * DAY
    while office.sweep():
        pass
    assert units(office) == ()
    office.clock.now = NOW
    world.receive()
    assert world.vault.unit().key != first.key
    assert len(units(office)) == 1


def test_a_wallet_that_is_lost_is_blocked_and_may_begin_anew(world, office):
    world.receive()
    said = [world.agency.wallets[0].says.client_status, world.agency.keys[0].attestation.says.key_storage_status]
    office.clock.now += 10
    shown = world.run(world.wallet.vouching.report_lost())
    assert shown.blocked_at == NOW
    assert [office.statuses(one.reference.uri).get(one.reference.idx) for one in said] == [1, 1]
    assert world.actions()[-1] == ("blocked", "done")
    # Once more changes nothing
    world.run(world.wallet.vouching.report_lost())
    assert world.actions()[-2] != ("blocked", "done")
    again = world.run(world.wallet.vouching.register())
    assert not again.blocked_at
    world.receive()
    assert sorted(unit.state for unit in units(office)) == ["active", "revoked"]


def test_what_cannot_be_blocked_is_said(world, office):
    with pytest.raises(NotVouched):
        world.run(world.wallet.vouching.report_lost())
    world.run(world.wallet.vouching.register())
    del world.more[PROVIDER]
    with pytest.raises(ProviderAway):
        world.run(world.wallet.vouching.report_lost())
    assert not world.wallet.vouching.shown().blocked_at


def test_registering_without_a_provider_is_refused(vault):
    world = World(vault)
    with pytest.raises(NotVouched):
        world.run(world.wallet.vouching.register())
    assert vault.unit() is None


def test_a_wallet_of_another_provider_is_not_known_here(world, vault):
    world.run(world.wallet.vouching.register())
    other = World(vault, provider_url="https://other.example")
    assert not other.wallet.vouching.shown().registered
    assert other.wallet.vouching.unit() is None


def test_the_name_of_the_provider_is_in_the_language_of_the_wallet(vault, office):
    world = vetted_world(vault, office)
    world.run(world.wallet.vouching.register())
    german = World(vault, provider_url=PROVIDER, language="de")
    assert german.wallet.vouching.shown().name == "Brieftaschen GmbH"
    assert world.wallet.vouching.shown().name == "Wallets Ltd"
    assert len(world.wallet.vouching.shown().number.replace(" ", "")) == 32


def test_the_key_survives_a_new_passphrase_and_never_shows(vault, path, world):
    """T215, T258."""
    world.run(world.wallet.vouching.register())
    unit = vault.unit()
    assert unit.key not in repr(unit)
    vault.change_passphrase("another long passphrase", QUICK)
    assert vault.unit() == unit
    vault.close()
    with pytest.raises(Unavailable):
        vault.unit()
    assert unit.key.encode() not in path.read_bytes()
    with Vault.open(path, "another long passphrase", now=NOW) as again:
        assert again.unit() == unit
    assert PASSPHRASE != "another long passphrase"
