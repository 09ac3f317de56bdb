"""Credential requests and responses that only wallet and issuer can read (OID4VCI 1.0 §8.2, §10)."""

import pytest

from protocol.encoding import encode_json, read_json_object
from protocol.jwe import Jwe, decrypt_jwe
from protocol.oid4vci.credential import CredentialResponse
from protocol.oid4vci.encryption import EncryptionKey, Envelope, WantedEncryption, encrypt_message
from protocol.oid4vci.metadata import CredentialIssuerMetadata, verify_signed_metadata
from tests.issuer.api.calls import is_error
from tests.support.issuer import IDENTIFIER, TestWallet, make_issuer
from tests.support.pki import NOW, seeded, seeded_key

ISSUER_KEY = seeded_key(41)
KID = ISSUER_KEY.public_key.thumbprint()
WALLET_KEY = seeded_key(42)
RANDOM = seeded(43)
TO_ISSUER = EncryptionKey(ISSUER_KEY.public_key, KID)
WANTED = WantedEncryption(EncryptionKey(WALLET_KEY.public_key, "w"), "A256GCM")


@pytest.fixture
def desk():
    """An issuer that offers encryption."""
    return make_issuer().with_context(decrypters={KID: ISSUER_KEY})


@pytest.fixture
def wallet(desk):
    return TestWallet(desk)


@pytest.fixture
def tokens(desk, wallet):
    return wallet.redeem(desk.offer("member"))


@pytest.fixture
def http(desk):
    with desk.browser() as client:
        yield client


def request(wallet, **more):
    return {"credential_configuration_id": "member", "proofs": {"jwt": wallet.proofs([wallet.new_key()])}, **more}


def sealed(message, key=TO_ISSUER, enc="A256GCM"):
    return encrypt_message(message, key, enc, ephemeral=seeded_key(44), random_bytes=RANDOM)


def post(http, wallet, tokens, body, media_type="application/jwt"):
    content = body if isinstance(body, str) else encode_json(body)
    headers = {
        "authorization": f"DPoP {tokens.access_token}",
        "dpop": wallet.resource_dpop(tokens),
        "content-type": media_type,
    }
    return http.post("/credential", content=content, headers=headers)


def untouched(desk):
    return desk.store.credentials_of("anna") == ()


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
def test_an_encrypted_request_is_answered_as_it_asks(http, wallet, tokens, *, enc):
    """T129, T130"""
    wanted = WantedEncryption(WANTED.key, enc)
    body = request(wallet, credential_response_encryption=wanted.to_dict())
    response = post(http, wallet, tokens, sealed(body, enc=enc))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/jwt"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["dpop-nonce"]
    jwe = Jwe.from_compact(response.text)
    assert (jwe.kid, jwe.enc) == ("w", enc)
    answer = CredentialResponse.from_dict(read_json_object(decrypt_jwe(jwe, WALLET_KEY), "answer"))
    assert len(answer.credentials) == 1
    assert answer.notification_id


def test_an_encrypted_request_that_does_not_ask_is_answered_in_clear(http, wallet, tokens):
    response = post(http, wallet, tokens, sealed(request(wallet)))
    assert response.headers["content-type"] == "application/json"
    assert response.json()["credentials"]


def test_who_does_not_encrypt_is_served_all_the_same(http, wallet, tokens):
    response = post(http, wallet, tokens, request(wallet), "application/json")
    assert response.json()["credentials"]


def test_a_plain_request_cannot_ask_for_an_encrypted_response(http, wallet, tokens, desk):
    """T129: whoever changed the request would have chosen the key"""
    body = request(wallet, credential_response_encryption=WANTED.to_dict())
    assert is_error(post(http, wallet, tokens, body, "application/json"), "invalid_encryption_parameters")
    assert untouched(desk)
    assert post(http, wallet, tokens, sealed(body)).status_code == 200, "neither proof nor token was used up"


def altered(text):
    head, key, iv, content, tag = text.split(".")
    return ".".join((head, key, iv, ("B" if content[0] == "A" else "A") + content[1:], tag))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: sealed(body, EncryptionKey(seeded_key(45).public_key, KID)),  # another key of that name
        lambda body: sealed(body, EncryptionKey(ISSUER_KEY.public_key, "other")),
        lambda body: sealed(body, EncryptionKey(ISSUER_KEY.public_key)),
        lambda body: altered(sealed(body)),
        lambda _: "x",
        lambda _: "a.b.c.d.e",
        lambda body: encode_json(body).decode(),
        lambda _: "ü",
    ],
)
def test_what_cannot_be_decrypted_is_refused(http, wallet, tokens, desk, *, spoil):
    """T130"""
    assert is_error(post(http, wallet, tokens, spoil(request(wallet))), "invalid_encryption_parameters")
    assert untouched(desk)


def test_a_response_to_another_kind_of_key_is_refused(http, wallet, tokens, desk):
    """T129"""
    wanted = {**WANTED.to_dict(), "zip": "DEF"}
    body = sealed(request(wallet, credential_response_encryption=wanted))
    assert is_error(post(http, wallet, tokens, body), "invalid_encryption_parameters")
    assert untouched(desk)


def test_what_is_too_large_is_refused_before_it_is_decrypted(http, wallet, tokens):
    response = post(http, wallet, tokens, "A" * ((1 << 20) + 1))
    assert response.status_code == 413


def test_only_the_two_media_types_are_read(http, wallet, tokens):
    for media_type in ("text/plain", "application/jose", ""):
        assert is_error(post(http, wallet, tokens, request(wallet), media_type), "invalid_request", 415)


def test_metadata_offers_it_plain_and_signed(http, desk):
    plain = http.get("/.well-known/openid-credential-issuer").json()
    offered = CredentialIssuerMetadata.from_dict(plain)
    assert offered.request_encryption is not None
    assert offered.request_encryption.choose() == (TO_ISSUER, "A256GCM")
    assert not offered.encryption_required
    assert plain["credential_response_encryption"]["alg_values_supported"] == ["ECDH-ES"]
    assert set(plain["credential_response_encryption"]["enc_values_supported"]) == {"A128GCM", "A256GCM"}
    signed = http.get("/.well-known/openid-credential-issuer", headers={"accept": "application/jwt"}).text
    found, _ = verify_signed_metadata(signed, identifier=IDENTIFIER, anchors=desk.pki.anchors, now=NOW)
    assert found.request_encryption == offered.request_encryption


def test_our_wallet_s_envelope_fits(http, wallet, tokens):
    found = CredentialIssuerMetadata.from_dict(http.get("/.well-known/openid-credential-issuer").json())
    envelope = Envelope.of(found.request_encryption, found.response_encryption, RANDOM)
    wanted = envelope.wanted.to_dict()
    media_type, body = envelope.seal(request(wallet, credential_response_encryption=wanted), RANDOM)
    response = post(http, wallet, tokens, body.decode(), media_type)
    opened = envelope.open(response.headers["content-type"], response.content, "answer")
    assert opened["credentials"]


def test_an_issuer_without_a_key_offers_no_encryption_and_reads_none():
    desk = make_issuer()
    wallet = TestWallet(desk)
    tokens = wallet.redeem(desk.offer("member"))
    with desk.browser() as http:
        offered = http.get("/.well-known/openid-credential-issuer").json()
        assert not {"credential_request_encryption", "credential_response_encryption"} & set(offered)
        assert is_error(post(http, wallet, tokens, sealed(request(wallet))), "invalid_request", 415)
