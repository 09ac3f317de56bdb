"""Requests and responses that are encrypted wherever the issuer offers it (OpenID4VCI 1.0 §8.2, §10)."""

from dataclasses import replace

import pytest

from protocol.encoding import read_json_object
from protocol.errors import InvalidRequest
from protocol.oid4vci.client import IssuanceDeferred, IssuerRefused
from protocol.oid4vci.credential import CredentialRequest
from protocol.oid4vci.encryption import (
    EncryptionKey,
    RequestEncryption,
    ResponseEncryption,
    can_encrypt,
    decrypt_request,
    encrypt_message,
)
from protocol.oid4vci.obtain import IssuerContact, fetch_credentials, fetch_issuer
from protocol.oid4vci.token import TokenResponse
from protocol.trust.anchors import TrustAnchors
from tests.protocol.oid4vci.peer import Peer, answer, client, header, refusal
from tests.protocol.oid4vci.samples import HOLDER, METADATA, OFFER, SERVER
from tests.support.pki import NOW, seeded, seeded_key

ISSUER_KEY = seeded_key(20)
REQUESTS = RequestEncryption((EncryptionKey(ISSUER_KEY.public_key, "1"),))
RESPONSES = ResponseEncryption()
TOKENS = TokenResponse("t0ken", "DPoP", 600)
CREDENTIALS = {"credentials": [{"credential": "a.b.c~"}], "notification_id": "n0te"}
NONCE = answer({"c_nonce": "n0nce"})


def contact(requests=REQUESTS, responses=RESPONSES):
    """An issuer that offers so much encryption."""
    return IssuerContact(replace(METADATA, request_encryption=requests, response_encryption=responses), SERVER, None)


def opened(request):
    """What the issuer reads of an encrypted request."""
    return CredentialRequest.from_dict(decrypt_request(request.body.decode(), {"1": ISSUER_KEY}))


def sealed(value, status=200, *, to=None, enc=None):
    """An issuer that answers as the request wants it, or to another key, or with another encryption."""

    def respond(request):
        wanted = opened(request).response_encryption
        key = wanted.key if to is None else to
        text = encrypt_message(value, key, enc or wanted.enc, ephemeral=seeded_key(21), random_bytes=seeded(3))
        return answer(text.encode(), status, media_type="application/jwt")

    return respond


def fetch(peer, found=None):
    return peer.run(fetch_credentials(found or contact(), TOKENS, "pid", [HOLDER], client()))


def test_where_the_issuer_offers_it_nobody_between_reads_anything():
    peer = Peer(nonce=[NONCE], credential=[sealed(CREDENTIALS)])
    assert fetch(peer).credentials == ("a.b.c~",)
    [request] = peer.asked("credential")
    assert header(request, "content-type") == "application/jwt"
    assert b"pid" not in request.body
    asked = opened(request)
    assert (asked.credential_configuration_id, len(asked.proofs)) == ("pid", 1)
    assert asked.response_encryption.enc == "A256GCM"


def test_every_request_has_its_own_key():
    keys: list[EncryptionKey] = []
    for _ in range(2):
        peer = Peer(nonce=[NONCE], credential=[sealed(CREDENTIALS)])
        fetch_with = client()
        fetch_with.random_bytes = seeded(len(keys) + 40)
        peer.run(fetch_credentials(contact(), TOKENS, "pid", [HOLDER], fetch_with))
        keys.append(opened(peer.asked("credential")[0]).response_encryption.key)
    assert keys[0] != keys[1]


def test_an_issuer_that_reads_encrypted_requests_alone_answers_as_ever():
    peer = Peer(nonce=[NONCE], credential=[answer(CREDENTIALS)])
    assert fetch(peer, contact(responses=None)).notification_id == "n0te"
    assert opened(peer.asked("credential")[0]).response_encryption is None


def test_no_encrypted_response_is_asked_for_in_the_open():
    """Whoever could change the request would choose the key."""
    peer = Peer(nonce=[NONCE], credential=[answer(CREDENTIALS)])
    assert fetch(peer, contact(requests=None)).notification_id == "n0te"
    [request] = peer.asked("credential")
    assert header(request, "content-type") == "application/json"
    assert "credential_response_encryption" not in read_json_object(request.body, "request")


def test_a_no_is_read_although_it_is_not_encrypted():
    peer = Peer(nonce=[NONCE], credential=[refusal("credential_request_denied")])
    with pytest.raises(IssuerRefused, match="credential_request_denied"):
        fetch(peer)


def test_that_it_takes_time_is_said_inside():
    peer = Peer(nonce=[NONCE], credential=[sealed({"transaction_id": "t", "interval": 60}, 202)])
    with pytest.raises(IssuanceDeferred):
        fetch(peer)


@pytest.mark.parametrize(
    "respond",
    [
        pytest.param(answer(CREDENTIALS), id="not encrypted"),
        pytest.param(answer(b"a.b.c.d.e", media_type="application/jwt"), id="not a token"),
        pytest.param(answer(b"\xff", media_type="application/jwt"), id="not a text"),
        pytest.param(sealed(CREDENTIALS, to=EncryptionKey(HOLDER.public_key, "1")), id="to another key"),
        pytest.param(sealed(CREDENTIALS, enc="A128GCM"), id="with another encryption"),
        pytest.param(sealed({}), id="nothing inside"),
    ],
)
def test_a_response_that_is_not_what_we_wanted_is_refused(respond):
    with pytest.raises(InvalidRequest):
        fetch(Peer(nonce=[NONCE], credential=[respond]))


REQUIRED = replace(REQUESTS, required=True)
UNKNOWN_REQUESTS = RequestEncryption((), ("A256GCM",))
UNKNOWN_RESPONSES = ResponseEncryption((), ("A256GCM",))


@pytest.mark.parametrize(
    ("requests", "responses", "possible"),
    [
        (None, None, True),
        (REQUIRED, None, True),
        (REQUIRED, replace(RESPONSES, required=True), True),
        (UNKNOWN_REQUESTS, UNKNOWN_RESPONSES, True),
        (replace(UNKNOWN_REQUESTS, required=True), None, False),
        (REQUESTS, replace(UNKNOWN_RESPONSES, required=True), False),
        (None, replace(RESPONSES, required=True), False),
        (UNKNOWN_REQUESTS, replace(RESPONSES, required=True), False),
    ],
)
def test_what_an_issuer_insists_on_has_to_be_possible(requests, responses, possible):
    assert can_encrypt(requests, responses) is possible
    metadata = contact(requests, responses).issuer
    peer = Peer()
    peer.answers[next(iter(peer.answers))] = [answer(metadata.to_dict())]
    if possible:
        assert peer.run(fetch_issuer(OFFER, TrustAnchors(), now=NOW)).issuer == metadata
    else:
        with pytest.raises(InvalidRequest, match="not possible here"):
            peer.run(fetch_issuer(OFFER, TrustAnchors(), now=NOW))
