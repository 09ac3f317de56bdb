"""Services that parties hand in, as operators decide about them."""

import pytest

from protocol.errors import NotFound, Unavailable
from protocol.sovereignty.service import LifeEvent
from tests.support.announced import announce, entry, hand_in
from tests.support.registrar import OPERATOR, cinema


def test_nothing_is_decided_about_a_service_that_nobody_handed_in(office):
    offerings = office.registrar.offerings
    for work in (
        offerings.line("nothing"),
        offerings.approve("nothing", "", OPERATOR),
        offerings.refuse("nothing", "", "x", OPERATOR),
        offerings.take_out("nothing", "x", OPERATOR),
    ):
        with pytest.raises(NotFound):
            office.run(work)


def test_what_was_decided_has_no_problems_any_more(office):
    key = office.register(cinema())
    announce(office, key, entry())
    office.run(office.registrar.parties.suspend(cinema().identifier, "x", OPERATOR))
    assert (
        office.run(office.registrar.offerings.problems(office.run(office.registrar.offerings.line("film-club")))) == ()
    )


def test_as_many_services_wait_as_there_may(office, monkeypatch):
    """T244: also where they come one after the other."""
    key = office.register(cinema())
    monkeypatch.setattr("registrar.service.offerings.MAX_WAITING", 1)
    assert hand_in(office, key, entry()).status == 200
    assert hand_in(office, key, entry(id="snacks")).status == 503
    stage = office.run(office.registrar.parties.registered(key))
    with pytest.raises(Unavailable):
        office.run(office.registrar.offerings.hand_in(key, stage, [entry(id="snacks")]))


def test_announced_services_are_counted_by_what_happens_in_a_life(office):
    key = office.register(cinema())
    announce(office, key, entry(), entry(id="snacks"), entry(id="seats", life_events=["retiring"]))
    counts = office.run(office.registrar.offerings.counts())
    assert {event: count for event, count in counts.items() if count} == {"moving": 2, "retiring": 3, "": 3}
    assert counts.keys() == {"", *LifeEvent}
