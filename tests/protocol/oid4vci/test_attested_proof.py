from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from protocol.errors import InvalidProof
from protocol.jws import Jws, sign_jws
from protocol.keys import Ed25519Key
from protocol.oid4vci.attested_proof import (
    AttestationRules,
    sign_attested_proof,
    verify_attestation_proof,
    verify_attested_proof,
)
from protocol.oid4vci.key_attestation import LEVELS, KeyAttestation, KeyRequirements, sign_key_attestation
from protocol.oid4vci.proof import MAX_AGE, MAX_AHEAD, sign_proof
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.pki import NOW, Template, make_pki, seeded_key

ISSUER = "https://agency.example"
PROVIDER = make_pki(Template(common_name="Wallet provider"), role=Role.WALLET_PROVIDER)
FIRST, SECOND, STRANGER = seeded_key(2), seeded_key(3), seeded_key(4)
HIGH, MODERATE, *_ = LEVELS
RULES = AttestationRules(PROVIDER.anchors, KeyRequirements((MODERATE,)))
SAYS = KeyAttestation((FIRST.public_key, SECOND.public_key), NOW, NOW + 3600, key_storage=(MODERATE,))
CLAIMS = {"aud": ISSUER, "iat": NOW, "nonce": "n0nce", "iss": "wallet"}


def attestation(**changes):
    """An attestation of two keys, with changes."""
    return sign_key_attestation(replace(SAYS, **changes), PROVIDER.signer, PROVIDER.x5c)


ATTESTATION = attestation()
HEADER = {"typ": "openid4vci-proof+jwt", "jwk": FIRST.public_key.to_jwk(), "key_attestation": ATTESTATION}


