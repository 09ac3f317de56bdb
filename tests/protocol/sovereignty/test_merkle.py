"""The tree of a usage log, against known answers and against a second implementation that only follows the definitions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import NotAuthentic
from protocol.sovereignty.merkle import (
    EMPTY_ROOT,
    MAX_PROOF,
    MAX_SIZE,
    TreeHead,
    append_leaves,
    hash_children,
    hash_leaf,
    prove_consistency,
    prove_inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.support.merkle import mth, path, subproof
from tests.support.strategies import flip

# The tree that implementations of RFC 6962 have tested with since Certificate Transparency's first
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
B, CD, EF, GH = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
)
EFGH = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
FIFTH = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
INCLUSION = {(0, 1): (), (0, 8): (B, CD, EFGH)}
CONSISTENCY = {(1, 1): (), (1, 8): (B, CD, EFGH), (2, 5): (CD, FIFTH), (6, 8): (EF, GH, ROOTS[4])}


class Tree:
    """What a store keeps of a log; it counts what it is asked for."""

    def __init__(self, leaves=()):
        self.kept = {}
        self.size = 0
        self.asked = 0
        self.append([hash_leaf(leaf) for leaf in leaves])

    def append(self, hashes):
        made = append_leaves(self, self.size, hashes)
        assert not {node[:2] for node in made} & set(self.kept)
        self.kept.update({(node.level, node.position): node.hash for node in made})
        self.size += len(hashes)

    def __call__(self, level, position):
        self.asked += 1
        return self.kept[level, position]

    def head(self, size):
        return TreeHead(size, root_of(self, size))


def raises_nothing(check, *arguments):
    check(*arguments, "log")
    return True


def refused(check, *arguments):
    try:
        check(*arguments, "log")
    except NotAuthentic:
        return True
    return False


def test_known_roots_and_proofs_come_out():
    tree = Tree(LEAVES)
    assert [root_of(tree, size).hex() for size in range(9)] == list(ROOTS)
    assert bytes.fromhex(ROOTS[0]) == EMPTY_ROOT
    for (index, size), proof in INCLUSION.items():
        assert [hash_.hex() for hash_ in prove_inclusion(tree, index, size)] == list(proof)
    for (before, after), proof in CONSISTENCY.items():
        assert [hash_.hex() for hash_ in prove_consistency(tree, before, after)] == list(proof)


@pytest.mark.parametrize("size", [*range(1, 34), 63, 64, 65, 100])
def test_every_proof_is_the_definitions_and_holds(size):
    data = [b"%d" % i for i in range(size)]
    tree = Tree(data)
    head = TreeHead(size, mth(data))
    assert tree.head(size) == head
    for i in range(size):
        proof = prove_inclusion(tree, i, size)
        assert list(proof) == path(i, data)
        assert raises_nothing(verify_inclusion, hash_leaf(data[i]), i, head, proof)
        before = TreeHead(i + 1, mth(data[: i + 1]))
        proof = prove_consistency(tree, i + 1, size)
        assert list(proof) == subproof(i + 1, data, True)
        assert raises_nothing(verify_consistency, before, head, proof)


def test_in_what_blocks_a_log_grew_makes_no_difference():
    hashes = [hash_leaf(b"%d" % i) for i in range(200)]
    at_once, in_blocks = Tree(), Tree()
    at_once.append(hashes)
    for start, end in ((0, 1), (1, 64), (64, 64), (64, 131), (131, 200)):
        in_blocks.append(hashes[start:end])
    assert at_once.kept == in_blocks.kept


@given(st.data())
def test_no_other_leaf_place_size_root_or_proof_holds(data):
    size = data.draw(st.integers(1, 70))
    tree = Tree([b"%d" % i for i in range(70)])
    index = data.draw(st.integers(0, size - 1))
    leaf, head, proof = hash_leaf(b"%d" % index), tree.head(size), prove_inclusion(tree, index, size)
    bit = data.draw(st.integers(0))
    other = data.draw(st.integers(0, 80).filter(lambda n: n != index))
    assert refused(verify_inclusion, flip(leaf, bit), index, head, proof)
    assert refused(verify_inclusion, leaf, other, head, proof)
    assert refused(verify_inclusion, leaf, -1, head, proof)
    assert refused(verify_inclusion, leaf, index, TreeHead(size, flip(head.root, bit)), proof)
    assert refused(verify_inclusion, leaf, index, head, (*proof, leaf))
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        assert refused(verify_inclusion, leaf, index, head, proof[:-1])
        assert refused(verify_inclusion, leaf, index, head, (*proof[:at], flip(proof[at], bit), *proof[at + 1 :]))


@given(st.data())
def test_no_other_past_holds(data):
    before = data.draw(st.integers(1, 69))
    after = data.draw(st.integers(before + 1, 70))
    tree = Tree([b"%d" % i for i in range(70)])
    old, new, proof = tree.head(before), tree.head(after), prove_consistency(tree, before, after)
    bit = data.draw(st.integers(0))
    at = data.draw(st.integers(0, len(proof) - 1))
    assert refused(verify_consistency, TreeHead(before, flip(old.root, bit)), new, proof)
    assert refused(verify_consistency, old, TreeHead(after, flip(new.root, bit)), proof)
    assert refused(verify_consistency, new, old, proof)
    assert refused(verify_consistency, old, new, proof[:-1])
    assert refused(verify_consistency, old, new, ())
    assert refused(verify_consistency, old, new, (*proof, old.root))
    assert refused(verify_consistency, old, new, (*proof[:at], flip(proof[at], bit), *proof[at + 1 :]))
    # A fork: the same but for one leaf of the past
    altered = data.draw(st.integers(0, before - 1))
    fork = Tree([b"%d" % i if i != altered else b"x" for i in range(70)])
    assert refused(verify_consistency, old, fork.head(after), prove_consistency(fork, before, after))


@given(st.integers(0, 70), st.integers(0, 70), st.lists(st.binary(min_size=32, max_size=32), max_size=9))
def test_nothing_but_a_refusal_comes_of_a_proof_that_is_made_up(one, other, proof):
    tree = Tree([b"%d" % i for i in range(70)])
    for check, first in ((verify_inclusion, (b"\0" * 32, one)), (verify_consistency, (TreeHead(one, b"\0" * 32),))):
        assert refused(check, *first, tree.head(other), tuple(proof))


def test_a_log_of_one_size_has_one_root_and_the_empty_one_is_known():
    head = TreeHead(3, bytes.fromhex(ROOTS[3]))
    assert raises_nothing(verify_consistency, head, head, ())
    assert refused(verify_consistency, head, head, (head.root,))
    assert refused(verify_consistency, TreeHead(3, EMPTY_ROOT), head, ())
    assert raises_nothing(verify_consistency, TreeHead(0, EMPTY_ROOT), head, ())
    assert refused(verify_consistency, TreeHead(0, head.root), head, ())
    assert refused(verify_consistency, TreeHead(0, EMPTY_ROOT), head, (head.root,))


def test_a_log_with_the_same_root_has_not_become_shorter():
    """Nobody says that two entries were one, whose hash is the root of both."""
    root = bytes.fromhex(ROOTS[2])
    assert refused(verify_consistency, TreeHead(2, root), TreeHead(1, root), ())
    assert refused(verify_consistency, TreeHead(8, root), TreeHead(1, root), ())


def test_a_proof_is_no_longer_than_the_size_allows():
    """Whoever says that a log is smaller than it is proves nothing about it, although the hashes lead to its root."""
    tree, beside = Tree(LEAVES), hash_leaf(b"not counted")
    first, second = hash_leaf(LEAVES[0]), hash_leaf(LEAVES[1])
    assert refused(verify_inclusion, second, 0, TreeHead(1, bytes.fromhex(ROOTS[2])), (first,))
    three, four = [TreeHead(size, hash_children(beside, tree.head(size).root)) for size in (3, 4)]
    assert refused(verify_consistency, three, four, (*prove_consistency(tree, 3, 4), beside))


@pytest.mark.parametrize("numbers", [(-1, 3), (3, 3)], ids=str)
def test_what_is_not_in_the_tree_is_not_proven(numbers):
    with pytest.raises(ValueError, match="no such leaf"):
        prove_inclusion(Tree(LEAVES), *numbers)


@pytest.mark.parametrize("numbers", [(-1, 3), (4, 3)], ids=str)
def test_a_log_that_shrinks_is_not_proven(numbers):
    with pytest.raises(ValueError, match="shrink"):
        prove_consistency(Tree(LEAVES), *numbers)


@settings(max_examples=30)
@given(st.integers(2, 10_000_000), st.data())
def test_few_nodes_are_looked_up_of_a_large_log(size, data):
    asked = []

    def nodes(level, position):
        assert (position + 1) << level <= size  # only what a log of this size keeps
        asked.append(level)
        return b"\0" * 32

    index = data.draw(st.integers(0, size - 1))
    for prove in (prove_inclusion, prove_consistency):
        asked.clear()
        proof = prove(nodes, index, size)
        assert len(asked) <= 2 * size.bit_length()
        assert len(proof) <= size.bit_length() + 1
    asked.clear()
    append_leaves(nodes, size - 1, [b"\1" * 32] * 64)
    assert len(asked) <= size.bit_length() + 1


def test_the_largest_proofs_fit_the_cap():
    def nodes(_level, _position):
        return b"\0" * 32

    lengths = [
        len(prove(nodes, MAX_SIZE - back, MAX_SIZE))
        for prove in (prove_inclusion, prove_consistency)
        for back in (1, 2)
    ]
    assert max(lengths) <= MAX_PROOF
