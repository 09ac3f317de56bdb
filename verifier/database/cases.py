"""The list of cases and the notices that wait for the agency's own systems, in SQL; see `verifier.store.Cases`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from runtime.database.engine import Database
from verifier.once_only.case import CaseChange, CaseGone, CaseHappened, CaseListed, Doing, Notice
from verifier.store import CaseHearer, DueNotice

_BIG = BigInteger().with_variant(Integer(), "sqlite")


def case_table(metadata: MetaData) -> Table:
    """The list, in the verifier's metadata."""
    return Table(
        "cases",
        metadata,
        Column("id", Text, primary_key=True),
        Column("service", Text, nullable=False),
        Column("sent_at", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("due_at", BigInteger, nullable=False),
        Column("keep_until", BigInteger, nullable=False, index=True),
        Column("shown", Text, nullable=False),
        Index("cases_by_time", "sent_at", "id"),
        Index("cases_by_state", "state", "sent_at", "id"),
    )


def notice_table(metadata: MetaData) -> Table:
    """The notices, in the verifier's metadata."""
    return Table(
        "case_notices",
        metadata,
        Column("id", _BIG, primary_key=True, autoincrement=True),
        Column("case_id", Text, nullable=False, index=True),
        Column("service", Text, nullable=False),
        Column("event", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("due_at", BigInteger, nullable=False, index=True),
        Column("attempts", Integer, nullable=False),
        Column("expires_at", BigInteger, nullable=False, index=True),
    )


class SqlCases:
    """`verifier.store.Cases` in SQL; changes come with the step of a case's conversation."""

    def __init__(self, database: Database, cases: Table, notices: Table, hearers: Sequence[CaseHearer]) -> None:
        self._database = database
        self._cases = cases
        self._notices = notices
        self._hearers = tuple(hearers)

    def newest(self, states: Sequence[str], service: str, before: str, limit: int) -> tuple[CaseListed, ...]:
        """Cases in these states, newest first, those after one of them."""
        table = self._cases.c
        query = select(self._cases).where(table.state.in_(states))
        if service:
            query = query.where(table.service == service)
        if before:
            last = select(table.sent_at, table.id).where(table.id == before).subquery()
            query = query.where(
                tuple_(table.sent_at, table.id) < tuple_(select(last.c.sent_at).scalar_subquery(), before)
            )
        query = query.order_by(table.sent_at.desc(), table.id.desc()).limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple([CaseListed(r.id, r.service, r.sent_at, r.state, r.due_at, r.keep_until, r.shown) for r in rows])

    def claim_notices(self, *, now: int, until: int, limit: int) -> tuple[DueNotice, ...]:
        """Take notices that are due, so that no other worker takes them before `until`."""
        return self._database.write(lambda connection: self._claim(connection, now, until, limit))

    def notice_done(self, id_: int) -> None:
        """Drop a notice that was delivered, or is given up."""
        query = delete(self._notices).where(self._notices.c.id == id_)
        self._database.write(lambda connection: connection.execute(query))

    def notice_later(self, id_: int, due_at: int) -> None:
        """Let a notice wait for another attempt."""
        query = update(self._notices).where(self._notices.c.id == id_).values(due_at=due_at)
        self._database.write(lambda connection: connection.execute(query))

    def change(self, connection: Connection, changes: Sequence[CaseChange]) -> None:
        """Write what a step says, in its transaction."""
        for change in changes:
            match change:
                case CaseListed():
                    self._list(connection, change)
                case CaseGone():
                    self._remove(connection, [change.id])
                case CaseHappened():
                    for hearer in self._hearers:
                        hearer.heard(connection, change)
                case Notice():
                    row = {
                        "case_id": change.case,
                        "service": change.service,
                        "event": change.event,
                        "state": change.state,
                        "at": change.at,
                        "due_at": change.at,
                        "attempts": 0,
                        "expires_at": change.expires_at,
                    }
                    connection.execute(insert(self._notices), row)

    def forget_expired(self, connection: Connection, *, before: int, limit: int) -> int:
        """Forget cases whose time is over, as part of a sweep that drops what is in them; how many went."""
        table = self._cases.c
        old = connection.execute(select(table.id, table.shown).where(table.keep_until < before).limit(limit)).all()
        for row in old:
            happened = CaseHappened(row.id, row.shown, Doing.ERASED, "", before)
            for hearer in self._hearers:
                hearer.heard(connection, happened)
        self._remove(connection, [row.id for row in old])
        return len(old)

    def _list(self, connection: Connection, listed: CaseListed) -> None:
        values = {
            "service": listed.service,
            "sent_at": listed.sent_at,
            "state": listed.state,
            "due_at": listed.due_at,
            "keep_until": listed.keep_until,
            "shown": listed.shown,
        }
        changed = connection.execute(update(self._cases).where(self._cases.c.id == listed.id).values(values))
        if not changed.rowcount:
            connection.execute(insert(self._cases), {"id": listed.id, **values})

    def _remove(self, connection: Connection, ids: Sequence[str]) -> None:
        if ids:
            connection.execute(delete(self._notices).where(self._notices.c.case_id.in_(ids)))
            connection.execute(delete(self._cases).where(self._cases.c.id.in_(ids)))

    def _claim(self, connection: Connection, now: int, until: int, limit: int) -> tuple[DueNotice, ...]:
        table = self._notices.c
        due = (
            select(self._notices)
            .where(table.due_at <= now, table.expires_at > now)
            .order_by(table.due_at, table.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = connection.execute(due).all()
        if rows:
            taken = update(self._notices).where(table.id.in_([row.id for row in rows]))
            connection.execute(taken.values(due_at=until, attempts=func.coalesce(table.attempts, 0) + 1))
        return tuple([DueNotice(r.id, r.case_id, r.service, r.event, r.state, r.at, r.attempts + 1) for r in rows])
