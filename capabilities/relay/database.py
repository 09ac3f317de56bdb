"""Messages that wait for the other side, in SQL."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from protocol.encoding import sha256
from protocol.errors import Conflict, Unavailable
from runtime.database.engine import Database

KEEP_SECONDS = 60  # a message
CHANNEL_SECONDS = 300  # a channel, from its first message; until then it is known which numbers are taken
MAX_NUMBER = 8  # messages of one side of a channel
MAX_MESSAGES = 10_000  # of all channels together
MAX_BYTES = 64 * 1024 * 1024  # of all channels together


def relay_table(metadata: MetaData) -> Table:
    """The table, in a role's own metadata."""
    return Table(
        "relay_messages",
        metadata,
        Column("channel", Text, primary_key=True),  # a digest: who reads the database cannot read or write a channel
        Column("side", Text, primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("digest", LargeBinary, nullable=False),  # of the body, which goes before its number does
        Column("body", LargeBinary, nullable=False),
        Column("expires_at", BigInteger, nullable=False, index=True),
        Column("ends_at", BigInteger, nullable=False, index=True),  # the channel
    )


def create_relay() -> None:
    """Make the table, in a migration."""
    op.create_table(
        "relay_messages",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("side", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_relay_messages_expires_at", "relay_messages", ["expires_at"])
    op.create_index("ix_relay_messages_ends_at", "relay_messages", ["ends_at"])


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """One message of one side."""

    channel: str  # digest
    side: str
    number: int
    body: bytes


class SqlRelay:
    """What waits. Every method is one transaction; all raise Unavailable when the database is away."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._table = table

    def leave(self, message: WaitingMessage, *, now: int) -> None:
        """Keep a message for a minute; the same again changes nothing.

        Raises:
            Conflict: not the next one of its side, or another one has its number, or its side has left enough.
            Unavailable: too much waits here in all.
        """
        self._database.write(lambda connection: self._leave(connection, message, now))

    def look(self, channel: str, side: str, number: int, *, now: int) -> bytes | None:
        """A message, if it is there."""
        table = self._table.c
        query = select(table.body).where(
            table.channel == channel, table.side == side, table.number == number, table.expires_at > now
        )
        with self._database.reading() as connection:
            found: bytes | None = connection.execute(query).scalar()
        return found

    def end(self, channel: str) -> None:
        """Erase all of a channel."""
        query = delete(self._table).where(self._table.c.channel == channel)
        self._database.write(lambda connection: connection.execute(query))

    def forget_expired(self, connection: Connection, *, before: int, limit: int) -> int:
        """Erase what nobody fetched in time, and then what is left of its channel, as part of a sweep; how many went."""
        table = self._table.c
        name = (table.channel, table.side, table.number)
        over = select(*name).where(table.ends_at <= before).limit(limit)
        gone: int = connection.execute(delete(self._table).where(tuple_(*name).in_(over))).rowcount
        old = select(*name).where(table.expires_at <= before, func.length(table.body) > 0).limit(limit - gone)
        emptied: int = connection.execute(update(self._table).where(tuple_(*name).in_(old)).values(body=b"")).rowcount
        return gone + emptied

    def _leave(self, connection: Connection, message: WaitingMessage, now: int) -> None:
        table = self._table.c
        # What is over and not swept yet makes room
        connection.execute(delete(self._table).where(table.channel == message.channel, table.ends_at <= now))
        channel = self._channel(connection, message)
        own = [row for row in channel if row.side == message.side]
        if self._is_there(own, message):
            return
        if message.number != len(own) or message.number >= MAX_NUMBER:
            raise Conflict("this is not the next message")
        in_all = select(func.count(), func.coalesce(func.sum(func.length(table.body)), 0)).where(table.ends_at > now)
        count, size = connection.execute(in_all).one()
        if count >= MAX_MESSAGES or size + len(message.body) > MAX_BYTES:
            raise Unavailable("too much waits here")
        ends_at = min((row.ends_at for row in channel), default=now + CHANNEL_SECONDS)
        insert = (sqlite_insert if self._database.is_sqlite else postgresql_insert)(self._table)
        row = insert.values(
            channel=message.channel,
            side=message.side,
            number=message.number,
            digest=sha256(message.body),
            body=message.body,
            expires_at=min(now + KEEP_SECONDS, ends_at),
            ends_at=ends_at,
        )
        # Another worker may be leaving a message with this number at the same moment
        if connection.execute(row.on_conflict_do_nothing().returning(table.number)).first() is None:
            self._is_there(self._channel(connection, message), message)

    def _channel(self, connection: Connection, message: WaitingMessage) -> list[Row[tuple[str, int, bytes, int]]]:
        table = self._table.c
        query = select(table.side, table.number, table.digest, table.ends_at).where(table.channel == message.channel)
        return list(connection.execute(query))

    def _is_there(self, rows: list[Row[tuple[str, int, bytes, int]]], message: WaitingMessage) -> bool:
        for row in rows:
            if (row.side, row.number) == (message.side, message.number):
                if row.digest != sha256(message.body):
                    raise Conflict("another message has this number")
                return True
        return False
