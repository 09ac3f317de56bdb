"""A tree of hashes over a log that only grows, and the two proofs about it (RFC 9162 §2.1, SHA-256).

What is kept of a tree are the roots of its whole subtrees: `Nodes` finds the one at a level and position, level 0 being the
leaves. They never change, so a proof about any size that the log ever had needs some 2·log2(n) of them and no leaf but one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from protocol.encoding import sha256
from protocol.errors import NotAuthentic

HASH_SIZE = 32  # bytes
MAX_SIZE = (1 << 53) - 1  # leaves; what every reader of JSON counts exactly
MAX_PROOF = 64  # hashes; no tree of that size needs more
EMPTY_ROOT = sha256(b"")

Nodes = Callable[[int, int], bytes]  # level and position → the root of the 2**level leaves there
Proof = tuple[bytes, ...]


class Node(NamedTuple):
    """The root of a whole subtree: of the leaves from `position * 2**level` on."""

    level: int
    position: int
    hash: bytes


class TreeHead(NamedTuple):
    """A log as it stood at one time."""

    size: int  # leaves
    root: bytes


def hash_leaf(data: bytes) -> bytes:
    """The hash by which an entry stands in the tree (§2.1.1)."""
    return sha256(b"\x00" + data)


def hash_children(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees (§2.1.1)."""
    return sha256(b"\x01" + left + right)


def append_leaves(nodes: Nodes, size: int, leaves: Sequence[bytes]) -> tuple[Node, ...]:
    """The nodes to be kept when leaf hashes are appended to a tree of some size, the leaves among them."""
    made: list[Node] = []
    fresh: dict[tuple[int, int], bytes] = {}
    for index, leaf in enumerate(leaves, size):
        node = Node(0, index, leaf)
        made.append(node)
        # A node on the right side closes the subtree above it
        while node.position % 2:
            place = (node.level, node.position - 1)
            left = fresh.get(place) or nodes(*place)
            node = Node(node.level + 1, node.position // 2, hash_children(left, node.hash))
            made.append(node)
            fresh[node.level, node.position] = node.hash
        fresh[0, index] = leaf
    return tuple(made)


def root_of(nodes: Nodes, size: int) -> bytes:
    """The root of the first leaves of a log (§2.1.1)."""
    return _root(nodes, 0, size) if size else EMPTY_ROOT


def prove_inclusion(nodes: Nodes, index: int, size: int) -> Proof:
    """The proof that a leaf stands where it stands in a tree of some size (§2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError("the tree has no such leaf")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            path.append(_root(nodes, middle, end))
            end = middle
        else:
            path.append(_root(nodes, start, middle))
            start = middle
    return tuple(reversed(path))


def prove_consistency(nodes: Nodes, before: int, after: int) -> Proof:
    """The proof that a tree of one size only grew into one of another (§2.1.4.1); empty from nothing and to the same."""
    if not 0 <= before <= after:
        raise ValueError("a log does not shrink")
    if before in (0, after):
        return ()
    path = []
    start, end = 0, after
    while end != before:
        middle = _split(start, end)
        if before <= middle:
            path.append(_root(nodes, middle, end))
            end = middle
        else:
            path.append(_root(nodes, start, middle))
            start = middle
    if start:
        path.append(_root(nodes, start, end))
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, head: TreeHead, proof: Proof, at: str) -> None:
    """Check that a leaf hash stands at an index of a tree (§2.1.3.2).

    Raises:
        NotAuthentic: it does not, or the proof is for something else.
    """
    if not 0 <= index < head.size:
        raise NotAuthentic(f"{at}: is beyond the end of the log")
    first, last, found = index, head.size - 1, leaf
    for hash_ in proof:
        if last == 0:
            raise NotAuthentic(f"{at}: is too long a proof")
        if first % 2 or first == last:
            found = hash_children(hash_, found)
            while first % 2 == 0 and first:
                first, last = first >> 1, last >> 1
        else:
            found = hash_children(found, hash_)
        first, last = first >> 1, last >> 1
    if last or found != head.root:
        raise NotAuthentic(f"{at}: does not prove that this stands in the log")


def verify_consistency(before: TreeHead, after: TreeHead, proof: Proof, at: str) -> None:
    """Check that a log only grew from one head to another (§2.1.4.2).

    From the empty log everything has grown, without a proof.

    Raises:
        NotAuthentic: it shrank or changed, or the proof is for something else.
    """
    if before.size > after.size:
        raise NotAuthentic(f"{at}: the log has become shorter")
    if before.size in (0, after.size):
        # A log of one size has one root, and the empty one is known to everybody
        expected = after.root if before.size else EMPTY_ROOT
        if proof or before.root != expected:
            raise NotAuthentic(f"{at}: the log is not what it was")
        return
    first, last = before.size - 1, after.size - 1
    while first % 2:
        first, last = first >> 1, last >> 1
    # Where the old tree is one whole subtree, its root is where the path begins, and is not repeated
    rest = proof if first else (before.root, *proof)
    if not rest:
        raise NotAuthentic(f"{at}: is too short a proof")
    old = new = rest[0]
    for hash_ in rest[1:]:
        if last == 0:
            raise NotAuthentic(f"{at}: is too long a proof")
        if first % 2 or first == last:
            old, new = hash_children(hash_, old), hash_children(hash_, new)
            while first % 2 == 0 and first:
                first, last = first >> 1, last >> 1
        else:
            new = hash_children(new, hash_)
        first, last = first >> 1, last >> 1
    if last or old != before.root or new != after.root:
        raise NotAuthentic(f"{at}: the log is not what it was")


def _split(start: int, end: int) -> int:
    """Where a range falls apart: after the largest power of two that is smaller than it."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def _root(nodes: Nodes, start: int, end: int) -> bytes:
    """The root of a range of leaves that begins where a subtree of its size may."""
    hashes = [nodes(level, position) for level, position in _whole_subtrees(start, end)]
    root = hashes.pop()
    while hashes:
        root = hash_children(hashes.pop(), root)
    return root


def _whole_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The largest whole subtrees of which a range is made, from the left."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level
