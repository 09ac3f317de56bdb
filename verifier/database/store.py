"""The verifier's store in SQL; see `verifier.store.VerifierStore` for what every method promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection

from capabilities.accounts.session import SignedIn
from capabilities.relay.database import SqlRelay
from runtime.codec import Codec
from runtime.database.api_keys import SqlApiKeys
from runtime.database.conversations import SqlConversations
from runtime.database.engine import Database
from runtime.database.migrations import migrate
from verifier.counter import CounterChange, CounterGone, CounterRecord, CounterStage, Removed, Standing
from verifier.database.cases import SqlCases
from verifier.database.counters import SqlCounters
from verifier.database.status_lists import SqlStatusLists
from verifier.database.tables import (
    api_keys,
    case_keys,
    case_notices,
    cases,
    clerk_codes,
    conversations,
    counters,
    relay_messages,
    status_lists,
)
from verifier.once_only.case import Case, CaseChange, CaseStage, Draft, Erased
from verifier.policy import MAX_OFFLINE_STATUS
from verifier.session import Answered, Declined, Forgotten, Opened, Received, Requested, Session
from verifier.store import CaseHearer

MIGRATIONS = Path(__file__).parent / "migrations"

Stage = Session | CounterStage | CaseStage | SignedIn
Record = CounterChange | CaseChange

_CODEC: Codec[Stage] = Codec(
    Requested,
    Opened,
    Received,
    Answered,
    Declined,
    Forgotten,
    Standing,
    Removed,
    Draft,
    Case,
    Erased,
    SignedIn,
)


class SqlVerifierStore(SqlConversations[Stage, Record]):
    """Everything a verifier keeps, on SQLite or PostgreSQL.

    `hearers` are told in the same transaction what was done with a case.
    """

    def __init__(self, database: Database, now: Callable[[], int], hearers: Sequence[CaseHearer] = ()) -> None:
        self.counters = SqlCounters(database, counters)
        self.cases = SqlCases(database, cases, case_notices, hearers)
        super().__init__(database, conversations, _CODEC, now, self._keep_records)
        self.clerk_codes = SqlApiKeys(database, clerk_codes)
        self.case_keys = SqlApiKeys(database, case_keys)
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
            gone += self.cases.forget_expired(connection, before=now, limit=limit)
            gone += self.relay.forget_expired(connection, before=now, limit=limit)
            return gone + self.status_lists.forget_before(connection, now - MAX_OFFLINE_STATUS, limit)

        return self.database.write(work)

    def _keep_records(self, connection: Connection, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, CounterRecord | CounterGone):
                self.counters.change(connection, [record])
            else:
                self.cases.change(connection, [record])
