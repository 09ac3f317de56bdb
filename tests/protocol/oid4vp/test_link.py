"""Links and QR codes that begin a presentation: by reference, by value, plain; anything else is refused."""

import contextlib
import json
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocol.errors import InvalidRequest, InvalidRequestUriMethod, Malformed, ProtocolError, TooLarge
from protocol.oid4vp.client_id import ClientId
from protocol.oid4vp.link import (
    MAX_LINK,
    PlainRequest,
    RequestByReference,
    RequestByValue,
    RequestUriMethod,
    read_link,
)
from protocol.oid4vp.request import DIRECT_POST, DIRECT_POST_JWT, VerifierInfo
from tests.protocol.oid4vp.samples import (
    HASH,
    QUERY,
    REQUEST_URI,
    RESPONSE_URI,
    UNSIGNED,
    asked,
    asked_in_clear,
    honest,
)
from tests.support.cases import cases

WALLETS = [
    "openid4vp://",
    "openid4vp:",
    "haip-vp://",
    "eu-eaap://",
    "https://wallet.example/present",
    "openid4vp://authorize",
]
REFERENCE = RequestByReference(HASH, REQUEST_URI, RequestUriMethod.POST)
PLAIN = {
    "response_type": "vp_token",
    "response_mode": "direct_post",
    "client_id": str(UNSIGNED),
    "response_uri": RESPONSE_URI,
    "nonce": "n-0S6_WzA2Mj",
    "dcql_query": json.dumps(QUERY),
}


def link(wallet="openid4vp://", **parameters):
    return f"{wallet}?{urlencode(parameters, quote_via=quote)}"


def plain(text):
    """What a plain link asks."""
    read = read_link(text)
    assert isinstance(read, PlainRequest)
    return read.request


def parameters_of(text):
    return dict(parse_qsl(urlsplit(text).query, strict_parsing=True))


@pytest.mark.parametrize("wallet", [*WALLETS, "https://wallet.example/?lang=de", "http://wallet.localhost:8080/"])
@pytest.mark.parametrize(
    "request_link",
    [
        REFERENCE,
        RequestByReference(HASH, REQUEST_URI),
        RequestByValue(HASH, honest(asked(HASH))),
        PlainRequest(asked_in_clear(UNSIGNED)),
        PlainRequest(
            asked(UNSIGNED, verifier_info=(VerifierInfo("jwt", "e.y.J", ("pid",)),), transaction_data=("e30",))
        ),
    ],
    ids=["POST", "GET", "value", "plain", "plain with all"],
)
def test_a_link_comes_back_as_it_was_made(request_link, wallet):
    text = request_link.to_link(wallet)
    assert text.startswith(wallet)
    assert read_link(text) == request_link


def test_a_link_by_reference_says_no_more_than_it_must():
    assert parameters_of(REFERENCE.to_link()) == {
        "client_id": str(HASH),
        "request_uri": REQUEST_URI,
        "request_uri_method": "post",
    }
    assert parameters_of(RequestByReference(HASH, REQUEST_URI).to_link()) == {
        "client_id": str(HASH),
        "request_uri": REQUEST_URI,
    }


def test_objects_travel_in_a_plain_link_as_json_text():
    parameters = parameters_of(PlainRequest(asked(UNSIGNED)).to_link())
    assert json.loads(parameters["dcql_query"]) == QUERY
    assert json.loads(parameters["client_metadata"])["jwks"]["keys"][0]["kid"] == "k1"
    assert parameters["response_mode"] == DIRECT_POST_JWT


def test_what_a_link_by_reference_says_besides_does_not_count():
    """§5.10.2: only the parameters in the request object are used."""
    text = link(client_id=str(HASH), request_uri=REQUEST_URI, nonce="other", response_uri="https://attacker.example")
    assert read_link(text) == RequestByReference(HASH, REQUEST_URI)


def test_unknown_parameters_are_ignored():
    """T205."""
    assert read_link(link(**PLAIN, client_id_scheme="x", x="")) == PlainRequest.from_parameters(PLAIN)


def test_the_place_may_go_without_saying_where_it_is_the_client():
    """§5.9.3."""
    without = {name: value for name, value in PLAIN.items() if name != "response_uri"}
    assert read_link(link(**without)) == read_link(link(**PLAIN))
    assert plain(link(**without)).response_uri == RESPONSE_URI


def test_a_plain_request_is_what_its_parameters_say():
    read = plain(link(**PLAIN))
    assert (read.client_id, read.response_uri, read.response_mode, read.nonce, read.state) == (
        UNSIGNED,
        RESPONSE_URI,
        DIRECT_POST,
        "n-0S6_WzA2Mj",
        None,
    )


