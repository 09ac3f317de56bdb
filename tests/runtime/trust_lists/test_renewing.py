"""When lists are fetched."""

import pytest

from protocol.errors import Unavailable
from runtime.anchors import INDEX
from runtime.driver import drive
from runtime.trust_lists.renewing import RETRY_SECONDS, USUAL_SECONDS, Renewal
from tests.runtime.trust_lists.publishing import AGENCY, PIDS, pids
from tests.support.pki import DAY, NOW


def asked_after(renewal, published, clock, seconds):
    clock.now += seconds
    published.asked.clear()
    drive(renewal.when_due(), None, published)
    return len(published.asked)


def test_lists_are_fetched_at_first_and_then_every_hour(followed, published, clock):
    renewal = Renewal(followed, clock)
    assert asked_after(renewal, published, clock, 0) == 2
    assert asked_after(renewal, published, clock, USUAL_SECONDS - 1) == 0
    assert asked_after(renewal, published, clock, 1) == 2


@pytest.mark.parametrize("away", ["", "register.example"])
def test_nobody_is_refused_before_the_lists_were_asked_for(followed, published, clock, away):
    """T253: a service is ready when it looked once, whether or not anybody answered."""
    renewal = Renewal(followed, clock)
    with pytest.raises(Unavailable):
        renewal.check_tried()
    published.away = away
    drive(renewal.when_due(), None, published)
    renewal.check_tried()


def test_a_list_that_did_not_come_is_asked_for_soon(followed, published, clock):
    published.answers.pop(PIDS)
    renewal = Renewal(followed, clock)
    assert asked_after(renewal, published, clock, 0) == 2
    assert asked_after(renewal, published, clock, RETRY_SECONDS - 1) == 0
    assert asked_after(renewal, published, clock, 1) == 2


def test_a_list_that_ends_soon_is_fetched_before(followed, published, clock):
    published.publish(PIDS, pids(1, AGENCY, next_update=NOW + 600))
    renewal = Renewal(followed, clock)
    assert asked_after(renewal, published, clock, 0) == 2
    followed.current()
    drive(renewal.at_once(), None, published)
    assert asked_after(renewal, published, clock, 300) == 2


def test_a_folder_that_became_wrong_is_no_end_of_the_service(folder, followed, published, clock):
    renewal = Renewal(followed, clock)
    (folder / INDEX).write_text("[[list")
    assert asked_after(renewal, published, clock, 0) == 0
    assert asked_after(renewal, published, clock, DAY) == 0
