from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.credential import StatusReference
from protocol.encoding import encode_base64url, encode_json
from protocol.errors import ClientNotAuthenticated, Malformed, ProtocolError, UseFreshAttestation
from protocol.fields import Fields
from protocol.jws import Jws, sign_jws, verify_jws
from protocol.keys import Ed25519Key
from protocol.oauth.client_attestation import (
    MAX_AGE,
    MAX_AHEAD,
    MAX_CHALLENGE,
    MAX_JTI,
    MAX_LIFETIME,
    ClientAttestation,
    challenge_response,
    check_dpop_is_pop,
    read_challenge,
    read_single_header,
    sign_attestation_pop,
    sign_client_attestation,
    verify_attestation_pop,
    verify_client_attestation,
)
from protocol.oauth.dpop import sign_dpop_proof, verify_dpop_proof
from protocol.status.reference import MaintainedStatus
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.pki import NOW, Template, make_pki, seeded_key
from tests.support.vectors import read_vector

PROVIDER = make_pki(Template(common_name="Wallet provider"), role=Role.WALLET_PROVIDER)
INSTANCE = seeded_key(2)
STRANGER = seeded_key(3)
ED25519 = Ed25519Key.from_seed(bytes(32))
AS = "https://agency.example"
ATTESTATION = ClientAttestation(
    client_id="https://wallet.example",
    key=INSTANCE.public_key,
    expires_at=NOW + 3600,
    issued_at=NOW,
    wallet_name="hoheit",
    wallet_version="1.0",
    wallet_link="https://wallet.example/about",
    certification="https://certification.example/hoheit",
    client_status=MaintainedStatus(StatusReference("https://provider.example/status/1", 7), NOW + 31 * 86_400),
)
CLAIMS = ATTESTATION.to_claims()
HEADER = {"typ": "oauth-client-attestation+jwt", "x5c": list(PROVIDER.x5c)}
POP_CLAIMS = {"aud": AS, "jti": "j7i", "iat": NOW, "challenge": "ch4llenge"}


def without(members):
    """What is not `...`."""
    return {name: value for name, value in members.items() if value is not ...}


def attested(*, signer=PROVIDER.signer, header=(), **changes):
    """An attestation as an honest provider makes it, but for some changes; `...` leaves a member out."""
    return sign_jws(without({**HEADER, **dict(header)}), encode_json(without({**CLAIMS, **changes})), signer)


def verify(text, *, anchors=PROVIDER.anchors, now=NOW, max_lifetime=MAX_LIFETIME):
    return verify_client_attestation(text, anchors=anchors, now=now, max_lifetime=max_lifetime)


def pop(*, signer=INSTANCE, header=(), **changes):
    """A proof of possession, with changes as above."""
    head = without({"typ": "oauth-client-attestation-pop+jwt", **dict(header)})
    return sign_jws(head, encode_json(without({**POP_CLAIMS, **changes})), signer)


def verify_pop(text, *, audience=AS, now=NOW, legacy=False):
    return verify_attestation_pop(text, ATTESTATION, audience=audience, now=now, legacy=legacy)


def test_what_a_provider_signs_is_what_is_read():
    verified = verify(sign_client_attestation(ATTESTATION, PROVIDER.signer, PROVIDER.x5c))
    assert verified.says == ATTESTATION
    assert verified.provider.name == "Wallet provider"


def test_an_attestation_may_say_the_least():
    least = ClientAttestation("wallet", INSTANCE.public_key, NOW + 60)
    assert verify(sign_client_attestation(least, PROVIDER.signer, PROVIDER.x5c)).says == least
    assert set(least.to_claims()) == {"sub", "exp", "cnf"}


def test_the_example_of_ts3_is_read():
    example = {
        "sub": "https://client.example.com",
        "exp": 1300819380,
        "cnf": {"jwk": INSTANCE.public_key.to_jwk()},
        "wallet_name": "SmartWallet-mobile",
        "wallet_version": "1.0.1",
        "wallet_link": "https://example.org/wallets/SmartWallet-mobile/info",
        "wallet_solution_certification_information": "https://example.org/certification/SmartWalletMobile/1-0-1/",
        "client_status": {
            "status": {"status_list": {"idx": 1337, "uri": "https://revocation_url/wia-statuslists/42"}},
            "exp": 1303497780,
        },
    }
    says = ClientAttestation.from_fields(Fields(example, "attestation"))
    reference = StatusReference("https://revocation_url/wia-statuslists/42", 1337)
    assert says.client_status == MaintainedStatus(reference, 1303497780)
    assert says.to_claims() == example


