"""What every store of conversations promises, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from protocol.errors import InvalidRequest, NotFound
from runtime.codec import StoredDataError
from runtime.conversation import Advance, Begin, Change, Load, SessionKey
from tests.support.conversations import (
    LIFETIME,
    MISSING,
    NOTES,
    SPENT,
    TABLES,
    USED_UP,
    Closed,
    Note,
    Open,
    add_one,
    event,
    name,
    open_counters,
    refuse,
    spend,
    start,
)
from tests.support.pki import NOW

THREADS = 50


@pytest.fixture
def store(database_url):
    opened = open_counters(database_url)
    yield opened
    opened.database.dispose()


def load(store, value):
    return store.load(Load(name(value), MISSING))


def test_a_session_that_was_begun_is_found_by_each_of_its_keys(store):
    other = SessionKey.of("other", "a")
    assert store.commit([Begin(Change(Open(1), keys=(name("a"), other)), NOW)]) == [Open(1)]
    assert load(store, "a") == Open(1)
    assert store.load(Load(other, MISSING)) == Open(1)


def test_a_key_is_found_by_its_kind_and_value_together(store):
    store.commit([start("a")])
    for key in [SessionKey.of("name", "A"), SessionKey.of("other", "a"), SessionKey.of("name", "")]:
        with pytest.raises(NotFound):
            store.load(Load(key, MISSING))
        assert store.commit([Advance(key, lambda stage: Change(Open(9)), MISSING)]) == [MISSING]


def test_a_step_changes_the_stage_once(store):
    store.commit([start("a")])
    assert store.commit([add_one("a")]) == [Open(1)]
    assert store.commit([add_one("a"), add_one("a")]) == [Open(2), Open(3)]
    assert load(store, "a") == Open(3)


def test_a_change_is_committed_as_one(store):
    other = SessionKey.of("other", "a")
    store.commit([start("a")])
    change = {
        "keys": (other,),
        "drop": (name("a"),),
        "spend": (spend("n"),),
        "records": (Note("kept"), Note("too")),
        "events": (event("counted"),),
    }
    assert store.commit([add_one("a", **change)]) == [Open(1)]
    assert store.load(Load(other, MISSING)) == Open(1)
    with pytest.raises(NotFound):
        load(store, "a")
    assert store.notes() == {"kept", "too"}
    assert [row[1:] for row in store.rows("events")] == [(NOW, "counted", "counter", "tester", "by test")]
    assert [row[2] for row in store.rows("spent_values")] == [NOW + LIFETIME]


def test_a_change_can_move_the_end_of_its_session(store):
    store.commit([start("a"), start("b")])
    store.commit([add_one("a", expires_at=NOW + 7)])
    assert sorted(row[2] for row in store.rows("sessions")) == [NOW + 7, NOW + LIFETIME]


def test_a_begin_brings_everything_of_its_change(store):
    store.commit([start("a", spend=(spend("n"),), records=(Note("kept"),), events=(event("begun"),))])
    assert store.notes() == {"kept"}
    assert [row[2] for row in store.rows("events")] == ["begun"]
    assert store.commit([start("b", spend=(spend("n"),))]) == [SPENT]
    with pytest.raises(NotFound):
        load(store, "b")


def test_a_refusal_is_committed_before_it_is_raised(store):
    store.commit([start("a")])
    refused = {"drop": (name("a"),), "records": (Note("refused"),), "events": (event("refused"),)}
    other = SessionKey.of("other", "a")
    store.commit([add_one("a", keys=(other,))])
    assert store.commit([refuse("a", **refused)]) == [USED_UP]
    assert store.load(Load(other, MISSING)) == Closed("wrong")
    assert store.notes() == {"refused"}
    assert [row[2] for row in store.rows("events")] == ["refused"]
    with pytest.raises(NotFound):
        load(store, "a")


def test_a_step_that_raises_leaves_no_trace(store):
    def step(stage):
        raise USED_UP

    store.commit([start("a")])
    before = [store.rows(table) for table in ("sessions", "session_keys", "spent_values", "events", "notes")]
    assert store.commit([Advance(name("a"), step, MISSING)]) == [USED_UP]
    assert [store.rows(table) for table in ("sessions", "session_keys", "spent_values", "events", "notes")] == before


def test_a_step_may_leave_the_stage_as_it_is_and_still_write(store):
    store.commit([start("a")])
    step: Advance[object, object] = Advance(name("a"), lambda stage: Change(stage, events=(event("seen"),)), MISSING)
    assert store.commit([step]) == [Open(0)]
    assert [row[2] for row in store.rows("events")] == ["seen"]


def test_a_value_is_spent_once_and_the_refused_change_writes_nothing(store):
    store.commit([start("a"), start("b")])
    assert store.commit([add_one("a", spend=(spend("n"),))]) == [Open(1)]
    again = add_one(
        "b", spend=(spend("m"), spend("n")), records=(Note("no"),), events=(event("no"),), keys=(name("c"),)
    )
    assert store.commit([again]) == [SPENT]
    assert load(store, "b") == Open(0)
    assert store.notes() == set()
    assert store.rows("events") == []
    with pytest.raises(NotFound):
        load(store, "c")
    # What was refused with it can still be used
    assert store.commit([add_one("b", spend=(spend("m"),))]) == [Open(1)]


def test_a_value_that_a_change_spends_twice_is_refused(store):
    store.commit([start("a")])
    assert store.commit([add_one("a", spend=(spend("n"), spend("n")))]) == [SPENT]
    assert store.commit([add_one("a", spend=(spend("n"),))]) == [Open(1)]


def test_a_group_lets_one_through_where_all_spend_the_same(store):
    store.commit([start("a"), start("b")])
    answers = store.commit([add_one("a", spend=(spend("n"),)), add_one("b", spend=(spend("n"),)), add_one("b")])
    assert answers == [Open(1), SPENT, Open(1)]


def test_a_group_commits_around_a_step_that_is_refused(store):
    store.commit([start("a"), start("b"), start("c")])
    answers = store.commit([add_one("a"), add_one("missing"), refuse("b"), add_one("c"), start("d", 4)])
    assert answers == [Open(1), MISSING, USED_UP, Open(1), Open(4)]
    assert [load(store, value) for value in "abcd"] == [Open(1), Closed("wrong"), Open(1), Open(4)]


def test_a_step_that_breaks_takes_its_whole_transaction_back(store):
    """T254: the driver then tries each step of the group alone."""

    def poisoned(stage):
        raise KeyError("a mistake of ours")

    store.commit([start("a")])
    with pytest.raises(KeyError):
        store.commit([add_one("a"), Advance(name("a"), poisoned, MISSING)])
    assert load(store, "a") == Open(0)


def test_a_key_that_is_taken_is_no_other_sessions_key(store):
    store.commit([start("a"), start("b")])
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        store.commit([add_one("b", keys=(name("a"),))])
    assert load(store, "a") == load(store, "b") == Open(0)


def test_two_stores_see_one_truth(store, database_url):
    other = open_counters(database_url, create=False)
    store.commit([start("a"), start("b")])
    assert other.commit([add_one("a", spend=(spend("n"),))]) == [Open(1)]
    assert store.commit([add_one("b", spend=(spend("n"),))]) == [SPENT]
    assert load(store, "a") == load(other, "a") == Open(1)
    other.database.dispose()


def storm(stores, effect):
    """Fifty threads over two stores do the same at the same moment."""
    together = threading.Barrier(THREADS)

    def one(number):
        together.wait()
        return stores[number % len(stores)].commit([effect(number)])[0]

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_a_value_that_fifty_spend_at_once_is_spent_by_one(store, database_url):
    """T245: by sessions of their own, so that no row's lock keeps them apart; over two stores."""
    other = open_counters(database_url, create=False)
    store.commit([start(str(number)) for number in range(THREADS)])
    answers = storm((store, other), lambda number: add_one(str(number), spend=(spend("n"),)))
    assert sorted(map(str, answers)) == sorted(map(str, [Open(1), *[SPENT] * (THREADS - 1)]))
    assert len(store.rows("spent_values")) == 1
    other.database.dispose()


