"""A page that asks through the browser, and what the wallet behind it finds."""

import json

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.encoding import encode_json
from protocol.errors import InvalidRequest, ProtocolError
from protocol.exchange import run
from protocol.jws import sign_general_jws, sign_jws
from protocol.oid4vp.answer import RequestPolicy
from protocol.oid4vp.dc_api import DcApiRequest, PageRequest
from protocol.oid4vp.dc_api_object import (
    Signatory,
    sign_page_request,
    sign_page_request_by_all,
    verify_page_request,
)
from protocol.oid4vp.request import DC_API, DC_API_JWT
from tests.protocol.oid4vp.samples import (
    ANCHORS,
    BY_DID,
    DID_KEY,
    HASH,
    KID,
    METADATA,
    NONCE,
    PKI,
    QUERY,
    Peer,
)
from tests.support.pki import NOW

ORIGIN = "https://verifier.example"
UNSIGNED, SIGNED, MULTISIGNED = "openid4vp-v1-unsigned", "openid4vp-v1-signed", "openid4vp-v1-multisigned"
BY_CERTIFICATE = Signatory(HASH, PKI.signer, x5c=PKI.x5c)
BY_IDENTIFIER = Signatory(BY_DID, DID_KEY, kid=KID)
POLICY = RequestPolicy()


def page_asks(**changes):
    """A request as our own verifier makes it."""
    usual = {
        "origin": ORIGIN,
        "client_id": None,
        "response_mode": DC_API_JWT,
        "nonce": NONCE,
        "dcql_query": DcqlQuery.from_dict(QUERY),
        "client_metadata": METADATA,
    }
    return DcApiRequest(**{**usual, **changes})


def page_asks_in_clear(**changes):
    """The same, for an answer without encryption."""
    return page_asks(**{"response_mode": DC_API, "client_metadata": None, **changes})


def unsigned(request=None):
    """The data of an unsigned request."""
    return (request or page_asks()).to_unsigned()


def signed(request=None, signatory=BY_CERTIFICATE, **changes):
    """The data of a signed one."""
    usual = {"origins": (ORIGIN,), "issued_at": NOW, "expires_at": NOW + 300}
    return sign_page_request(request or page_asks(), signatory, **{**usual, **changes})


def signed_by_all(request=None, signatories=(BY_CERTIFICATE, BY_IDENTIFIER), **changes):
    """The data of one that several sign."""
    usual = {"origins": (ORIGIN,), "issued_at": NOW, "expires_at": NOW + 300}
    return sign_page_request_by_all(request or page_asks(), signatories, **{**usual, **changes})


EACH = {UNSIGNED: unsigned, SIGNED: signed, MULTISIGNED: signed_by_all}


def without(members):
    """A changed member that is `...` is left out."""
    return {name: value for name, value in members.items() if value is not ...}


def signed_by_hand(*, signer=PKI.signer, header=None, **changes):
    """A signed request with any claims, under any header."""
    usual = {
        **page_asks().to_dict(),
        "client_id": str(HASH),
        "expected_origins": [ORIGIN],
        "aud": "https://self-issued.me/v2",
        "iat": NOW,
        "exp": NOW + 300,
    }
    members = without({"typ": "oauth-authz-req+jwt", "x5c": list(PKI.x5c), **(header or {})})
    return {"request": sign_jws(members, json.dumps(without({**usual, **changes})).encode(), signer)}


def multisigned_by_hand(*signatures, **changes):
    """A request that several sign, with any claims; each signature is a header and a key."""
    claims = without({**page_asks().to_dict(), "expected_origins": [ORIGIN], **changes})
    return {"request": sign_general_jws(encode_json(claims), signatures)}


def header(signatory=BY_CERTIFICATE, **changes):
    """The header and key with which somebody signs with others."""
    return without({**signatory.header(), "client_id": str(signatory.client_id), **changes}), signatory.signer


def asked_by(protocol, data, *, origin=ORIGIN, anchors=ANCHORS, policy=POLICY, now=NOW, peer=None):
    """What a wallet finds out about a page's request."""
    exchange = verify_page_request(PageRequest(protocol, data, origin), anchors=anchors, policy=policy, now=now)
    return run(exchange, peer or Peer())


def turned_away(protocol, data, error=InvalidRequest, **options):
    """Why a wallet refuses a page's request, with this error and no other."""
    with pytest.raises(ProtocolError) as refusal:
        asked_by(protocol, data, **options)
    assert type(refusal.value) is error
    return refusal.value.description


def replaced(data, **changes):
    """A general serialization with other members; one that is `...` is left out."""
    return {"request": without({**data["request"], **changes})}
