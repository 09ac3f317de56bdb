"""A register behind an address: it is asked once for each person, and trouble of its own never looks like an answer."""

import pytest

from issuer.register import MAX_RECORD, HttpRegister, Person, address_of
from protocol.encoding import encode_json
from protocol.errors import CredentialRequestDenied, TooLarge, Unavailable, Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run

URL = "https://register.example/people"
JSON = (("content-type", "application/json"),)
RECORD = {"given_name": "Erika", "address": {"locality": "Seestadt"}}


def fetch(answer, subject="m-1", key="secret"):
    """The record, and the requests that were sent for it."""
    sent = []

    def perform(effect):
        sent.append(effect)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return run(HttpRegister(URL, key).fetch(subject), perform), sent


def test_a_person_is_asked_for_by_id_and_key():
    record, sent = fetch(HttpResponse(200, JSON, encode_json(RECORD)))
    headers = (("accept", "application/json"), ("authorization", "Bearer secret"))
    assert record == RECORD
    assert sent == [HttpRequest("GET", f"{URL}/m-1", headers, max_bytes=MAX_RECORD)]


def test_without_a_key_none_is_sent():
    _, [request] = fetch(HttpResponse(200, JSON, encode_json(RECORD)), key="")
    assert request.headers == (("accept", "application/json"),)


@pytest.mark.parametrize(
    ("subject", "path"),
    [
        ("../admin", "..%2Fadmin"),
        ("a?b=c#d", "a%3Fb%3Dc%23d"),
        ("Müller 1", "M%C3%BCller%201"),
        ("a\r\nhost: b", "a%0D%0Ahost%3A%20b"),
        ("%2e%2e", "%252e%252e"),
    ],
)
def test_an_id_stays_one_step_of_the_address(subject, path):
    _, [request] = fetch(HttpResponse(200, JSON, encode_json(RECORD)), subject)
    assert request.url == f"{URL}/{path}"


@pytest.mark.parametrize("subject", ["", ".", "..", "a" * 201])
def test_an_id_that_is_none_is_not_asked_for(subject):
    with pytest.raises(CredentialRequestDenied):
        fetch(AssertionError("nothing may be sent"), subject)


@pytest.mark.parametrize("status", [404, 410])
def test_a_person_that_the_register_does_not_know_is_denied(status):
    """T142: also one that was deleted between two requests."""
    with pytest.raises(CredentialRequestDenied):
        fetch(HttpResponse(status, JSON, b"{}"))


@pytest.mark.parametrize(
    "answer",
    [
        Unreachable("no answer in time"),
        TooLarge("response", "is larger"),
        HttpResponse(500, JSON, b"{}"),
        HttpResponse(503, (), b""),
        HttpResponse(401, JSON, b"{}"),
        HttpResponse(301, (("location", "https://elsewhere.example"),), b""),
        HttpResponse(204, JSON, b""),
        HttpResponse(200, (("content-type", "text/html"),), b"{}"),
        HttpResponse(200, (), b"{}"),
        HttpResponse(200, JSON, b"{"),
        HttpResponse(200, JSON, b"[]"),
        HttpResponse(200, JSON, b'{"a": 1, "a": 2}'),
        HttpResponse(200, JSON, b'{"a": "' + b"x" * MAX_RECORD + b'"}'),
    ],
    ids=lambda answer: str(getattr(answer, "status", "")) + str(getattr(answer, "body", answer))[:20],
)
def test_trouble_of_the_register_is_no_answer_and_can_be_tried_again(answer):
    with pytest.raises(Unavailable) as refusal:
        fetch(answer)
    assert refusal.value.status == 503
    assert "secret" not in str(refusal.value)


def search(answer, text, limit=20):
    """The people that a register behind an address finds."""
    return run(HttpRegister(URL, "secret").search(text, limit), lambda _: answer)


def test_a_person_of_a_register_by_address_is_found_by_the_exact_id_alone():
    found = search(HttpResponse(200, JSON, encode_json({**RECORD, "family_name": "Gabler"})), "m-1")
    assert found == (Person("m-1", "Erika Gabler", ""),)
    assert search(HttpResponse(404, JSON, b"{}"), "Erika") == ()
    assert not HttpRegister(URL, "").finds_names
    with pytest.raises(Unavailable):
        search(HttpResponse(500, JSON, b"{}"), "m-1")


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        ({"street_address": "Allee 1", "postal_code": "00815", "locality": "Lindenau"}, ("Allee 1", "00815 Lindenau")),
        ({"street_address": "Lindenallee 12", "locality": "Lindenau"}, ("Lindenallee 12", "Lindenau")),
        ({"formatted": "Lindenallee 12, 00815 Lindenau"}, ("Lindenallee 12", "00815 Lindenau")),
        ({"formatted": "Am Anger 3\nLindenau"}, ("Am Anger 3", "Lindenau")),
        ({"locality": "Lindenau"}, ()),
        ({"street_address": 7, "formatted": ["x"]}, ()),
        ("Lindenau", ()),
        (None, ()),
    ],
)
def test_a_letter_s_address_has_as_many_lines_as_the_register_knows(address, lines):
    assert address_of({"address": address}) == lines