def test_the_published_proof_holds_with_the_published_attestation():
    vectors = read_vector("client-attestation/draft-10-examples.json")
    attestation, proof = vectors["client_attestation"], vectors["client_attestation_pop"]
    jws = Jws.from_compact(attestation["compact"], "attestation")
    assert jws.header.members == attestation["header"]
    says = ClientAttestation.from_fields(jws.peek_claims("attestation"))
    assert (says.client_id, says.issued_at) == (attestation["payload"]["sub"], attestation["payload"]["iat"])
    payload = proof["payload"]
    verified = verify_attestation_pop(proof["compact"], says, audience=payload["aud"], now=payload["iat"])
    assert (verified.jti, verified.challenge) == (payload["jti"], payload["challenge"])
    other = replace(says, key=STRANGER.public_key)
    with pytest.raises(ClientNotAuthenticated):
        verify_attestation_pop(proof["compact"], other, audience=payload["aud"], now=payload["iat"])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(attested(sub=...), id="T105 no client"),
        pytest.param(attested(sub=""), id="T105 empty client"),
        pytest.param(attested(sub=7), id="T105 client that is a number"),
        pytest.param(attested(exp=...), id="T105 without end"),
        pytest.param(attested(exp=None), id="T105 end that is null"),
        pytest.param(attested(exp=str(NOW + 60)), id="T017 end that is a text"),
        pytest.param(attested(exp=NOW + MAX_LIFETIME), id="holds for a day"),
        pytest.param(attested(iat=NOW + MAX_AHEAD + 1), id="from the future"),
        pytest.param(attested(cnf=...), id="T105 no key"),
        pytest.param(attested(cnf={}), id="T105 empty confirmation"),
        pytest.param(attested(cnf={"kid": "1"}), id="T105 key by name"),
        pytest.param(attested(cnf={"jwk": {**INSTANCE.public_key.to_jwk(), "d": "AA"}}), id="T009 private key"),
        pytest.param(attested(cnf={"jwk": {"kty": "oct", "k": "AA"}}), id="T002 symmetric key"),
        pytest.param(attested(wallet_name=7), id="name that is a number"),
        pytest.param(attested(wallet_link="javascript:alert(1)"), id="link that is no address"),
        pytest.param(attested(client_status={"exp": NOW}), id="status without a list"),
        pytest.param(attested(client_status={"status": {"other": {}}, "exp": NOW}), id="status of another kind"),
        pytest.param(
            attested(client_status={"status": {"status_list": {"idx": 1, "uri": "https://a.example"}}}),
            id="status without end",
        ),
        pytest.param(attested(header={"typ": ...}), id="T007 no type"),
        pytest.param(attested(header={"typ": "key-attestation+jwt"}), id="T007 a key attestation"),
        pytest.param(attested(header={"typ": "oauth-client-attestation-pop+jwt"}), id="T007 a proof"),
        pytest.param(attested(header={"x5c": ...}), id="T105 no certificate"),
        pytest.param(attested(header={"x5c": ..., "kid": "11"}), id="T105 key by name alone"),
        pytest.param(
            attested(header={"x5c": [*PROVIDER.x5c, PROVIDER.root.certificate.to_x5c()]}), id="with the anchor"
        ),
        pytest.param(attested(header={"x5c": [PROVIDER.root.certificate.to_x5c()]}), id="the anchor alone"),
        pytest.param(attested(signer=STRANGER), id="T105 signed by another key"),
        pytest.param(
            attested(header={"x5c": list(make_pki(role=Role.WALLET_PROVIDER).x5c)}), id="T105 unknown wallet provider"
        ),
        pytest.param(attested(signer=ED25519), id="T105 another algorithm than the certificate's"),
        pytest.param(attested(header={"alg": "none"}), id="T001 none"),
        pytest.param(attested(header={"alg": "HS256"}), id="T002 HS256"),
        pytest.param(attested().rpartition(".")[0] + ".", id="T001 no signature"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="no token"),
    ],
)
def test_an_attestation_that_does_not_hold_authenticates_nobody(text):
    with pytest.raises(ClientNotAuthenticated) as refusal:
        verify(text)
    assert (refusal.value.to_dict()["error"], refusal.value.status) == ("invalid_client", 401)


