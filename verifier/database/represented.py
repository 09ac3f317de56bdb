"""Who was represented in which answer, in SQL; see `verifier.store.RepresentedStore`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Connection, Index, MetaData, Table, Text, delete, insert, select

from runtime.database.engine import Database
from verifier.represented import ActedFor


def represented_table(metadata: MetaData) -> Table:
    """The table, in the verifier's metadata."""
    return Table(
        "represented",
        metadata,
        Column("receipt", Text, primary_key=True),
        Column("mark", Text, nullable=False),
        Column("relation", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("log_until", BigInteger, nullable=False),
        Index("represented_by_mark", "mark", "at"),
        Index("represented_by_end", "log_until"),
    )


class SqlRepresented:
    """`verifier.store.RepresentedStore` in SQL; what is kept comes with the step that records an answer."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._table = table

    def of(self, mark: str, *, now: int, limit: int) -> tuple[ActedFor, ...]:
        """See `RepresentedStore.of`."""
        table = self._table.c
        found = select(self._table).where(table.mark == mark, table.log_until > now)
        with self._database.reading() as connection:
            rows = connection.execute(found.order_by(table.at.desc(), table.receipt).limit(limit)).mappings().all()
        return tuple([ActedFor(**row) for row in rows])

    def write(self, connection: Connection, records: Sequence[ActedFor]) -> None:
        """Write what a step says, in its transaction."""
        for one in records:
            row = {
                "receipt": one.receipt,
                "mark": one.mark,
                "relation": one.relation,
                "at": one.at,
                "log_until": one.log_until,
            }
            connection.execute(insert(self._table), row)

    def forget_expired(self, connection: Connection, *, now: int, limit: int) -> int:
        """Drop what is over, at most `limit`; how many went."""
        table = self._table.c
        over = connection.execute(select(table.receipt).where(table.log_until <= now).limit(limit)).scalars().all()
        if over:
            connection.execute(delete(self._table).where(table.receipt.in_(over)))
        return len(over)
