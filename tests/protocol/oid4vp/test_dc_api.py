"""What pages and wallets send each other through the browser, and to whom an answer belongs."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given

from protocol.errors import AccessDenied, InvalidRequest, ProtocolError
from protocol.exchange import run
from protocol.keys import P256Key
from protocol.oid4vp.dc_api import DcApiRequest, answer_data, check_origin, error_data, read_answer_data
from protocol.oid4vp.request import DC_API, DC_API_JWT, ClientMetadata, VerifierInfo
from protocol.oid4vp.response import AuthorizationResponse, ErrorResponse, ResponseKey
from protocol.oid4vp.verify import VerificationPolicy, verify_response
from tests.protocol.oid4vp.page_side import ORIGIN, page_asks, page_asks_in_clear, unsigned, without
from tests.protocol.oid4vp.samples import METADATA, NONCE, RESPONSE_KEY, STRANGER, Peer
from tests.protocol.oid4vp.verifier_side import ANCHORS, VALID, lines, refused, shown
from tests.support.pki import NOW, seeded
from tests.support.strategies import json_values

KEY = ResponseKey("k1", RESPONSE_KEY, ("A128GCM", "A256GCM"))
TOKEN = {"pid": ("eyJ.e.s~",)}
INFO = VerifierInfo("registration_cert", "eyJ.e.s")


def answered(request=None, vp_token=None):
    """The data that a wallet hands to the browser."""
    return answer_data(request or page_asks(), vp_token or TOKEN, ephemeral=P256Key.fresh(), random_bytes=seeded(8))


def not_read(data, response_mode=DC_API_JWT, key=KEY):
    with pytest.raises(ProtocolError) as refusal:
        read_answer_data(data, response_mode=response_mode, key=key)
    assert type(refusal.value) is InvalidRequest
    return refusal.value.description


# The request


def test_an_unsigned_request_reads_as_it_was_written():
    request = page_asks(verifier_info=(INFO,), transaction_data=("eyJ",))
    data = unsigned(request)
    assert DcApiRequest.from_unsigned(data, ORIGIN) == request
    assert set(data) == {
        "response_type",
        "response_mode",
        "nonce",
        "dcql_query",
        "client_metadata",
        "transaction_data",
        "verifier_info",
    }
    assert DcApiRequest.from_unsigned(unsigned(page_asks_in_clear()), ORIGIN) == page_asks_in_clear()


def test_who_an_unsigned_request_says_that_it_is_counts_for_nothing():
    """T167: the origin is the platform's, and what the request says of it or of a client is ignored."""
    said = {
        "client_id": "x509_hash:somebody",
        "expected_origins": ["https://evil.example"],
        "origin": "https://evil.example",
    }
    request = DcApiRequest.from_unsigned({**unsigned(), **said, "state": 5}, ORIGIN)
    assert request == page_asks()
    assert (request.client_id, request.audience, request.state) == (None, "origin:https://verifier.example", None)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"nonce": ...}, id="T161 no nonce"),
        pytest.param({"nonce": ""}, id="T161 empty nonce"),
        pytest.param({"nonce": "ü" * 22}, id="T161 nonce outside ASCII"),
        pytest.param({"nonce": "n" * 1025}, id="T161 long nonce"),
        pytest.param({"response_mode": "direct_post.jwt"}, id="another way back"),
        pytest.param({"response_mode": ...}, id="no way back"),
        pytest.param({"response_type": "code"}, id="another response type"),
        pytest.param({"dcql_query": ...}, id="no question"),
        pytest.param({"scope": "pid"}, id="a scope"),
        pytest.param({"client_metadata": "k"}, id="metadata that is no object"),
        pytest.param({"verifier_info": {}}, id="verifier_info that is no array"),
        pytest.param({"transaction_data": "eyJ"}, id="transaction data that is no array"),
    ],
)
def test_a_broken_request_is_refused(changes):
    with pytest.raises(ProtocolError):
        DcApiRequest.from_unsigned(without({**unsigned(), **changes}), ORIGIN)


