"""The token around a request: one type, one signature that holds, and nothing that is changed passes."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import decode_base64url, encode_base64url, encode_json
from protocol.errors import ProtocolError
from protocol.jwe import encrypt_jwe
from protocol.keys import P256Key
from tests.protocol.oid4vp.samples import (
    BY_DID,
    METADATA,
    PKI,
    SAN_DNS,
    STRANGER,
    VERIFIER,
    asked,
    claims_of,
    honest,
    refused,
    signed,
    verified,
)
from tests.support.pki import quietly, seeded


def test_an_encrypted_request_is_refused():
    """T014: encrypted is not authenticated, and nothing was offered to encrypt to."""
    for content in (encode_json(claims_of()), honest().encode()):
        key = METADATA.encryption_keys[0].key
        text = encrypt_jwe(
            content, key, enc="A128GCM", kid="k1", ephemeral=P256Key.generate(seeded()), random_bytes=seeded()
        )
        assert "encrypted" in refused(text)


@pytest.mark.parametrize(
    "typ",
    [
        pytest.param(..., id="T159 no typ"),
        pytest.param("JWT", id="T159 typ JWT"),
        pytest.param("openid4vci-proof+jwt", id="T007 a key proof"),
        pytest.param("dc+sd-jwt", id="T007 a credential"),
        pytest.param("oauth-authz-req", id="T159 almost"),
    ],
)
def test_a_token_of_another_type_is_refused(typ):
    assert "type" in refused(signed(header={"typ": typ}))


def test_the_type_may_be_written_as_a_whole_media_type():
    assert verified(signed(header={"typ": "application/OAuth-Authz-Req+JWT"})).request == asked()


def tampered(header=None, payload=None, signature=None):
    parts = honest().split(".")
    return ".".join(
        part if change is None else encode_base64url(change)
        for part, change in zip(parts, (header, payload, signature), strict=True)
    )


def header_of(**changes):
    return encode_json({"alg": "ES256", "typ": "oauth-authz-req+jwt", "x5c": list(PKI.x5c), **changes})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(signed(signer=STRANGER), id="T159 bad signature"),
        pytest.param(tampered(header=header_of(alg="none")), id="T001 alg none"),
        pytest.param(tampered(header=header_of(alg="none")).rpartition(".")[0] + ".", id="T001 alg none, unsigned"),
        pytest.param(honest().rpartition(".")[0] + ".", id="T001 no signature"),
        pytest.param(tampered(header=header_of(alg="HS256")), id="T002 HS256"),
        pytest.param(tampered(header=header_of(alg="ES384")), id="T008 another algorithm"),
        pytest.param(tampered(header=header_of(crit=["b64"], b64=False)), id="T003 T004 crit and b64"),
        pytest.param(tampered(payload=encode_json(claims_of(nonce="x" * 22))), id="T159 another payload"),
        pytest.param(tampered(payload=b"[]"), id="no object"),
        pytest.param(tampered(payload=b"\xff"), id="no JSON"),
        pytest.param(signed(header={"x5c": ..., "jwk": VERIFIER.public_key.to_jwk()}), id="T005 its own key"),
        pytest.param(signed(header={"x5c": ..., "jku": "https://verifier.example/jwks"}), id="T005 jku"),
        pytest.param(signed(header={"x5c": ..., "kid": "k1"}), id="T160 no certificate"),
        pytest.param(signed(header={"x5c": []}), id="T160 an empty chain"),
        pytest.param(signed(header={"x5c": ["AAAA"]}), id="no certificate in the chain"),
        pytest.param(signed(header={"x5c": PKI.x5c[0]}), id="the chain is a text"),
        pytest.param("", id="empty"),
        pytest.param("e30.e30", id="two parts"),
        pytest.param(json.dumps(claims_of()), id="T160 bare JSON"),
        pytest.param(honest() + "\n", id="T015 a newline behind"),
    ],
)
def test_a_token_that_does_not_hold_is_refused(text):
    refused(text)


def test_a_token_has_a_cap():
    """T018."""
    with pytest.raises(ProtocolError) as refusal:
        verified("a." * 70_000)
    assert refusal.value.status == 413


# No luck


TEXTS = {"certificate": (honest(), SAN_DNS), "DID": (honest(asked(BY_DID)), BY_DID)}


@pytest.mark.parametrize("kind", TEXTS)
def test_any_flipped_bit_is_refused(kind):
    text, client_id = TEXTS[kind]
    header, payload, signature = text.split(".")
    chosen = random.Random(5)
    for i, part in enumerate((header, payload, signature)):
        raw = decode_base64url(part)
        for bit in chosen.sample(range(len(raw) * 8), 60):
            flipped = bytearray(raw)
            flipped[bit // 8] ^= 1 << bit % 8
            parts = [header, payload, signature]
            parts[i] = encode_base64url(bytes(flipped))
            refused(".".join(parts), client_id)


@settings(max_examples=60)
@given(st.data())
def test_any_other_character_is_refused(data):
    text = honest()
    at = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from("Aa0-_.=+/ \n~\u00e9").filter(lambda c: c != text[at]))
    # A certificate's serial number may become negative, of which the library warns
    with pytest.raises(ProtocolError), quietly():
        verified(text[:at] + character + text[at + 1 :])


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3))


@settings(max_examples=80)
@given(
    st.text(max_size=50),
    st.dictionaries(st.sampled_from([*claims_of(), "nbf", "redirect_uri", "wallet_nonce"]), VALUES, max_size=4),
    st.dictionaries(st.sampled_from(["alg", "typ", "x5c", "kid", "crit"]), VALUES, max_size=3),
)
def test_no_input_escapes_the_error_family(text, claims, header):
    plain = encode_base64url(json.dumps({"alg": "ES256", "typ": "oauth-authz-req+jwt", **header}).encode())
    payload = encode_base64url(json.dumps(claims_of(**claims)).encode())
    for candidate in (text, f"{plain}.{payload}.{encode_base64url(text.encode('utf-8', 'replace'))}", f"{text}.e30.AA"):
        with pytest.raises(ProtocolError):
            verified(candidate)
    try:
        found = verified(signed(**claims), wallet_nonce=None)
    except ProtocolError:
        return
    assert str(found.request.client_id) == str(SAN_DNS)
