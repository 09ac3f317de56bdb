"""Keys of a service's API in SQL."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, MetaData, Table, Text, insert, select, update

from runtime.api_keys import ApiKey
from runtime.database.engine import Database


def api_key_table(metadata: MetaData, name: str = "api_keys") -> Table:
    """A table of one role's keys, in its own metadata; each kind of key has a table of its own, and opens nothing else."""
    return Table(
        name,
        metadata,
        Column("digest", Text, primary_key=True),
        Column("name", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("revoked", Boolean, nullable=False),
    )


class SqlApiKeys:
    """`runtime.api_keys.ApiKeys` in SQL; see there for what every method promises."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._table = table

    def put(self, key: ApiKey) -> None:
        """Keep a key."""
        row = {"digest": key.digest, "name": key.name, "created_at": key.created_at, "revoked": False}
        self._database.write(lambda connection: connection.execute(insert(self._table), row))

    def find(self, digest: str) -> ApiKey | None:
        """A key that was not revoked."""
        keys = self._table.c
        query = select(self._table).where(keys.digest == digest, keys.revoked.is_(False))
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return ApiKey(row.digest, row.name, row.created_at) if row is not None else None

    def revoke(self, name: str) -> int:
        """Let every key of a name be good no more; how many there were."""
        keys = self._table.c
        query = update(self._table).where(keys.name == name, keys.revoked.is_(False)).values(revoked=True)
        return self._database.write(lambda connection: connection.execute(query).rowcount)
