"""Durations, and how long something is kept."""

import contextlib
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed
from protocol.fields import MAX_TIME, Fields
from protocol.sovereignty.durations import Duration, Retention
from tests.support.pki import DAY, NOW


def duration(text):
    return Duration.from_text(text, "x")


def at(text):
    return int(datetime.datetime.fromisoformat(text + "Z").timestamp())


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("P90D", "2027-01-01T10:00:00", "2027-04-01T10:00:00"),
        ("P1D", "2027-01-01T10:00:00", "2027-01-02T10:00:00"),
        ("P2W", "2027-01-01T10:00:00", "2027-01-15T10:00:00"),
        ("P1M", "2027-01-31T10:00:00", "2027-02-28T10:00:00"),
        ("P10Y", "2028-02-29T00:00:00", "2038-02-28T00:00:00"),
        ("P1Y2M3DT4H5M6S", "2027-01-01T00:00:00", "2028-03-04T04:05:06"),
        ("PT12H", "2027-01-01T00:00:00", "2027-01-01T12:00:00"),
    ],
)
def test_a_duration_has_passed(text, start, end):
    assert duration(text).after(at(start)) == at(end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1",
        "1D",
        "-P1D",
        "P-1D",
        "P1.5D",
        "p1d",
        "P1DT",
        "P1W1D",
        "P1D1M",
        "P12345D",
        " P1D",
        "P1D\n",
        "P١D",
        None,
        5,
        [],
    ],
)
def test_anything_else_is_none(text):
    with pytest.raises(Malformed):
        duration(text)


def test_no_duration_goes_beyond_dates():
    assert duration("P9999Y").after(NOW) == MAX_TIME
    assert duration("P9999D").after(MAX_TIME) == MAX_TIME


def retention(value):
    return Retention.from_fields(Fields({"retention": value}, "receipt"), "retention")


@pytest.mark.parametrize("value", ["none", "P1Y", {"from": {"de": "Ende", "en": "the end"}, "for": "P10Y"}])
def test_retention_is_read_as_it_was_written(value):
    assert retention(value).to_value() == value


def test_when_data_are_gone():
    assert retention("none").ends(NOW) == NOW
    assert retention("P1D").ends(NOW) == NOW + DAY
    event = retention({"from": {"en": "the end"}, "for": "P1D"})
    assert event.ends(NOW) is None
    assert event.ends_earliest(NOW) == NOW + DAY


@given(st.text(max_size=20))
def test_no_text_leaves_the_error_family(text):
    with contextlib.suppress(Malformed):
        assert duration(text).text == text
