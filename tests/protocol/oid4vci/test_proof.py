import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import JsonObject, decode_base64url, encode_base64url, encode_json
from protocol.errors import InvalidProof
from protocol.jws import Jws, sign_jws
from protocol.keys import Ed25519Key, PublicKey
from protocol.oauth.dpop import sign_dpop_proof
from protocol.oid4vci.proof import ALGORITHMS, sign_proof, verify_proof
from tests.protocol.oid4vci.samples import HOLDER, ISSUER, PKI, STRANGER
from tests.support.pki import NOW
from tests.support.vectors import read_vector

JWK = HOLDER.public_key.to_jwk()
HEADER: JsonObject = {"typ": "openid4vci-proof+jwt", "jwk": JWK}
CLAIMS = {"aud": ISSUER, "iat": NOW, "nonce": "n0nce", "iss": "wallet"}
ED25519 = Ed25519Key.from_seed(bytes(32))


def proof(*, signer=HOLDER, header=(), **changes):
    """A proof as an honest wallet makes it, but for some changes; `...` leaves a member out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    head = {name: value for name, value in {**HEADER, **dict(header)}.items() if value is not ...}
    return sign_jws(head, encode_json(claims), signer)


def verify(text, *, audience=ISSUER, now=NOW):
    return verify_proof(text, audience=audience, now=now)


def test_what_we_sign_holds():
    text = sign_proof(HOLDER, audience=ISSUER, nonce="n0nce", issued_at=NOW, client_id="wallet")
    verified = verify(text)
    assert (verified.key, verified.nonce, verified.issuer) == (HOLDER.public_key, "n0nce", "wallet")
    jws = Jws.from_compact(text, "proof")
    assert jws.header.members == {"alg": "ES256", **HEADER}
    assert jws.peek_claims("proof").members == CLAIMS


def test_an_anonymous_wallet_without_nonce_says_neither():
    """OID4VCI 1.0 App. F.1: `iss` must be left out then."""
    text = sign_proof(HOLDER, audience=ISSUER, nonce=None, issued_at=NOW)
    assert (verify(text).nonce, verify(text).issuer) == (None, None)
    assert set(Jws.from_compact(text, "proof").peek_claims("proof").members) == {"aud", "iat"}


def test_the_proof_of_the_specification_holds():
    vector = read_vector("openid4vci/proof-jwt.json")
    payload = vector["payload"]
    verified = verify(vector["compact"], audience=payload["aud"], now=payload["iat"])
    assert verified.key == PublicKey.from_jwk(vector["header"]["jwk"])
    assert (verified.nonce, verified.issuer) == (payload["nonce"], None)
    with pytest.raises(InvalidProof, match="not made just now"):
        verify(vector["compact"], audience=payload["aud"])


def test_what_is_announced_is_what_is_taken():
    assert ALGORITHMS == ("ES256",)
    assert verify(proof()).key.alg in ALGORITHMS


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(proof(aud=...), id="T122 no audience"),
        pytest.param(proof(aud="https://evil.example"), id="T122 another audience"),
        pytest.param(proof(aud=ISSUER + "/"), id="T122 audience with a slash more"),
        pytest.param(proof(aud=[ISSUER]), id="T122 a list of audiences"),
        pytest.param(proof(aud="ä"), id="T122 audience outside ASCII"),
        pytest.param(proof(iat=...), id="no time"),
        pytest.param(proof(iat=str(NOW)), id="T017 time that is a text"),
        pytest.param(proof(iat=True), id="T017 time that is true"),
        pytest.param(proof(iat=-1), id="T017 negative time"),
        pytest.param(proof(iat=10**18), id="T017 time without end"),
        pytest.param(proof(nonce=7), id="T121 nonce that is a number"),
        pytest.param(proof(nonce=["n0nce"]), id="T121 several nonces"),
        pytest.param(proof(iss=7), id="T124 client that is a number"),
        pytest.param(proof(header={"typ": ...}), id="T122 no type"),
        pytest.param(proof(header={"typ": "JWT"}), id="T122 another type"),
        pytest.param(proof(header={"typ": "kb+jwt"}), id="T007 a key binding"),
        pytest.param(
            sign_dpop_proof(HOLDER, method="POST", url=ISSUER, jti="j", issued_at=NOW), id="T007 a DPoP proof"
        ),
        pytest.param(proof(header={"jwk": ...}), id="T123 no key"),
        pytest.param(proof(header={"jwk": ..., "kid": "1"}), id="T123 kid alone"),
        pytest.param(proof(header={"kid": "1"}), id="T123 jwk and kid"),
        pytest.param(proof(header={"x5c": list(PKI.x5c)}), id="T123 jwk and x5c"),
        pytest.param(
            proof(signer=PKI.signer, header={"jwk": ..., "x5c": list(PKI.x5c)}), id="T123 x5c alone, not offered"
        ),
        pytest.param(proof(header={"trust_chain": ["a"]}), id="T123 jwk and trust chain"),
        pytest.param(proof(header={"kid": None}), id="T123 jwk and a kid of null"),
        pytest.param(proof(header={"jwk": [JWK]}), id="a list of keys"),
        pytest.param(proof(header={"jwk": {**JWK, "d": "AA"}}), id="T009 private key"),
        pytest.param(proof(header={"jwk": {**JWK, "y": JWK["x"]}}), id="T010 point off the curve"),
        pytest.param(proof(header={"jwk": {**JWK, "crv": "P-384"}}), id="T010 another curve"),
        pytest.param(proof(header={"jwk": {"kty": "oct", "k": "AA"}}), id="T002 symmetric key"),
        pytest.param(proof(header={"jwk": STRANGER.public_key.to_jwk()}), id="T122 another key than signed"),
        pytest.param(proof(signer=STRANGER), id="T122 signed by another key"),
        pytest.param(
            proof(signer=ED25519, header={"jwk": ED25519.public_key.to_jwk()}), id="T122 algorithm that is not offered"
        ),
        pytest.param(proof(header={"alg": "none"}), id="T001 none"),
        pytest.param(proof(header={"alg": "HS256"}), id="T002 HS256"),
        pytest.param(proof(header={"alg": "ES384"}), id="T008 another algorithm than the key's"),
        pytest.param(proof(header={"crit": ["exp"]}), id="T003 crit"),
        pytest.param(proof(header={"b64": False}), id="T004 b64"),
        pytest.param(proof().rpartition(".")[0] + ".", id="T001 no signature"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="no token"),
        pytest.param(sign_jws(HEADER, b"[]", HOLDER), id="payload that is no object"),
    ],
)
def test_a_proof_that_does_not_hold_is_refused(text):
    with pytest.raises(InvalidProof) as refusal:
        verify(text)
    assert (refusal.value.to_dict()["error"], refusal.value.status) == ("invalid_proof", 400)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 60])
def test_a_clock_that_is_a_little_off_is_borne(seconds):
    """T250, OID4VCI 1.0 §13.8."""
    assert verify(proof(iat=NOW + seconds)).key == HOLDER.public_key


@pytest.mark.parametrize("seconds", [-301, 61, -(10**6), 10**6])
def test_a_proof_of_another_time_is_refused(seconds):
    with pytest.raises(InvalidProof, match="not made just now"):
        verify(proof(iat=NOW + seconds))


def test_members_that_nobody_asked_for_are_ignored():
    """T051, T141: key_attestation is for issuers that require one; a key may say what it is for."""
    text = proof(header={"jwk": {**JWK, "use": "sig", "kid": "1"}, "key_attestation": "a.b.c"}, exp=NOW - 1, sub="x")
    assert verify(text).key == HOLDER.public_key


def test_the_type_has_no_case_and_may_say_application():
    assert verify(proof(header={"typ": "application/OpenID4VCI-Proof+jwt"})).key == HOLDER.public_key


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_flipped_bit_is_refused(data):
    parts = proof().split(".")
    part = data.draw(st.sampled_from((0, 1, 2)))
    raw = bytearray(decode_base64url(parts[part]))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    parts[part] = encode_base64url(bytes(raw))
    with pytest.raises(InvalidProof):
        verify(".".join(parts))


def test_the_refusal_repeats_nothing():
    """T259, T131: an error object, and in it no value of the proof."""
    with pytest.raises(InvalidProof) as refusal:
        verify(proof(aud="https://m4rker.example", nonce="m4rker", iss="m4rker"))
    answer = refusal.value.to_dict()
    assert set(answer) == {"error", "error_description"}
    assert "m4rker" not in answer["error_description"]