def proof(*, signer=FIRST, header=(), **changes):
    """A proof as an honest wallet makes it, but for some changes; `...` leaves a member out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    head = {name: value for name, value in {**HEADER, **dict(header)}.items() if value is not ...}
    return sign_jws(head, encode_json(claims), signer)


def verify(text, *, rules=RULES, now=NOW):
    return verify_attested_proof(text, rules, audience=ISSUER, now=now)


def test_one_proof_stands_for_all_attested_keys():
    text = sign_attested_proof(FIRST, ATTESTATION, audience=ISSUER, nonce="n0nce", issued_at=NOW, client_id="wallet")
    found = verify(text)
    assert found.keys == (FIRST.public_key, SECOND.public_key)
    assert (found.nonce, found.issuer, found.attestation.says) == ("n0nce", "wallet", SAYS)
    jws = Jws.from_compact(text, "proof")
    assert jws.header.members == {"alg": "ES256", **HEADER}
    assert jws.peek_claims("proof").members == CLAIMS


def test_without_nonce_and_client_a_proof_says_neither():
    text = sign_attested_proof(FIRST, ATTESTATION, audience=ISSUER, nonce=None, issued_at=NOW)
    assert (verify(text).nonce, verify(text).issuer) == (None, None)


def test_the_key_may_be_named_by_its_place():
    """The example of OpenID4VCI 1.0 App. F.1."""
    assert verify(proof(header={"jwk": ..., "kid": "0"})).keys[0] == FIRST.public_key


def test_an_attestation_may_carry_the_same_nonce():
    text = proof(header={"key_attestation": attestation(nonce="n0nce")})
    assert verify(text).nonce == "n0nce"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(proof(header={"key_attestation": ...}), id="T138 no attestation"),
        pytest.param(proof(header={"key_attestation": None}), id="T138 an attestation that is null"),
        pytest.param(proof(header={"key_attestation": ["a"]}), id="T138 an attestation that is no text"),
        pytest.param(proof(header={"key_attestation": attestation(expires_at=None)}), id="T138 without end"),
        pytest.param(proof(header={"key_attestation": attestation(expires_at=NOW)}), id="T138 expired"),
        pytest.param(proof(header={"key_attestation": attestation(nonce="other")}), id="T138 another nonce"),
        pytest.param(proof(nonce=..., header={"key_attestation": attestation(nonce="n0nce")}), id="T138 one nonce"),
        pytest.param(proof(header={"key_attestation": attestation(key_storage=())}), id="T138 says no level"),
        pytest.param(
            proof(header={"key_attestation": sign_key_attestation(SAYS, STRANGER, PROVIDER.x5c)}), id="T138 forged"
        ),
        pytest.param(
            proof(signer=STRANGER, header={"jwk": STRANGER.public_key.to_jwk()}), id="T138 key that is not attested"
        ),
        pytest.param(
            proof(signer=SECOND, header={"jwk": SECOND.public_key.to_jwk()}), id="T138 not the first of the keys"
        ),
        pytest.param(proof(signer=SECOND), id="T122 signed by another key than it says"),
        pytest.param(
            proof(header={"jwk": SECOND.public_key.to_jwk()}), id="T122 says another key than it is signed by"
        ),
        pytest.param(proof(header={"jwk": ...}), id="T123 no key"),
        pytest.param(proof(header={"jwk": ..., "kid": "1"}), id="T123 another place"),
        pytest.param(proof(header={"kid": "0"}), id="T123 jwk and kid"),
        pytest.param(proof(header={"x5c": list(PROVIDER.x5c)}), id="T123 jwk and x5c"),
        pytest.param(proof(header={"typ": "JWT"}), id="T122 another type"),
        pytest.param(proof(aud="https://evil.example"), id="T122 another audience"),
        pytest.param(proof(iat=NOW - MAX_AGE - 1), id="stale"),
        pytest.param(proof(iat=NOW + MAX_AHEAD + 1), id="from the future"),
        pytest.param(proof(header={"alg": "none"}), id="T001 none"),
        pytest.param(attestation(), id="T007 the attestation itself"),
        pytest.param("", id="empty"),
    ],
)
def test_an_attested_proof_that_does_not_hold_is_refused(text):
    with pytest.raises(InvalidProof) as refusal:
        verify(text)
    assert (refusal.value.to_dict()["error"], refusal.value.status) == ("invalid_proof", 400)


def test_an_attested_key_of_another_kind_proves_nothing():
    key = Ed25519Key.from_seed(bytes(32))
    header = {"jwk": key.public_key.to_jwk(), "key_attestation": attestation(keys=(key.public_key,))}
    with pytest.raises(InvalidProof, match="algorithm"):
        verify(proof(signer=key, header=header))


def test_an_attestation_alone_is_a_proof_of_its_own_type():
    found = verify_attestation_proof(attestation(nonce="n0nce"), RULES, now=NOW)
    assert (found.keys, found.nonce, found.issuer) == (SAYS.keys, "n0nce", None)
    assert verify_attestation_proof(attestation(expires_at=None), RULES, now=NOW).nonce is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(attestation(expires_at=NOW), id="T138 expired"),
        pytest.param(attestation(key_storage=("urn:own",)), id="T138 another level"),
        pytest.param(sign_key_attestation(SAYS, STRANGER, PROVIDER.x5c), id="T138 forged"),
        pytest.param(proof(), id="T007 a proof of the other type"),
        pytest.param(
            sign_proof(FIRST, audience=ISSUER, nonce="n0nce", issued_at=NOW), id="T007 a proof without attestation"
        ),
        pytest.param("", id="empty"),
    ],
)
def test_an_attestation_that_does_not_hold_is_no_proof(text):
    with pytest.raises(InvalidProof):
        verify_attestation_proof(text, RULES, now=NOW)


def test_whom_an_issuer_does_not_trust_attests_nothing():  # T138
    rules = AttestationRules(TrustAnchors(), KeyRequirements())
    with pytest.raises(InvalidProof):
        verify(proof(), rules=rules)
    with pytest.raises(InvalidProof):
        verify_attestation_proof(attestation(nonce="n0nce"), rules, now=NOW)


def test_the_type_name_of_older_drafts_is_taken_where_that_is_wanted():
    old = sign_jws(
        {"typ": "keyattestation+jwt", "x5c": list(PROVIDER.x5c)}, encode_json(SAYS.to_claims()), PROVIDER.signer
    )
    text = proof(header={"key_attestation": old})
    with pytest.raises(InvalidProof):
        verify(text)
    assert verify(text, rules=replace(RULES, legacy=True)).keys == SAYS.keys
    assert verify_attestation_proof(old, replace(RULES, legacy=True), now=NOW).keys == SAYS.keys
