"""Indices that tell nothing, states that cannot come back."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capabilities.status_publisher.policy import BLOCK, LIST_SIZE, STATUS_VALUES, next_state, permuted_index
from capabilities.status_publisher.records import EntryState, StatusListRecord
from protocol.errors import Conflict
from tests.support.pki import NOW, seeded


def status_list(size, seed=bytes(16)):
    return StatusListRecord(id="list", bits=2, size=size, seed=seed, reserved=0, version=0, changed_at=NOW)


@pytest.mark.parametrize("size", [4, 16, 256, 4**6])
@pytest.mark.parametrize("seed", [bytes(16), seeded()(16)], ids=["zero", "random"])
def test_every_index_of_a_list_comes_exactly_once(size, seed):
    """T078."""
    record = status_list(size, seed)
    assert {permuted_index(record, counter) for counter in range(size)} == set(range(size))


@given(st.binary(min_size=16, max_size=16), st.sets(st.integers(0, LIST_SIZE - 1), min_size=2, max_size=50))
def test_two_places_of_a_whole_list_never_meet(seed, counters):
    """T078."""
    record = status_list(LIST_SIZE, seed)
    indices = {permuted_index(record, counter) for counter in counters}
    assert len(indices) == len(counters)
    assert all(0 <= index < LIST_SIZE for index in indices)


def test_a_block_of_indices_tells_no_order_of_issuance():
    """T144: neighbours in time are no neighbours in the list, and a block spreads over the whole of it."""
    indices = [permuted_index(status_list(LIST_SIZE, seeded()(16)), counter) for counter in range(BLOCK)]
    steps = [abs(later - earlier) for earlier, later in itertools.pairwise(indices)]
    assert min(steps) > 1
    rising = sum(later > earlier for earlier, later in itertools.pairwise(indices))
    assert BLOCK // 3 < rising < BLOCK * 2 // 3
    assert {index * 8 // LIST_SIZE for index in indices} == set(range(8))


def test_another_list_has_another_order():
    one, other = (status_list(256, seeded(seed)(16)) for seed in (1, 2))
    assert [permuted_index(one, c) for c in range(256)] != [permuted_index(other, c) for c in range(256)]


@pytest.mark.parametrize("wanted", EntryState)
@pytest.mark.parametrize("current", [EntryState.VALID, EntryState.SUSPENDED])
def test_what_is_not_revoked_may_become_anything(current, wanted):
    assert next_state(current, wanted) is wanted


def test_revoked_is_for_ever_and_may_be_said_twice():
    """T080."""
    revoked = EntryState.REVOKED
    assert next_state(revoked, revoked) is revoked
    for wanted in (EntryState.VALID, EntryState.SUSPENDED):
        with pytest.raises(Conflict):
            next_state(revoked, wanted)


def test_states_have_the_numbers_of_the_specification():
    """Token Status List §7.1; what fits into two bits."""
    assert {state.value: STATUS_VALUES[state] for state in EntryState} == {
        "valid": 0,
        "revoked": 1,
        "suspended": 2,
    }
