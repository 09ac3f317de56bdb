"""A small role to test storage and drivers with: a counter that is open until it is closed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, MetaData, Table, Text, insert, select, text

from protocol.errors import InvalidGrant, NotFound, Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from runtime.codec import Codec
from runtime.conversation import Advance, Begin, Change, Event, Refused, SessionKey, Spend
from runtime.database.conversations import ConversationTables, SqlConversations
from runtime.database.engine import Database
from tests.support.pki import NOW


@dataclass(frozen=True, slots=True)
class Open:
    """Counts."""

    count: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """Counts no more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """A record."""

    text: str


Stage = Open | Closed
MISSING = NotFound("no such counter")
SPENT = InvalidGrant("this value was used before")
USED_UP = InvalidGrant("wrong too often")
CLOSED = InvalidGrant("this counter is closed")
LIFETIME = 600

METADATA = MetaData()
TABLES = ConversationTables(METADATA)
NOTES = Table("notes", METADATA, Column("text", Text, primary_key=True))


class Counters(SqlConversations[Stage, Note]):
    """The store of that role, and a look behind it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, TABLES, Codec(Open, Closed), lambda: NOW, keep_notes)
        self.database = database

    def rows(self, table: str) -> list[tuple[object, ...]]:
        """Everything in a table."""
        with self.database.reading() as connection:
            return [tuple(row) for row in connection.execute(select(METADATA.tables[table]))]

    def notes(self) -> set[str]:
        """The records that were kept."""
        return {str(row[0]) for row in self.rows("notes")}


def keep_notes(connection: Connection, records: Sequence[Note]) -> None:
    """Keep records."""
    connection.execute(insert(NOTES), [{"text": record.text} for record in records])


def open_counters(url: str, *, create: bool = True) -> Counters:
    """A store, with its tables."""
    database = Database(url, "counters")
    if create:
        database.write(lambda connection: _create(connection, database))
    return Counters(database)


def _create(connection: Connection, database: Database) -> None:
    if not database.is_sqlite:
        connection.execute(text("CREATE SCHEMA counters"))
    METADATA.create_all(connection)


def name(value: str) -> SessionKey:
    """The key of a counter."""
    return SessionKey.of("name", value)


def start(value: str, count: int = 0, **change) -> Begin[object, object]:
    """Open a counter."""
    return Begin(Change(Open(count), keys=(name(value),), **change), NOW + LIFETIME)


def add_one(value: str, **change) -> Advance[object, object]:
    """Count one further."""

    def step(stage: object) -> Change[object, object]:
        if not isinstance(stage, Open):
            raise CLOSED
        return Change(Open(stage.count + 1), **change)

    return Advance(name(value), step, MISSING)


def spend(value: str, expires_at: int = NOW + LIFETIME) -> Spend:
    """A value that can be used once."""
    return Spend(SessionKey.of("nonce", value), expires_at, SPENT)


def refuse(value: str, **refused) -> Advance[object, object]:
    """A step that refuses, which is remembered."""
    return Advance(name(value), lambda _: Refused(Closed("wrong"), USED_UP, **refused), MISSING)


def event(action: str) -> Event:
    """A line of the trail."""
    return Event(action, "counter", actor="tester", detail="by test")


class Echo:
    """A sender that says the address back, from one event loop only."""

    def __init__(self) -> None:
        self.loops: set[asyncio.AbstractEventLoop] = set()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request; to a missing one there is no answer."""
        self.loops.add(asyncio.get_running_loop())
        if "missing" in request.url:
            raise Unreachable("no answer")
        return HttpResponse(200, (), request.url.encode())