def test_an_issuers_authority_is_none_for_wallets():  # T089
    issuers = make_pki(role=Role.ISSUER)
    text = sign_client_attestation(ATTESTATION, issuers.signer, issuers.x5c)
    with pytest.raises(ClientNotAuthenticated):
        verify(text, anchors=issuers.anchors)
    with pytest.raises(ClientNotAuthenticated):
        verify(attested(), anchors=TrustAnchors())


def test_an_attestation_that_has_expired_wants_a_fresh_one():  # T105
    text = attested(exp=NOW)
    assert verify(text, now=NOW + MAX_AHEAD - 1).says.expires_at == NOW
    with pytest.raises(UseFreshAttestation) as refusal:
        verify(text, now=NOW + MAX_AHEAD)
    assert (refusal.value.to_dict()["error"], refusal.value.status) == ("use_fresh_attestation", 400)


def test_how_long_an_attestation_may_hold_is_the_servers_decision():
    assert verify(attested(exp=NOW + MAX_LIFETIME - 1))
    assert verify(attested(exp=NOW + 365 * 86_400), max_lifetime=None)
    with pytest.raises(ClientNotAuthenticated):
        verify(attested(exp=NOW + 601), max_lifetime=600)


def test_clocks_may_differ_a_little():
    assert verify(attested(iat=NOW + MAX_AHEAD)).says.issued_at == NOW + MAX_AHEAD


def test_a_proof_of_possession_holds():
    text = sign_attestation_pop(INSTANCE, audience=AS, jti="j7i", issued_at=NOW, challenge="ch4llenge")
    verified = verify_pop(text)
    assert (verified.jti, verified.challenge) == ("j7i", "ch4llenge")
    assert Jws.from_compact(text, "proof").peek_claims("proof").members == POP_CLAIMS
    plain = verify_pop(sign_attestation_pop(INSTANCE, audience=AS, jti="j7i", issued_at=NOW))
    assert plain.challenge is None


@pytest.mark.parametrize("moment", [NOW - MAX_AHEAD, NOW + MAX_AGE])
def test_a_proof_of_possession_is_good_for_some_minutes(moment):
    assert verify_pop(pop(), now=moment).jti == "j7i"


@pytest.mark.parametrize("moment", [NOW - MAX_AHEAD - 1, NOW + MAX_AGE + 1])
def test_a_stale_proof_of_possession_is_refused(moment):  # T106
    with pytest.raises(ClientNotAuthenticated, match="not made just now"):
        verify_pop(pop(), now=moment)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(pop(signer=STRANGER), id="T106 signed by another key than the attested one"),
        pytest.param(pop(aud=...), id="T106 no audience"),
        pytest.param(pop(aud=f"{AS}/token"), id="T106 another audience"),
        pytest.param(pop(aud=[AS]), id="T106 a list of audiences"),
        pytest.param(pop(jti=...), id="T106 no name"),
        pytest.param(pop(jti=""), id="T106 empty name"),
        pytest.param(pop(jti="j" * (MAX_JTI + 1)), id="T106 endless name"),
        pytest.param(pop(iat=...), id="T106 no time"),
        pytest.param(pop(iat=str(NOW)), id="T017 time that is a text"),
        pytest.param(pop(challenge=7), id="T106 challenge that is a number"),
        pytest.param(pop(challenge="c" * (MAX_CHALLENGE + 1)), id="T106 endless challenge"),
        pytest.param(pop(header={"typ": ...}), id="T007 no type"),
        pytest.param(pop(header={"typ": "dpop+jwt"}), id="T007 a DPoP proof"),
        pytest.param(pop(header={"alg": "ES384"}), id="T008 another algorithm than the key's"),
        pytest.param(pop(header={"alg": "none"}), id="T001 none"),
        pytest.param(attested(), id="T007 the attestation itself"),
        pytest.param("", id="empty"),
    ],
)
def test_a_proof_of_possession_that_does_not_hold_is_refused(text):
    with pytest.raises(ClientNotAuthenticated) as refusal:
        verify_pop(text)
    assert (refusal.value.to_dict()["error"], refusal.value.status) == ("invalid_client", 401)


