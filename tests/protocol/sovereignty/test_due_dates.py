from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.fields import MAX_TIME
from protocol.sovereignty.due_dates import add_months, first_due, last_due


def at(year, month, day, *clock):
    return int(datetime.combine(date(year, month, day), time(*clock), tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        pytest.param((2026, 11, 28, 15, 30), 1, (2026, 12, 28, 15, 30), id="the same day"),
        pytest.param((2026, 12, 5, 0, 0), 1, (2027, 1, 5, 0, 0), id="into the next year"),
        pytest.param((2027, 1, 31, 23, 59), 1, (2027, 2, 28, 23, 59), id="a month without that day"),
        pytest.param((2028, 1, 31, 9, 0), 1, (2028, 2, 29, 9, 0), id="a leap year"),
        pytest.param((2027, 11, 30, 9, 0), 3, (2028, 2, 29, 9, 0), id="three months"),
        pytest.param((2027, 2, 28, 9, 0), 1, (2027, 3, 28, 9, 0), id="the last day is no rule"),
    ],
)
def test_months_are_those_of_the_calendar(start, months, end):
    assert add_months(at(*start), months) == at(*end)


def test_nothing_is_later_than_dates_can_say():
    assert add_months(MAX_TIME, 1) == MAX_TIME


@given(st.integers(0, MAX_TIME - 100 * 86_400))
def test_a_month_is_28_to_31_days_and_three_are_more(time):
    assert 28 * 86_400 <= first_due(time) - time <= 31 * 86_400
    assert 89 * 86_400 <= last_due(time) - time <= 92 * 86_400


@given(st.integers(0, MAX_TIME), st.integers(0, MAX_TIME))
def test_who_came_later_is_not_due_sooner(one, other):
    assert (first_due(one) <= first_due(other)) or one > other
