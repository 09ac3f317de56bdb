"""Messages that wait for the other side, in SQL."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, MetaData, Table, Text, delete, func, select

from protocol.errors import Conflict, Unavailable
from runtime.database.engine import Database

MAX_NUMBER = 8  # messages of one side of a channel
MAX_WAITING = 2_000  # messages of all channels together
MAX_BYTES = 64 * 1024 * 1024  # of all channels together


def relay_table(metadata: MetaData) -> Table:
    """The table, in a role's own metadata."""
    return Table(
        "relay_messages",
        metadata,
        Column("channel", Text, primary_key=True),  # a digest: who reads the database cannot read or write a channel
        Column("side", Text, primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("body", LargeBinary, nullable=False),
        Column("expires_at", BigInteger, nullable=False, index=True),
    )


def create_relay() -> None:
    """Make the table, in a migration."""
    op.create_table(
        "relay_messages",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("side", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_relay_messages_expires_at", "relay_messages", ["expires_at"])


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """One message of one side."""

    channel: str  # digest
    side: str
    number: int
    body: bytes
    expires_at: int  # epoch seconds


class SqlRelay:
    """What waits. Every method is one transaction; all raise Unavailable when the database is away."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._table = table

    def leave(self, message: WaitingMessage, *, now: int) -> None:
        """Keep a message; the same again changes nothing.

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
        """Erase what nobody fetched in time, as part of a sweep; how many went."""
        table = self._table.c
        old = (
            select(table.channel, table.side, table.number)
            .where(table.expires_at <= before)
            .order_by(table.expires_at)
            .limit(limit)
        )
        gone = 0
        for row in connection.execute(old).all():
            query = delete(self._table).where(
                table.channel == row.channel, table.side == row.side, table.number == row.number
            )
            gone += connection.execute(query).rowcount
        return gone

    def _leave(self, connection: Connection, message: WaitingMessage, now: int) -> None:
        table = self._table.c
        own = (table.channel == message.channel, table.side == message.side)
        waiting = select(table.number, table.body).where(*own, table.expires_at > now)
        found = {row.number: row.body for row in connection.execute(waiting)}
        if message.number in found:
            if found[message.number] != message.body:
                raise Conflict("another message has this number")
            return
        if message.number != len(found) or message.number >= MAX_NUMBER:
            raise Conflict("this is not the next message")
        in_all = select(func.count(), func.coalesce(func.sum(func.length(table.body)), 0)).where(table.expires_at > now)
        count, size = connection.execute(in_all).one()
        if count >= MAX_WAITING or size + len(message.body) > MAX_BYTES:
            raise Unavailable("too much waits here")
        # What is over and not swept yet makes room
        connection.execute(delete(self._table).where(*own, table.number == message.number))
        row = {
            "channel": message.channel,
            "side": message.side,
            "number": message.number,
            "body": message.body,
            "expires_at": message.expires_at,
        }
        connection.execute(self._table.insert(), row)
