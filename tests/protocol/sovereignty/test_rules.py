import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import JsonObject
from protocol.errors import Malformed, ProtocolError, TooLarge
from protocol.fields import Fields
from protocol.sovereignty.rules import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_SOURCES,
    MAX_VALUE,
    MAX_VALUES,
    Combination,
    Condition,
    CredentialType,
    Junction,
    read_date,
    read_rule,
)
from tests.support.strategies import almost, json_values

BECAUSE = {"de": "Sie sind volljährig", "en": "You are of age"}
PLACE: JsonObject = {"vct": "urn:eudi:pid:1", "path": ["birthdate"]}
CLAIM: JsonObject = {"any": [PLACE]}
OF_AGE: JsonObject = {"claim": CLAIM, "is": "age_at_least", "value": 18, "because": BECAUSE}
ELSEWHERE = {"any": [{"doctype": "org.iso.18013.5.1.mDL", "path": ["org.iso.18013.5.1", "driving_privileges", None]}]}
GOOD: list[JsonObject] = [
    OF_AGE,
    {"claim": {"as": "child", "about": "represented", **CLAIM}, "is": "age_below", "value": 1, "because": BECAUSE},
    {"claim": ELSEWHERE, "is": "exists", "because": BECAUSE},
    {"claim": CLAIM, "is": "equals", "value": True, "because": BECAUSE},
    {"claim": CLAIM, "is": "one_of", "value": ["a", 1, 2.5, False], "because": BECAUSE},
    {"claim": CLAIM, "is": "at_least", "value": 1.5, "because": BECAUSE},
    {"claim": CLAIM, "is": "at_most", "value": -3, "because": BECAUSE},
    {"claim": CLAIM, "is": "age_below", "value": 150, "because": BECAUSE},
    {"claim": CLAIM, "is": "age_at_least", "value": 0, "because": BECAUSE},
    {"claim": CLAIM, "is": "equals", "value": "x" * MAX_VALUE, "because": BECAUSE},
    {"claim": {"any": [{"doctype": "a", "path": ["ns", "element"]}]}, "is": "exists", "because": BECAUSE},
    {"claim": CLAIM, "is": "before", "value": "2024-02-29", "because": BECAUSE},
    {"claim": CLAIM, "is": "after", "value": "0001-01-01", "because": BECAUSE},
    {"all": [OF_AGE, {"not": OF_AGE, "because": BECAUSE}, {"any": [OF_AGE]}]},
]


def read(value):
    return read_rule(Fields({"eligible": value}, "service"), "eligible")


def nested(depth):
    """A rule of as many levels."""
    return OF_AGE if depth == 1 else {"not": nested(depth - 1)}


@pytest.mark.parametrize("rule", GOOD)
def test_a_rule_that_is_read_is_written_as_it_was(rule):
    assert read(rule).to_dict() == rule
    assert read(read(rule).to_dict()) == read(rule)


def test_unknown_members_are_ignored():
    assert read({**OF_AGE, "later": 1, "claim": {**CLAIM, "later": 2}}).to_dict() == OF_AGE


def test_what_says_the_default_is_left_out():
    assert read({**OF_AGE, "claim": {"about": "self", **CLAIM}}).to_dict() == OF_AGE


