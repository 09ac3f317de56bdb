"""Applications and where they stand, as whoever applied may know it."""

import pytest

from protocol.errors import Conflict, NotFound, Unavailable
from registrar.session import proposal_id
from tests.support.registrar import CINEMA, OPERATOR, cinema


@pytest.fixture
def parties(office):
    return office.registrar.parties


def actions(office):
    return [line.action for line in office.store.audit(limit=20, subject=CINEMA)]


def waits(office, key):
    return office.run(office.registrar.parties.standing(key)).waits


def refuse(office):
    line = office.store.party(CINEMA)
    office.run(office.registrar.parties.refuse(CINEMA, proposal_id(line.proposed), "no", OPERATOR))


def test_somebody_waits_for_as_long_as_there_is_something_to_decide(office, parties):
    key = office.run(parties.apply(cinema()))
    assert waits(office, key)
    refuse(office)
    assert not waits(office, key)
    office.run(parties.propose(key, cinema()))
    office.approve(CINEMA)
    assert not waits(office, key)
    office.run(parties.propose(key, cinema(trade_name="Kino Nova")))
    assert waits(office, key)
    office.run(parties.remove(CINEMA, "x", OPERATOR))
    assert not waits(office, key)


def test_a_form_that_is_sent_again_changes_nothing_and_a_corrected_one_what_it_says(office, parties):
    """T119: whether it waits or was decided."""
    for _ in range(2):
        office.run(parties.apply_once(cinema(), "one key"))
    assert actions(office) == ["applied"]
    office.approve(CINEMA)
    office.run(parties.apply_once(cinema(), "one key"))
    assert not waits(office, "one key")
    office.run(parties.apply_once(cinema(trade_name="Kino Nova"), "one key"))
    assert waits(office, "one key")
    with pytest.raises(Conflict):
        office.run(parties.apply_once(cinema(), "another key"))


def test_whoever_was_removed_is_told_so_and_not_that_they_applied(office, parties):
    office.run(parties.apply_once(cinema(), "one key"))
    office.approve(CINEMA)
    office.run(parties.remove(CINEMA, "x", OPERATOR))
    with pytest.raises(Conflict):
        office.run(parties.apply_once(cinema(), "one key"))


def test_as_many_wait_as_there_may(office, parties, monkeypatch):
    """T244: also where they come one after the other."""
    monkeypatch.setattr("registrar.service.parties.MAX_WAITING", 2)
    for number in (1, 2):
        office.run(parties.apply(cinema(identifier=f"VATDE-{number}")))
    with pytest.raises(Unavailable):
        office.run(parties.apply(cinema(identifier="VATDE-3")))
    office.approve("VATDE-1")
    office.run(parties.apply(cinema(identifier="VATDE-3")))


def test_nobody_is_found_who_never_applied(office, parties):
    for work in (parties.line("VATDE-9"), parties.stage("VATDE-9")):
        with pytest.raises(NotFound):
            office.run(work)
