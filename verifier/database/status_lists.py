"""Status lists that outlive the process which fetched them, in SQL; see `verifier.store.KeptStatusLists`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, Table, Text, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from runtime.database.engine import Database
from verifier.store import StoredList

MAX_LISTS = 64
MAX_BYTES = 64 * 1024 * 1024  # of all lists together, sealed


def status_list_table(metadata: MetaData) -> Table:
    """The table, in the verifier's metadata."""
    return Table(
        "status_lists",
        metadata,
        Column("address", Text, primary_key=True),
        Column("fetched_at", BigInteger, nullable=False, index=True),
        Column("sealed", LargeBinary, nullable=False),
    )


class SqlStatusLists:
    """`verifier.store.KeptStatusLists` in SQL; see there for what every method promises."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._table = table

    def find(self, address: str) -> StoredList | None:
        """What is kept of an address."""
        table = self._table.c
        with self._database.reading() as connection:
            row = connection.execute(select(self._table).where(table.address == address)).first()
        return StoredList(row.address, row.fetched_at, row.sealed) if row is not None else None

    def keep(self, kept: StoredList) -> None:
        """Keep one, unless a newer one is there."""
        self._database.write(lambda connection: self._keep(connection, kept))

    def forget_before(self, connection: Connection, moment: int, limit: int) -> int:
        """Forget what was fetched before a moment, as part of a sweep; how many went."""
        table = self._table.c
        old = select(table.address).where(table.fetched_at < moment).limit(limit)
        gone: int = connection.execute(delete(self._table).where(table.address.in_(old))).rowcount
        return gone

    def _keep(self, connection: Connection, kept: StoredList) -> None:
        table = self._table.c
        # Two workers may keep the same list at the same moment: the newer one stays
        insert = (sqlite_insert if self._database.is_sqlite else postgresql_insert)(self._table)
        row = insert.values(address=kept.address, fetched_at=kept.fetched_at, sealed=kept.sealed)
        connection.execute(
            row.on_conflict_do_update(
                index_elements=[table.address],
                set_={"fetched_at": row.excluded.fetched_at, "sealed": row.excluded.sealed},
                where=table.fetched_at < row.excluded.fetched_at,
            )
        )
        self._drop_oldest(connection)

    def _drop_oldest(self, connection: Connection) -> None:
        """Stay within the caps; the newest stays whatever its size, which has a cap of its own."""
        table = self._table.c
        newest = select(table.address, func.length(table.sealed)).order_by(table.fetched_at.desc(), table.address)
        size = 0
        unwanted = []
        for place, (address, length) in enumerate(connection.execute(newest).all()):
            size += length
            if place and (place >= MAX_LISTS or size > MAX_BYTES):
                unwanted.append(address)
        if unwanted:
            connection.execute(delete(self._table).where(table.address.in_(unwanted)))
