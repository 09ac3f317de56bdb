"""Verifying a credential: its signature is its issuer's, and the token is of the right type and shape."""

import hashlib
import hmac
from dataclasses import replace

import pytest

from protocol.encoding import encode_base64url, encode_json
from protocol.errors import Malformed, NotAuthentic, NotTrusted, TooLarge, Unsupported
from protocol.jws import sign_jws
from protocol.keys import PublicKey
from protocol.sdjwt.verify import verify_sd_jwt
from tests.protocol.sdjwt.samples import HEADER, HOLDER, ISSUER, PKI, STRANGER, VCT, hidden, issued, read
from tests.protocol.sdjwt.verifier_side import ED25519, KEY, refused, verify, verify_presentation
from tests.support.pki import make_pki


def test_another_issuers_signature_is_refused():
    refused(NotAuthentic, issued(signer=STRANGER))
    refused(NotAuthentic, issued(), key=replace(KEY, key=STRANGER.public_key))


def test_a_signature_of_another_token_is_refused():
    one, other = issued().split("~", 1)[0], issued(given_name="Max").split("~", 1)[0]
    refused(NotAuthentic, one.rpartition(".")[0] + "." + other.rpartition(".")[2] + "~")


def test_a_trusted_chain_before_a_strangers_signature_does_not_verify():
    with pytest.raises(NotAuthentic):
        verify_presentation(issued(signer=STRANGER))


def test_a_chain_of_another_authority_does_not_verify():
    stranger = make_pki()
    text = issued(header={"typ": "dc+sd-jwt", "x5c": list(stranger.x5c)}, signer=stranger.signer)
    with pytest.raises(NotTrusted):
        verify_presentation(text)


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "NONE", "", "ES256K", "RS256", "PS256", None, ["ES256"], 1])
def test_an_algorithm_outside_our_list_is_refused(alg):  # T001
    _, payload, signature = issued().split("~")[0].split(".")
    head = encode_base64url(encode_json({**HEADER, "alg": alg}))
    for token in (f"{head}.{payload}.{signature}~", f"{head}.{payload}.~"):
        with pytest.raises((Malformed, Unsupported)):
            read(token)


def test_a_token_without_a_signature_is_refused():  # T001
    head, payload, _ = issued().split("~")[0].split(".")
    with pytest.raises(Malformed):
        read(f"{head}.{payload}.~")


def secrets():
    """What an attacker knows of a public key and could take for a secret."""
    key = ISSUER.public_key
    jwk = encode_json(key.to_jwk())
    return [key.to_spki(), jwk, key.point, PKI.leaf.pem, PKI.leaf.der, b""]


@pytest.mark.parametrize("secret", range(6))
def test_a_public_key_is_no_secret(secret):  # T002
    payload = issued().split("~")[0].split(".")[1]
    signing_input = encode_base64url(encode_json({**HEADER, "alg": "HS256"})) + "." + payload
    mac = hmac.digest(secrets()[secret], signing_input.encode(), hashlib.sha256)
    with pytest.raises(Unsupported):
        read(f"{signing_input}.{encode_base64url(mac)}~")


@pytest.mark.parametrize("crit", [["x"], [], "x", ["x", "x"], ["alg"], ["exp"], None, [1], {}])
def test_a_token_with_critical_extensions_is_refused(crit):  # T003
    with pytest.raises(Unsupported):
        read(issued(header={**HEADER, "crit": crit}))


@pytest.mark.parametrize("header", [{"b64": False, "crit": ["b64"]}, {"b64": False}, {"b64": True}, {"zip": "DEF"}])
def test_an_unencoded_payload_is_refused(header):  # T004
    with pytest.raises(Unsupported):
        read(issued(header={**HEADER, **header}))


def test_a_detached_payload_is_refused():  # T004
    head, _, signature = issued().split("~")[0].split(".")
    refused(NotAuthentic, f"{head}..{signature}~")


@pytest.mark.parametrize("typ", ["JWT", "vc+sd-jwt", "statuslist+jwt", "kb+jwt", "dc+sd-jwt2", "sd-jwt", ...])
def test_a_token_of_another_type_is_refused(typ):  # T007, T045
    header = {name: value for name, value in {**HEADER, "typ": typ}.items() if value is not ...}
    assert "type" in refused(NotAuthentic, issued(header=header))


@pytest.mark.parametrize("typ", ["DC+SD-JWT", "application/dc+sd-jwt"])
def test_the_type_is_a_media_type(typ):  # T007
    assert verify(issued(header={**HEADER, "typ": typ}))


def test_the_old_type_is_taken_where_it_is_switched_on():  # T045
    old = issued(header={**HEADER, "typ": "vc+sd-jwt"})
    assert verify(old, legacy=True).type == VCT
    assert verify(issued(), legacy=True).type == VCT
    refused(NotAuthentic, issued(header={**HEADER, "typ": "JWT"}), legacy=True)


def test_an_algorithm_that_does_not_fit_the_key_is_refused():  # T008
    refused(NotAuthentic, issued(signer=ED25519))
    refused(NotAuthentic, issued(), key=replace(KEY, key=ED25519.public_key))
    for alg in ("ES384", "ES512", "EdDSA"):
        _, payload, signature = issued().split("~")[0].split(".")
        head = encode_base64url(encode_json({**HEADER, "alg": alg}))
        message = refused(NotAuthentic, f"{head}.{payload}.{signature}~")
        assert ISSUER.public_key.to_jwk()["x"] not in message


def test_ed25519_issuers_are_verified():
    assert verify(issued(signer=ED25519), key=replace(KEY, key=ED25519.public_key)).type == VCT


def test_every_curve_of_ours_signs_credentials():
    assert PublicKey.from_jwk(HOLDER.public_key.to_jwk()).alg == ISSUER.public_key.alg == "ES256"


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b'"x"', b"{", b'{"vct":"a","vct":"b"}', b'\xef\xbb\xbf{"vct":"a"}']
)
def test_a_payload_that_is_no_object_is_refused(payload):  # T016
    refused(Malformed, sign_jws(HEADER, payload, ISSUER) + "~")


@pytest.mark.parametrize(
    "value",
    [b"[" * 10_000 + b"]" * 10_000, b"NaN", b"Infinity", b"1e400", b"9" * 50_000, b'"\\ud800"', b'"\\udc00\\ud800"'],
    ids=["deep", "NaN", "Infinity", "1e400", "digits", "surrogate", "surrogates"],
)
def test_json_that_breaks_readers_is_refused(value):  # T016
    payload = b'{"vct":"urn:eudi:pid:1","x":' + value + b"}"
    with pytest.raises((Malformed, TooLarge)):
        verify(sign_jws(HEADER, payload, ISSUER) + "~")


def test_a_header_over_its_cap_is_refused():  # T018
    with pytest.raises(TooLarge):
        read(issued(header={**HEADER, "kid": "k" * 9000}))


def test_disclosures_that_do_not_fit_are_refused():  # T032
    refused(NotAuthentic, issued() + hidden("email", "x@example.org") + "~")
    with pytest.raises(NotAuthentic):
        verify_sd_jwt(read(issued() + hidden("x", 1) + "~"), ISSUER.public_key, typ="dc+sd-jwt")