@given(json_values)
def test_no_request_and_no_answer_escapes_the_error_family(value):
    for data in (value, {**unsigned(), "client_metadata": value}, {**unsigned(), "verifier_info": value}):
        with contextlib.suppress(ProtocolError):
            DcApiRequest.from_unsigned(data, ORIGIN)
    for data in (value, {"vp_token": value}, {"response": value}, {"error": value}):
        for mode, key in ((DC_API, None), (DC_API_JWT, KEY)):
            with contextlib.suppress(ProtocolError):
                read_answer_data(data, response_mode=mode, key=key)


@pytest.mark.parametrize(
    "origin",
    [
        "https://verifier.example",
        "https://verifier.example:8443",
        "https://xn--bcherei-n2a.example",
        "http://localhost:8000",
        "http://library.localhost",
        "https://[2001:db8::1]",
    ],
)
def test_an_origin_of_a_page_is_known(origin):
    check_origin(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://verifier.example",
        "ftp://verifier.example",
        "ws://verifier.example",
        "wss://verifier.example",
        "javascript://verifier.example",
        "data:text/html,x",
        "android:apk-key-hash:abc",
        "https://verifier.example/",
        "https://verifier.example/page",
        "https://verifier.example?x",
        "https://verifier.example#x",
        "https://Verifier.example",
        "HTTPS://verifier.example",
        "https://user@verifier.example",
        "https://verifier.example:443",
        "http://localhost:80",
        "https://",
        "origin:https://verifier.example",
        "https://verifier.example https://evil.example",
    ],
)
def test_what_is_no_origin_of_a_page_is_refused(origin):
    """T167"""
    with pytest.raises(InvalidRequest):
        check_origin(origin)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"nonce": "n" * 21}, id="T191 a nonce that could be guessed"),
        pytest.param({"client_metadata": None}, id="no key to encrypt to"),
        pytest.param({"client_metadata": ClientMetadata()}, id="metadata without a key"),
    ],
)
def test_a_request_that_we_owe_more_is_our_mistake(changes):
    with pytest.raises(ValueError, match=r"128 bits|key of the request"):
        page_asks(**changes).to_unsigned()


# The answer


def test_an_encrypted_answer_reads_as_it_was_written():
    data = answered()
    assert list(data) == ["response"]
    found = read_answer_data(data, response_mode=DC_API_JWT, key=KEY)
    assert found == AuthorizationResponse(TOKEN)


def test_a_clear_answer_reads_as_it_was_written():
    data = answered(page_asks_in_clear())
    assert data == {"vp_token": {"pid": ["eyJ.e.s~"]}}
    assert read_answer_data(data, response_mode=DC_API, key=None) == AuthorizationResponse(TOKEN)


def test_a_state_means_nothing_here():
    data = {"vp_token": {"pid": ["eyJ.e.s~"]}, "state": "somebody's"}
    assert read_answer_data(data, response_mode=DC_API, key=None) == AuthorizationResponse(TOKEN)
    token = AuthorizationResponse(TOKEN, "somebody's").encrypted(
        METADATA.encryption_keys[0], "A256GCM", P256Key.fresh(), seeded(8)
    )
    assert read_answer_data({"response": token}, response_mode=DC_API_JWT, key=KEY) == AuthorizationResponse(TOKEN)


