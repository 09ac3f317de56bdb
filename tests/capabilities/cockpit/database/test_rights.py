"""Requests about rights in both databases: each once, so many about one receipt, and nothing where a step refused."""

from dataclasses import replace

import pytest

from capabilities.cockpit.rights_case import RightsCase, RightsChange, step_to
from protocol.errors import Conflict
from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import RightsStatus, State
from runtime.rate_limit import TooManyRequests
from tests.issuer.database.giving import UNTIL, give
from tests.support.pki import NOW


def fresh(receipt, name):
    """A request as it came."""
    status = RightsStatus(name * 22, "A" * 43, Right.ACCESS, State.RECEIVED, first_due(NOW), NOW)
    return RightsCase(name * 22, receipt, name * 22, "sealed", NOW, UNTIL, status)


def works(case, _held):
    return RightsChange(step_to(case, State.WORKING, now=NOW))


def refuses(_case, _held):
    raise Conflict("no")


def test_a_request_that_came_before_is_what_it_is_now_and_nothing_is_done(store):
    [card] = give(store, "talk", "card")
    taken = store.rights.take(fresh(card, "a"), works)
    assert taken.status.state is State.WORKING
    again = replace(fresh(card, "a"), id="b" * 22, content="other words")
    assert store.rights.take(again, refuses) == taken
    assert store.rights.find("b" * 22) is None


def test_so_many_requests_are_kept_about_one_receipt_and_no_more(store, monkeypatch):
    monkeypatch.setattr("capabilities.cockpit.database.rights.MAX_REQUESTS", 2)
    [card, badge] = give(store, "talk", "card", "badge")
    for name in "ab":
        assert store.rights.take(fresh(card, name), works)
    with pytest.raises(TooManyRequests):
        store.rights.take(fresh(card, "c"), works)
    assert store.rights.find("c" * 22) is None
    # What is known is answered all the same, and another receipt has its own
    assert store.rights.take(fresh(card, "b"), refuses).status.state is State.WORKING
    assert store.rights.take(fresh(badge, "c"), works)


def test_a_step_that_refuses_keeps_nothing(store):
    [card] = give(store, "talk", "card")
    with pytest.raises(Conflict):
        store.rights.take(fresh(card, "a"), refuses)
    assert store.rights.find("a" * 22) is None
    store.rights.take(fresh(card, "a"), works)
    with pytest.raises(Conflict):
        store.rights.advance("a" * 22, refuses)
    assert store.rights.find("a" * 22).status.state is State.WORKING


def test_a_request_that_there_is_not_takes_no_step(store):
    assert store.rights.advance("a" * 22, refuses) is None
