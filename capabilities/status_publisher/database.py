"""Status lists in SQL, beside the role's own table of what holds each place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import sqlalchemy as sa
from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    bindparam,
    case,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from capabilities.status_publisher.kept_places import KeptPlaces
from capabilities.status_publisher.policy import STATUS_VALUES, VOID, permuted_index
from capabilities.status_publisher.records import EntryState, StatusBlock, StatusListRecord
from protocol.keys import RandomBytes
from runtime.database.engine import Database

MAX_SWEPT_BLOCKS = 8  # of status indices, in one transaction

_BIG = BigInteger().with_variant(Integer(), "sqlite")


class StatusTables:
    """The tables of status lists, in a role's own metadata."""

    def __init__(self, metadata: MetaData) -> None:
        self.lists = Table(
            "status_lists",
            metadata,
            Column("id", Text, primary_key=True),
            Column("bits", Integer, nullable=False),
            Column("size", Integer, nullable=False),
            Column("seed", LargeBinary, nullable=False),
            Column("reserved", Integer, nullable=False),
            Column("version", BigInteger, nullable=False),
            Column("changed_at", BigInteger, nullable=False),
        )
        self.blocks = Table(
            "status_blocks",
            metadata,
            Column("id", _BIG, primary_key=True, autoincrement=True),
            Column("list_id", ForeignKey("status_lists.id"), nullable=False),
            Column("first", Integer, nullable=False),  # counter, not index
            Column("count", Integer, nullable=False),
            Column("reserved_at", BigInteger, nullable=False, index=True),
        )
        self.voids = Table(
            "status_voids",
            metadata,
            Column("list_id", ForeignKey("status_lists.id"), primary_key=True),
            Column("idx", Integer, primary_key=True),
        )


