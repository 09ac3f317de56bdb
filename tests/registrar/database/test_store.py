"""The registrar's store keeps what it says it keeps, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import event, insert

from capabilities.status_publisher.policy import BLOCK_LIFETIME
from protocol.errors import Conflict, NotFound
from registrar.database.store import UNSETTLED
from registrar.database.tables import conversations
from registrar.records import PartyState, Publication
from registrar.session import proposal_id
from registrar.store import PartyFilter
from runtime.conversation import Event
from tests.support.pki import NOW
from tests.support.registrar import CINEMA, OPERATOR, agency, cinema, make_office

LIST = Publication("pid-providers", 1, "basis", "token", NOW, NOW + 10)


def names(office, **wanted):
    return [line.trade_name for line in office.store.parties(PartyFilter(**wanted), limit=10)]


@pytest.fixture
def filled(stored_office):
    stored_office.register(cinema())
    stored_office.register(agency())
    stored_office.run(stored_office.registrar.parties.apply(cinema(identifier="VATDE-3", trade_name="Wants in 100%")))
    return stored_office


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["Bürgeramt", "Kino Capitol", "Wants in 100%"]),
        ({"states": (PartyState.APPLIED,)}, ["Wants in 100%"]),
        ({"waiting": True}, ["Wants in 100%"]),
        ({"waiting": False}, ["Bürgeramt", "Kino Capitol"]),
        ({"words": "BÜRGER"}, ["Bürgeramt"]),
        ({"words": "hrb 4711"}, ["Kino Capitol"]),
        ({"words": "100%"}, ["Wants in 100%"]),
        ({"words": "1%0"}, []),
        ({"entitlement": "PID_Provider"}, ["Bürgeramt"]),
        ({"entitlement": "Provider"}, []),
    ],
)
def test_parties_are_found_by_what_somebody_looks_for(filled, wanted, expected):
    assert sorted(names(filled, **wanted)) == expected


def test_pages_follow_each_other(filled):
    first = filled.store.parties(PartyFilter(), limit=2)
    rest = filled.store.parties(PartyFilter(), limit=2, after=first[-1].identifier)
    assert len({line.identifier for line in (*first, *rest)}) == 3
    assert filled.store.count_waiting() == 1


def test_what_is_read_is_what_was_written(filled):
    line = filled.store.party(CINEMA)
    assert (line.state, line.entitlements, line.changed_at) == (PartyState.REGISTERED, ("Service_Provider",), NOW)
    key = filled.run(filled.registrar.parties.apply(cinema(identifier="VATDE-9")))
    filled.approve("VATDE-9")
    stage = filled.run(filled.registrar.parties.registered(key))
    given = filled.run(filled.registrar.certificates.registrations(stage, OPERATOR))
    assert filled.store.certificates_of("VATDE-9") == given
    assert filled.store.find_certificate(given[0].id) == given[0]


def test_of_two_that_publish_first_at_once_the_second_gets_what_the_first_published(fresh_postgres_url):
    """T088: PostgreSQL lets both look before either has written."""
    one, two = make_office(fresh_postgres_url).store, make_office(fresh_postgres_url, worker=1).store
    is_first = [True]

    def overtake(_, __, statement, *___):
        if statement.startswith("INSERT INTO publications") and is_first and is_first.pop():
            assert one.publish(LIST) == LIST

    event.listen(two.database.engine, "before_cursor_execute", overtake)
    assert two.publish(replace(LIST, content="another")) == LIST
    assert not is_first
    for store in (one, two):
        store.database.dispose()


def test_one_number_is_published_once(stored_office):
    """T088: of two workers the second gets what the first published."""
    store = stored_office.store
    assert store.publish(LIST) == LIST
    assert store.publish(replace(LIST, content="another")) == LIST
    newer = replace(LIST, number=2, content="newer")
    assert store.publish(newer) == newer
    assert store.publish(LIST) == newer
    assert store.publication("pid-providers") == newer


def test_of_two_operators_one_decides(stored_office):
    stored_office.run(stored_office.registrar.parties.apply(cinema()))

    def approve(_):
        try:
            stored_office.approve(CINEMA)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(approve, range(2))) == [False, True]


def test_of_two_applications_under_one_identifier_one_is_taken(stored_office):
    def apply(number):
        try:
            stored_office.run(stored_office.registrar.parties.apply(cinema(trade_name=f"Kino {number}")))
        except Exception as error:
            return type(error).__name__
        return "taken"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(apply, range(4)))
    assert outcomes.count("taken") == 1
    assert set(outcomes) <= {"taken", "Conflict"}


def test_places_that_no_certificate_got_are_voided(stored_office):
    """T143"""
    key = stored_office.register(cinema())
    stage = stored_office.run(stored_office.registrar.parties.registered(key))
    [given] = stored_office.run(stored_office.registrar.certificates.registrations(stage, OPERATOR))
    now = stored_office.clock.now + 3 * BLOCK_LIFETIME
    stored_office.store.sweep(before=now - 2 * BLOCK_LIFETIME, now=now, limit=100)
    entries = stored_office.store.status_lists.status_entries(given.status_list)
    assert given.status_index not in entries
    assert set(entries.values()) == {1}


def test_the_number_of_the_register_grows_with_every_change(stored_office):
    before = stored_office.store.version()
    stored_office.register(cinema())
    assert stored_office.store.version() > before


def test_what_waits_for_longest_comes_first_and_who_was_refused_does_not_wait(stored_office):
    parties = stored_office.registrar.parties
    for identifier in ("VATDE-2", "VATDE-3", "VATDE-1"):
        stored_office.run(parties.apply(cinema(identifier=identifier)))
        stored_office.clock.move(60)
    line = stored_office.store.party("VATDE-3")
    stored_office.run(parties.refuse("VATDE-3", proposal_id(line.proposed), "no", OPERATOR))
    assert [line.identifier for line in stored_office.store.waiting(limit=9)] == ["VATDE-2", "VATDE-1"]
    assert [line.identifier for line in stored_office.store.waiting(limit=1)] == ["VATDE-2"]


def test_what_is_not_there_is_not_ended_and_has_no_number(office):
    store = office.store
    with pytest.raises(NotFound):
        store.revoke("nothing", Event("access certificate revoked", CINEMA, OPERATOR, ""), now=NOW)
    assert store.audit(limit=1) == ()
    assert store.number("nothing") == 0


def test_a_registrar_that_keeps_no_list_of_what_ended_ends_nothing_at_its_start(office):
    assert office.store.end_again(now=NOW) == 0


def test_an_operator_s_session_is_read_back(stored_office):
    operators = stored_office.registrar.operators
    secret = stored_office.run(operators.sign_in(stored_office.operator_code(), "browser"))
    assert stored_office.run(operators.visit(secret)).clerk == OPERATOR


def test_one_form_is_one_application_even_if_it_comes_twice_at_the_same_time(stored_office):
    """T119"""
    parties = stored_office.registrar.parties
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(stored_office.run, parties.apply_once(cinema(), "one key")) for _ in range(2)]
        assert [one.result() for one in sent] == [None, None]
    assert [line.action for line in stored_office.store.audit(limit=9)] == ["applied"]
    with pytest.raises(Conflict):
        stored_office.run(parties.apply_once(cinema(trade_name="Impostor"), "another key"))


def test_the_version_grows_with_an_event_that_is_committed_after_a_later_one(office_with_several_writers):
    """T091: a worker that read in between must not believe that it has seen the earlier one."""
    store, events = office_with_several_writers.store, conversations.events

    def writing(connection, action):
        row = {"at": NOW, "action": action, "subject": "x", "actor": "x", "detail": ""}
        return connection.execute(insert(events).values(row).returning(events.c.id)).scalar_one()

    with store.database.engine.begin() as slow:
        first = writing(slow, "suspended")
        later = store.database.write(lambda connection: writing(connection, "applied"))
        between = store.version()
    assert first < later
    assert {line.id for line in store.audit(limit=9)} == {first, later}
    assert store.version() > between


def test_the_version_grows_with_an_event_that_comes_after_a_later_one(stored_office):
    """T091: of two transactions, the one that began first may end last."""
    store, events = stored_office.store, conversations.events
    row = {"at": NOW, "action": "x", "subject": "x", "actor": "x", "detail": ""}
    seen = [store.version()]
    for number in (7, 5, 8, 6, 5 * UNSETTLED, 5 * UNSETTLED - 1, 5 * UNSETTLED + 1):
        store.database.write(
            lambda connection, number=number: connection.execute(insert(events), {"id": number, **row})
        )
        seen.append(store.version())
    assert seen == sorted(set(seen))
