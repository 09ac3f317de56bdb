"""How a tree is kept gives the proofs of the definitions, and reads little of it."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capabilities.usage_log.tree import KeptTree, edge, grow, number_of, places_of
from protocol.sovereignty.merkle import MAX_SIZE, TreeHead, hash_leaf, prove_consistency, prove_inclusion, root_of
from protocol.sovereignty.usage import BLOCK
from tests.support.merkle import mth, path, subproof


class Kept:
    """A store of dictionaries that hands out no more than was asked for."""

    def __init__(self):
        self.rows, self.nodes, self.size = {}, {}, 0

    def read(self, places):
        return KeptTree(
            {number: self.rows[number] for number in places.rows},
            {number: self.nodes[number] for number in places.nodes},
        )

    def append(self, leaves):
        growth = grow(self.read(edge(self.size)), self.size, leaves)
        assert not set(growth.rows) & set(self.rows)
        self.rows.update(growth.rows)
        assert not set(growth.nodes) & set(self.nodes)
        self.nodes.update(growth.nodes)
        self.size = growth.head.size
        return growth.head


DATA = [b"%d" % i for i in range(40 * BLOCK)]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=8), st.data())
def test_every_proof_is_the_definitions(blocks, data):
    kept = Kept()
    for count in blocks:
        leaves = [hash_leaf(each) for each in DATA[kept.size : kept.size + count * BLOCK]]
        assert kept.append(leaves) == TreeHead(kept.size, mth(DATA[: kept.size]))
    size = data.draw(st.integers(1, kept.size))
    index = data.draw(st.integers(0, size - 1))

    def inclusion(nodes):
        return prove_inclusion(nodes, index, size)

    assert list(inclusion(kept.read(places_of([inclusion])))) == path(index, DATA[:size])

    def consistency(nodes):
        return prove_consistency(nodes, index + 1, size)

    assert list(consistency(kept.read(places_of([consistency])))) == subproof(index + 1, DATA[:size], True)


def test_between_heads_nothing_below_a_block_is_read():
    for before in range(1, 40):
        for after in range(before, 41):
            read = places_of([partial(prove_consistency, before=before * BLOCK, after=after * BLOCK)])
            assert read.rows == frozenset()
            assert all(number % BLOCK == 0 for number in read.nodes)


def test_a_proof_in_ten_million_leaves_reads_some_twenty_nodes_and_one_row():
    size = 10_000_000 // BLOCK * BLOCK
    for index in (0, 63, 64, 123_456, size // 2, size - 1):
        read = places_of([partial(prove_inclusion, index=index, size=size)])
        assert len(read.rows) == 1
        assert len(read.nodes) <= 2 * 24
    read = places_of([lambda nodes: prove_consistency(nodes, 5 * BLOCK, size)])
    assert len(read.nodes) <= 2 * 24
    assert len(edge(size).nodes) <= 24


def test_a_log_grows_by_whole_blocks_alone():
    kept = Kept()
    for leaves in ([bytes(32)] * 63, [bytes(32)] * 65):
        with pytest.raises(ValueError, match="whole blocks"):
            kept.append(leaves)
    with pytest.raises(ValueError, match="whole blocks"):
        grow(KeptTree({}, {}), 63, [bytes(32)] * 64)
    assert root_of(kept.read(edge(0)), 0) == mth([])


def test_every_subtree_has_a_number_of_its_own():
    numbers = {number_of(level, position) for level in range(12) for position in range(100)}
    assert len(numbers) == 12 * 100
    # The largest tree that there may be still has numbers that a database counts
    assert number_of(0, MAX_SIZE) < 1 << 63
