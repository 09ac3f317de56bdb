"""The wallet's side: what it asks for, what it answers, and whom it tells what, step by step over HTTP."""

import contextlib
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dcql.query import DcqlQuery
from protocol.encoding import encode_base64url, encode_json
from protocol.errors import (
    AccessDenied,
    InvalidRequest,
    InvalidTransactionData,
    ProtocolError,
    Unreachable,
    VpFormatsNotSupported,
)
from protocol.exchange import HttpResponse, run
from protocol.jwe import Jwe, decrypt_jwe
from protocol.keys import P256Key
from protocol.oid4vp.answer import (
    MAX_ANSWER,
    Delivered,
    RequestPolicy,
    Uncertain,
    fetch_request,
    send_answer,
    send_error,
    transaction_data_of,
    wallet_metadata,
)
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.link import PlainRequest, RequestByReference, RequestByValue, RequestUriMethod
from protocol.oid4vp.request import DIRECT_POST, DIRECT_POST_JWT, ClientMetadata, EncryptionKey
from protocol.oid4vp.request_object import Unauthenticated, UnusableRequest, VerifiedRequest, accept_plain_request
from protocol.oid4vp.response import AuthorizationResponse, ErrorResponse, ResponseKey, read_response_form
from tests.protocol.oid4vp.samples import (
    ANCHORS,
    BY_DID,
    HASH,
    HOST,
    METADATA,
    QUERY,
    REQUEST_URI,
    RESPONSE_KEY,
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
    verified,
)
from tests.support.pki import NOW, seeded

WALLET_NONCE = "w-0S6_WzA2Mj"
WALLET = wallet_metadata({"dc+sd-jwt": {"sd-jwt_alg_values": ["ES256"]}}, list(Prefix))
POLICY = RequestPolicy()
LAX = RequestPolicy(prefixes=frozenset(Prefix))
BY_GET = RequestByReference(SAN_DNS, REQUEST_URI)
BY_POST = RequestByReference(SAN_DNS, REQUEST_URI, RequestUriMethod.POST)
THANKS = served({})
PRESENTED = {"pid": ("eyJ.e.s~",)}


def fetched(link, peer, *, policy=POLICY, anchors=ANCHORS):
    """What a wallet gets for a link."""
    exchange = fetch_request(link, anchors=anchors, policy=policy, wallet_nonce=WALLET_NONCE, metadata=WALLET, now=NOW)
    return run(exchange, peer)


def served_request(text, **more):
    """A verifier that serves this request object, and thanks for every answer."""
    return Peer({REQUEST_URI: request_object(text), RESPONSE_URI: THANKS, **more})


def form_of(request):
    """The form of a request that a wallet sent."""
    assert dict(request.headers)["content-type"] == "application/x-www-form-urlencoded"
    return dict(parse_qsl(request.body.decode("ascii"), strict_parsing=True, errors="strict"))


def told(peer):
    """The error that a verifier was told, if any."""
    posts = [request for request in peer.asked if request.url == RESPONSE_URI]
    if not posts:
        return None
    (post,) = posts
    return form_of(post)


# Getting the request


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


# Telling an authenticated verifier why not


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


# Answering


def answered(request, vp_token=None, peer=None, seed=8):
    """What became of an answer, and the form that was posted."""
    peer = peer or Peer({RESPONSE_URI: THANKS})
    exchange = send_answer(
        VerifiedRequest(request, Unauthenticated(HOST)),
        vp_token or PRESENTED,
        ephemeral=P256Key.fresh(),
        random_bytes=seeded(seed),
    )
    delivery = run(exchange, peer)
    (sent,) = peer.asked
    assert (sent.method, sent.url, sent.max_bytes) == ("POST", RESPONSE_URI, MAX_ANSWER)
    return delivery, form_of(sent)


def test_a_clear_answer_is_posted_as_a_form():
    delivery, form = answered(asked_in_clear())
    assert delivery == Delivered(None)
    assert read_response_form(form, response_mode=DIRECT_POST, key=None) == AuthorizationResponse(
        PRESENTED, asked().state
    )


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
def test_an_encrypted_answer_is_for_the_key_of_this_request(enc):
    metadata = ClientMetadata((EncryptionKey("k9", RESPONSE_KEY.public_key),), (enc,))
    _, form = answered(asked(client_metadata=metadata))
    assert set(form) == {"response"}
    jwe = Jwe.from_compact(form["response"])
    assert (jwe.kid, jwe.enc) == ("k9", enc)
    assert decrypt_jwe(jwe, RESPONSE_KEY) == encode_json({"vp_token": {"pid": ["eyJ.e.s~"]}, "state": asked().state})
    key = ResponseKey("k9", RESPONSE_KEY, (enc,))
    assert read_response_form(form, response_mode=DIRECT_POST_JWT, key=key) == AuthorizationResponse(
        PRESENTED, asked().state
    )


