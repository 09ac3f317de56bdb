"""The verifier's store in SQL; see `verifier.store.VerifierStore` for what every method promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from capabilities.relay.database import SqlRelay
from runtime.codec import Codec
from runtime.database.api_keys import SqlApiKeys
from runtime.database.conversations import SqlConversations
from runtime.database.engine import Database
from runtime.database.migrations import migrate
from verifier.counter import CounterChange, CounterStage, Removed, Standing
from verifier.database.counters import SqlCounters
from verifier.database.status_lists import SqlStatusLists
from verifier.database.tables import api_keys, conversations, counters, relay_messages, status_lists
from verifier.policy import MAX_OFFLINE_STATUS
from verifier.session import Answered, Declined, Forgotten, Opened, Received, Requested, Session

MIGRATIONS = Path(__file__).parent / "migrations"

_CODEC: Codec[Session | CounterStage] = Codec(
    Requested, Opened, Received, Answered, Declined, Forgotten, Standing, Removed
)


class SqlVerifierStore(SqlConversations[Session | CounterStage, CounterChange]):
    """Everything a verifier keeps, on SQLite or PostgreSQL."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self.counters = SqlCounters(database, counters)
        super().__init__(database, conversations, _CODEC, now, self.counters.change)
        self.database = database
        self.api_keys = SqlApiKeys(database, api_keys)
        self.status_lists = SqlStatusLists(database, status_lists)
        self.relay = SqlRelay(database, relay_messages)

    def migrate(self) -> None:
        """Bring the database to this program's version."""
        migrate(self.database, MIGRATIONS)

    def sweep(self, *, now: int, limit: int) -> int:
        """Erase what is over."""

        def work(connection: Connection) -> int:
            gone = self.forget_expired(connection, before=now, limit=limit)
            gone += self.relay.forget_expired(connection, before=now, limit=limit)
            return gone + self.status_lists.forget_before(connection, now - MAX_OFFLINE_STATUS, limit)

        return self.database.write(work)
