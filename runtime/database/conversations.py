"""The conversations of a role in SQL: sessions, the keys they are found by, spent values and the trail of events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Insert,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from protocol.errors import ProtocolError
from runtime.codec import Codec, StoredDataError
from runtime.conversation import Advance, Begin, Change, Event, Load, Refused, SessionKey, Spend
from runtime.database.engine import Database
from runtime.database.prepared import Prepared

S = TypeVar("S")
R = TypeVar("R")
T = TypeVar("T")
Q = TypeVar("Q")

_BIG = BigInteger().with_variant(Integer(), "sqlite")


class ConversationTables:
    """The tables of one role's conversations, in its own metadata."""

    def __init__(self, metadata: MetaData) -> None:
        self.sessions = Table(
            "sessions",
            metadata,
            Column("id", _BIG, primary_key=True, autoincrement=True),
            Column("stage", Text, nullable=False),
            Column("expires_at", BigInteger, nullable=False, index=True),
        )
        self.keys = Table(
            "session_keys",
            metadata,
            Column("kind", Text, primary_key=True),
            Column("digest", Text, primary_key=True),
            Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
        )
        self.spent = Table(
            "spent_values",
            metadata,
            Column("kind", Text, primary_key=True),
            Column("digest", Text, primary_key=True),
            Column("expires_at", BigInteger, nullable=False, index=True),
        )
        self.events = Table(
            "events",
            metadata,
            Column("id", _BIG, primary_key=True, autoincrement=True),
            Column("at", BigInteger, nullable=False),
            Column("action", Text, nullable=False),
            Column("subject", Text, nullable=False),
            Column("actor", Text, nullable=False),
            Column("detail", Text, nullable=False),
            Index("events_by_subject", "subject"),
        )


