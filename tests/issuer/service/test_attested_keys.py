"""Types that ask for attested keys: one attestation for all keys of a request, and one credential for each of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from issuer.credential_types import read_type
from protocol.errors import CredentialRequestDenied, InvalidNonce, InvalidProof, Unavailable
from protocol.oid4vci.attested_proof import sign_attested_proof
from protocol.oid4vci.credential import CredentialRequest, ProofType
from protocol.oid4vci.metadata import CredentialIssuerMetadata
from protocol.oid4vci.proof import sign_proof
from protocol.trust.anchors import Role
from tests.issuer.service.issuing import untouched, verified
from tests.support.issuer import IDENTIFIER, Clock, TestWallet, make_issuer
from tests.support.pki import DAY, NOW, Template, make_pki, seeded_key
from tests.support.wallet_provider import KEYS_PLACE, LEVEL, AttestedWallet, WalletProvider

BOTH = pytest.mark.parametrize("kind", list(ProofType))
MEMBER = """
id = "{id}"
vct = "urn:test:{id}:1"
validity_days = 30
batch_size = {batch}
[name]
en = "{id}"
[key_attestation]
key_storage = ["{level}"]
user_authentication = ["iso_18045_basic"]
{more}
[[claims]]
path = ["given_name"]
type = "text"
label = {{ en = "First name" }}
"""


def member(name="member", *, batch=10, level=LEVEL, more=""):
    return read_type(MEMBER.format(id=name, batch=batch, level=level, more=more), name, Path())[0]


@pytest.fixture
def provider():
    return WalletProvider(Clock())


@pytest.fixture
def desk(provider):
    return issuer(provider)


def issuer(provider, *types):
    kinds = {kind.id: kind for kind in types or (member(), member("badge", batch=2, more="watched = false"))}
    return make_issuer(types=kinds, clock=provider.clock, outside=provider, anchors=provider.anchors)


@pytest.fixture
def wallet(desk, provider):
    return AttestedWallet(desk, provider=provider)


@pytest.fixture
def tokens(desk, wallet):
    return wallet.redeem(desk.offer("member", "badge"))


def ask(desk, wallet, tokens, *proofs, kind=ProofType.JWT, configuration_id="member"):
    """A credential request with these proofs."""
    request = CredentialRequest(configuration_id, None, tuple(proofs), proof_type=kind)
    dpop = wallet.resource_dpop(tokens)
    return desk.run(desk.issuer.credentials.issue(request, f"DPoP {tokens.access_token}", dpop))


def proof(desk, attestation, key, **changes):
    """A proof by the first attested key."""
    said = {"audience": IDENTIFIER, "nonce": desk.issuer.credentials.nonce(), "issued_at": desk.clock.now, **changes}
    return sign_attested_proof(key, attestation, **said)


@BOTH
def test_each_attested_key_gets_a_credential(desk, wallet, tokens, *, kind):
    keys = [wallet.new_key() for _ in range(3)]
    answer = wallet.issue_attested(tokens, keys, kind=kind)
    assert [verified(desk, raw).holder_key for raw in answer.credentials] == [key.public_key for key in keys]


def test_what_is_asked_for_stands_in_the_metadata(desk):
    """HAIP 1.0 §4.5.1, TS3 1.5 §2.2.2.2, §2.4"""
    wire = desk.issuer.metadata.issuer.to_dict()
    types = wire["credential_configurations_supported"]["member"]["proof_types_supported"]
    required = {
        "key_storage": [LEVEL],
        "user_authentication": ["iso_18045_basic"],
        "preferred_key_storage_status_period": 31 * DAY,
    }
    assert {name: kind["key_attestations_required"] for name, kind in types.items()} == {
        "jwt": required,
        "attestation": required,
    }
    assert types["attestation"]["proof_signing_alg_values_supported"] == ["ES256", "ES384", "ES512"]
    assert CredentialIssuerMetadata.from_dict(wire).preferred_client_status_period == 31 * DAY


def test_a_type_that_does_not_ask_takes_plain_proofs_only(provider):
    desk = make_issuer(clock=provider.clock, outside=provider, anchors=provider.anchors)
    wallet = AttestedWallet(desk, provider=provider)
    tokens = wallet.redeem(desk.offer("member"))
    configuration = desk.issuer.metadata.issuer.to_dict()["credential_configurations_supported"]["member"]
    assert configuration["proof_types_supported"] == {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}}
    with pytest.raises(InvalidProof):
        wallet.issue_attested(tokens, kind=ProofType.ATTESTATION)
    with pytest.raises(InvalidProof):
        ask(desk, wallet, tokens, *wallet.proofs([wallet.new_key()]), kind=ProofType.ATTESTATION)
    assert wallet.issue(tokens).credentials


STRANGER = make_pki(Template(common_name="Stranger"), role=Role.WALLET_PROVIDER)
ISSUER = make_pki(role=Role.ISSUER)


@BOTH
@pytest.mark.parametrize(
    ("pki", "changes"),
    [
        (STRANGER, {}),
        (ISSUER, {}),
        (None, {"expires_at": NOW}),
        (None, {"issued_at": NOW + 61}),
        (None, {"key_storage": ("iso_18045_basic",)}),
        (None, {"user_authentication": ()}),
        (None, {"key_storage_status": None}),
        (None, {"nonce": "another"}),
    ],
)
def test_an_attestation_has_to_hold(desk, wallet, tokens, provider, *, kind, pki, changes):
    """T138: bad, unknown, too weak, for another nonce, or without a status where the type asks for one"""
    key = wallet.new_key()
    maker = replace(provider, pki=pki) if pki else provider
    nonce = {"nonce": desk.issuer.credentials.nonce()} if kind is ProofType.ATTESTATION else {}
    attestation = maker.attest_keys([key], **{**nonce, **changes})
    with pytest.raises((InvalidProof, InvalidNonce)):
        wallet.issue_attested(tokens, [key], kind=kind, attestation=attestation)
    assert untouched(desk)
    assert wallet.issue_attested(tokens, [key], kind=kind).credentials, "nothing was spent"


def test_the_first_key_signs_for_all(desk, wallet, tokens, provider):
    """TS3 1.5 §2.2.2.2"""
    keys = [wallet.new_key(), wallet.new_key()]
    attestation = provider.attest_keys(keys)
    with pytest.raises(InvalidProof):
        ask(desk, wallet, tokens, proof(desk, attestation, keys[1]))
    with pytest.raises(InvalidProof):
        ask(desk, wallet, tokens, proof(desk, attestation, wallet.new_key()))
    assert len(ask(desk, wallet, tokens, proof(desk, attestation, keys[0])).credentials) == 2


def test_keys_without_attestation_are_refused(desk, wallet, tokens):
    """HAIP 1.0 §4.5.1"""
    key = wallet.new_key()
    plain = sign_proof(key, audience=IDENTIFIER, nonce=desk.issuer.credentials.nonce(), issued_at=NOW)
    with pytest.raises(InvalidProof):
        ask(desk, wallet, tokens, plain)
    assert untouched(desk)


@pytest.mark.parametrize("nonce", [None, "x"])
@BOTH
def test_a_nonce_of_ours_is_needed(desk, wallet, tokens, provider, *, kind, nonce):
    """T121"""
    key = wallet.new_key()
    if kind is ProofType.ATTESTATION:
        text = provider.attest_keys([key], nonce=nonce)
    else:
        text = proof(desk, provider.attest_keys([key]), key, nonce=nonce)
    with pytest.raises(InvalidProof if nonce is None else InvalidNonce):
        ask(desk, wallet, tokens, text, kind=kind)
    assert untouched(desk)


def test_an_attestation_that_names_another_wallet_is_refused(desk, wallet, tokens, provider):
    """OID4VCI 1.0 App. F.1"""
    key = wallet.new_key()
    with pytest.raises(InvalidProof):
        ask(desk, wallet, tokens, proof(desk, provider.attest_keys([key]), key, client_id="https://other.example"))


def test_there_is_one_attestation_in_a_request(desk, wallet, tokens, provider):
    """HAIP 1.0 §4.5.1: all keys in a single one"""
    keys = [wallet.new_key(), wallet.new_key()]
    with pytest.raises(InvalidProof):
        ask(desk, wallet, tokens, *[proof(desk, provider.attest_keys([key]), key) for key in keys])
    assert untouched(desk)


@BOTH
def test_a_batch_is_counted_by_attested_keys(desk, wallet, tokens, *, kind):
    """T125, T138"""
    with pytest.raises(InvalidProof):
        wallet.issue_attested(tokens, [wallet.new_key() for _ in range(11)], kind=kind)
    assert untouched(desk)
    assert len(wallet.issue_attested(tokens, [wallet.new_key() for _ in range(10)], kind=kind).credentials) == 10


def test_a_type_with_smaller_batches_gives_fewer(desk, wallet, tokens):
    """OID4VCI 1.0 §8.3"""
    answer = wallet.issue_attested(tokens, [wallet.new_key() for _ in range(5)], configuration_id="badge")
    assert len(answer.credentials) == 2


@BOTH
def test_an_attestation_is_used_once(desk, wallet, tokens, provider, *, kind):
    """TS3 1.5 §2.2.2.1: not with another nonce, for another type or by another conversation either"""
    keys = [wallet.new_key(), wallet.new_key()]
    wallet.issue_attested(tokens, keys, kind=kind)
    other = AttestedWallet(desk, provider=provider, instance=seeded_key(8))
    with pytest.raises(InvalidProof):
        wallet.issue_attested(tokens, keys, kind=kind, configuration_id="badge")
    with pytest.raises(InvalidProof):
        other.issue_attested(other.redeem(desk.offer("member")), keys, kind=kind)
    assert len(desk.store.credentials_of("anna")) == 2


def test_a_key_stands_in_one_attestation(desk, wallet, tokens):
    """TS3 1.5 §2.2.2.1: a fresh attestation of a used key is none"""
    used = wallet.new_key()
    wallet.issue_attested(tokens, [used])
    desk.clock.move(60)
    with pytest.raises(InvalidProof):
        wallet.issue_attested(tokens, [wallet.new_key(), used], configuration_id="badge")


def test_keys_that_got_no_credential_are_used_up_too(desk, wallet, tokens):
    """TS3 1.5 §2.2.2.1"""
    keys = [wallet.new_key() for _ in range(5)]
    wallet.issue_attested(tokens, keys, configuration_id="badge")
    with pytest.raises(InvalidProof):
        wallet.issue_attested(tokens, keys[2:])


@pytest.mark.parametrize("value", [1, 2])
@BOTH
def test_keys_whose_storage_was_revoked_get_nothing(desk, wallet, tokens, provider, *, kind, value):
    provider.entries[KEYS_PLACE] = value
    desk.clock.move(301)
    key = wallet.new_key()
    with pytest.raises(InvalidProof):
        wallet.issue_attested(tokens, [key], kind=kind)
    assert untouched(desk)


def test_not_knowing_is_not_enough_and_costs_nothing(desk, wallet, tokens, provider):
    provider.reachable = False
    desk.clock.move(301)
    key = wallet.new_key()
    with pytest.raises(Unavailable):
        wallet.issue_attested(tokens, [key])
    provider.reachable = True
    desk.clock.move(60)
    assert wallet.issue_attested(tokens, [key]).credentials


# How long a document holds


def test_a_document_ends_before_what_is_promised_of_its_wallet(provider):
    """TS3 1.5 §2.4.3; cut down to the day, so that its end tells nobody by whom it is (T144)"""
    for place in ("client_status", "key_storage_status"):
        desk = issuer(provider)
        wallet = AttestedWallet(desk, provider=provider)
        short = provider.status(1)._replace(expires_at=NOW + 10 * DAY)
        attestation = provider.attest(wallet.instance, **({place: short} if place == "client_status" else {}))
        wallet.attestation = attestation
        tokens = wallet.redeem(desk.offer("member"))
        key = wallet.new_key()
        said = {place: short} if place == "key_storage_status" else {}
        [raw] = wallet.issue_attested(tokens, [key], attestation=provider.attest_keys([key], **said)).credentials
        ends = verified(desk, raw).expires_at
        assert ends == (NOW + 10 * DAY) // DAY * DAY
        assert desk.store.credentials_of("anna")[0].expires_at == ends


@pytest.mark.parametrize("seconds", [0, 3600])
def test_a_promise_that_ends_today_is_too_short(desk, wallet, tokens, provider, *, seconds):
    key = wallet.new_key()
    short = provider.status(KEYS_PLACE)._replace(expires_at=NOW + seconds)
    with pytest.raises(CredentialRequestDenied):
        wallet.issue_attested(tokens, [key], attestation=provider.attest_keys([key], key_storage_status=short))
    assert untouched(desk)


def test_a_watched_type_needs_a_wallet_whose_provider_says_whether_it_holds(desk, provider):
    wallet = TestWallet(desk)
    tokens = wallet.redeem(desk.offer("member", "badge"))
    attested = AttestedWallet(desk, provider=provider, key=wallet.key)
    with pytest.raises(CredentialRequestDenied):
        attested.issue_attested(tokens)
    assert untouched(desk)
    assert attested.issue_attested(tokens, configuration_id="badge").credentials, "this type does not ask"