@pytest.mark.parametrize(("mode", "key"), [(DC_API, None), (DC_API_JWT, KEY)])
def test_an_error_says_its_code_and_nothing_else(mode, key):
    """T193"""
    assert error_data(AccessDenied("Erika said no")) == {"error": "access_denied"}
    found = read_answer_data({"error": "access_denied", "error_description": "Erika"}, response_mode=mode, key=key)
    assert found == ErrorResponse("access_denied")
    assert read_answer_data({"error": "<script>"}, response_mode=mode, key=key) == ErrorResponse("other")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"vp_token": {"pid": ["eyJ.e.s~"]}}, id="T180 in clear"),
        pytest.param({"vp_token": {"pid": ["eyJ.e.s~"]}, **answered()}, id="T180 both"),
        pytest.param({"response": "eyJ.e.s.t.u"}, id="T181 no token"),
        pytest.param({"response": 5}, id="T181 no text"),
        pytest.param({"response": answered()["response"][:-4] + "AAAA"}, id="T181 altered"),
        pytest.param({}, id="nothing"),
        pytest.param([], id="no object"),
        pytest.param("text", id="a text"),
        pytest.param({"error": 5}, id="an error that is no text"),
    ],
)
def test_what_is_no_encrypted_answer_is_refused(data):
    not_read(data)


def test_an_answer_for_another_key_is_refused_with_the_words_of_every_other():
    """T181"""
    wrong = not_read(answered(), key=ResponseKey("k1", STRANGER, ("A128GCM", "A256GCM")))
    other = not_read(answered(), key=replace(KEY, kid="k2"))
    assert wrong == other == "response: cannot be decrypted"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(answered(), id="encrypted though nobody asked"),
        pytest.param({"vp_token": []}, id="T176 no object"),
        pytest.param({"vp_token": {}}, id="T176 empty"),
        pytest.param({"vp_token": {"pid": "eyJ.e.s~"}}, id="T176 text instead of a list"),
        pytest.param({"vp_token": {"pid": []}}, id="T176 empty list"),
        pytest.param({}, id="nothing"),
    ],
)
def test_what_is_no_clear_answer_is_refused(data):
    not_read(data, DC_API, None)


@pytest.mark.parametrize(("mode", "key"), [(DC_API, KEY), (DC_API_JWT, None)])
def test_a_key_belongs_to_encrypted_answers(mode, key):
    with pytest.raises(ValueError, match="a key belongs to"):
        read_answer_data({}, response_mode=mode, key=key)


def test_nothing_leaves_in_clear_where_encryption_was_asked():
    """T165"""
    for metadata in (None, ClientMetadata(), ClientMetadata(METADATA.encryption_keys, ("A128CBC-HS256",))):
        with pytest.raises(InvalidRequest):
            answered(page_asks(client_metadata=metadata))


# What an answer is bound to


def found(presentation, request=None):
    exchange = verify_response(
        AuthorizationResponse({"pid": (presentation,)}),
        request or page_asks(),
        anchors=ANCHORS,
        policy=VerificationPolicy(),
        status_of=VALID,
        now=NOW,
    )
    return run(exchange, Peer())


def test_an_answer_made_for_the_origin_is_accepted():
    good = found(shown(audience=f"origin:{ORIGIN}"))
    assert (good.accepted, lines(good)) == (True, "+++++++")
    assert good.claims["pid"][0]["given_name"] == "Erika"


@pytest.mark.parametrize(
    "audience",
    [
        ORIGIN,
        "origin:https://evil.example",
        "origin:https://verifier.example/",
        "origin:https://verifier.example:443",
        "web-origin:https://verifier.example",
        "x509_san_dns:verifier.example",
    ],
)
def test_an_answer_made_for_somebody_else_is_refused(audience):
    """T167"""
    assert refused(found(shown(audience=audience)))[2] == "-"


def test_an_answer_to_another_page_view_is_refused():
    assert refused(found(shown(audience=f"origin:{ORIGIN}", nonce="x" + NONCE)))[2] == "-"


def test_a_state_is_no_answer_to_a_page():
    with pytest.raises(InvalidRequest, match="no open request"):
        run(
            verify_response(
                AuthorizationResponse({"pid": (shown(audience=f"origin:{ORIGIN}"),)}, "some-state"),
                page_asks(),
                anchors=ANCHORS,
                policy=VerificationPolicy(),
                status_of=VALID,
                now=NOW,
            ),
            Peer(),
        )
