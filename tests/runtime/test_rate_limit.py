"""How often somebody may do something."""

import pytest

from runtime.rate_limit import MAX_KNOWN, RateLimit, TooManyRequests


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def spent(limit, who="a"):
    """How many come through before one is too many."""
    for count in range(1000):
        try:
            limit.spend(who)
        except TooManyRequests:
            return count
    raise AssertionError("no limit at all")


def test_so_many_come_through_at_once_and_no_more(clock):
    assert spent(RateLimit(3, 60, clock)) == 3


def test_what_was_spent_comes_back_over_time_and_never_more_than_all_of_it(clock):
    limit = RateLimit(3, 30, clock)
    spent(limit)
    clock.now += 2
    assert spent(limit) == 1
    clock.now += 10_000
    assert spent(limit) == 3


def test_one_too_many_does_not_push_the_end_away(clock):
    limit = RateLimit(1, 60, clock)
    spent(limit)
    for _ in range(9):
        clock.now += 0.1
        assert spent(limit) == 0
    clock.now += 0.2
    assert spent(limit) == 1


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing(clock):
    limit = RateLimit(2, 60, clock)
    limit.spend("a")
    clock.now -= 500
    assert spent(limit) == 1


def test_everybody_has_their_own(clock):
    limit = RateLimit(1, 60, clock)
    assert (spent(limit, "a"), spent(limit, "b"), spent(limit, "a")) == (1, 1, 0)


def test_t244_the_memory_for_strangers_is_bounded(clock):
    limit = RateLimit(1, 60, clock)
    for number in range(MAX_KNOWN + 10):
        limit.spend(str(number))
    assert len(limit._left) == MAX_KNOWN
    with pytest.raises(TooManyRequests):
        limit.spend(str(MAX_KNOWN + 9))
    # Who was away longest begins anew
    limit.spend("0")
