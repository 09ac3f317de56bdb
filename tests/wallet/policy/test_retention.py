"""How long lines of the activity stay, to the second; and which stay whatever their owner chose."""

from dataclasses import replace

import pytest

from protocol.errors import InvalidRequest
from protocol.sovereignty.due_dates import add_months
from tests.support.pki import DAY, NOW
from tests.wallet.cockpit import CockpitWorld
from tests.wallet.disclosures import disclosure
from tests.wallet.service.cockpit.asking import asks, given
from wallet.policy.cockpit.disclosed import receipt_of
from wallet.policy.cockpit.retention import CHOICES, FOR_EVER, can_be_asked, check_choice, over
from wallet.records import LogEntry

YEAR_ON = add_months(NOW, 12)


def line(number, *, at=NOW, completes=0):
    """Something that happened."""
    return LogEntry(number, at, "sharing", "City library", "", "", (), "done", "", completes, "")


def test_a_line_stays_to_its_last_second():
    entries = (line(1), line(2, at=NOW + DAY))
    assert over(entries, (), years=1, now=YEAR_ON - 1) == frozenset()
    assert over(entries, (), years=1, now=YEAR_ON) == {1}
    assert over(entries, (), years=1, now=YEAR_ON + DAY) == {1, 2}
    assert over(entries, (), years=2, now=YEAR_ON + DAY) == frozenset()


def test_nothing_goes_where_nobody_chose_that():
    assert over((line(1),), (), years=FOR_EVER, now=NOW + 50_000 * DAY) == frozenset()


def test_what_became_of_a_line_goes_with_it_and_is_none_of_its_own():
    entries = (line(1), line(2, at=NOW + DAY, completes=1))
    assert over(entries, (), years=1, now=YEAR_ON) == {1}


@pytest.mark.parametrize("years", [-1, 3, 11, 100])
def test_there_are_so_many_choices(years):
    with pytest.raises(InvalidRequest):
        check_choice(years)
    assert [check_choice(one) for one in CHOICES] == [*CHOICES]


@pytest.fixture
def answer(vault):
    """An answer with its receipt, and a request that waits."""
    world = CockpitWorld(vault)
    world.receive()
    given(world)
    return world


def test_a_line_by_which_a_partner_can_be_asked_stays(answer):
    kept = answer.disclosure
    until = receipt_of(kept).log_until
    entries = (line(kept.log_number),)
    assert can_be_asked(kept, until - 1)
    assert not can_be_asked(kept, until)
    assert over(entries, (kept,), years=1, now=max(until, YEAR_ON)) == {kept.log_number}
    assert over(entries, (kept,), years=1, now=until - 1) == frozenset()
    assert not can_be_asked(replace(kept, key=""), NOW)


def test_what_waits_for_an_answer_stays_however_long_that_takes(answer):
    asks(answer)
    until = receipt_of(answer.disclosure).log_until
    assert can_be_asked(answer.disclosure, until + 400 * DAY)


def test_an_answer_without_a_receipt_opens_nothing_any_more():
    assert not can_be_asked(disclosure(log_number=1), NOW)
