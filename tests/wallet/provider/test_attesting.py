"""What a provider says of its wallets: true, short-lived, for one issuer each, and with a place in a status list."""

import pytest

from protocol.errors import Unavailable, Unreachable
from protocol.jws import Jws
from protocol.oauth.client_attestation import MAX_LIFETIME
from protocol.wallet_unit.errors import (
    KeyAttestedBefore,
    TooManyAttestations,
    UnitRevoked,
    UnknownUnit,
    WalletRefused,
)
from protocol.wallet_unit.messages import (
    AttestClient,
    AttestKeys,
    sign_possession,
    sign_unit_request,
    unit_id,
)
from tests.support.pki import NOW, Template, seeded_key
from tests.support.provider import CLIENT_ID, PROVIDER, make_provider
from tests.wallet.provider.attestations import (
    FOR_ISSUER,
    KEY,
    KEYS,
    OTHER,
    client_attestation,
    key_attestation,
    status_of,
)
from wallet.provider.database.store import SqlProviderStore
from wallet.provider.policy import DAY, ProviderPolicy


def test_a_wallet_is_vouched_for_with_all_that_is_wanted(stored_office):
    """TS3 1.5 §2.3.1; HAIP 1.0 §4.4.1: one subject for all wallets, and a chain without the anchor."""
    office = stored_office
    client = office.registered()
    answer = office.wallet(client.attest_client(FOR_ISSUER))
    assert Jws.from_compact(answer.attestation, "a").header.x5c == office.pki.x5c
    says = client_attestation(office, client)
    assert (says.client_id, says.key) == (CLIENT_ID, FOR_ISSUER.public_key)
    assert (says.wallet_name, says.wallet_version, says.certification) == ("Hoheit", "1.0", f"{PROVIDER}/c")
    assert NOW < says.expires_at < NOW + MAX_LIFETIME
    assert says.client_status.expires_at >= says.expires_at + 31 * DAY
    assert says.client_status.expires_at % DAY == 0
    assert status_of(office, says.client_status) == 0
    # Nothing in it is the same at two issuers: not the key, not the place
    other = client_attestation(office, client, seeded_key(99))
    assert other.client_status.reference != says.client_status.reference
    assert KEY.public_key.thumbprint() not in answer.attestation
    assert unit_id(KEY.public_key) not in str(Jws.from_compact(answer.attestation, "a").payload)


def test_keys_are_vouched_for_with_all_that_is_wanted(stored_office):
    """TS3 1.5 §2.3.2; keys of a vault are stated as what they are."""
    office = stored_office
    says = key_attestation(office, office.registered())
    assert says.keys == tuple(key.public_key for key in KEYS)
    assert says.nonce == "n0nce"
    assert says.key_storage == says.user_authentication == ("iso_18045_basic",)
    assert says.certification == f"{PROVIDER}/k"
    assert NOW < says.expires_at <= NOW + 3600
    assert says.key_storage_status.expires_at >= says.expires_at + 31 * DAY
    assert status_of(office, says.key_storage_status) == 0


@pytest.mark.parametrize("make", [client_attestation, key_attestation])
@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [(None, 31, 33), (5 * DAY, 31, 33), (100 * DAY, 100, 102), (3000 * DAY, 400, 402)],
)
def test_a_status_is_kept_up_as_long_as_asked_within_bounds(office, make, asked, least, most):
    """TS3 1.5 §2.4.2."""
    says = make(office, office.registered(), status_period=asked)
    status = says.client_status if make is client_attestation else says.key_storage_status
    assert NOW + least * DAY <= status.expires_at <= NOW + most * DAY


def test_a_key_is_in_one_attestation_and_in_no_other(stored_office):
    """T138, TS3 1.5 §2.2.2.1: not of the same wallet, and not of another one; nothing is said then."""
    office = stored_office
    client = office.registered(KEY)
    key_attestation(office, client)
    for again, keys in ((client, KEYS), (client, [seeded_key(70), KEYS[1]]), (office.registered(OTHER), KEYS[:1])):
        with pytest.raises(KeyAttestedBefore):
            office.wallet(again.attest_keys(keys, "n"))
    # The whole request was refused: its other key is still free
    key_attestation(office, client, [seeded_key(70)])


def test_a_wallet_renews_what_is_said_of_it_towards_one_issuer(office):
    """A refresh token is bound to the key, so the key stays; the place in the status list is a new one."""
    client = office.registered()
    first, second = client_attestation(office, client), client_attestation(office, client)
    assert first.key == second.key
    assert first.client_status.reference != second.client_status.reference


