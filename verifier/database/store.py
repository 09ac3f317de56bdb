"""The verifier's store in SQL; see `verifier.store.VerifierStore` for what every method promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from runtime.codec import Codec
from runtime.database.conversations import SqlConversations
from runtime.database.engine import Database
from runtime.database.migrations import migrate
from verifier.database.tables import api_keys, conversations
from verifier.records import ApiKey, Record
from verifier.session import Answered, Declined, Forgotten, Opened, Requested, Session

MIGRATIONS = Path(__file__).parent / "migrations"

_CODEC: Codec[Session] = Codec(Requested, Opened, Answered, Declined, Forgotten)


class SqlVerifierStore(SqlConversations[Session, Record]):
    """Everything a verifier keeps, on SQLite or PostgreSQL."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        super().__init__(database, conversations, _CODEC, _keep, now)
        self.database = database

    def migrate(self) -> None:
        """Bring the database to this program's version."""
        migrate(self.database, MIGRATIONS)

    def put_api_key(self, key: ApiKey) -> None:
        """Keep a key of the API."""
        self.database.write(lambda connection: _keep(connection, [key]))

    def api_key(self, digest: str) -> ApiKey | None:
        """A key that was not revoked."""
        query = select(api_keys).where(api_keys.c.digest == digest, api_keys.c.revoked.is_(False))
        with self.database.reading() as connection:
            row = connection.execute(query).first()
        return ApiKey(row.digest, row.name, row.created_at) if row is not None else None

    def revoke_api_keys(self, name: str) -> int:
        """See `VerifierStore`."""
        statement = update(api_keys).where(api_keys.c.name == name, api_keys.c.revoked.is_(False)).values(revoked=True)
        return self.database.write(lambda connection: connection.execute(statement).rowcount)

    def sweep(self, *, now: int, limit: int) -> int:
        """Erase what is over."""
        return self.database.write(lambda connection: self.forget_expired(connection, before=now, limit=limit))


def _keep(connection: Connection, records: Sequence[Record]) -> None:
    rows = [{"digest": key.digest, "name": key.name, "created_at": key.created_at, "revoked": False} for key in records]
    connection.execute(insert(api_keys), rows)
