import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import decode_base64url, encode_base64url, encode_json
from protocol.errors import InvalidDpopProof
from protocol.jws import Jws, sign_jws
from protocol.keys import Ed25519Key
from protocol.oauth.dpop import access_token_hash, sign_dpop_proof, verify_dpop_proof
from tests.support.pki import NOW, seeded_key

KEY = seeded_key(2)
STRANGER = seeded_key(3)
URL = "https://agency.example/tenant/credential"
TOKEN = "t0ken"
JWK = KEY.public_key.to_jwk()
HEADER = {"typ": "dpop+jwt", "jwk": JWK}
TOKEN_HASH = encode_base64url(hashlib.sha256(TOKEN.encode()).digest())
CLAIMS = {
    "jti": "j7i",
    "htm": "POST",
    "htu": URL,
    "iat": NOW,
    "ath": TOKEN_HASH,
    "nonce": "n0nce",
}


def proof(*, signer=KEY, header=(), **changes):
    """A proof as an honest wallet makes it, but for some changes; `...` leaves a member out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    head = {name: value for name, value in {**HEADER, **dict(header)}.items() if value is not ...}
    return sign_jws(head, encode_json(claims), signer)


def verify(text, *, method="POST", url=URL, access_token=TOKEN, now=NOW):
    return verify_dpop_proof(text, method=method, url=url, access_token=access_token, now=now)


def test_what_we_sign_holds():
    text = sign_dpop_proof(KEY, method="POST", url=URL, jti="j7i", issued_at=NOW, access_token=TOKEN, nonce="n0nce")
    verified = verify(text)
    assert (verified.key, verified.jti, verified.nonce) == (KEY.public_key, "j7i", "n0nce")
    assert Jws.from_compact(text, "proof").peek_claims("proof").members == CLAIMS


def test_a_proof_at_the_token_endpoint_has_neither_token_nor_nonce():
    text = sign_dpop_proof(KEY, method="POST", url=f"{URL}?a=b#c", jti="j7i", issued_at=NOW)
    assert verify(text, access_token=None).nonce is None
    assert Jws.from_compact(text, "proof").peek_claims("proof").members == {
        name: CLAIMS[name] for name in ("jti", "htm", "htu", "iat")
    }


def test_a_proof_with_a_superfluous_token_hash_is_fine_at_the_token_endpoint():
    assert verify(proof(), access_token=None).key == KEY.public_key


def test_other_algorithms_that_we_announce_hold():
    key = Ed25519Key.from_seed(bytes(32))
    assert verify(proof(signer=key, header={"jwk": key.public_key.to_jwk()})).key == key.public_key


def test_the_token_hash_is_that_of_the_specification():
    """RFC 9449 §4.3, figure 12."""
    assert access_token_hash("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU") == (
        "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(proof(htm="GET"), id="another method"),
        pytest.param(proof(htm="post"), id="method in another case"),
        pytest.param(proof(htm=...), id="no method"),
        pytest.param(proof(htm=["POST"]), id="several methods"),
        pytest.param(proof(htu="https://agency.example/tenant/token"), id="another path"),
        pytest.param(proof(htu="https://agency.example/tenant/credential/"), id="a slash more"),
        pytest.param(proof(htu="https://agency.example/Tenant/credential"), id="path in another case"),
        pytest.param(proof(htu="https://evil.example/tenant/credential"), id="another host"),
        pytest.param(proof(htu="http://agency.example/tenant/credential"), id="another scheme"),
        pytest.param(proof(htu="https://agency.example:8443/tenant/credential"), id="another port"),
        pytest.param(proof(htu="https://agency.example:0/tenant/credential"), id="port 0"),
        pytest.param(proof(htu="https://agency.example:x/tenant/credential"), id="no port"),
        pytest.param(proof(htu="https://[agency.example/tenant/credential"), id="no address"),
        pytest.param(proof(htu="/tenant/credential"), id="relative address"),
        pytest.param(proof(htu=...), id="no address at all"),
        pytest.param(proof(ath=...), id="no token hash"),
        pytest.param(proof(ath=access_token_hash("other")), id="hash of another token"),
        pytest.param(proof(ath=TOKEN_HASH + "="), id="token hash with padding"),
        pytest.param(proof(ath=""), id="empty token hash"),
        pytest.param(proof(ath="ä"), id="token hash outside ASCII"),
        pytest.param(proof(jti=...), id="no jti"),
        pytest.param(proof(jti=""), id="empty jti"),
        pytest.param(proof(jti=7), id="jti that is a number"),
        pytest.param(proof(jti="x" * 513), id="jti of 513 characters"),
        pytest.param(proof(nonce=7), id="nonce that is a number"),
        pytest.param(proof(iat=...), id="no time"),
        pytest.param(proof(iat="now"), id="T017 time that is a text"),
        pytest.param(proof(iat=True), id="T017 time that is true"),
        pytest.param(proof(header={"typ": ...}), id="T007 no type"),
        pytest.param(proof(header={"typ": "JWT"}), id="T007 another type"),
        pytest.param(proof(header={"typ": "openid4vci-proof+jwt"}), id="T007 a key proof"),
        pytest.param(proof(header={"jwk": ...}), id="no key"),
        pytest.param(proof(header={"jwk": [JWK]}), id="several keys"),
        pytest.param(proof(header={"jwk": {**JWK, "d": "AA"}}), id="T009 private key"),
        pytest.param(proof(header={"jwk": STRANGER.public_key.to_jwk()}), id="another key than signed"),
        pytest.param(proof(signer=STRANGER), id="signed by another key"),
        pytest.param(proof(header={"alg": "none"}), id="T001 alg none"),
        pytest.param(proof(header={"alg": "HS256"}), id="T002 HS256"),
        pytest.param(proof(header={"alg": "ES384"}), id="T008 another algorithm than the key's"),
        pytest.param(proof(header={"crit": ["x"]}), id="T003 crit"),
        pytest.param(proof().rpartition(".")[0] + ".", id="T001 no signature"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="no token"),
        pytest.param(f"{proof()}.{proof()}", id="two tokens"),
    ],
)
def test_a_proof_for_something_else_is_refused(text):
    """T100."""
    with pytest.raises(InvalidDpopProof) as refusal:
        verify(text)
    assert refusal.value.to_dict()["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize(
    "htu",
    [
        "HTTPS://AGENCY.example/tenant/credential",
        "https://agency.example:443/tenant/credential",
        "https://agency.example/tenant/credential?a=b",
        "https://agency.example/tenant/credential#c",
    ],
)
def test_two_spellings_of_one_address_are_the_same(htu):
    """RFC 9449 §4.3: compared without query and fragment, after normalisation."""
    assert verify(proof(htu=htu)).key == KEY.public_key


def test_an_address_without_path_has_the_root():
    assert verify(proof(htu="https://agency.example"), url="https://agency.example/").key == KEY.public_key


@pytest.mark.parametrize("seconds", [-300, -10, 0, 10, 60])
def test_a_clock_that_is_a_little_off_is_borne(seconds):
    """T102."""
    assert verify(proof(iat=NOW + seconds)).key == KEY.public_key


@pytest.mark.parametrize("seconds", [-301, 61, 10**9])
def test_a_proof_of_another_time_is_refused(seconds):
    """T102."""
    with pytest.raises(InvalidDpopProof, match="not made just now"):
        verify(proof(iat=NOW + seconds))


def test_a_proof_for_another_request_method_is_refused():
    with pytest.raises(InvalidDpopProof):
        verify(proof(), method="GET")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_flipped_bit_is_refused(data):
    text = proof()
    part = data.draw(st.sampled_from((0, 1, 2)))
    parts = text.split(".")
    raw = bytearray(decode_base64url(parts[part]))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    parts[part] = encode_base64url(bytes(raw))
    with pytest.raises(InvalidDpopProof):
        verify(".".join(parts))


def test_the_refusal_repeats_nothing():
    """T259."""
    with pytest.raises(InvalidDpopProof) as refusal:
        verify(proof(jti="m4rker", htm="M4RKER", nonce="m4rker"))
    assert "m4rker" not in refusal.value.description.lower()
