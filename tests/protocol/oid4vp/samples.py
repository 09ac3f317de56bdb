"""A verifier that asks, everybody whom a wallet then believes, and a peer that answers by address."""

import json
from dataclasses import replace

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.did import did_jwk
from protocol.encoding import encode_json
from protocol.errors import InvalidRequest, ProtocolError, Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.jws import sign_jws
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.request import (
    DIRECT_POST,
    DIRECT_POST_JWT,
    SELF_ISSUED,
    AuthorizationRequest,
    ClientMetadata,
    EncryptionKey,
)
from protocol.oid4vp.request_object import MEDIA_TYPE, ExpectedRequest, sign_request_object, verify_request_object
from protocol.trust.anchors import Role, TrustAnchors, TrustedIdentifier
from tests.support.pki import LEAF, NOW, make_pki, seeded_key

HOST = "verifier.example"
RESPONSE_URI = f"https://{HOST}/responses/1"
REQUEST_URI = f"https://{HOST}/requests/1"
NONCE = "n-0S6_WzA2Mj.r4nd0m~0123"
STATE = "s-0S6_WzA2Mj.r4nd0m~0123"
PKI = make_pki(replace(LEAF, organization="City library", dns_names=(HOST,)), role=Role.VERIFIER)
VERIFIER = PKI.signer
STRANGER = seeded_key(70)
DID_KEY = seeded_key(71)
DID = did_jwk(DID_KEY.public_key)
WEB_DID = f"did:web:{HOST}"
KID = f"{DID}#0"
ANCHORS = TrustAnchors(
    [PKI.anchor],
    [TrustedIdentifier(did, Role.VERIFIER, "University") for did in (DID, WEB_DID)],
)
RESPONSE_KEY = seeded_key(72)
METADATA = ClientMetadata((EncryptionKey("k1", RESPONSE_KEY.public_key),), ("A128GCM", "A256GCM"))
QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["given_name"]}, {"path": ["address", "locality"]}],
        }
    ]
}
SAN_DNS = ClientId(Prefix.X509_SAN_DNS, HOST)
HASH = ClientId.of_certificate(PKI.leaf.der)
BY_DID = ClientId(Prefix.DECENTRALIZED_IDENTIFIER, DID)
BY_WEB_DID = ClientId(Prefix.DECENTRALIZED_IDENTIFIER, WEB_DID)
UNSIGNED = ClientId(Prefix.REDIRECT_URI, RESPONSE_URI)


def asked(client_id=SAN_DNS, **changes):
    """A request as our own verifier makes it."""
    usual = {
        "response_uri": RESPONSE_URI,
        "response_mode": DIRECT_POST_JWT,
        "nonce": NONCE,
        "dcql_query": DcqlQuery.from_dict(QUERY),
        "state": STATE,
        "client_metadata": METADATA,
    }
    return AuthorizationRequest(client_id=client_id, **{**usual, **changes})


def asked_in_clear(client_id=SAN_DNS, **changes):
    """The same, for an answer without encryption."""
    return asked(client_id, **{"response_mode": DIRECT_POST, "client_metadata": None, **changes})


def claims_of(request=None, **changes):
    """The claims of a request object; a changed claim that is `...` is left out."""
    usual = {**(request or asked()).to_dict(), "aud": SELF_ISSUED, "iat": NOW, "exp": NOW + 300}
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}


def signed(request=None, *, signer=VERIFIER, header=None, **changes):
    """A request object with any claims, under any header."""
    usual = {"typ": "oauth-authz-req+jwt", "x5c": list(PKI.x5c)}
    members = {name: value for name, value in {**usual, **(header or {})}.items() if value is not ...}
    # not our own writer: a peer may write numbers that ours does not
    return sign_jws(members, json.dumps(claims_of(request, **changes)).encode(), signer)


def honest(request=None):
    """A request object as our own verifier signs it."""
    request = request or asked()
    if request.client_id.prefix is Prefix.DECENTRALIZED_IDENTIFIER:
        kid = f"{request.client_id.identifier}#0"
        return sign_request_object(request, DID_KEY, kid=kid, issued_at=NOW, expires_at=NOW + 300)
    return sign_request_object(request, VERIFIER, x5c=PKI.x5c, issued_at=NOW, expires_at=NOW + 300)


def verified(text, client_id=SAN_DNS, *, anchors=ANCHORS, now=NOW, peer=None, **expected):
    """What a wallet finds out about a request object."""
    exchange = verify_request_object(text, ExpectedRequest(client_id, **expected), anchors=anchors, now=now)
    return run(exchange, peer or Peer())


def refused(text, client_id=SAN_DNS, error=InvalidRequest, **options):
    """Why a wallet refuses a request object, with this error and no other."""
    with pytest.raises(ProtocolError) as refusal:
        verified(text, client_id, **options)
    assert type(refusal.value) is error
    return refusal.value.description


class Peer:
    """Answers each address as it is told, and remembers what it was asked."""

    def __init__(self, answers=None):
        self.answers = answers or {}
        self.asked = []

    def __call__(self, effect):
        assert isinstance(effect, HttpRequest)
        self.asked.append(effect)
        answer = self.answers.get(effect.url, Unreachable("nobody answers"))
        if callable(answer):
            answer = answer(effect)
        if isinstance(answer, ProtocolError):
            raise answer
        return answer

    @property
    def addresses(self):
        """Where requests went, in order."""
        return [(request.method, request.url) for request in self.asked]


def served(body, *, status=200, media_type="application/json"):
    """An answer over HTTP."""
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else encode_json(body)
    return HttpResponse(status, (("content-type", media_type),), content)


def request_object(text, **options):
    """How a verifier serves a request object."""
    return served(text, **{"media_type": MEDIA_TYPE, **options})


def did_document(did=WEB_DID, key=DID_KEY, **changes):
    """A DID document with one key that signs."""
    method = {"id": f"{did}#0", "type": "JsonWebKey", "controller": did, "publicKeyJwk": key.public_key.to_jwk()}
    return {"id": did, "verificationMethod": [method], "authentication": [f"{did}#0"], **changes}
