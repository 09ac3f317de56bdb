"""The engine: one way to begin, durable commits, and errors that say whether to try again."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from protocol.errors import InvalidRequest, Unavailable

T = TypeVar("T")

BUSY_SECONDS = 10  # that SQLite waits for another writer
POOL_SIZE = 8
KEPT = 2  # connections to a file that stay open between queries
ATTEMPTS = 4
# PostgreSQL: serialization failure, deadlock, connection gone (class 08), server going down (class 57P)
_RETRY_STATES = ("40001", "40P01")
_GONE_CLASSES = ("08", "57P")
# SQLite calls wrong SQL "operational" too; these are the troubles of a file: busy, locked, read-only, disk, full, damaged
_SQLITE_AWAY = frozenset((
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_NOMEM,
))  # fmt: skip
# Milliseconds. A worker whose machine vanished must not hold its locks, and nobody waits for ever.
_SERVER_LIMITS = {
    "statement_timeout": 30_000,
    "lock_timeout": 10_000,
    "idle_in_transaction_session_timeout": 30_000,
}
# Seconds, but tcp_user_timeout in milliseconds: a server that vanished without a word is noticed
_CONNECTION_LIMITS = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 15_000}


class Database:
    """A database of one role: its own file on SQLite, its own schema on PostgreSQL."""

    def __init__(self, url: str, schema: str) -> None:
        self.url = make_url(url)
        self.schema = schema
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgres_engine(self.url, schema)
        self.driver_error: type[Exception] = self.engine.dialect.loaded_dbapi.Error
        # A file needs no look whether it is still there: going through the pool costs more than a query
        self._keeps = KEPT if self.is_sqlite and self.url.database not in (None, "", ":memory:") else 0
        self._kept: list[PoolProxiedConnection] = []
        self._reader = self.engine.execution_options(hoheit_read=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with; a snapshot of what was committed.

        Raises:
            Unavailable: the database is away.
        """
        try:
            with self._reader.connect() as connection:
                yield connection
        except PoolExhausted as error:
            raise _too_busy() from error
        except DBAPIError as error:
            raise explained(error) from error

    def take(self) -> PoolProxiedConnection:
        """The driver's own connection, for one query outside any transaction of ours; it must be given back, or closed.

        Raises:
            Unavailable: the database is away.
        """
        with contextlib.suppress(IndexError):
            return self._kept.pop()
        try:
            return self.engine.raw_connection()
        except PoolExhausted as error:
            raise _too_busy() from error
        except self.driver_error as error:
            raise explained(self.translated(error)) from error

    def translated(self, error: Exception, *, gone: bool = False) -> DBAPIError:
        """What SQLAlchemy would raise for a driver's error, without statement and values; `gone`: the connection is."""
        known = DBAPIError.instance(
            None, None, error, self.driver_error, hide_parameters=True, connection_invalidated=gone,
            dialect=self.engine.dialect,
        )  # fmt: skip
        if not isinstance(known, DBAPIError):
            raise TypeError("not a driver's error") from error
        return known

    def give_back(self, connection: PoolProxiedConnection) -> None:
        """Give back a connection that works."""
        if len(self._kept) < self._keeps:
            self._kept.append(connection)
        else:
            connection.close()

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one durable transaction; again, from the start, if another transaction got in its way (T223).

        Raises:
            Unavailable: the database is away, or full. Nothing was changed, unless the connection was cut at the commit itself:
                then the work was run again, and found its own traces, or could not be.
        """
        attempts = 1
        while True:
            try:
                with self.engine.begin() as connection:
                    return work(connection)
            except PoolExhausted as error:
                raise _too_busy() from error
            except DBAPIError as error:
                if attempts == ATTEMPTS or not _may_retry(error):
                    raise explained(error) from error
                attempts += 1

    def check(self) -> None:
        """Look whether the database answers and is set up.

        Raises:
            Unavailable: it is away, or has no tables.
        """
        try:
            with self.reading() as connection:
                connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version"))
        except DBAPIError as error:
            raise Unavailable("the store is not set up") from error

    def dispose(self) -> None:
        """Close every connection."""
        while self._kept:
            self._kept.pop().close()
        self.engine.dispose()


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        path = Path(url.database)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            # T227: ours alone from the first byte, whatever the umask says
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        # The connection that wrote last has its pages in memory; any other has to read anew what was written since
        pool: dict[str, object] = {"pool_size": POOL_SIZE, "max_overflow": POOL_SIZE, "pool_use_lifo": True}
    else:
        # One connection is the whole database; threads take turns with it
        pool = {"poolclass": sqlalchemy.QueuePool, "pool_size": 1, "max_overflow": 0}
    engine = sqlalchemy.create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False, "isolation_level": None},
        pool_timeout=BUSY_SECONDS,
        **pool,
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: object, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # a DBAPI connection has no common type
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes its lock at once, so that two steps never both read before one of them writes
        read_only = connection.get_execution_options().get("hoheit_read")
        connection.exec_driver_sql("BEGIN DEFERRED" if read_only else "BEGIN IMMEDIATE")

    return engine


def _postgres_engine(url: URL, schema: str) -> Engine:
    return sqlalchemy.create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "options": " ".join(
                f"-c{name}={value}" for name, value in {"search_path": schema, **_SERVER_LIMITS}.items()
            ),
            **_CONNECTION_LIMITS,
        },
    )


def _may_retry(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError) and error.connection_invalidated
    return state in _RETRY_STATES


def explained(error: DBAPIError) -> Unavailable | InvalidRequest | DBAPIError:
    """What a caller is told: an operational trouble is nobody's mistake, most others are ours and stay what they are."""
    if _is_away(error):
        return Unavailable("the store is away for the moment, try again")
    if isinstance(error, DataError):
        # T224: NUL in a text, which PostgreSQL cannot hold
        return InvalidRequest("a value has characters that cannot be stored")
    return error


def _is_away(error: DBAPIError) -> bool:
    sqlite_code = getattr(error.orig, "sqlite_errorcode", None)
    if sqlite_code is not None:
        return sqlite_code & 0xFF in _SQLITE_AWAY
    state = getattr(error.orig, "sqlstate", None) or ""
    return isinstance(error, OperationalError) or state in _RETRY_STATES or state.startswith(_GONE_CLASSES)


def _too_busy() -> Unavailable:
    return Unavailable("too much is going on; nothing was changed, try again")
