"""Reading what a proof needs of a tree, and nothing else: memory does not grow with the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, bindparam, select

from capabilities.usage_log.database.tables import UsageTables
from capabilities.usage_log.tree import KeptTree, Places, Prove, places_of
from protocol.sovereignty.merkle import Proof

READ_AT_ONCE = 500  # places, in one query


class NodeReader:
    """The nodes of all logs."""

    def __init__(self, tables: UsageTables) -> None:
        rows, nodes = tables.rows.c, tables.nodes.c
        self._rows = select(rows.number, rows.hashes).where(
            rows.log == bindparam("of"), rows.number.in_(bindparam("numbers", expanding=True))
        )
        self._nodes = select(nodes.number, nodes.hash).where(
            nodes.log == bindparam("of"), nodes.number.in_(bindparam("numbers", expanding=True))
        )

    def prove(self, connection: Connection, log: str, proofs: Sequence[Prove]) -> tuple[Proof, ...]:
        """Make proofs about a log."""
        tree = self.read(connection, log, places_of(proofs))
        return tuple([prove(tree) for prove in proofs])

    def read(self, connection: Connection, log: str, places: Places) -> KeptTree:
        """The part of a tree that has these places."""
        rows: dict[int, bytes] = {}
        nodes: dict[int, bytes] = {}
        for numbers in _portions(places.rows):
            found = connection.execute(self._rows, {"of": log, "numbers": numbers})
            rows.update({row.number: row.hashes for row in found})
        for numbers in _portions(places.nodes):
            found = connection.execute(self._nodes, {"of": log, "numbers": numbers})
            nodes.update({row.number: row.hash for row in found})
        return KeptTree(rows, nodes)


def _portions(places: Iterable[int]) -> Iterator[Sequence[int]]:
    found = tuple(places)
    for start in range(0, len(found), READ_AT_ONCE):
        yield found[start : start + READ_AT_ONCE]