def test_fifty_steps_of_one_session_are_fifty_steps(store, database_url):
    """T223: no update is lost."""
    other = open_counters(database_url, create=False)
    store.commit([start("a")])
    answers = storm((store, other), lambda number: add_one("a"))
    assert sorted(answer.count for answer in answers) == list(range(1, THREADS + 1))
    assert load(store, "a") == Open(THREADS)
    other.database.dispose()


def test_a_key_that_a_step_drops_is_good_for_that_step_alone(store, database_url):
    """T245: whoever waited for the row finds the key gone, and not the stage behind it."""
    other = open_counters(database_url, create=False)
    store.commit([start("a")])
    answers = storm((store, other), lambda number: add_one("a", drop=(name("a"),)))
    assert [answer for answer in answers if answer != MISSING] == [Open(1)]
    other.database.dispose()


def test_what_has_expired_is_forgotten_in_portions(store):
    """T244"""
    for number in range(5):
        change: Change[object, object] = Change(
            Open(0), keys=(name(str(number)),), spend=(spend(str(number), NOW + number),)
        )
        store.commit([Begin(change, NOW + number)])

    def forget(before, limit):
        return store.database.write(lambda connection: store.forget_expired(connection, before=before, limit=limit))

    assert forget(NOW, 10) == 0
    assert forget(NOW + 3, 2) == 4
    assert len(store.rows("sessions")) == len(store.rows("session_keys")) == len(store.rows("spent_values")) == 3
    assert forget(NOW + 3, 2) == 2
    assert forget(NOW + 3, 2) == 0
    assert sorted(row[2] for row in store.rows("sessions")) == [NOW + 3, NOW + 4]
    assert sorted(row[2] for row in store.rows("spent_values")) == [NOW + 3, NOW + 4]
    with pytest.raises(NotFound):
        load(store, "2")
    assert load(store, "3") == Open(0)


