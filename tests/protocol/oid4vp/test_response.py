"""Answers on their way: read strictly, encrypted where that was asked, one refusal for what cannot be opened."""

import contextlib
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import decode_base64url, encode_base64url, encode_json
from protocol.errors import InvalidRequest, Malformed, ProtocolError
from protocol.jwe import encrypt_jwe
from protocol.keys import P256Key
from protocol.oid4vp.request import DIRECT_POST, DIRECT_POST_JWT, EncryptionKey
from protocol.oid4vp.response import (
    AuthorizationResponse,
    ErrorResponse,
    ResponseAccepted,
    ResponseKey,
    peek_key_id,
    read_response_form,
)
from tests.support.vectors import read_vector

KEY = P256Key.generate(os.urandom)
RESPONSE_KEY = ResponseKey("k1", KEY)
ANSWER = AuthorizationResponse({"pid": ("eyJ.e.s~",), "x": ({"@context": "c"},)}, "state-1")
SMALL_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda value: st.lists(value, max_size=3) | st.dictionaries(st.text(max_size=5), value, max_size=3),
    max_leaves=8,
)


def clear(form):
    return read_response_form(form, response_mode=DIRECT_POST, key=None)


def encrypted(form):
    return read_response_form(form, response_mode=DIRECT_POST_JWT, key=RESPONSE_KEY)


def sealed(members, *, enc="A256GCM", kid="k1", key=KEY, extra=None):
    payload = members if isinstance(members, bytes) else encode_json(members)
    return {
        "response": encrypt_jwe(
            payload, key.public_key, enc=enc, kid=kid, ephemeral=P256Key.fresh(), random_bytes=os.urandom, extra=extra
        ),
    }


def test_a_clear_answer_comes_back_from_its_form():
    assert clear(ANSWER.to_form()) == ANSWER


def test_an_encrypted_answer_comes_back_from_its_form():
    form = ANSWER.to_encrypted_form(EncryptionKey("k1", KEY.public_key), "A128GCM", P256Key.fresh(), os.urandom)
    assert list(form) == ["response"]
    assert peek_key_id(form) == "k1"
    assert encrypted(form) == ANSWER


def test_the_example_of_the_specification_is_read():
    vector = read_vector("openid4vp/encrypted-response.json")
    key = ResponseKey("ac", P256Key.from_jwk(vector["private_jwk"]))
    read = read_response_form({"response": vector["jwe"]}, response_mode=DIRECT_POST_JWT, key=key)
    assert isinstance(read, AuthorizationResponse)
    assert read.to_dict() == vector["expected_payload"]


def test_an_answer_without_state_has_none():
    answer = AuthorizationResponse({"pid": ("a",)})
    assert clear(answer.to_form()) == answer
    assert "state" not in answer.to_form()


@pytest.mark.parametrize(
    "vp_token",
    [
        pytest.param([], id="T176 an array"),
        pytest.param("eyJ.e.s~", id="T176 a text"),
        pytest.param(None, id="T176 null"),
        pytest.param({}, id="T176 empty"),
        pytest.param({"pid": "eyJ.e.s~"}, id="T176 text instead of list"),
        pytest.param({"pid": []}, id="T176 empty list"),
        pytest.param({"pid": [""]}, id="T176 empty presentation"),
        pytest.param({"pid": [{}]}, id="T176 empty object"),
        pytest.param({"pid": [1]}, id="T176 a number"),
        pytest.param({"pid": [None]}, id="T176 a null"),
        pytest.param({"pid": ["a"] * 33}, id="T176 too many presentations"),
        pytest.param({str(i): ["a"] for i in range(65)}, id="T176 too many queries"),
        pytest.param({"p d": ["a"]}, id="T176 an id that no query can have"),
        pytest.param({"": ["a"]}, id="T176 an empty id"),
        pytest.param({"pid": ["a" * (256 * 1024 + 1)]}, id="T176 a presentation too large"),
    ],
)
def test_a_token_of_another_shape_is_refused(vp_token):
    with pytest.raises(InvalidRequest):
        clear({"vp_token": json.dumps(vp_token)})
    with pytest.raises(InvalidRequest):
        encrypted(sealed({"vp_token": vp_token}))


@pytest.mark.parametrize("text", ["", "{", '{"pid":["a"],"pid":["b"]}', "\ud800", "x" * (1 << 21)])
def test_a_token_that_is_no_json_is_refused(text):
    """T176, T182."""
    with pytest.raises(ProtocolError):
        clear({"vp_token": text})


def test_a_form_without_an_answer_is_refused():
    for form in ({}, {"state": "s"}, {"response": ""}):
        with pytest.raises(InvalidRequest):
            clear(form)
        with pytest.raises(InvalidRequest):
            encrypted(form)


def test_unknown_fields_are_ignored():
    """T182."""
    assert clear({**ANSWER.to_form(), "presentation_submission": "{", "x": ""}) == ANSWER
    assert encrypted({**sealed(ANSWER.to_dict()), "x": "1"}) == ANSWER
    assert encrypted(sealed({**ANSWER.to_dict(), "x": 1})) == ANSWER


def test_a_clear_answer_is_refused_where_encryption_was_asked():
    """T180."""
    with pytest.raises(InvalidRequest):
        encrypted(ANSWER.to_form())
    with pytest.raises(InvalidRequest):
        encrypted({**ANSWER.to_form(), **sealed(ANSWER.to_dict())})


