"""Exchanges: written straight down, driven by anybody."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, ProtocolError, TooLarge, Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run, send

REQUEST = HttpRequest("GET", "https://a.example")


def answer(body=b"{}", content_type="application/json", status=200):
    headers = () if content_type is None else (("content-type", content_type),)
    return HttpResponse(status, headers, body)


def test_an_exchange_yields_what_it_needs_and_gets_the_outcome():
    seen = []

    def ask_twice():
        first = yield from send(REQUEST)
        second = yield from send(HttpRequest("POST", "https://b.example", body=first.body))
        return first.status, second.status

    def perform(effect):
        seen.append(effect)
        return answer(status=200 + len(seen))

    assert run(ask_twice(), perform) == (201, 202)
    assert [(effect.method, effect.url, effect.body) for effect in seen] == [
        ("GET", "https://a.example", b""),
        ("POST", "https://b.example", b"{}"),
    ]


def test_an_exchange_that_needs_nothing_has_a_result_at_once():
    def nothing():
        yield from ()
        return 7

    assert run(nothing(), lambda _: None) == 7


def test_an_effect_that_fails_is_raised_inside_and_may_be_caught():
    def careful():
        try:
            yield from send(REQUEST)
        except Unreachable:
            response = yield from send(HttpRequest("GET", "https://b.example"))
            return response.status

    def perform(effect):
        if effect == REQUEST:
            raise Unreachable("away")
        return answer()

    assert run(careful(), perform) == 200
    with pytest.raises(Unreachable):
        run(send(REQUEST), perform)


def test_a_failure_that_is_caught_may_end_the_exchange():
    def careful():
        try:
            yield from send(REQUEST)
        except Unreachable:
            return "without"

    def perform(_):
        raise Unreachable("away")

    assert run(careful(), perform) == "without"


def test_a_mistake_of_the_driver_is_no_error_of_a_peer():
    def perform(_):
        raise KeyError("ours")

    with pytest.raises(KeyError):
        run(send(REQUEST), perform)
    with pytest.raises(TypeError):
        run(send(REQUEST), lambda _: b"{}")


def test_the_first_header_of_a_name_counts():
    response = HttpResponse(200, (("dpop-nonce", "1"), ("dpop-nonce", "2")), b"")
    assert response.header("dpop-nonce") == "1"
    assert response.header("location") is None


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [("Application/JSON ; charset=utf-8", "application/json"), (None, ""), ("", ""), (";", ""), ("a/b", "a/b")],
)
def test_a_media_type_has_no_parameters_and_no_capitals(content_type, media_type):
    assert answer(content_type=content_type).media_type() == media_type


@pytest.mark.parametrize("content_type", ["application/json", "application/json;charset=utf-8", "application/did+json"])
def test_json_is_read_where_it_says_so(content_type):
    assert answer(b'{"a":1}', content_type).json("metadata") == {"a": 1}


@pytest.mark.parametrize(
    "content_type", [None, "", "text/html", "text/json", "application/jsonp", "json", "application/jwt"]
)
def test_json_is_not_guessed(content_type):  # T212
    with pytest.raises(Malformed, match="not served as JSON"):
        answer(b'{"a":1}', content_type).json("metadata")


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'{"a":', b'{"a":1,"a":2}'])
def test_a_body_that_is_no_json_is_refused(body):  # T212
    with pytest.raises(Malformed):
        answer(body).json("metadata")


def test_a_body_beyond_its_cap_is_refused():
    with pytest.raises(TooLarge):
        answer(b'{"a":1}').json("metadata", max_bytes=6)


@given(st.binary(max_size=30), st.text(max_size=30))
def test_no_response_escapes_the_error_family(body, content_type):
    with contextlib.suppress(ProtocolError):
        answer(body, content_type).json("metadata")
