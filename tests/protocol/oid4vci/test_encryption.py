from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from protocol.errors import Flaw, InvalidEncryptionParameters, Malformed, NotAuthentic, Unsupported
from protocol.fields import Fields
from protocol.jwe import encrypt_jwe
from protocol.keys import Ed25519Key
from protocol.oid4vci.encryption import (
    MAX_KID,
    MAX_REQUEST,
    EncryptionKey,
    Envelope,
    RequestEncryption,
    ResponseEncryption,
    WantedEncryption,
    decrypt_request,
    decrypt_response,
    encrypt_message,
)
from tests.support.pki import seeded, seeded_key

ISSUER, WALLET, STRANGER = seeded_key(2), seeded_key(3), seeded_key(4)
ISSUER_KEY = EncryptionKey(ISSUER.public_key, "1")
WALLET_KEY = EncryptionKey(WALLET.public_key, "w")
WANTED = WantedEncryption(WALLET_KEY, "A256GCM")
REQUEST = {"credential_configuration_id": "pid", "credential_response_encryption": WANTED.to_dict()}
JWK = {**ISSUER.public_key.to_jwk(), "use": "enc", "alg": "ECDH-ES", "kid": "1"}
OFFERED = RequestEncryption((ISSUER_KEY,), required=True)


def encrypted(message=REQUEST, key=ISSUER_KEY, enc="A256GCM"):
    """A message as an honest peer encrypts it."""
    return encrypt_message(message, key, enc, ephemeral=seeded_key(9), random_bytes=seeded(1))


def sealed(content, *, kid="1", enc="A256GCM"):
    """Any bytes, encrypted to the issuer."""
    return encrypt_jwe(content, ISSUER.public_key, enc=enc, kid=kid, ephemeral=seeded_key(9), random_bytes=seeded(1))


@pytest.mark.parametrize("enc", ["A256GCM", "A128GCM"])
def test_a_request_is_read_by_the_issuer_alone(enc):
    text = encrypted(enc=enc)
    assert decrypt_request(text, {"0": STRANGER, "1": ISSUER}) == REQUEST
    with pytest.raises(InvalidEncryptionParameters):
        decrypt_request(text, {"1": STRANGER})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(sealed(b"[]"), id="T130 no object"),
        pytest.param(sealed(b"{"), id="T130 no JSON"),
        pytest.param(sealed(b'{"a":1,"a":2}'), id="T130 a member twice"),
        pytest.param(sealed(encode_json({"a": "x" * MAX_REQUEST})), id="T130 too large"),
        pytest.param(sealed(encode_json(REQUEST), kid="2"), id="T130 a key that is not there"),
        pytest.param(sealed(encode_json(REQUEST), kid=None), id="T130 no key named"),
        pytest.param(sealed(encode_json(REQUEST))[:-2] + "AA", id="T130 altered"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="T130 a signed token"),
        pytest.param(encode_json(REQUEST).decode(), id="T130 not encrypted"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused(text):
    with pytest.raises(InvalidEncryptionParameters) as refusal:
        decrypt_request(text, {"1": ISSUER})
    assert refusal.value.to_dict()["error"] == "invalid_encryption_parameters"


def test_a_request_may_be_as_large_as_it_may():
    message = {"a": "x" * (MAX_REQUEST - len('{"a":""}'))}
    assert decrypt_request(encrypted(message), {"1": ISSUER}) == message


def test_a_response_is_read_by_the_wallet_alone():
    response = {"credentials": [{"credential": "x"}]}
    text = encrypted(response, WALLET_KEY)
    assert decrypt_response(text, WANTED, WALLET, at="response") == response
    with pytest.raises(NotAuthentic):
        decrypt_response(text, WANTED, STRANGER, at="response")


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param(encrypted({}, WALLET_KEY, "A128GCM"), NotAuthentic, id="another encryption than was wanted"),
        pytest.param(encrypted({}, replace(WALLET_KEY, kid="x")), NotAuthentic, id="another key named"),
        pytest.param(encrypted({}, replace(WALLET_KEY, kid=None)), NotAuthentic, id="no key named"),
        pytest.param("{}", Flaw, id="not encrypted"),
    ],
)
def test_a_response_that_was_not_made_as_we_wanted_is_refused(text, flaw):
    with pytest.raises(flaw):
        decrypt_response(text, WANTED, WALLET, at="response")


