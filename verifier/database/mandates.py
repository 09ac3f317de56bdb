"""Which use of a mandate came last, in SQL; see `verifier.store.MandateUses`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Text, delete, insert, select, update

from protocol.errors import InvalidRequest
from runtime.database.engine import Database
from verifier.once_only.mandated import MandateUse


def mandate_table(metadata: MetaData) -> Table:
    """The table, in the verifier's metadata."""
    return Table(
        "mandate_uses",
        metadata,
        Column("mandate", Text, primary_key=True),
        Column("n", Integer, nullable=False),
        Column("data", Text, nullable=False),
        Column("until", BigInteger, nullable=False, index=True),
    )


class SqlMandateUses:
    """Uses on SQLite or PostgreSQL."""

    def __init__(self, database: Database, uses: Table) -> None:
        self._database = database
        self._uses = uses

    def last(self, mandate: str) -> MandateUse | None:
        """The last use of a mandate."""
        with self._database.reading() as connection:
            row = connection.execute(select(self._uses).where(self._uses.c.mandate == mandate)).first()
        return None if row is None else MandateUse(row.mandate, row.n, row.data, row.until)

    def write(self, connection: Connection, use: MandateUse) -> None:
        """Remember a use in the step that takes it in; of two at once the later number counts, and each number once.

        Raises:
            InvalidRequest: one with this number or a higher one was taken in meanwhile.
        """
        table = self._uses.c
        later = update(self._uses).where(table.mandate == use.mandate, table.n < use.n)
        if connection.execute(later.values(n=use.n, data=use.data)).rowcount:
            return
        if connection.execute(select(table.n).where(table.mandate == use.mandate)).first() is not None:
            raise InvalidRequest("forwarded data.n: is no further use of the mandate")
        row = {"mandate": use.mandate, "n": use.n, "data": use.data, "until": use.until}
        connection.execute(insert(self._uses), row)

    def forget_expired(self, connection: Connection, *, now: int, limit: int) -> int:
        """Forget mandates that have expired: nothing comes by them any more."""
        old = select(self._uses.c.mandate).where(self._uses.c.until <= now).limit(limit)
        gone: int = connection.execute(delete(self._uses).where(self._uses.c.mandate.in_(old))).rowcount
        return gone
