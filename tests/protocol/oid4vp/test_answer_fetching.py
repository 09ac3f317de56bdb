"""The wallet gets a request for a link: by value, by GET or by POST, and answers nobody before it knows who asks."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import InvalidRequest, ProtocolError, Unreachable
from protocol.exchange import HttpResponse
from protocol.oid4vp.answer import Delivered, RequestPolicy, Uncertain, wallet_metadata
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.link import PlainRequest, RequestByReference, RequestByValue
from protocol.oid4vp.request_object import Unauthenticated, VerifiedRequest
from tests.protocol.oid4vp.samples import (
    ANCHORS,
    BY_DID,
    HASH,
    HOST,
    REQUEST_URI,
    RESPONSE_URI,
    SAN_DNS,
    STRANGER,
    UNSIGNED,
    Peer,
    asked,
    asked_in_clear,
    claims_of,
    honest,
    request_object,
    served,
    signed,
)
from tests.protocol.oid4vp.wallet_side import (
    BY_GET,
    BY_POST,
    LAX,
    THANKS,
    WALLET_NONCE,
    answered,
    fetched,
    form_of,
    served_request,
    told,
)
from tests.support.pki import NOW


def test_a_request_is_fetched_by_get():
    peer = served_request(honest())
    assert fetched(BY_GET, peer).request == asked()
    assert peer.addresses == [("GET", REQUEST_URI)]
    assert peer.asked[0].body == b""


def test_a_request_is_fetched_by_post_with_a_nonce_that_comes_back():
    peer = Peer({REQUEST_URI: lambda r: request_object(honest(asked(wallet_nonce=form_of(r)["wallet_nonce"])))})
    assert fetched(BY_POST, peer).request == asked(wallet_nonce=WALLET_NONCE)
    assert peer.addresses == [("POST", REQUEST_URI)]


@pytest.mark.parametrize("wallet_nonce", [pytest.param(None, id="missing"), pytest.param("w-other", id="another")])
def test_a_nonce_that_does_not_come_back_ends_it(wallet_nonce):
    peer = served_request(honest(asked(wallet_nonce=wallet_nonce)))
    with pytest.raises(InvalidRequest, match="wallet_nonce"):
        fetched(BY_POST, peer)
    assert told(peer) is None


def test_by_get_no_nonce_is_waited_for():
    assert fetched(BY_GET, served_request(honest(asked(wallet_nonce="whatever")))).request.wallet_nonce == "whatever"


@pytest.mark.parametrize("client_id", [SAN_DNS, HASH, BY_DID], ids=["name", "hash", "DID"])
def test_a_request_by_value_asks_nobody(client_id):
    peer = Peer()
    assert fetched(RequestByValue(client_id, honest(asked(client_id))), peer).request == asked(client_id)
    assert peer.asked == []


def test_an_unsigned_request_is_taken_only_where_that_is_allowed():
    link = PlainRequest(asked_in_clear(UNSIGNED))
    found = fetched(link, Peer(), policy=LAX)
    assert found == VerifiedRequest(asked_in_clear(UNSIGNED), Unauthenticated(HOST))
    with pytest.raises(InvalidRequest, match="not accepted"):
        fetched(link, Peer())


@pytest.mark.parametrize("client_id", [SAN_DNS, HASH, BY_DID], ids=["name", "hash", "DID"])
def test_a_prefix_that_is_not_accepted_is_refused_before_anything_is_fetched(client_id):
    peer = served_request(honest(asked(client_id)))
    policy = RequestPolicy(prefixes=frozenset(Prefix) - {client_id.prefix})
    with pytest.raises(InvalidRequest, match="not accepted"):
        fetched(RequestByReference(client_id, REQUEST_URI), peer, policy=policy)
    assert peer.asked == []


def test_a_client_that_cannot_sign_has_no_request_object():
    """T160."""
    peer = served_request(signed(asked(UNSIGNED)))
    for link in (RequestByReference(UNSIGNED, REQUEST_URI), RequestByValue(UNSIGNED, signed(asked(UNSIGNED)))):
        with pytest.raises(InvalidRequest, match="cannot sign"):
            fetched(link, peer, policy=LAX)
    assert peer.asked == []


def test_an_unsigned_request_of_a_client_that_must_sign_is_refused():
    """T160."""
    with pytest.raises(InvalidRequest, match="signed"):
        fetched(PlainRequest(asked_in_clear()), Peer(), policy=LAX)


def test_some_verifiers_write_their_own_address_as_audience():
    link, text = BY_GET, signed(aud=REQUEST_URI)
    with pytest.raises(InvalidRequest, match="audience"):
        fetched(link, served_request(text))
    lax = RequestPolicy(accept_request_uri_as_audience=True)
    assert fetched(link, served_request(text), policy=lax).request == asked()
    assert fetched(link, served_request(honest()), policy=lax).request == asked()
    with pytest.raises(InvalidRequest, match="audience"):
        fetched(link, served_request(signed(aud=f"{REQUEST_URI}/")), policy=lax)
    with pytest.raises(InvalidRequest, match="audience"):
        fetched(RequestByValue(SAN_DNS, text), Peer(), policy=lax)


def test_a_request_that_cannot_be_had_is_unreachable():
    """T164."""
    with pytest.raises(Unreachable):
        fetched(BY_GET, Peer())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(HttpResponse(302, (("location", RESPONSE_URI),), b""), id="T164 redirect"),
        pytest.param(request_object(honest(), status=404), id="T164 404"),
        pytest.param(served(honest(), media_type="text/plain"), id="T164 wrong content type"),
        pytest.param(request_object("no token"), id="T159 no token"),
        pytest.param(request_object(signed(signer=STRANGER)), id="T159 bad signature"),
        pytest.param(request_object(signed(header={"typ": ...})), id="T159 wrong typ"),
        pytest.param(request_object(signed(exp=NOW)), id="T159 expired"),
        pytest.param(request_object(honest(asked(HASH))), id="T159 another client than in the link"),
        pytest.param(request_object(signed(aud="x")), id="T159 another audience"),
        pytest.param(request_object(signed(response_uri="https://attacker.example/")), id="T163 elsewhere"),
    ],
)
def test_nobody_is_answered_before_it_is_known_who_asks(answer):
    peer = Peer({REQUEST_URI: answer, RESPONSE_URI: THANKS, "https://attacker.example/": THANKS})
    with pytest.raises(InvalidRequest):
        fetched(BY_GET, peer)
    assert peer.addresses == [("GET", REQUEST_URI)]


def test_a_verifier_that_nobody_vouches_for_is_not_answered():
    """T159, T160."""
    peer = served_request(honest())
    with pytest.raises(InvalidRequest):
        fetched(BY_GET, peer, anchors=type(ANCHORS)())
    assert told(peer) is None


# What the wallet says it can do


def test_the_wallet_says_what_it_can_do():
    assert wallet_metadata({"dc+sd-jwt": {}}, {Prefix.X509_HASH, Prefix.DECENTRALIZED_IDENTIFIER}) == {
        "vp_formats_supported": {"dc+sd-jwt": {}},
        "client_id_prefixes_supported": ["decentralized_identifier", "x509_hash"],
        "authorization_encryption_alg_values_supported": ["ECDH-ES"],
        "authorization_encryption_enc_values_supported": ["A256GCM", "A128GCM"],
        "request_object_signing_alg_values_supported": ["ES256", "ES384", "ES512", "EdDSA"],
    }


def test_nothing_is_said_of_signatures_where_there_can_be_none():
    """§5.10."""
    metadata = wallet_metadata({"dc+sd-jwt": {}}, {Prefix.REDIRECT_URI})
    assert "request_object_signing_alg_values_supported" not in metadata


# No luck


HEADERS = st.sampled_from(
    [(("content-type", "application/oauth-authz-req+jwt"),), (("content-type", "application/json"),), ()]
)
RESPONSES = st.builds(HttpResponse, st.sampled_from([200, 302, 400, 500]), HEADERS, st.binary(max_size=30))


@settings(max_examples=80)
@given(RESPONSES, RESPONSES, st.sampled_from([BY_GET, BY_POST]))
def test_no_peer_leads_outside_the_error_family(first, second, link):
    peer = Peer({REQUEST_URI: first, RESPONSE_URI: second})
    with contextlib.suppress(ProtocolError):
        fetched(link, peer)
    assert told(peer) is None
    delivery, _ = answered(asked(), peer=Peer({RESPONSE_URI: second}))
    assert isinstance(delivery, Delivered | Uncertain)


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from([*claims_of(), "transaction_data", "redirect_uri"]),
        st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=5), max_size=2),
        max_size=3,
    )
)
def test_no_claims_lead_outside_the_error_family(changes):
    peer = served_request(signed(**changes))
    with contextlib.suppress(ProtocolError):
        fetched(BY_GET, peer)
    assert set(peer.addresses) <= {("GET", REQUEST_URI), ("POST", RESPONSE_URI)}
