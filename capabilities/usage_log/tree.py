"""How a tree is kept: leaves in rows of one block each, and above them the root of each whole subtree.

A log grows by whole blocks, so the levels between leaves and block never have to be kept: 63 hashes make them anew. What a
proof needs is known before anything is read, because no hash decides where its way leads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from protocol.sovereignty.merkle import (
    HASH_SIZE,
    Nodes,
    Proof,
    TreeHead,
    append_leaves,
    hash_children,
    root_of,
)
from protocol.sovereignty.usage import BLOCK

ROW_LEVEL = BLOCK.bit_length() - 1  # of the root of one row

Prove = Callable[[Nodes], Proof]


class Places(NamedTuple):
    """What has to be read."""

    rows: frozenset[int]  # of leaves
    nodes: frozenset[int]  # numbers of nodes


class Growth(NamedTuple):
    """What is to be kept when leaves are appended."""

    rows: Mapping[int, bytes]  # row → its leaves, one after another
    nodes: Mapping[int, bytes]  # number → root
    head: TreeHead


@dataclass(frozen=True, slots=True)
class KeptTree:
    """The part of a tree that was read: `merkle.Nodes`."""

    rows: Mapping[int, bytes]
    nodes: Mapping[int, bytes]  # number → root

    def __call__(self, level: int, position: int) -> bytes:
        """The root of the subtree there."""
        if level >= ROW_LEVEL:
            return self.nodes[number_of(level, position)]
        row = self.rows[position >> (ROW_LEVEL - level)]
        size = HASH_SIZE << level
        start = (position << level) % BLOCK * HASH_SIZE
        hashes = [row[i : i + HASH_SIZE] for i in range(start, start + size, HASH_SIZE)]
        while len(hashes) > 1:
            hashes = [hash_children(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]


def number_of(level: int, position: int) -> int:
    """Level and position as one number, by which a database finds many nodes at once: each subtree's stands in its middle."""
    return (2 * position + 1) << level


def places_of(proofs: Iterable[Callable[[Nodes], object]]) -> Places:
    """What these proofs, or roots, will ask for."""
    rows: set[int] = set()
    nodes: set[int] = set()

    def note(level: int, position: int) -> bytes:
        if level >= ROW_LEVEL:
            nodes.add(number_of(level, position))
        else:
            rows.add(position >> (ROW_LEVEL - level))
        return b""

    for prove in proofs:
        prove(note)
    return Places(frozenset(rows), frozenset(nodes))


def edge(size: int) -> Places:
    """What has to be read to append to a tree of some size."""
    return places_of([lambda nodes: root_of(nodes, size)])


def grow(tree: KeptTree, size: int, leaves: Sequence[bytes]) -> Growth:
    """Append whole blocks; `tree` has the edge."""
    if size % BLOCK or len(leaves) % BLOCK:
        raise ValueError("a log grows by whole blocks")
    made = append_leaves(tree, size, leaves)
    kept = {number_of(node.level, node.position): node.hash for node in made if node.level >= ROW_LEVEL}
    rows = {(size + i) // BLOCK: b"".join(leaves[i : i + BLOCK]) for i in range(0, len(leaves), BLOCK)}
    after = size + len(leaves)
    return Growth(rows, kept, TreeHead(after, root_of(KeptTree({}, {**tree.nodes, **kept}), after)))