def test_nobody_unknown_is_vouched_for(office):
    with pytest.raises(UnknownUnit):
        office.wallet(office.client().attest_client(FOR_ISSUER))
    with pytest.raises(UnknownUnit):
        office.wallet(office.client().attest_keys(KEYS, "n"))
    with pytest.raises(UnknownUnit):
        office.wallet(office.client().report_lost())


def test_a_version_that_is_not_trusted_any_more_is_not_vouched_for(tmp_path):
    office = make_provider(f"sqlite:///{tmp_path}/p.db", policy=ProviderPolicy(refused_versions=frozenset(("0.9",))))
    office.registered()
    for ask in (lambda c: c.attest_client(FOR_ISSUER), lambda c: c.attest_keys(KEYS, "n")):
        with pytest.raises(WalletRefused):
            office.wallet(ask(office.client(version="0.9")))
    client_attestation(office, office.client(version="1.1"))
    assert office.run(office.provider.units())[0].version == "1.1"
    office.close()


def test_a_wallet_gets_so_many_attestations_a_day(tmp_path):
    """T125: whoever asks without end gets none."""
    office = make_provider(f"sqlite:///{tmp_path}/p.db", policy=ProviderPolicy(attestations_a_day=2))
    client = office.registered()
    client_attestation(office, client)
    key_attestation(office, client)
    with pytest.raises(TooManyAttestations):
        office.wallet(client.attest_client(seeded_key(80)))
    office.clock.now += DAY
    client_attestation(office, client, seeded_key(80))
    office.close()


def test_a_place_serves_once_although_nobody_knows_whether_it_was_recorded(office, monkeypatch):
    """T078: the connection to the database breaks after the commit, and before it is heard of."""
    client = office.registered()
    committed = SqlProviderStore.commit

    def lose_the_answer(store, effects):
        committed(store, effects)
        raise Unavailable("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(SqlProviderStore, "commit", lose_the_answer)
        with pytest.raises(Unreachable):
            office.wallet(client.attest_client(FOR_ISSUER))
    says = client_attestation(office, client)
    assert status_of(office, says.client_status) == 0


def test_the_place_of_an_attestation_that_was_refused_is_free_again(office):
    client = office.registered()
    key_attestation(office, client)
    free = office.provider.indices._free
    before = len(free)
    with pytest.raises(KeyAttestedBefore):
        office.wallet(client.attest_keys(KEYS, "n"))
    assert len(free) == before


def test_nothing_is_signed_outside_the_time_of_the_certificate(tmp_path):
    """T146."""
    office = make_provider(f"sqlite:///{tmp_path}/p.db", template=Template(not_after=NOW + 3600))
    client = office.registered()
    assert client_attestation(office, client).expires_at == NOW + 3600
    office.clock.now += 3600
    with pytest.raises(Unreachable):
        office.wallet(client.attest_client(seeded_key(81)))
    office.close()


def test_a_refused_request_takes_no_place(office):
    client = office.registered()
    first = key_attestation(office, client).key_storage_status.reference
    with pytest.raises(KeyAttestedBefore):
        office.wallet(client.attest_keys(KEYS, "n"))
    free = {entry.index for entry in office.provider.indices._free}
    assert len(free) == 255
    assert first.idx not in free


# Proofs of possession


def ask(office, make, *, key=KEY, challenge=None):
    challenge = challenge or office.provider.challenge()
    text = sign_unit_request(make(challenge), key, audience=PROVIDER, challenge=challenge, issued_at=office.clock.now)
    return office.post(text)


def possession(challenge, signer=FOR_ISSUER, **changes):
    members = {"audience": PROVIDER, "challenge": challenge, "unit": unit_id(KEY.public_key)}
    return sign_possession(signer, **{**members, **changes})


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda c: possession(c, unit=unit_id(OTHER.public_key)), id="made for another wallet"),
        pytest.param(lambda c: possession("other"), id="made for another request"),
        pytest.param(lambda c: possession(c, audience="https://x.example"), id="made for another provider"),
        pytest.param(lambda c: possession(c, KEY), id="the key of the wallet itself"),
        pytest.param(lambda c: possession(c)[:-8] + "AAAAAAAA", id="another signature"),
        pytest.param(lambda c: "a.b.c", id="no proof"),
    ],
)
def test_a_key_that_the_wallet_does_not_prove_to_hold_is_not_attested(office, make):
    office.registered(KEY)
    for asked in (
        lambda c: AttestClient("1.0", make(c)),
        lambda c: AttestKeys("1.0", (possession(c, KEYS[0]), make(c)), "n"),
    ):
        status, body = ask(office, asked)
        assert (status, body["error"]) == (400, "invalid_unit_request")
    key_attestation(office, office.client(KEY), KEYS[:1])