def test_types_of_the_two_formats_are_told_apart():
    found = read({"claim": {"any": [PLACE, *ELSEWHERE["any"]]}, "is": "exists", "because": BECAUSE})
    assert isinstance(found, Condition)
    assert [source.type for source in found.claim.any] == [
        CredentialType("dc+sd-jwt", "urn:eudi:pid:1"),
        CredentialType("mso_mdoc", "org.iso.18013.5.1.mDL"),
    ]


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"is": "likes"}, "is"),
        ({"is": ...}, "is"),
        ({"because": ...}, "because"),
        ({"because": {}}, "because"),
        ({"because": {"en": "<b>now</b>"}}, "because.en"),
        ({"value": ...}, "value"),
        ({"value": "18"}, "value"),
        ({"value": True}, "value"),
        ({"value": 18.0}, "value"),
        ({"value": -1}, "value"),
        ({"value": 151}, "value"),
        ({"is": "exists"}, "value"),
        ({"is": "exists", "value": None}, "value"),
        ({"is": "equals", "value": ["a"]}, "value"),
        ({"is": "equals", "value": {}}, "value"),
        ({"is": "equals", "value": "x" * 1025}, "value"),
        ({"is": "one_of", "value": "a"}, "value"),
        ({"is": "one_of", "value": []}, "value"),
        ({"is": "one_of", "value": ["a", None]}, "value[1]"),
        ({"is": "one_of", "value": ["a"] * (MAX_VALUES + 1)}, "value"),
        ({"is": "at_least", "value": "1"}, "value"),
        ({"is": "at_most", "value": True}, "value"),
        ({"is": "before", "value": "2023-02-29"}, "value"),
        ({"is": "after", "value": "20230228"}, "value"),
        ({"is": "after", "value": "2023-02-28T00:00:00Z"}, "value"),
        ({"claim": {}}, "claim.any"),
        ({"claim": {"any": [{"path": ["a"]}]}}, "claim.any[0]"),
        ({"claim": {"any": [{"vct": "a", "doctype": "a", "path": ["a"]}]}}, "claim.any[0]"),
        ({"claim": {"any": [{"vct": "a", "path": []}]}}, "claim.any[0].path"),
        ({"claim": {"any": [{"vct": "a", "path": [None]}]}}, "claim.any[0].path"),
        ({"claim": {"any": [{"vct": "a", "path": ["a", -1]}]}}, "claim.any[0].path[1]"),
        ({"claim": {"any": [{"doctype": "a", "path": ["ns"]}]}}, "claim.any[0].path"),
        ({"claim": {"any": [{"doctype": "a", "path": ["ns", None]}]}}, "claim.any[0].path"),
        ({"claim": {"any": [PLACE] * 2}}, "claim.any"),
        ({"claim": {"any": [{"vct": str(i), "path": ["a"]} for i in range(MAX_SOURCES + 1)]}}, "claim.any"),
        ({"claim": {"as": "my child", **CLAIM}}, "claim.as"),
        ({"claim": {"as": "c" * 65, **CLAIM}}, "claim.as"),
        ({"claim": {"about": "neighbour", **CLAIM}}, "claim.about"),
        ({"all": [OF_AGE]}, ""),
    ],
)
def test_a_broken_condition_is_refused_by_name(changes, at):
    rule = {name: value for name, value in {**OF_AGE, **changes}.items() if value is not ...}
    with pytest.raises(Malformed) as refusal:
        read(rule)
    assert refusal.value.at == f"service.eligible.{at}".removesuffix(".")


@pytest.mark.parametrize(
    "rule", [{}, {"all": []}, {"any": OF_AGE}, {"not": [OF_AGE]}, {"all": [OF_AGE], "not": OF_AGE}]
)
def test_a_combination_is_one_thing_and_has_something_in_it(rule):
    with pytest.raises(Malformed):
        read(rule)


def test_a_rule_may_be_as_deep_and_as_large_as_its_caps_and_no_more():
    assert read(nested(MAX_DEPTH))
    assert read({"all": [OF_AGE] * (MAX_NODES - 1)})
    for bomb in (
        nested(MAX_DEPTH + 1),
        {"all": [OF_AGE] * MAX_NODES},
        {"any": [{"all": [OF_AGE] * 100}, {"all": [OF_AGE] * 100}]},
    ):
        with pytest.raises(TooLarge):
            read(bomb)


def test_a_rule_that_contains_itself_is_refused():
    rule: JsonObject = {}
    rule["all"] = [OF_AGE, rule]
    with pytest.raises(TooLarge):
        read(rule)


@pytest.mark.parametrize("text", ["2027-1-5", "2027-13-01", "0000-01-01", "٢٠٢٧-٠١-٠١", "2027-W01-1", 20270101, None])
def test_what_is_no_full_date_is_none(text):
    assert read_date(text) is None


@given(st.one_of(json_values, almost(OF_AGE), almost(CLAIM).map(lambda claim: {**OF_AGE, "claim": claim})))
def test_no_rule_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        assert read(read(value).to_dict()) == read(value)


def test_a_combination_keeps_its_sentence():
    found = read(GOOD[-1])
    assert isinstance(found, Combination)
    assert found.junction is Junction.ALL
    assert [bool(one.because) for one in found.rules] == [True, True, False]
