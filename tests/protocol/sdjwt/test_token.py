"""Tokens and disclosures are taken apart; another shape or size is refused."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import encode_base64url
from protocol.errors import Malformed, ProtocolError, TooLarge
from protocol.jws import MAX_TOKEN
from protocol.sdjwt.disclosure import MAX_DISCLOSURE, Disclosure
from protocol.sdjwt.token import MAX_DISCLOSURES, MAX_SD_JWT, SdJwt
from tests.protocol.sdjwt.samples import hidden, issued, presented, raw, read
from tests.support.bounds import BOUNDED

NAME = hidden("given_name", "Erika")
ELEMENT = hidden(None, "DE")
JWT = issued().split("~", 1)[0]


def test_a_token_is_taken_apart():
    text = presented(("given_name",), ("nationalities", 0))
    token = read(text)
    assert {(d.name, d.value) for d in token.disclosures} == {("given_name", "Erika"), (None, "DE")}
    assert token.presented + token.kb_jwt.raw == token.raw
    assert token.presented.endswith("~")
    assert token.jws.raw == text.split("~")[0]


def test_without_key_binding_everything_is_presented():
    token = read(issued())
    assert token.kb_jwt is None
    assert token.presented == token.raw


@pytest.mark.parametrize(
    "text",
    [
        "",
        "~",
        JWT,
        f"{JWT}~~",
        f"{JWT}~~{NAME}~",
        f"{JWT}~{NAME}",
        f"~{NAME}~",
        f"{JWT}~ {NAME}~",
        f"{JWT}~{NAME}~\n",
        f"{JWT}~{NAME}=~",
        f"{JWT}~{NAME}~{JWT}~",
        f"{JWT}.x~",
        f"{JWT.rsplit('.', 1)[0]}~",
        f"{JWT}~ü~",
        f"{JWT}~\ud800~",
    ],
    ids=range(15),
)
def test_another_shape_is_refused(text):  # T015
    with pytest.raises(Malformed):
        SdJwt.from_text(text)


def test_a_disclosure_sent_twice_is_refused():  # T032
    with pytest.raises(Malformed, match="twice"):
        SdJwt.from_text(f"{JWT}~{NAME}~{ELEMENT}~{NAME}~")


def test_a_token_over_the_cap_is_refused():  # T018
    with pytest.raises(TooLarge, match=str(MAX_SD_JWT)):
        SdJwt.from_text("a" * (MAX_SD_JWT + 1))
    with pytest.raises(TooLarge, match=str(MAX_TOKEN)):
        SdJwt.from_text("a" * (MAX_TOKEN + 1) + "~")
    with pytest.raises(Malformed, match=str(MAX_DISCLOSURE)):
        Disclosure.from_text("a" * (MAX_DISCLOSURE + 1))


@pytest.mark.parametrize("count", [MAX_DISCLOSURES + 1, 50_000])
def test_too_many_disclosures_are_refused_at_once(count):  # T036
    started = time.process_time()
    with pytest.raises(TooLarge):
        SdJwt.from_text(f"{JWT}~" + "!~" * count)
    assert time.process_time() - started < BOUNDED


@pytest.mark.parametrize(
    "text",
    [
        "",
        raw(),
        raw("salt"),
        raw("salt", "name", 1, 2),
        raw(1, "name", 1),
        raw(None, "value"),
        raw("salt", 1, "value"),
        raw("salt", None, "value"),
        raw("salt", ["name"], "value"),
        encode_base64url(b'{"salt":"a","name":1}'),
        encode_base64url(b'"salt"'),
        encode_base64url(b'["salt","name",1'),
        encode_base64url(b'["salt","name",NaN]'),
        encode_base64url(b'["salt","name",{"a":1,"a":2}]'),
        encode_base64url(b'["salt","name","\\ud800"]'),
        encode_base64url(b'\xef\xbb\xbf["salt","name",1]'),
        encode_base64url(b'["salt","name",' + b"9" * 100_000 + b"]")[:MAX_DISCLOSURE],
        encode_base64url(b"[" * 10_000 + b"]" * 10_000),
        hidden("a", 1) + "=",
        hidden("a", 1) + "A",
        " " + hidden("a", 1),
    ],
    ids=range(21),
)
def test_a_disclosure_of_another_shape_is_refused(text):  # T015, T016
    with pytest.raises(Malformed):
        Disclosure.from_text(text)


@pytest.mark.parametrize("name", ["_sd", "..."])
def test_a_disclosure_cannot_pose_as_machinery(name):  # T029
    with pytest.raises(Malformed, match="no claim may have"):
        Disclosure.from_text(hidden(name, ["x"]))


def test_deep_json_is_refused_quickly():  # T016
    started = time.process_time()
    with pytest.raises(ProtocolError):
        Disclosure.from_text(encode_base64url(b'["s","n",' + b"[" * 10_000 + b"]" * 10_000 + b"]"))
    assert time.process_time() - started < BOUNDED


@given(st.text(alphabet="ABCDwyIi_-.~=\x00 ü", max_size=60) | st.text(max_size=60))
def test_no_text_escapes_the_error_family(text):
    for token in (text, f"{JWT}~{text}", f"{text}~{NAME}~", f"{JWT}~{text}~"):
        with contextlib.suppress(ProtocolError):
            SdJwt.from_text(token)