def test_a_key_without_a_name_needs_none():
    wanted = WantedEncryption(EncryptionKey(WALLET.public_key), "A256GCM")
    assert decrypt_response(encrypted({}, wanted.key), wanted, WALLET, at="response") == {}
    assert "kid" not in wanted.to_dict()["jwk"]


def test_a_key_is_written_as_it_is_read():
    assert ISSUER_KEY.to_jwk() == JWK
    assert EncryptionKey.from_jwk(Fields(JWK, "jwk")) == ISSUER_KEY
    assert EncryptionKey.from_jwk(Fields({**JWK, "kid": "k" * MAX_KID}, "jwk")).kid == "k" * MAX_KID


@pytest.mark.parametrize(
    ("jwk", "flaw"),
    [
        pytest.param({**JWK, "alg": None}, Malformed, id="T129 no algorithm"),
        pytest.param({**JWK, "alg": "ECDH-ES+A256KW"}, Unsupported, id="T129 key wrapping"),
        pytest.param({**JWK, "alg": "RSA-OAEP-256"}, Unsupported, id="T129 RSA"),
        pytest.param({**JWK, "d": "AA"}, Malformed, id="T009 private key"),
        pytest.param({**JWK, "y": JWK["x"]}, Malformed, id="T010 off the curve"),
        pytest.param({**JWK, "kid": "k" * (MAX_KID + 1)}, Malformed, id="endless name"),
        pytest.param(
            {**Ed25519Key.from_seed(bytes(32)).public_key.to_jwk(), "alg": "ECDH-ES"},
            Unsupported,
            id="T129 another curve",
        ),
    ],
)
def test_a_key_that_we_do_not_use_is_refused(jwk, flaw):
    with pytest.raises(flaw):
        EncryptionKey.from_jwk(Fields(jwk, "jwk"))


def test_what_an_issuer_offers_travels_in_its_metadata():
    wire = {"jwks": {"keys": [JWK]}, "enc_values_supported": ["A256GCM", "A128GCM"], "encryption_required": True}
    assert OFFERED.to_dict() == wire
    assert RequestEncryption.from_fields(Fields(wire, "metadata")) == OFFERED
    assert OFFERED.choose() == (ISSUER_KEY, "A256GCM")
    response = ResponseEncryption(required=True)
    wire = {
        "alg_values_supported": ["ECDH-ES"],
        "enc_values_supported": ["A256GCM", "A128GCM"],
        "encryption_required": True,
    }
    assert response.to_dict() == wire
    assert ResponseEncryption.from_fields(Fields(wire, "metadata")) == response
    assert response.choose() == "A256GCM"


def test_of_what_is_offered_we_take_what_we_know():
    other = {"kty": "RSA", "n": "AA", "e": "AQAB", "kid": "0", "alg": "RSA-OAEP-256"}
    wire = {"jwks": {"keys": [other, JWK]}, "enc_values_supported": ["A128CBC-HS256", "A128GCM"]}
    found = RequestEncryption.from_fields(Fields(wire, "metadata"))
    assert (found.keys, found.encryptions, found.required) == ((ISSUER_KEY,), ("A128GCM",), False)
    assert found.choose() == (ISSUER_KEY, "A128GCM")
    wire = {"alg_values_supported": ["RSA-OAEP-256", "ECDH-ES"], "enc_values_supported": ["A128GCM", "A256GCM"]}
    assert ResponseEncryption.from_fields(Fields(wire, "metadata")).choose() == "A256GCM"