def test_every_answer_is_encrypted_afresh():
    (_, first), (_, second) = answered(asked(), seed=1), answered(asked(), seed=2)
    assert Jwe.from_compact(first["response"]).epk != Jwe.from_compact(second["response"]).epk


def test_an_answer_never_goes_in_clear_where_encryption_was_asked():
    """T165."""
    peer = Peer({RESPONSE_URI: THANKS})
    unencryptable = VerifiedRequest(asked(client_metadata=None), Unauthenticated(HOST))
    with pytest.raises(InvalidRequest):
        run(send_answer(unencryptable, PRESENTED, ephemeral=P256Key.fresh(), random_bytes=seeded()), peer)
    assert peer.asked == []


@pytest.mark.parametrize(
    "vp_token",
    [
        pytest.param({}, id="T168 empty"),
        pytest.param({"pid": ()}, id="T168 nothing for a query"),
        pytest.param({"pid": ("a",), "card": ("b",)}, id="T169 something that was not asked"),
        pytest.param({"card": ("b",)}, id="T169 something else"),
    ],
)
def test_an_answer_to_something_else_is_our_mistake(vp_token):
    peer = Peer({RESPONSE_URI: THANKS})
    with pytest.raises(ValueError, match="an answer"):
        run(
            send_answer(
                accept_plain_request(asked_in_clear(UNSIGNED)),
                vp_token,
                ephemeral=P256Key.fresh(),
                random_bytes=seeded(),
            ),
            peer,
        )
    assert peer.asked == []


@pytest.mark.parametrize(
    "url",
    ["https://verifier.example/cb#response_code=091535f699ea575c7937fa5f0f454aee", "http://rp.localhost/done?x=1"],
)
def test_the_user_goes_on_where_the_verifier_says(url):
    delivery, _ = answered(asked(), peer=Peer({RESPONSE_URI: served({"redirect_uri": url, "more": 1})}))
    assert delivery == Delivered(url)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Unreachable("nobody answers"), id="T172 nobody answers"),
        pytest.param(served({}, status=500), id="T172 500"),
        pytest.param(served({"error": "invalid_request"}, status=400), id="T172 400"),
        pytest.param(served({}, status=204), id="T172 204"),
        pytest.param(HttpResponse(307, (("location", RESPONSE_URI),), b""), id="T172 redirect"),
        pytest.param(served("<html>", media_type="text/html"), id="T172 HTML"),
        pytest.param(served("{"), id="T172 no JSON"),
        pytest.param(served([]), id="T172 no object"),
        pytest.param(served({"redirect_uri": "javascript:alert(1)"}), id="T172 javascript"),
        pytest.param(served({"redirect_uri": "http://verifier.example/"}), id="T172 http"),
        pytest.param(served({"redirect_uri": "https://a.example/" + "a" * 100_000}), id="T172 100 kB"),
        pytest.param(served({"redirect_uri": None}), id="T172 null"),
    ],
)
def test_what_became_of_an_answer_may_be_unknown(answer):
    delivery, _ = answered(asked(), peer=Peer({RESPONSE_URI: answer}))
    assert isinstance(delivery, Uncertain)
    assert delivery.reason


@pytest.mark.parametrize("request_", [asked(), asked_in_clear()], ids=["encryption asked", "clear"])
def test_the_user_can_say_no_and_that_is_never_encrypted(request_):
    peer = Peer({RESPONSE_URI: THANKS})
    found = replace(verified(honest()), request=request_)
    assert run(send_error(found, AccessDenied("the user said no")), peer) == Delivered(None)
    assert told(peer) == {"error": "access_denied", "error_description": "the user said no", "state": asked().state}
    key = ResponseKey("k1", RESPONSE_KEY) if request_.response_mode == DIRECT_POST_JWT else None
    error = read_response_form(told(peer), response_mode=request_.response_mode, key=key)
    assert error == ErrorResponse("access_denied", "the user said no", asked().state)


def test_an_error_says_no_state_where_there_was_none():
    peer = Peer({RESPONSE_URI: THANKS})
    run(send_error(accept_plain_request(asked_in_clear(UNSIGNED, state=None)), AccessDenied("no")), peer)
    assert told(peer) == {"error": "access_denied", "error_description": "no"}


def test_the_user_goes_on_after_an_error_too():
    peer = Peer({RESPONSE_URI: served({"redirect_uri": "https://verifier.example/no"})})
    assert run(send_error(verified(honest()), AccessDenied("no")), peer) == Delivered("https://verifier.example/no")


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
