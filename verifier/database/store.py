"""The verifier's store in SQL; see `verifier.store.VerifierStore` for what every method promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection

from capabilities.cockpit.database import SqlCockpit
from capabilities.cockpit.records import IssuedReceipt
from capabilities.relay.database import SqlRelay
from capabilities.usage_log.database.store import SqlUsageLog
from capabilities.usage_log.records import Told, Used, Written
from protocol.keys import RandomBytes
from runtime import system
from runtime.codec import Codec
from runtime.database.api_keys import SqlApiKeys
from runtime.database.conversations import SqlConversations
from runtime.database.engine import Database
from runtime.database.migrations import migrate
from verifier.counter import CounterChange, CounterStage, Removed, Standing
from verifier.database.counters import SqlCounters
from verifier.database.status_lists import SqlStatusLists
from verifier.database.tables import (
    api_keys,
    cockpit_tables,
    conversations,
    counters,
    relay_messages,
    status_lists,
    usage_tables,
)
from verifier.policy import MAX_OFFLINE_STATUS
from verifier.session import Answered, Declined, Forgotten, Opened, Received, Requested, Session
from verifier.usage import OVER, erased

MIGRATIONS = Path(__file__).parent / "migrations"

_CODEC: Codec[Session | CounterStage] = Codec(
    Requested, Opened, Received, Answered, Declined, Forgotten, Standing, Removed
)


class SqlVerifierStore(SqlConversations[Session | CounterStage, CounterChange | Written | IssuedReceipt]):
    """Everything a verifier keeps, on SQLite or PostgreSQL."""

    def __init__(
        self, database: Database, now: Callable[[], int], random_bytes: RandomBytes = system.random_bytes
    ) -> None:
        super().__init__(database, conversations, _CODEC, now, self._keep_records)
        self.counters = SqlCounters(database, counters)
        self.cockpit = SqlCockpit(database, cockpit_tables)
        self.usage = SqlUsageLog(database, usage_tables, now=now, random_bytes=random_bytes)
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
            gone = self.forget_expired(
                connection, before=now, limit=limit, ending=lambda ended: self._end(connection, ended, now)
            )
            gone += self.relay.forget_expired(connection, before=now, limit=limit)
            gone += self.usage.forget_expired(connection, now=now, limit=limit)
            gone += self.cockpit.forget_expired(connection, now=now, limit=limit)
            return gone + self.status_lists.forget_before(connection, now - MAX_OFFLINE_STATUS, limit)

        return self.database.write(work)

    def _keep_records(self, connection: Connection, records: Sequence[CounterChange | Written | IssuedReceipt]) -> None:
        given = [record for record in records if isinstance(record, IssuedReceipt)]
        self.cockpit.write(connection, given)
        written = [record for record in records if isinstance(record, Used | Told)]
        if written:
            self.usage.write(connection, written)
        other = [record for record in records if not isinstance(record, Used | Told | IssuedReceipt)]
        self.counters.change(connection, other)

    def _end(self, connection: Connection, ended: Sequence[Session | CounterStage], now: int) -> None:
        """Say of answers whose time is over that they are gone, as they go."""
        answers = [stage for stage in ended if isinstance(stage, Answered)]
        self.usage.write(connection, [used for each in answers for used in erased(each.logged, now=now, why=OVER)])