@cases("oid4vp/link.json", "refuse")
def test_a_broken_link_is_refused(case):
    with pytest.raises(InvalidRequest) as refusal:
        read_link(case["link"])
    assert case["reason"] in refusal.value.description


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"dcql_query": "{"}, id="no JSON"),
        pytest.param({"dcql_query": "{}"}, id="no query"),
        pytest.param({"dcql_query": json.dumps({**QUERY, "a": 1})[:-1] + ',"a":2}'}, id="a member twice"),
        pytest.param({"client_metadata": "[]"}, id="metadata is no object"),
        pytest.param({"client_metadata": "\ud800"}, id="metadata is no text"),
        pytest.param({"transaction_data": "x"}, id="transaction data is no JSON"),
        pytest.param({"response_mode": "fragment"}, id="another response mode"),
        pytest.param({"nonce": ""}, id="T161 no nonce"),
        pytest.param({"response_uri": "https://attacker.example/"}, id="T163 another place"),
        pytest.param({"redirect_uri": RESPONSE_URI}, id="T162 both places"),
    ],
)
def test_a_broken_plain_request_is_refused(changes):
    with pytest.raises(ProtocolError):
        PlainRequest.from_parameters({**PLAIN, **changes})


@pytest.mark.parametrize(
    "client_id", [str(HASH), "x509_san_dns:verifier.example", "decentralized_identifier:did:web:a"]
)
def test_a_client_that_must_sign_cannot_ask_in_a_plain_link(client_id):
    """T160."""
    with pytest.raises(InvalidRequest, match="signed"):
        read_link(link(**{**PLAIN, "client_id": client_id}))
    with pytest.raises(ValueError, match="signed"):
        PlainRequest(asked(HASH)).to_link()


def test_our_own_plain_request_has_a_nonce_of_128_bits():
    """T191."""
    with pytest.raises(ValueError, match="128 bits"):
        PlainRequest(asked_in_clear(UNSIGNED, nonce="n" * 21)).to_link()


@pytest.mark.parametrize("method", ["GET", "Post", "put", "", " post", "p\u00f6st"])
def test_a_method_is_get_or_post(method):
    with pytest.raises(InvalidRequestUriMethod) as refusal:
        read_link(link(client_id=str(HASH), request_uri=REQUEST_URI, request_uri_method=method))
    assert refusal.value.code == "invalid_request_uri_method"


def test_a_link_has_a_cap():
    with pytest.raises(TooLarge):
        read_link(link(client_id=str(HASH), request_uri=REQUEST_URI, x="a" * MAX_LINK))
    read_link(link(client_id=str(HASH), request="a" * 50_000))


def test_too_many_parameters_are_refused():
    with pytest.raises(InvalidRequest):
        read_link(link(client_id=str(HASH), request_uri=REQUEST_URI, **{f"x{i}": "1" for i in range(63)}))
    read_link(link(client_id=str(HASH), request_uri=REQUEST_URI, **{f"x{i}": "1" for i in range(62)}))


def test_an_address_of_a_wallet_has_a_cap():
    with pytest.raises(ValueError, match="too long"):
        REFERENCE.to_link("https://wallet.example/" + "a" * 2048)


NAMES = st.sampled_from([*PLAIN, "request", "request_uri", "request_uri_method", "client_metadata", "transaction_data"])
VALUES = st.text(max_size=30) | st.sampled_from([*PLAIN.values(), "post", REQUEST_URI, str(HASH), "[]", "{}", "null"])


@settings(max_examples=100)
@given(st.dictionaries(NAMES, VALUES))
def test_no_parameters_escape_the_error_family(parameters):
    encoded = urlencode({name: value.encode("utf-8", "surrogatepass") for name, value in parameters.items()})
    with contextlib.suppress(ProtocolError):
        read_link(f"openid4vp://?{encoded}")
    with contextlib.suppress(ProtocolError):
        PlainRequest.from_parameters(parameters)


@settings(max_examples=100)
@given(st.text() | st.text(max_size=40).map("openid4vp://?{}".format))
@example("openid4vp://[?client_id=x")
@example("http://[::1]?client_id=x")
@example("openid4vp://?client_id=%ff")
@example("openid4vp://?client_id=\ud800")
def test_no_link_escapes_the_error_family(text):
    with contextlib.suppress(ProtocolError):
        read_link(text)


def test_a_read_method_is_the_one_that_was_written():
    read = read_link(link(client_id=str(HASH), request_uri=REQUEST_URI, request_uri_method="get"))
    assert read == RequestByReference(ClientId.from_text(str(HASH)), REQUEST_URI, RequestUriMethod.GET)


def test_the_address_of_a_request_is_https():
    """T164."""
    for uri in (
        "http://verifier.example/1",
        "ftp://verifier.example/1",
        "https://u@verifier.example/1",
        "",
        "https://",
    ):
        with pytest.raises(InvalidRequest):
            read_link(link(client_id=str(HASH), request_uri=uri))
    with pytest.raises(Malformed):
        PlainRequest.from_parameters({**PLAIN, "client_id": "redirect_uri:http://verifier.example/"})