def create_status_lists() -> None:
    """Make the tables, for the first migration of a role. Later changes are migrations, never edits here."""
    op.create_table(
        "status_lists",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("bits", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("seed", sa.LargeBinary, nullable=False),
        sa.Column("reserved", sa.Integer, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "status_blocks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("list_id", sa.Text, sa.ForeignKey("status_lists.id"), nullable=False),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("reserved_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_status_blocks_reserved_at", "status_blocks", ["reserved_at"])
    op.create_table(
        "status_voids",
        sa.Column("list_id", sa.Text, sa.ForeignKey("status_lists.id"), primary_key=True),
        sa.Column("idx", sa.Integer, primary_key=True),
    )


class SqlStatusLists:
    """`capabilities.status_publisher.store.StatusStore` in SQL, and what a role's own transactions need of it.

    `holders` is the role's table of what holds a place: its columns `status_list` (empty: none), `status_index` and `state`
    say so. No two rows may share a place, for which the role's table has a unique index (T078). `reserving` is told how far
    places of a list are handed out and when, before anybody gets them.
    """

    def __init__(
        self,
        database: Database,
        tables: StatusTables,
        holders: Table,
        reserving: Callable[[StatusListRecord, int, int], None] | None = None,
    ) -> None:
        self._database = database
        self._reserving = reserving
        self._tables = tables
        self._holders = holders.c
        lists = tables.lists.c
        # Two workers' clocks may differ; what a reader sees must never run back
        later = case((lists.changed_at > bindparam("now"), lists.changed_at), else_=bindparam("now"))
        self._next_version = (
            update(tables.lists)
            .where(lists.id == bindparam("list_id"))
            .values(version=lists.version + 1, changed_at=later)
        )

    def reserve_indices(self, bits: int, count: int, *, fresh: StatusListRecord, now: int) -> StatusBlock:
        """Reserve indices in one transaction, so that no two workers get the same (T078)."""
        return self._database.write(lambda connection: self._reserve(connection, bits, count, fresh, now))

    def status_list(self, list_id: str) -> StatusListRecord | None:
        """One status list."""
        lists = self._tables.lists
        with self._database.reading() as connection:
            row = connection.execute(select(lists).where(lists.c.id == list_id)).first()
        return _record(row) if row is not None else None

    def status_entries(self, list_id: str) -> Mapping[int, int]:
        """The entries of a list that are not valid."""
        holders, voids = self._holders, self._tables.voids.c
        changed = select(holders.status_index, holders.state).where(
            holders.status_list == list_id, holders.state != str(EntryState.VALID)
        )
        with self._database.reading() as connection:
            entries = {row.status_index: STATUS_VALUES[EntryState(row.state)] for row in connection.execute(changed)}
            found = connection.scalars(select(voids.idx).where(voids.list_id == list_id))
            entries.update(dict.fromkeys(found, VOID))
        return entries

    def move_on(self, connection: Connection, list_id: str, now: int) -> None:
        """Let a list be signed again: within the transaction that changed the state of one of its entries (T077)."""
        connection.execute(self._next_version, {"list_id": list_id, "now": now})

    def sweep(self, connection: Connection, *, before: int, now: int, limit: int) -> int:
        """Void every index reserved before `before` that nothing got (T143); how many blocks, `limit` if there may be more."""
        blocks = self._tables.blocks
        # Another worker may sweep as well: it takes other blocks
        query = select(blocks).where(blocks.c.reserved_at < before).order_by(blocks.c.id)
        found = connection.execute(query.limit(MAX_SWEPT_BLOCKS).with_for_update(skip_locked=True)).all()
        for block in found:
            self._void_unused(connection, block, now)
        # A full hand means that there is more
        return limit if len(found) == MAX_SWEPT_BLOCKS else len(found)

    def go_on(self, kept: KeptPlaces, *, random_bytes: RandomBytes, now: int) -> None:
        """Hand out no place that was handed out before, as far as that is written down."""
        for given in kept.places():
            self._database.write(partial(self.catch_up, known=given.record(random_bytes(16), now)))

    def write_down(self, kept: KeptPlaces, now: int) -> None:
        """Write down how far places are handed out, where an older program did not.

        Raises:
            Unavailable: it cannot be written.
        """
        with self._database.reading() as connection:
            records = [_record(row) for row in connection.execute(select(self._tables.lists))]
        for record in records:
            kept.note_places(record, record.reserved, now)

    def catch_up(self, connection: Connection, known: StatusListRecord) -> bool:
        """Hand out no place that was handed out before, as far as that is known of a list; whether it was news.

        A list that an old copy of the database does not have comes back full: what has a place in it can still be looked up.
        """
        lists = self._tables.lists
        row = {
            "id": known.id,
            "bits": known.bits,
            "size": known.size,
            "seed": known.seed,
            "reserved": known.size,
            "version": known.version,
            "changed_at": known.changed_at,
        }
        if self._add(connection, lists, row):
            return True
        behind = update(lists).where(lists.c.id == known.id, lists.c.reserved < known.reserved)
        return bool(connection.execute(behind.values(reserved=known.reserved)).rowcount)

    def void(self, connection: Connection, list_id: str, index: int, now: int) -> bool:
        """Let a place that nothing here has be invalid for ever; whether it was valid. A list that is not here has none."""
        lists, holders = self._tables.lists.c, self._holders
        known = select(lists.id).where(lists.id == list_id, lists.size > index)
        held = select(holders.status_index).where(holders.status_list == list_id, holders.status_index == index)
        if connection.scalar(known) is None or connection.scalar(held) is not None:
            return False
        row = {"list_id": list_id, "idx": index}
        if not self._add(connection, self._tables.voids, row):
            return False
        self.move_on(connection, list_id, now)
        return True

    def _add(self, connection: Connection, table: Table, row: Mapping[str, object]) -> bool:
        """Add a row that another worker may add at this moment; whether it was not there."""
        new = sqlite.insert(table) if self._database.is_sqlite else postgresql.insert(table)
        added = new.values(row).on_conflict_do_nothing().returning(*table.primary_key)
        return connection.execute(added).first() is not None

    def _reserve(self, connection: Connection, bits: int, count: int, fresh: StatusListRecord, now: int) -> StatusBlock:
        lists, blocks = self._tables.lists, self._tables.blocks
        query = (
            select(lists)
            .where(lists.c.bits == bits, lists.c.reserved + count <= lists.c.size)
            .order_by(lists.c.id)
            .limit(1)
            .with_for_update()
        )
        row = connection.execute(query).first()
        if row is None:
            record = fresh
            new = {
                "id": fresh.id,
                "bits": fresh.bits,
                "size": fresh.size,
                "seed": fresh.seed,
                "reserved": count,
                "version": fresh.version,
                "changed_at": fresh.changed_at,
            }
            connection.execute(insert(lists), new)
        else:
            record = _record(row)
            more = update(lists).where(lists.c.id == record.id).values(reserved=lists.c.reserved + count)
            connection.execute(more)
        if self._reserving is not None:
            self._reserving(record, record.reserved + count, now)
        block = {"list_id": record.id, "first": record.reserved, "count": count, "reserved_at": now}
        connection.execute(insert(blocks), block)
        counters = range(record.reserved, record.reserved + count)
        return StatusBlock(record.id, tuple(permuted_index(record, counter) for counter in counters))

    def _void_unused(self, connection: Connection, block: Row[tuple[object, ...]], now: int) -> None:
        """What was refused or never asked for leaves its index behind."""
        tables, holders = self._tables, self._holders
        record = _record(connection.execute(select(tables.lists).where(tables.lists.c.id == block.list_id)).one())
        counters = range(block.first, block.first + block.count)
        indices = [permuted_index(record, counter) for counter in counters]
        taken = select(holders.status_index).where(holders.status_list == record.id, holders.status_index.in_(indices))
        used = set(connection.scalars(taken))
        unused = [{"list_id": record.id, "idx": index} for index in indices if index not in used]
        if unused:
            connection.execute(insert(tables.voids), unused)
            self.move_on(connection, record.id, now)
        connection.execute(delete(tables.blocks).where(tables.blocks.c.id == block.id))


def _record(row: Row[tuple[object, ...]]) -> StatusListRecord:
    return StatusListRecord(row.id, row.bits, row.size, row.seed, row.reserved, row.version, row.changed_at)
