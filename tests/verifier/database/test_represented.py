"""Who was represented in which answer: found by their mark alone, the newest first, for as long as a log answers."""

from tests.support.pki import NOW
from verifier.represented import ActedFor

OURS = [ActedFor(f"{number:022}", "mark", "parent", NOW + number, NOW + 1000 + number) for number in (1, 3, 2)]
OTHERS = ActedFor("x" * 22, "another mark", "guardian", NOW, NOW + 1000)


def keep(counter, *records):
    counter.store.database.write(lambda connection: counter.store.represented.write(connection, records))


def found(counter, *, now=NOW, limit=10, mark="mark"):
    return [one.at - NOW for one in counter.store.represented.of(mark, now=now, limit=limit)]


def test_they_are_found_by_their_mark_the_newest_first(stored_counter):
    keep(stored_counter, *OURS, OTHERS)
    assert found(stored_counter) == [3, 2, 1]
    assert found(stored_counter, limit=2) == [3, 2]
    assert found(stored_counter, mark="nobody's") == []
    assert stored_counter.store.represented.of("another mark", now=NOW, limit=10) == (OTHERS,)


def test_what_is_over_is_not_found_and_is_forgotten(stored_counter):
    keep(stored_counter, *OURS, OTHERS)
    assert found(stored_counter, now=NOW + 1002) == [3]

    def forget(now, limit=10):
        store = stored_counter.store
        return store.database.write(
            lambda connection: store.represented.forget_expired(connection, now=now, limit=limit)
        )

    assert forget(NOW + 1002, limit=2) == 2
    assert forget(NOW + 1002) == 1
    assert found(stored_counter) == [3]