class SqlConversations(Generic[S, R]):
    """`ConversationStore` in SQL. `keep` writes a change's records, in the same transaction; without it there are none."""

    def __init__(
        self,
        database: Database,
        tables: ConversationTables,
        codec: Codec[S],
        now: Callable[[], int],
        keep: Callable[[Connection, Sequence[R]], None] | None = None,
    ) -> None:
        self._database = database
        self._codec = codec
        self._keep = keep
        self._now = now
        self._tables = tables
        sessions, keys, spent = tables.sessions, tables.keys, tables.spent
        by_key = (keys.c.kind == bindparam("kind"), keys.c.digest == bindparam("digest"))
        found = (
            select(sessions.c.id, sessions.c.stage)
            .select_from(keys.join(sessions, keys.c.session_id == sessions.c.id))
            .where(*by_key)
        )
        self._find = Prepared(database, found)
        # The key's row too: a key that another transaction drops meanwhile must not find the session any more
        self._find_locked = self._find if database.is_sqlite else Prepared(database, found.with_for_update())
        named = tuple_(keys.c.kind, keys.c.digest).in_(bindparam("keys", expanding=True))
        self._lock_sessions = (
            select(sessions.c.id)
            .where(sessions.c.id.in_(select(keys.c.session_id).where(named)))
            .order_by(sessions.c.id)
            .with_for_update()
        )
        self._add_session = Prepared(database, _insert(sessions, "stage", "expires_at").returning(sessions.c.id))
        self._save = Prepared(
            database,
            update(sessions)
            .where(sessions.c.id == bindparam("session"))
            .values(
                stage=bindparam("new_stage"),
                expires_at=func.coalesce(bindparam("new_end", type_=BigInteger), sessions.c.expires_at),
            ),
        )
        self._add_keys = Prepared(database, _insert(keys, "kind", "digest", "session_id"))
        self._drop_key = Prepared(database, delete(keys).where(*by_key))
        fresh = sqlite.insert(spent) if database.is_sqlite else postgresql.insert(spent)
        values: dict[str, object] = {name: bindparam(name) for name in ("kind", "digest", "expires_at")}
        self._spend = Prepared(database, fresh.values(values).on_conflict_do_nothing())
        by_value = (spent.c.kind == bindparam("kind"), spent.c.digest == bindparam("digest"))
        self._take_back = Prepared(database, delete(spent).where(*by_value))
        self._add_events = add_events(database, tables)

    def load(self, effect: Load) -> object:
        """See `ConversationStore.load`."""
        row = self._find.look(_key(effect.key))
        if row is None:
            # One error may stand for every session that is missing: it must not gather what happened to each
            raise effect.missing.with_traceback(None)
        return self._codec.decode(_text(row[1]))

    def commit(
        self, effects: Sequence[Advance[object, object] | Begin[object, object]]
    ) -> list[object | ProtocolError]:
        """See `ConversationStore.commit`."""
        if self._database.is_sqlite:
            return self._database.write(lambda connection: [self._carry_out(connection, e) for e in effects])
        return self._database.write(lambda connection: self._carry_out_group(connection, effects))

    def lock(self, connection: Connection, key: SessionKey) -> None:
        """Let no step of a session run until this transaction ends; nothing if there is no such session."""
        self._find_locked.first(connection, _key(key))

    def locked(self, connection: Connection, key: SessionKey) -> S | None:
        """The stage of a session, of which no step runs until this transaction ends; None: there is no such session."""
        found = self._find_locked.first(connection, _key(key))
        return None if found is None else self._codec.decode(_text(found[1]))

    def step(self, connection: Connection, effect: Advance[T, Q]) -> object | ProtocolError:
        """Take a step within a transaction of the role's own; the new stage, or what refused it."""
        return self._carry_out(connection, effect)  # type: ignore[arg-type]  # a step stays within its union

    def forget(self, connection: Connection, key: SessionKey) -> None:
        """Erase a session with all its keys, before its time; nothing if there is none."""
        keys, sessions = self._tables.keys.c, self._tables.sessions
        named = select(keys.session_id).where(keys.kind == key.kind, keys.digest == key.digest)
        connection.execute(delete(sessions).where(sessions.c.id.in_(named)))

    def trail(self, connection: Connection, event: Event) -> None:
        """Add a line to the audit trail for what is no step of a session."""
        self._add_events.run_each(connection, [event_row(event, self._now())])

    def mark_spent(self, connection: Connection, spend: Spend) -> None:
        """Let a value be spent from now on, whether it was before or not."""
        self._spend.run(connection, {**_key(spend.key), "expires_at": spend.expires_at})

    def forget_expired(
        self,
        connection: Connection,
        *,
        before: int,
        limit: int,
        ending: Callable[[Sequence[S]], None] | None = None,
    ) -> int:
        """Forget sessions and spent values that expired before an instant, at most `limit` of each; how many went.

        `ending` is told the stages in which the sessions end, and writes what its role has to say of them.
        """
        sessions, spent = self._tables.sessions, self._tables.spent
        # What somebody takes a step of at this moment may get a later end; it is looked at again the next time
        old = select(sessions.c.id, sessions.c.stage).where(sessions.c.expires_at < before).limit(limit)
        found = connection.execute(old.with_for_update(skip_locked=True)).all()
        if ending is not None:
            ending(tuple(self._readable(row.stage for row in found)))
        gone = len(found)
        if found:
            connection.execute(delete(sessions).where(sessions.c.id.in_([row.id for row in found])))
        rows = connection.execute(
            select(spent.c.kind, spent.c.digest).where(spent.c.expires_at < before).limit(limit)
        ).all()
        if rows:
            connection.execute(
                delete(spent).where(spent.c.kind == bindparam("k"), spent.c.digest == bindparam("d")),
                [{"k": row.kind, "d": row.digest} for row in rows],
            )
        return gone + len(rows)

    def _readable(self, stages: Iterable[object]) -> Iterator[S]:
        """What can be read: what another version or a damage left goes without a word, but it goes."""
        for stage in stages:
            with suppress(StoredDataError):
                yield self._codec.decode(_text(stage))

    def _carry_out_group(
        self, connection: Connection, effects: Sequence[Advance[object, object] | Begin[object, object]]
    ) -> list[object | ProtocolError]:
        """PostgreSQL: lock all sessions of a group in one order, so that two workers' groups never wait for each other."""
        keys = [effect.key for effect in effects if isinstance(effect, Advance)]
        if len(keys) > 1:
            rows = {"keys": [(key.kind, key.digest) for key in keys]}
            connection.execute(self._lock_sessions, rows)
        return [self._carry_out(connection, effect) for effect in effects]

    def _carry_out(
        self, connection: Connection, effect: Advance[object, object] | Begin[object, object]
    ) -> object | ProtocolError:
        """One effect. Every refusal is known before anything is written but spent values, and these are taken back."""
        if isinstance(effect, Begin):
            change = effect.change
            refusal = self._spend_values(connection, change.spend)
            if refusal is not None:
                return refusal
            row = {"stage": self._codec.encode(change.next), "expires_at": effect.expires_at}  # type: ignore[arg-type]
            made = self._add_session.first(connection, row)
            if made is None:
                raise TypeError("an inserted session has a key")
            self._write(connection, made[0], change, None)
            return change.next
        found = self._find_locked.first(connection, _key(effect.key))
        if found is None:
            return effect.missing
        current = self._codec.decode(_text(found[1]))
        try:
            outcome = effect.step(current)
        except ProtocolError as error:
            return error
        if isinstance(outcome, Change):
            refusal = self._spend_values(connection, outcome.spend)
            if refusal is not None:
                return refusal
        self._write(connection, found[0], outcome, current)
        return outcome.error if isinstance(outcome, Refused) else outcome.next

    def _spend_values(self, connection: Connection, spends: Sequence[Spend]) -> ProtocolError | None:
        """Spend all of these, or none. Whoever spends the same at this moment is waited for, and then it is spent."""
        if len({spend.key for spend in spends}) != len(spends):
            return spends[0].error
        for number, spend in enumerate(spends):
            if not self._spend.run(connection, {**_key(spend.key), "expires_at": spend.expires_at}):
                for ours in spends[:number]:
                    self._take_back.run(connection, _key(ours.key))
                return spend.error
        return None

    def _write(
        self,
        connection: Connection,
        session: object,
        outcome: Change[object, object] | Refused[object, object],
        current: object,
    ) -> None:
        if current is not None and outcome.next is not current:
            stage = self._codec.encode(outcome.next)  # type: ignore[arg-type]  # a step stays within its union
            end = outcome.expires_at if isinstance(outcome, Change) else None
            self._save.run(connection, {"session": session, "new_stage": stage, "new_end": end})
        if isinstance(outcome, Change) and outcome.keys:
            self._add_keys.run_each(connection, [{**_key(key), "session_id": session} for key in outcome.keys])
        if outcome.drop:
            self._drop_key.run_each(connection, [_key(key) for key in outcome.drop])
        if self._keep is not None and outcome.records:
            self._keep(connection, outcome.records)  # type: ignore[arg-type]  # a step stays within its union
        if outcome.events:
            self._add_events.run_each(connection, [event_row(event, self._now()) for event in outcome.events])


def add_events(database: Database, tables: ConversationTables) -> Prepared:
    """The statement that adds rows made by `event_row`."""
    return Prepared(database, _insert(tables.events, "at", "action", "subject", "actor", "detail"))


def event_row(event: Event, now: int) -> dict[str, object]:
    """An event as a row of the events table."""
    return {
        "at": now,
        "action": event.action,
        "subject": event.subject,
        "actor": event.actor,
        "detail": event.detail,
    }


def _key(key: SessionKey) -> dict[str, object]:
    return {"kind": key.kind, "digest": key.digest}


def _insert(table: Table, *columns: str) -> Insert:
    return insert(table).values({name: bindparam(name) for name in columns})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise StoredDataError("a stored stage is text")
    return value
