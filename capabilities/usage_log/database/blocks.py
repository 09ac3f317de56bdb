"""Appending: on each full hour all pending leaves, by whichever worker comes first, and each of them once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from capabilities.usage_log.database.nodes import NodeReader
from capabilities.usage_log.database.tables import CLOCK, UsageTables
from capabilities.usage_log.policy import CLOCKS, PORTION, due_block, is_set_back, next_log
from capabilities.usage_log.records import LogState
from capabilities.usage_log.tree import Growth, edge, grow
from protocol.encoding import decode_base64url
from protocol.keys import RandomBytes
from protocol.sovereignty.log_heads import LogHead
from protocol.sovereignty.merkle import EMPTY_ROOT, TreeHead
from protocol.sovereignty.usage import log_of, make_block


class BlockWriter:
    """Writes blocks, each portion of one in a transaction that also says which entries are in it."""

    def __init__(self, tables: UsageTables, nodes: NodeReader, random_bytes: RandomBytes) -> None:
        self._tables = tables
        self._nodes = nodes
        self._random_bytes = random_bytes
        entries, receipts = tables.entries, tables.receipts
        # Whoever wrote with a clock that was ahead does not wait until that time comes
        waits = or_(entries.c.written_at < bindparam("block_at"), entries.c.written_at > bindparam("future"))
        self._pending = (
            select(entries.c.receipt, entries.c.n, entries.c.leaf, receipts.c.log_until)
            .join(receipts, receipts.c.receipt == entries.c.receipt)
            .where(entries.c.log.is_(None), waits)
            .order_by(entries.c.leaf)
            .limit(PORTION)
        )
        self._place = (
            update(entries)
            .where(entries.c.receipt == bindparam("of"), entries.c.n == bindparam("number"))
            .values(log=bindparam("in_log"), place=bindparam("index"))
        )

    def append(self, connection: Connection, now: int) -> int:
        """Append the next portion that is due; how many leaves that were."""
        clock = self._tables.clock
        # Whoever has this row appends alone; whoever waited for it finds what the other did
        last: int = connection.scalars(select(clock.c.last_block).where(clock.c.id == CLOCK).with_for_update()).one()
        block_at = due_block(last, now)
        if block_at is None:
            return 0
        log = log_of(block_at)
        if is_set_back(last, now):
            receipts = self._tables.receipts
            connection.execute(update(receipts).where(receipts.c.since > log).values(since=log))
        pending = connection.execute(self._pending, {"block_at": block_at, "future": now + CLOCKS}).all()
        count = self._append(connection, pending, log, block_at)
        if len(pending) < PORTION:
            connection.execute(update(clock).where(clock.c.id == CLOCK).values(last_block=block_at))
        return count

    def append_early(self, connection: Connection, now: int) -> int:
        """Append a portion of what waits for the next full hour; how many leaves that were, 0 if nothing waits.

        The block of the hour comes all the same, so nothing else changes.
        """
        clock = self._tables.clock
        connection.execute(select(clock.c.last_block).where(clock.c.id == CLOCK).with_for_update())
        pending = connection.execute(self._pending, {"block_at": now + 1, "future": now + CLOCKS}).all()
        return self._append(connection, pending, next_log(now), now) if pending else 0

    def _append(
        self, connection: Connection, pending: Sequence[Row[str, int, str, int]], log: str, block_at: int
    ) -> int:
        leaves = {decode_base64url(row.leaf): row for row in pending}
        block = make_block(tuple(leaves), self._random_bytes)
        start = self._extend(connection, log, block, block_at, max((row.log_until for row in pending), default=0))
        rows = [
            {"of": row.receipt, "number": row.n, "in_log": log, "index": index}
            for index, leaf in enumerate(block, start)
            if (row := leaves.get(leaf)) is not None
        ]
        if rows:
            connection.execute(self._place, rows)
        return len(block)

    def _extend(
        self, connection: Connection, log: str, block: tuple[bytes, ...], block_at: int, kept_until: int
    ) -> int:
        """Put leaves at the end of a log; the index of the first."""
        logs = self._tables.logs
        row = connection.execute(select(logs).where(logs.c.log == log).with_for_update()).first()
        if row is None:
            new = {"size": 0, "root": EMPTY_ROOT, "appended_at": block_at, "kept_until": 0, "pruned": 0}
            connection.execute(insert(logs), {"log": log, **new})
        size = 0 if row is None else row.size
        growth = grow(self._nodes.read(connection, log, edge(size)), size, block)
        self._keep(connection, log, growth)
        kept = kept_until if row is None else max(kept_until, row.kept_until)
        changed = {"size": growth.head.size, "root": growth.head.root, "appended_at": block_at, "kept_until": kept}
        connection.execute(update(logs).where(logs.c.log == log).values(changed))
        return size

    def _keep(self, connection: Connection, log: str, growth: Growth) -> None:
        rows = [{"log": log, "number": number, "hashes": hashes} for number, hashes in growth.rows.items()]
        connection.execute(insert(self._tables.rows), rows)
        nodes = [{"log": log, "number": number, "hash": root} for number, root in growth.nodes.items()]
        connection.execute(insert(self._tables.nodes), nodes)


def log_state(row: Row[tuple[object, ...]]) -> LogState:
    """A log as its row has it."""
    return LogState(LogHead(row.log, TreeHead(row.size, row.root)), row.appended_at)
