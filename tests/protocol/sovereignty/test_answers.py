"""Answers for a form: extras, ignored wherever anything about them is wrong, that go encrypted to those who take them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import JsonObject
from protocol.fields import Fields
from protocol.oid4vp.request import ClientMetadata, without_cockpit
from protocol.oid4vp.response import AuthorizationResponse
from protocol.sovereignty.answers import (
    ANSWERS,
    MAX_TOTAL,
    TAKES_ANSWERS,
    announce_answers,
    announced_answers,
    answers_member,
    fitting,
    read_answers_member,
)
from protocol.sovereignty.form import MAX_FIELDS, Form
from tests.support.strategies import json_values

FORM = Form.from_fields(
    Fields(
        {
            "type": "object",
            "properties": {
                "iban": {"type": "string", "minLength": 15, "title": {"en": "Account"}},
                "months": {"type": "integer", "maximum": 14, "title": {"en": "Months"}},
                "alone": {"type": "boolean", "title": {"en": "Alone"}},
            },
        },
        "form",
    )
)
IBAN = "DE02120300000000202051"
NAMES: list[object] = [
    None,
    "iban",
    [],
    ["iban", "iban"],
    ["iban", 7],
    ["i ban"],
    [f"f{n}" for n in range(MAX_FIELDS + 1)],
]
ODD: list[object] = [
    None,
    [],
    {},
    {"iban": None},
    {"iban": [IBAN]},
    {"iban": {"a": 1}},
    {"i ban": IBAN},
    {"iban": IBAN, "months": []},
    {"iban": "x" * 10_001},
    {"iban": "a\x00b"},
    {"months": 10**16},
    {"months": float("nan")},
    {f"f{n}": "x" for n in range(MAX_FIELDS + 1)},
    {f"f{n}": "x" * 10_000 for n in range(MAX_TOTAL // 10_000 + 1)},
]


def test_a_request_announces_the_questions_whose_answers_it_takes():
    metadata = ClientMetadata.from_dict(ClientMetadata(takes_answers=("iban", "months")).to_dict())
    assert metadata.takes_answers == ("iban", "months")
    assert TAKES_ANSWERS not in ClientMetadata().to_dict()


@pytest.mark.parametrize("value", NAMES, ids=range(len(NAMES)))
def test_an_announcement_that_cannot_be_read_is_none(value):
    assert announced_answers({TAKES_ANSWERS: value}) == ()


def test_nothing_is_announced_that_nobody_would_read():
    for names in ([], ["iban", "iban"], ["i ban"]):
        with pytest.raises(ValueError, match="takes answers"):
            announce_answers(names)


def test_an_unsigned_request_takes_none():
    bare = without_cockpit(ClientMetadata(takes_answers=("iban",)))
    assert bare is not None
    assert bare.takes_answers == ()


def test_answers_stand_next_to_the_presentations_and_never_in_a_clear_form():
    answers: JsonObject = {"iban": IBAN, "months": 12, "alone": True}
    response = AuthorizationResponse({"pid": ("x",)}, "state", answers=answers)
    assert AuthorizationResponse.from_dict(response.to_dict()).answers == answers
    assert IBAN not in str(response.to_form())
    assert ANSWERS not in AuthorizationResponse({"pid": ("x",)}).to_dict()


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_odd_answers_are_ignored_and_the_presentation_counts(value):
    """T246."""
    read = AuthorizationResponse.from_dict({"vp_token": {"pid": ["x"]}, ANSWERS: value})
    assert read.answers == {}
    assert read.vp_token == {"pid": ("x",)}


def test_none_are_sent_that_nobody_would_read():
    for odd in ({}, {"iban": None}, {"i ban": IBAN}):
        with pytest.raises(ValueError, match="answers are"):
            answers_member(odd)


def test_only_answers_to_what_is_asked_and_taken_are_kept():
    came: JsonObject = {"iban": IBAN, "months": 15, "alone": True, "other": "x"}
    assert fitting(came, FORM, ("iban", "months")) == {"iban": IBAN}
    assert fitting(came, FORM, ("months", "alone", "other")) == {"alone": True}


@given(st.one_of(json_values, st.dictionaries(st.sampled_from(["iban", "months", "alone"]), json_values)))
def test_whatever_comes_reading_it_never_fails(value):
    read = read_answers_member({ANSWERS: value})
    assert read == {} or answers_member(read) == {ANSWERS: value}
    fitting(read, FORM, ("iban", "months", "alone"))