def test_a_role_is_told_how_sessions_end_in_the_transaction_that_forgets_them(store):
    for number in range(3):
        store.commit([start(str(number), number)])
    store.database.write(
        lambda connection: connection.execute(
            TABLES.sessions.update().where(TABLES.sessions.c.id == 2).values(stage="[]")
        )
    )
    told: list[object] = []

    def forget(ending):
        return store.database.write(
            lambda connection: store.forget_expired(connection, before=NOW + LIFETIME + 1, limit=10, ending=ending)
        )

    def fail(_):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        forget(fail)
    assert len(store.rows("sessions")) == 3
    # What cannot be read goes as well
    assert forget(told.extend) == 3
    assert sorted(stage.count for stage in told if isinstance(stage, Open)) == [0, 2]
    assert store.rows("sessions") == []


def test_what_somebody_is_working_on_is_not_forgotten_meanwhile(fresh_postgres_url):
    store = open_counters(fresh_postgres_url)
    store.commit([start("a"), start("b")])

    def forget():
        return store.database.write(
            lambda connection: store.forget_expired(connection, before=NOW + LIFETIME + 1, limit=10)
        )

    with store.database.engine.begin() as working:
        store.lock(working, name("a"))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(forget).result(timeout=5) == 1
    assert forget() == 1
    store.database.dispose()


def test_ids_full_of_sql_are_ids(store):
    """T224"""
    for value in ["'; DROP TABLE sessions; --", '"', "%", "_", "\\", "\x00", "x" * 1_000_000, "😀"]:
        store.commit([start(value)])
        assert store.commit([add_one(value)]) == [Open(1)]
    with pytest.raises(NotFound):
        load(store, "a%")
    assert len(store.rows("sessions")) == 8


def test_labels_full_of_sql_come_back_as_they_were(store):
    """T224: NUL too, because stages are stored as JSON."""
    for number, label in enumerate(["'", '"', "\x00", "\\", "ü😀", "x" * 100_000]):
        store.commit([Begin(Change(Open(1, label), keys=(name(str(number)),)), NOW)])
        assert load(store, str(number)) == Open(1, label)


def test_a_record_with_nul_is_kept_whole_or_refused_whole(store):
    """T224: PostgreSQL cannot hold it in a text, and says so as a refusal that is not our fault."""
    store.commit([start("a")])
    change = add_one("a", records=(Note("a\x00b"),))
    if store.database.is_sqlite:
        assert store.commit([change]) == [Open(1)]
        assert store.notes() == {"a\x00b"}
    else:
        with pytest.raises(InvalidRequest, match="cannot be stored"):
            store.commit([change])
        assert (load(store, "a"), store.notes()) == (Open(0), set())


def test_what_another_program_wrote_is_not_half_read(store):
    store.commit([start("a")])
    wrong = ['["Open", {"label": "x"}]', '["Open", {"count": 1, "more": 2}]']
    for text in ["", "[]", '["Open"]', '["Unknown", {}]', *wrong, '{"a": 1}', "[[], []]"]:
        store.database.write(lambda c, text=text: c.execute(TABLES.sessions.update().values(stage=text)))
        with pytest.raises(StoredDataError):
            load(store, "a")
        with pytest.raises(StoredDataError):
            store.commit([add_one("a")])


def test_a_missing_error_gathers_no_history(store):
    """T264: one error object stands for all sessions that are missing."""
    depths = []
    for _ in range(5):
        with pytest.raises(NotFound) as refusal:
            load(store, "missing")
        depths.append(len(refusal.traceback))
    assert len(set(depths)) == 1


def test_a_kept_record_stays_when_its_session_is_forgotten(store):
    store.commit([start("a", records=(Note("kept"),))])
    store.database.write(lambda c: store.forget_expired(c, before=NOW + LIFETIME + 1, limit=10))
    assert store.rows("sessions") == []
    assert store.notes() == {"kept"}
    store.database.write(lambda c: c.execute(delete(NOTES)))
