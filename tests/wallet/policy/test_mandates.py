"""From when until when a mandate is good."""

import pytest

from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.usage import HOUR
from tests.support.pki import DAY, NOW
from wallet.policy.mandates import times_of

LONG = NOW + 1000 * DAY


def test_a_mandate_is_good_for_a_year_from_the_full_hour():
    assert times_of(NOW + 61, LONG) == (NOW, add_months(NOW, 12))


def test_it_ends_no_later_than_the_log_of_its_document_and_by_the_hour():
    assert times_of(NOW + 61, NOW + DAY + 1799) == (NOW, NOW + DAY)


@pytest.mark.parametrize(("minute", "other"), [(0, HOUR - 1), (61, 1800)])
def test_what_was_given_within_one_hour_does_not_tell_when(minute, other):
    assert times_of(NOW + minute, LONG) == times_of(NOW + other, LONG)
    assert times_of(NOW, NOW + DAY + minute) == times_of(NOW, NOW + DAY + other)
