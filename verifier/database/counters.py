"""The list of counters in SQL; see `verifier.store.Counters`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text, delete, insert, select

from runtime.codec import Codec
from runtime.database.engine import Database
from verifier.counter import CounterChange, CounterGone, CounterRecord

_CODEC: Codec[CounterRecord] = Codec(CounterRecord)


def counter_table(metadata: MetaData) -> Table:
    """The table, in the verifier's metadata."""
    return Table(
        "counters",
        metadata,
        Column("id", Text, primary_key=True),
        Column("made_at", BigInteger, nullable=False),
        Column("record", Text, nullable=False),
    )


class SqlCounters:
    """`verifier.store.Counters` in SQL; changes come with the step of the counter's conversation."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._table = table

    def all(self) -> tuple[CounterRecord, ...]:
        """Every counter, oldest first."""
        table = self._table.c
        with self._database.reading() as connection:
            rows = connection.execute(select(table.record).order_by(table.made_at, table.id)).scalars().all()
        return tuple(_CODEC.decode(row) for row in rows)

    def change(self, connection: Connection, changes: Sequence[CounterChange]) -> None:
        """Write what a step says, in its transaction."""
        for change in changes:
            match change:
                case CounterRecord():
                    row = {"id": change.id, "made_at": change.made_at, "record": _CODEC.encode(change)}
                    connection.execute(insert(self._table), row)
                case CounterGone():
                    connection.execute(delete(self._table).where(self._table.c.id == change.id))