def test_an_encrypted_answer_is_refused_where_none_was_asked():
    with pytest.raises(InvalidRequest):
        clear({**sealed(ANSWER.to_dict()), **ANSWER.to_form()})


def test_the_key_goes_with_the_mode():
    for mode, key in ((DIRECT_POST_JWT, None), (DIRECT_POST, RESPONSE_KEY)):
        with pytest.raises(ValueError, match="key"):
            read_response_form(ANSWER.to_form(), response_mode=mode, key=key)


def altered(form):
    head, _, iv, text, tag = form["response"].split(".")
    raw = decode_base64url(tag)
    return {"response": f"{head}..{iv}.{text}.{encode_base64url(bytes((raw[0] ^ 1,)) + raw[1:])}"}


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(sealed(ANSWER.to_dict(), kid="k2"), id="T181 unknown kid"),
        pytest.param(sealed(ANSWER.to_dict(), kid=None), id="T181 no kid"),
        pytest.param(sealed(ANSWER.to_dict(), key=P256Key.generate(os.urandom)), id="T181 key of another session"),
        pytest.param(sealed(ANSWER.to_dict(), extra={"cty": "JWT"}), id="T181 wrong cty"),
        pytest.param(altered(sealed(ANSWER.to_dict())), id="T181 broken tag"),
        pytest.param(sealed(b"[]"), id="T181 no object inside"),
        pytest.param(sealed(b"\xff"), id="T181 no text inside"),
        pytest.param(sealed(b"eyJhbGciOiJFUzI1NiJ9.e30.AA"), id="T181 a signed token inside"),
        pytest.param({"response": "a.b.c.d.e"}, id="T181 no token"),
        pytest.param({"response": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AA.AA.AA"}, id="T181 alg not offered"),
    ],
)
def test_what_cannot_be_opened_has_one_reason(form):
    with pytest.raises(InvalidRequest) as refusal:
        encrypted(form)
    assert refusal.value.to_dict() == {
        "error": "invalid_request",
        "error_description": "response: cannot be decrypted",
    }


def test_an_enc_that_was_not_offered_has_the_same_reason():
    """T181."""
    key = ResponseKey("k1", KEY, encs=("A256GCM",))
    with pytest.raises(InvalidRequest, match="response: cannot be decrypted"):
        read_response_form(sealed(ANSWER.to_dict(), enc="A128GCM"), response_mode=DIRECT_POST_JWT, key=key)


def test_nothing_shows_a_key_id_where_there_is_none():
    assert peek_key_id({}) is None
    assert peek_key_id({"response": "x"}) is None


def test_an_error_is_read_in_clear_and_encrypted():
    """T193."""
    error = ErrorResponse("access_denied", "no thanks", "s")
    assert clear(error.to_form()) == encrypted(error.to_form()) == error
    assert encrypted(sealed(error.to_form())) == error


def test_an_error_of_nobody_becomes_other_and_its_text_short_and_plain():
    """T193."""
    error = clear({"error": "<script>", "error_description": "<b>\x07\u202e" + "x" * 1_000_000})
    assert error.error == "other"
    assert error.error_description.startswith("<b>  xxx")
    assert len(error.error_description) == 300


def test_an_error_without_words_travels_as_its_code():
    assert ErrorResponse("access_denied").to_form() == {"error": "access_denied"}


def test_an_answer_beside_an_error_counts_as_an_answer():
    assert clear({**ANSWER.to_form(), "error": "access_denied"}) == ANSWER


@pytest.mark.parametrize(
    "url", [None, "https://rp.example/done?x=1", "https://rp.example/cb#response_code=09a", "http://rp.localhost/done"]
)
def test_where_the_user_goes_on_comes_back(url):
    accepted = ResponseAccepted(url)
    assert ResponseAccepted.from_dict({**accepted.to_dict(), "more": 1}) == accepted


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("javascript:alert(1)", id="T172 javascript"),
        pytest.param("http://rp.example/", id="T172 http"),
        pytest.param("intent://rp.example/", id="T172 other scheme"),
        pytest.param("https://rp.example/" + "a" * 100_000, id="T172 too long"),
        pytest.param("https://user@rp.example/", id="T172 user"),
        pytest.param("https://rp.example/#<script>", id="T172 characters"),
        pytest.param("", id="T172 empty"),
        pytest.param(1, id="T172 number"),
        pytest.param(None, id="T172 null"),
    ],
)
def test_nowhere_else_is_opened(url):
    with pytest.raises(Malformed):
        ResponseAccepted.from_dict({"redirect_uri": url})


@settings(max_examples=80)
@given(SMALL_JSON)
def test_no_value_escapes_the_error_family(value):
    for read in (AuthorizationResponse.from_dict, ErrorResponse.from_dict, ResponseAccepted.from_dict):
        with contextlib.suppress(ProtocolError):
            read(value)
    with contextlib.suppress(ProtocolError):
        encrypted(sealed(value))


@settings(max_examples=80)
@given(st.dictionaries(st.sampled_from(["vp_token", "response", "error", "state", "x"]), st.text(max_size=20)))
def test_no_form_escapes_the_error_family(form):
    with contextlib.suppress(ProtocolError):
        clear(form)
    with contextlib.suppress(ProtocolError):
        encrypted(form)
