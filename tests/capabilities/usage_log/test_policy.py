"""When a block is due: every hour once, also after a night without anybody, and with a clock that was wrong."""

import pytest

from capabilities.usage_log.policy import CLOCKS, MAX_MISSED, due_block, is_over, is_set_back, next_log, seconds_left
from protocol.sovereignty.usage import HOUR
from tests.support.pki import NOW

NEW_YEAR = 1_798_761_600  # 2027-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        pytest.param(0, NOW + 5, NOW, id="the first of all"),
        pytest.param(NOW, NOW, None, id="just appended"),
        pytest.param(NOW, NOW + HOUR - 1, None, id="until the hour is full"),
        pytest.param(NOW, NOW + HOUR, NOW + HOUR, id="the hour is full"),
        pytest.param(NOW, NOW + 5 * HOUR + 7, NOW + HOUR, id="missed hours, the oldest first"),
        pytest.param(NOW, NOW + 1000 * HOUR, NOW + (1000 - MAX_MISSED) * HOUR, id="no more than can be made up for"),
        pytest.param(NOW, NOW - 1, None, id="a clock that is a little behind"),
        pytest.param(NOW, NOW - CLOCKS, None, id="as far behind as two clocks may be"),
        pytest.param(NOW, NOW - CLOCKS - 1, NOW - HOUR, id="a clock that was put right"),
    ],
)
def test_a_block_is_due(last, now, due):
    assert due_block(last, now) == due


def test_every_hour_has_one_block_however_often_somebody_looks():
    last, found = NOW, []
    for now in range(NOW, NOW + 5 * HOUR, 37):
        while (due := due_block(last, now)) is not None:
            found.append(due)
            last = due
    assert found == [NOW + n * HOUR for n in range(1, 5)]


def test_the_block_of_midnight_belongs_to_the_old_year():
    assert next_log(NEW_YEAR - 1) == "2026"
    assert next_log(NEW_YEAR) == "2027"
    assert not is_over("2026", NEW_YEAR + HOUR - 1)
    assert is_over("2026", NEW_YEAR + HOUR)
    assert not is_over("2027", NEW_YEAR + HOUR)


def test_a_clock_may_differ_by_some_minutes():
    assert CLOCKS == 300
    assert not is_set_back(NOW, NOW - CLOCKS)
    assert is_set_back(NOW, NOW - CLOCKS - 1)


def test_a_head_is_kept_until_the_next_hour_but_not_while_its_block_is_awaited():
    assert seconds_left(NOW, "2027", NOW) == HOUR
    assert seconds_left(NOW, "2027", NOW + HOUR - 1) == 1
    assert seconds_left(NOW, "2027", NOW + HOUR + 10) == 60
    assert seconds_left(NOW, "2027", NOW + 2 * HOUR - 10) == 10
    assert seconds_left(NEW_YEAR, "2026", NOW) == HOUR