def test_an_attested_key_of_another_kind_proves_nothing():  # T106
    says = replace(ATTESTATION, key=ED25519.public_key)
    with pytest.raises(ClientNotAuthenticated, match="algorithm"):
        verify_attestation_pop(pop(signer=ED25519), says, audience=AS, now=NOW)


def test_limits_are_what_they_are():
    """TS3 1.5 §2.2.1.1 for the lifetime; the others are our own caps."""
    assert (MAX_LIFETIME, MAX_AGE, MAX_AHEAD) == (86_400, 300, 60)
    assert verify(attested(wallet_name="n" * 256)).says.wallet_name == "n" * 256
    with pytest.raises(ClientNotAuthenticated):
        verify(attested(wallet_version="n" * 257))
    assert verify_pop(pop(jti="j" * 512, challenge="c" * 1024)).jti == "j" * 512
    assert (MAX_JTI, MAX_CHALLENGE) == (512, 1024)


def test_older_drafts_called_the_challenge_a_nonce():
    old = pop(challenge=..., nonce="n0nce")
    assert verify_pop(old).challenge is None
    assert verify_pop(old, legacy=True).challenge == "n0nce"
    assert verify_pop(pop(nonce="n0nce"), legacy=True).challenge == "ch4llenge"


def dpop(signer):
    text = sign_dpop_proof(signer, method="POST", url=f"{AS}/token", jti="j7i", issued_at=NOW, nonce="n0nce")
    return verify_dpop_proof(text, method="POST", url=f"{AS}/token", access_token=None, now=NOW)


def test_a_dpop_proof_with_the_attested_key_is_proof_enough():
    verified = check_dpop_is_pop(ATTESTATION, dpop(INSTANCE))
    assert (verified.jti, verified.challenge) == ("j7i", "n0nce")


def test_a_dpop_proof_with_another_key_is_not():  # T106
    with pytest.raises(ClientNotAuthenticated):
        check_dpop_is_pop(ATTESTATION, dpop(STRANGER))


def test_the_challenge_endpoint_answers_with_a_challenge():
    assert read_challenge(challenge_response("ch4llenge")) == "ch4llenge"


@pytest.mark.parametrize(
    "answer", [None, {}, [], {"attestation_challenge": 7}, {"attestation_challenge": "c" * (MAX_CHALLENGE + 1)}]
)
def test_an_answer_without_a_challenge_is_refused(answer):
    with pytest.raises(Malformed):
        read_challenge(answer)


def test_a_header_may_come_once():
    assert read_single_header((), "OAuth-Client-Attestation") is None
    assert read_single_header(("a",), "OAuth-Client-Attestation") == "a"
    with pytest.raises(ClientNotAuthenticated):
        read_single_header(("a", "a"), "OAuth-Client-Attestation")


@settings(max_examples=60)
@given(st.data())
def test_no_flipped_bit_goes_unnoticed(data):
    text = attested()
    head, _, signature = text.split(".")
    raw = bytearray(Jws.from_compact(text, "x").payload)
    position = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[position // 8] ^= 1 << position % 8
    with pytest.raises(ProtocolError):
        verify(f"{head}.{encode_base64url(bytes(raw))}.{signature}")


def test_our_attestations_are_signed_by_the_key_in_the_certificate():
    jws = Jws.from_compact(sign_client_attestation(ATTESTATION, PROVIDER.signer, PROVIDER.x5c), "x")
    assert verify_jws(jws, PROVIDER.public_key, typ="oauth-client-attestation+jwt", at="x").members == CLAIMS
