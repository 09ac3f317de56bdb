"""Asking for a request object: by GET, by POST with a nonce, and by POST with anything or nothing."""

import contextlib
import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import InvalidRequest, ProtocolError, Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from protocol.oid4vp.link import RequestByReference, RequestUriMethod
from protocol.oid4vp.request import MAX_NONCE
from protocol.oid4vp.request_object import MEDIA_TYPE
from protocol.oid4vp.request_uri import RequestOver, RequestUriForm, read_request_object, request_object_request
from tests.protocol.oid4vp.samples import HASH, REQUEST_URI, request_object, served

FORM = RequestUriForm("qPmxiNFCR3QTm19POc8u", {"vp_formats_supported": {"dc+sd-jwt": {"sd-jwt_alg_values": ["ES256"]}}})
GET = RequestByReference(HASH, REQUEST_URI)
POST = RequestByReference(HASH, REQUEST_URI, RequestUriMethod.POST)


def test_by_get_nothing_travels_but_the_question():
    """T164: and no more than the cap comes back."""
    request = request_object_request(GET, FORM)
    assert request == HttpRequest("GET", REQUEST_URI, (("accept", MEDIA_TYPE),), max_bytes=128 * 1024)


def test_by_post_the_wallet_says_its_nonce_and_what_it_can_do():
    """The example of OID4VP 1.0 §5.10."""
    request = request_object_request(POST, FORM)
    assert (request.method, request.url, request.max_bytes) == ("POST", REQUEST_URI, 128 * 1024)
    assert dict(request.headers) == {"accept": MEDIA_TYPE, "content-type": "application/x-www-form-urlencoded"}
    form = dict(parse_qsl(request.body.decode("ascii"), strict_parsing=True))
    assert form["wallet_nonce"] == "qPmxiNFCR3QTm19POc8u"
    assert json.loads(form["wallet_metadata"]) == FORM.wallet_metadata
    assert RequestUriForm.from_form(form) == RequestUriForm("qPmxiNFCR3QTm19POc8u")


def test_whatever_a_wallet_can_say_may_stay_unsaid():
    assert RequestUriForm().to_form() == {}
    assert RequestUriForm("n").to_form() == {"wallet_nonce": "n"}
    assert RequestUriForm(wallet_metadata={}).to_form() == {"wallet_metadata": "{}"}


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({}, id="empty"),
        pytest.param({"wallet_nonce": ""}, id="an empty nonce"),
        pytest.param({"wallet_metadata": "{"}, id="metadata that is no JSON"),
        pytest.param({"a": "", "client_id": "x", "state": "1"}, id="loose fields"),
    ],
)
def test_a_loose_form_is_a_question_too(form):
    assert RequestUriForm.from_form(form) == RequestUriForm()


def test_a_nonce_that_is_too_long_is_refused_and_never_cut():
    assert RequestUriForm.from_form({"wallet_nonce": "n" * MAX_NONCE}).wallet_nonce == "n" * MAX_NONCE
    with pytest.raises(InvalidRequest):
        RequestUriForm.from_form({"wallet_nonce": "n" * (MAX_NONCE + 1)})


def test_the_token_is_taken_as_it_is_served():
    assert read_request_object(request_object("a.b.c")) == "a.b.c"
    assert read_request_object(request_object("a.b.c", media_type=f"{MEDIA_TYPE}; charset=utf-8")) == "a.b.c"


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(request_object("a.b.c", status=404), id="T164 404"),
        pytest.param(request_object("a.b.c", status=500), id="T164 500"),
        pytest.param(request_object("a.b.c", status=201), id="T164 201"),
        pytest.param(HttpResponse(302, (("location", "https://attacker.example/"),), b""), id="T164 redirect"),
        pytest.param(HttpResponse(307, (("content-type", MEDIA_TYPE),), b"a.b.c"), id="T164 redirect with a token"),
        pytest.param(served("a.b.c", media_type="application/jwt"), id="T164 another media type"),
        pytest.param(served("a.b.c", media_type="text/html"), id="T164 HTML"),
        pytest.param(served("a.b.c", media_type=""), id="T164 no media type"),
        pytest.param(HttpResponse(200, (), b"a.b.c"), id="T164 no header"),
        pytest.param(request_object("a.b.\u00e9"), id="T164 no token"),
    ],
)
def test_any_other_answer_is_refused(response):
    with pytest.raises(InvalidRequest, match="request_uri"):
        read_request_object(response)


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from(["wallet_nonce", "wallet_metadata", "x"]), st.text(max_size=20)),
    st.builds(HttpResponse, st.integers(0, 999), st.just((("content-type", MEDIA_TYPE),)), st.binary(max_size=20)),
)
def test_no_input_escapes_the_error_family(form, response):
    with contextlib.suppress(ProtocolError):
        RequestUriForm.from_form(form)
    with contextlib.suppress(ProtocolError):
        read_request_object(response)


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_any_more_is_told_apart(status):
    with pytest.raises(RequestOver, match=f"^request_uri: answered with status {status}$"):
        read_request_object(request_object("a.b.c", status=status))


@pytest.mark.parametrize("status", [429, 503])
def test_who_has_too_much_to_do_may_be_asked_again(status):
    with pytest.raises(Unreachable):
        read_request_object(request_object("a.b.c", status=status))