@pytest.mark.parametrize(
    "wire",
    [
        {"jwks": {"keys": [{**JWK, "alg": "RSA-OAEP-256"}]}, "enc_values_supported": ["A256GCM"]},
        {"jwks": {"keys": [JWK]}, "enc_values_supported": ["A128CBC-HS256"]},
    ],
)
def test_where_we_know_nothing_of_it_there_is_no_choice(wire):
    assert RequestEncryption.from_fields(Fields(wire, "metadata")).choose() is None


@pytest.mark.parametrize(
    "wire",
    [
        {"alg_values_supported": ["RSA-OAEP-256"], "enc_values_supported": ["A256GCM"]},
        {"alg_values_supported": ["ECDH-ES"], "enc_values_supported": ["A128CBC-HS256"]},
    ],
)
def test_where_we_know_nothing_of_it_no_response_is_encrypted(wire):
    assert ResponseEncryption.from_fields(Fields(wire, "metadata")).choose() is None


@pytest.mark.parametrize("wire", [{}, {"jwks": {}}, {"jwks": {"keys": []}, "enc_values_supported": []}])
def test_what_an_issuer_leaves_out_is_not_there(wire):
    found = RequestEncryption.from_fields(Fields(wire, "metadata"))
    assert (found.keys, found.encryptions, found.choose()) == ((), (), None)
    assert RequestEncryption.from_fields(Fields(found.to_dict(), "metadata")) == found
    response = ResponseEncryption.from_fields(Fields(wire, "metadata"))
    assert (response.algorithms, response.choose()) == ((), None)
    assert ResponseEncryption.from_fields(Fields(response.to_dict(), "metadata")) == response


@pytest.mark.parametrize(
    "wire",
    [
        {"jwks": []},
        {"jwks": {"keys": {}}},
        {"jwks": {"keys": [7]}},
        {"jwks": {"keys": [JWK] * 17}, "enc_values_supported": ["A256GCM"]},
        {"jwks": {"keys": [{**JWK, "d": "AA"}]}, "enc_values_supported": ["A256GCM"]},
        {"jwks": {"keys": [JWK]}, "enc_values_supported": "A256GCM"},
        {"jwks": {"keys": [JWK]}, "enc_values_supported": ["A256GCM"] * 33},
        {"jwks": {"keys": [JWK]}, "enc_values_supported": ["A256GCM"], "encryption_required": "yes"},
    ],
)
def test_an_offer_that_breaks_its_shape_is_refused(wire):
    with pytest.raises(Malformed):
        RequestEncryption.from_fields(Fields(wire, "metadata"))


def test_what_a_wallet_wants_is_written_as_it_is_read():
    assert WantedEncryption.from_fields(Fields(WANTED.to_dict(), "wanted")) == WANTED


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"enc": "A128CBC-HS256"}, id="T129 another encryption"),
        pytest.param({"enc": None}, id="T129 no encryption"),
        pytest.param({"zip": "DEF"}, id="T129 compression"),
        pytest.param({"jwk": None}, id="T129 no key"),
        pytest.param({"jwk": {**JWK, "alg": "RSA-OAEP-256"}}, id="T129 another algorithm"),
        pytest.param({"jwk": {**JWK, "d": "AA"}}, id="T009 private key"),
    ],
)
def test_what_cannot_be_done_is_refused(changes):
    with pytest.raises(InvalidEncryptionParameters):
        WantedEncryption.from_fields(Fields({**WANTED.to_dict(), **changes}, "wanted"))


def test_a_response_that_does_not_say_to_be_encrypted_is_not_opened():
    """T130: what was asked to be encrypted comes as `application/jwt`, and in no other way."""
    envelope = Envelope((ISSUER_KEY, "A256GCM"), WANTED, WALLET)
    body = encrypted({"notification_id": "n"}, WALLET_KEY).encode()
    assert envelope.open("application/jwt", body, "response") == {"notification_id": "n"}
    for other in ("application/json", "text/plain", ""):
        with pytest.raises(NotAuthentic, match="not encrypted"):
            envelope.open(other, body, "response")