def test_a_request_is_no_proof_and_a_proof_is_no_request(office):
    """T007."""
    office.registered(KEY)
    challenge = office.provider.challenge()
    assert office.post(possession(challenge, KEY))[0] == 400
    inner = sign_unit_request(
        AttestClient("1.0", "x"), FOR_ISSUER, audience=PROVIDER, challenge=challenge, issued_at=NOW
    )
    status, body = ask(office, lambda _: AttestClient("1.0", inner), challenge=challenge)
    assert (status, body["error"]) == (400, "invalid_unit_request")


def test_a_key_twice_is_refused(office):
    office.registered(KEY)
    status, _ = ask(office, lambda c: AttestKeys("1.0", (possession(c), possession(c)), "n"))
    assert status == 400


def test_more_keys_than_anybody_needs_are_refused(office):
    """T138."""
    office.registered(KEY)
    status, body = ask(office, lambda c: AttestKeys("1.0", ("a.b.c",) * 101, "n"))
    assert (status, body["error"]) == (400, "invalid_unit_request")


# Blocked


def test_a_blocked_wallet_loses_everything_that_was_said_of_it(stored_office):
    """TS3 1.5 §2.4.2: every place of the wallet says so, in the list that the next reader gets (T077); nobody else's does."""
    office = stored_office
    client, other = office.registered(KEY), office.registered(OTHER)
    said = [
        client_attestation(office, client).client_status,
        client_attestation(office, client, seeded_key(90)).client_status,
        key_attestation(office, client).key_storage_status,
    ]
    theirs = client_attestation(office, other, seeded_key(91)).client_status
    assert [status_of(office, status) for status in [*said, theirs]] == [0, 0, 0, 0]
    office.clock.now += 10
    office.run(office.provider.revoke(unit_id(KEY.public_key), "clerk", "stolen"))
    assert [status_of(office, status) for status in [*said, theirs]] == [1, 1, 1, 0]
    with pytest.raises(UnitRevoked):
        office.wallet(client.attest_client(seeded_key(92)))
    with pytest.raises(UnitRevoked):
        office.wallet(client.attest_keys([seeded_key(93)], "n"))
    client_attestation(office, other, seeded_key(94))


def test_nothing_is_made_for_a_wallet_that_is_blocked(tmp_path):
    """It is refused before anything is signed: here nothing could be."""
    office = make_provider(f"sqlite:///{tmp_path}/p.db", template=Template(not_after=NOW + 3600))
    client = office.registered()
    office.run(office.provider.revoke(unit_id(KEY.public_key), "clerk"))
    office.clock.now += 3600
    with pytest.raises(UnitRevoked):
        office.wallet(client.attest_client(FOR_ISSUER))
    office.close()


def test_an_owner_blocks_their_own_wallet(office):
    client = office.registered(KEY)
    status = client_attestation(office, client).client_status
    office.clock.now += 10
    office.wallet(client.report_lost())
    assert status_of(office, status) == 1
    office.wallet(client.report_lost())
    with pytest.raises(UnitRevoked):
        office.wallet(client.attest_client(FOR_ISSUER))


def test_what_was_revoked_is_never_valid_again_and_what_is_over_is_forgotten(stored_office):
    office = stored_office
    blocked = client_attestation(office, office.registered(KEY)).client_status
    kept = office.registered(OTHER)
    client_attestation(office, kept, seeded_key(95))
    office.run(office.provider.revoke(unit_id(KEY.public_key), "clerk"))
    office.clock.now += 60 * DAY
    assert office.sweep() > 0
    assert status_of(office, blocked) == 1
    # Their attestation is over, they are not
    assert [unit.id for unit in office.run(office.provider.units(unit_id(OTHER.public_key)))]
    office.clock.now += 401 * DAY
    while office.sweep():
        pass
    assert [unit.id for unit in office.run(office.provider.units())] == [unit_id(KEY.public_key)]
    assert status_of(office, blocked) == 1
    with pytest.raises(UnknownUnit):
        office.wallet(kept.attest_client(seeded_key(96)))
