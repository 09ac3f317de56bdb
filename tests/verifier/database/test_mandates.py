"""Which use of a mandate came last: each number once, never an older one, and forgotten when the mandate is over."""

from dataclasses import replace

import pytest

from protocol.errors import InvalidRequest
from tests.support.pki import NOW
from verifier.once_only.mandated import MandateUse

FIRST = MandateUse("hash of a mandate", 1, "sealed", NOW + 1000)


def write(counter, use):
    counter.store.database.write(lambda connection: counter.store.mandates.write(connection, use))


def forget(counter, now):
    return counter.store.database.write(
        lambda connection: counter.store.mandates.forget_expired(connection, now=now, limit=10)
    )


def test_the_last_use_is_known_by_its_mandate(stored_counter):
    assert stored_counter.store.mandates.last(FIRST.mandate) is None
    write(stored_counter, FIRST)
    write(stored_counter, replace(FIRST, mandate="another", n=7))
    assert stored_counter.store.mandates.last(FIRST.mandate) == FIRST
    later = replace(FIRST, n=4, data="other")
    write(stored_counter, later)
    assert stored_counter.store.mandates.last(FIRST.mandate) == later


@pytest.mark.parametrize("n", [1, 2])
def test_the_same_use_or_an_older_one_is_refused_and_changes_nothing(stored_counter, n):
    last = replace(FIRST, n=2)
    write(stored_counter, last)
    with pytest.raises(InvalidRequest):
        write(stored_counter, replace(FIRST, n=n, data="other"))
    assert stored_counter.store.mandates.last(FIRST.mandate) == last


def test_it_is_forgotten_when_the_mandate_is_over(stored_counter):
    write(stored_counter, FIRST)
    assert forget(stored_counter, FIRST.until - 1) == 0
    assert forget(stored_counter, FIRST.until) == 1
    assert stored_counter.store.mandates.last(FIRST.mandate) is None
