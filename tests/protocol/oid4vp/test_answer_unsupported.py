"""A request that this wallet cannot answer: a verifier that it knows is told why, and nobody else."""

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.encoding import encode_base64url, encode_json
from protocol.errors import InvalidRequest, InvalidTransactionData, ProtocolError, VpFormatsNotSupported
from protocol.oid4vp.answer import RequestPolicy, transaction_data_of
from protocol.oid4vp.link import PlainRequest
from protocol.oid4vp.request import DIRECT_POST_JWT, ClientMetadata
from protocol.oid4vp.request_object import UnusableRequest
from tests.protocol.oid4vp.samples import (
    METADATA,
    QUERY,
    REQUEST_URI,
    RESPONSE_URI,
    UNSIGNED,
    Peer,
    asked,
    asked_in_clear,
    honest,
    request_object,
    signed,
)
from tests.protocol.oid4vp.wallet_side import BY_GET, LAX, THANKS, fetched, served_request, told

PAYMENT = encode_base64url(encode_json({"type": "payment", "credential_ids": ["pid"]}))
OTHER_FORMAT = {"credentials": [{"id": "pid", "format": "ldp_vc", "meta": {}}]}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param(honest(asked(transaction_data=(PAYMENT,))), InvalidTransactionData, id="T166 unknown type"),
        pytest.param(honest(asked(transaction_data=("=",))), InvalidTransactionData, id="T166 no base64url"),
        pytest.param(signed(client_metadata=...), InvalidRequest, id="T165 no key"),
        pytest.param(
            honest(asked(client_metadata=ClientMetadata(METADATA.encryption_keys, ("A128CBC-HS256",)))),
            InvalidRequest,
            id="T165 disallowed enc",
        ),
        pytest.param(
            honest(asked(dcql_query=DcqlQuery.from_dict(OTHER_FORMAT))), VpFormatsNotSupported, id="T204 unknown format"
        ),
        pytest.param(signed(redirect_uri=RESPONSE_URI), UnusableRequest, id="T162 both places"),
        pytest.param(signed(nonce=""), UnusableRequest, id="T161 no nonce"),
        pytest.param(signed(dcql_query={}), UnusableRequest, id="T197 no query"),
    ],
)
def test_a_known_verifier_is_told_in_clear_why_it_gets_nothing(text, error):
    peer = served_request(text)
    with pytest.raises(ProtocolError) as refusal:
        fetched(BY_GET, peer)
    assert type(refusal.value) is error
    assert peer.addresses == [("GET", REQUEST_URI), ("POST", RESPONSE_URI)]
    form = told(peer)
    assert (form["error"], form["state"]) == (error.code, asked().state)
    assert set(form) == {"error", "error_description", "state"}


def test_that_a_verifier_cannot_be_told_changes_nothing():
    peer = Peer({REQUEST_URI: request_object(honest(asked(transaction_data=(PAYMENT,))))})
    with pytest.raises(InvalidTransactionData):
        fetched(BY_GET, peer)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (asked_in_clear(UNSIGNED, transaction_data=(PAYMENT,)), InvalidTransactionData),
        (asked_in_clear(UNSIGNED, response_mode=DIRECT_POST_JWT), InvalidRequest),
    ],
)
def test_a_verifier_that_nobody_knows_is_told_nothing(request_, error):
    """T159."""
    peer = Peer({RESPONSE_URI: THANKS})
    with pytest.raises(error):
        fetched(PlainRequest(request_), peer, policy=LAX)
    assert peer.asked == []


def test_one_known_format_among_others_is_enough():
    """T204."""
    query = DcqlQuery.from_dict(
        {
            "credentials": [*QUERY["credentials"], {**OTHER_FORMAT["credentials"][0], "id": "other"}],
            "credential_sets": [{"options": [["pid"], ["other"]]}],
        }
    )
    assert fetched(BY_GET, served_request(honest(asked(dcql_query=query)))).request.dcql_query == query


def test_formats_are_those_of_this_wallet():
    policy = RequestPolicy(formats=frozenset({"mso_mdoc"}))
    with pytest.raises(VpFormatsNotSupported):
        fetched(BY_GET, served_request(honest()), policy=policy)


def test_transaction_data_of_a_known_type_is_read():
    policy = RequestPolicy(transaction_data_types={"payment": lambda item: None})
    request = fetched(BY_GET, served_request(honest(asked(transaction_data=(PAYMENT,)))), policy=policy).request
    (item,) = transaction_data_of(request, policy)
    assert (item.type, item.credential_ids) == ("payment", ("pid",))


def test_transaction_data_needs_a_bound_credential():
    """B.3.3."""
    unbound = {"credentials": [{**QUERY["credentials"][0], "require_cryptographic_holder_binding": False}]}
    policy = RequestPolicy(transaction_data_types={"payment": lambda item: None})
    request = asked(dcql_query=DcqlQuery.from_dict(unbound), transaction_data=(PAYMENT,))
    with pytest.raises(InvalidTransactionData):
        transaction_data_of(request, policy)
