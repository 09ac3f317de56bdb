"""Every value is what its type declares, or is refused with its place and without being repeated."""

import contextlib
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.claim_declarations import read_claim
from issuer.values import MAX_PICTURE, Kind, ValueRule, is_at_least, read_birthdate
from protocol.errors import Malformed, ProtocolError
from protocol.fields import Fields
from tests.support.cases import cases
from tests.support.pki import DAY, NOW

PLAIN = [kind for kind in Kind if kind not in (Kind.OBJECT, Kind.ARRAY)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def rule(claim):
    return read_claim(Fields({"path": ["x"], "label": {"en": "X"}, **claim}, "claim")).rule


@cases("issuer/values.json", "accept")
def test_a_value_of_its_type_is_taken_as_it_is(case):
    assert rule(case["claim"]).check(case["value"], "x") is case["value"]


@cases("issuer/values.json", "refuse")
def test_any_other_value_is_refused_by_its_place(case):
    with pytest.raises(Malformed) as refusal:
        rule(case["claim"]).check(case["value"], "address.locality")
    assert refusal.value.at == "address.locality"


@pytest.mark.parametrize("kind", PLAIN)
def test_a_value_of_ten_megabytes_is_refused_and_not_repeated(kind):
    """T145, T259."""
    marker = "MARKER" * 2_000_000
    for value in (marker, f"data:image/jpeg;base64,{marker}"):
        with pytest.raises(Malformed) as refusal:
            ValueRule(kind).check(value, "x")
        assert "MARKER" not in str(refusal.value)


def test_a_picture_may_be_as_large_as_a_disclosure_holds_and_no_larger():
    head = "data:image/jpeg;base64,/9j/"
    fitting = head + "A" * ((MAX_PICTURE - len(head)) // 4 * 4)
    ValueRule(Kind.PICTURE).check(fitting, "x")
    with pytest.raises(Malformed, match="at most"):
        ValueRule(Kind.PICTURE).check(fitting + "AAAA", "x")


@pytest.mark.parametrize("kind", [Kind.OBJECT, Kind.ARRAY])
def test_what_holds_others_has_no_value_of_its_own(kind):
    with pytest.raises(TypeError):
        ValueRule(kind).check({}, "x")


@given(st.sampled_from(PLAIN), JSON)
def test_no_value_leaves_the_error_family(kind, value):
    with contextlib.suppress(ProtocolError):
        ValueRule(kind).check(value, "x")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.TEXT, "00815", "00815"),
        (Kind.TEXT, "true", "true"),
        (Kind.DATE, "2024-02-29", "2024-02-29"),
        (Kind.INTEGER, "0", 0),
        (Kind.INTEGER, "-17", -17),
        (Kind.BOOLEAN, "true", True),
        (Kind.BOOLEAN, "false", False),
    ],
)
def test_a_cell_of_a_table_is_read_as_its_type_says(kind, text, value):
    read = ValueRule(kind).from_text(text, "x")
    assert read == value
    assert type(read) is type(value)


@given(st.sampled_from(PLAIN), st.text(max_size=30))
def test_no_cell_leaves_the_error_family(kind, text):
    with contextlib.suppress(ProtocolError):
        ValueRule(kind).from_text(text, "x")


@pytest.mark.parametrize(
    ("birthdate", "years", "day", "reached"),
    [
        ("2009-01-15", 18, 0, True),  # the birthday itself, NOW being 15 January 2027
        ("2009-01-16", 18, 0, False),
        ("2009-01-16", 18, 1, True),
        ("2009", 18, 0, False),  # the last day that the year can mean
        ("2008", 18, 0, True),
        ("2027-06-01", 1, 0, False),  # not even born
        ("2008-02-29", 19, 44, False),  # 28 February 2027
        ("2008-02-29", 19, 45, True),  # 1 March
        ("0001-01-01", 150, 0, True),
    ],
)
def test_an_age_is_reached_on_the_birthday_and_not_before(birthdate, years, day, reached):
    assert is_at_least(read_birthdate(birthdate, "x"), years, now=NOW + day * DAY) is reached


@given(st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2026, 12, 31)), st.integers(1, 149))
def test_who_has_reached_an_age_has_reached_every_younger_one(birthdate, years):
    if is_at_least(birthdate, years + 1, now=NOW):
        assert is_at_least(birthdate, years, now=NOW)
