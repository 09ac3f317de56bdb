"""`capabilities.cockpit.rights.RightsStore` in SQL. What is held, and what is done with it, is the role's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Connection, Index, MetaData, Row, Table, Text, func, select

from capabilities.cockpit.database.attached import SqlAttached
from capabilities.cockpit.rights import MAX_REQUESTS, Step
from capabilities.cockpit.rights_case import RightsCase, RightsChange
from protocol.encoding import encode_json, read_json_object
from protocol.fields import Fields
from protocol.sovereignty.rights_status import FINAL, RightsStatus
from runtime.database.engine import Database
from runtime.rate_limit import TooManyRequests

H = TypeVar("H")
R = TypeVar("R")

_ENDS = tuple(sorted(state.value for state in FINAL))


def rights_table(metadata: MetaData) -> Table:
    """The requests, in a role's own metadata."""
    return Table(
        "cockpit_rights",
        metadata,
        Column("id", Text, primary_key=True),
        Column("receipt", Text, nullable=False),
        Column("jti", Text, nullable=False),
        Column("content", Text, nullable=False),
        Column("received_at", BigInteger, nullable=False),
        Column("keep_until", BigInteger, nullable=False, index=True),
        Column("state", Text, nullable=False),
        Column("due", BigInteger, nullable=False),
        Column("status", Text, nullable=False),
        Column("answer", Text, nullable=False),
        Column("note", Text, nullable=False),
        Column("proven_at", BigInteger, nullable=False),
        Column("tries", BigInteger, nullable=False),
        Index("cockpit_rights_once", "receipt", "jti", unique=True),
        Index("cockpit_rights_due", "state", "due", "id"),
    )


def rights_files_table(metadata: MetaData) -> Table:
    """The files of their answers, in a role's own metadata."""
    return Table(
        "cockpit_rights_files",
        metadata,
        Column("request", Text, primary_key=True),
        Column("hash", Text, primary_key=True),
        Column("content", Text, nullable=False),
    )


def create_rights() -> None:
    """Make the table, in a migration."""
    op.create_table(
        "cockpit_rights",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("jti", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("keep_until", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("ix_cockpit_rights_keep_until", "cockpit_rights", ["keep_until"])
    op.create_index("cockpit_rights_once", "cockpit_rights", ["receipt", "jti"], unique=True)
    op.create_index("cockpit_rights_due", "cockpit_rights", ["state", "due", "id"])


def add_showing_again() -> None:
    """Know who showed their data once more, in a migration."""
    for name in ("proven_at", "tries"):
        op.add_column("cockpit_rights", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))


def create_rights_files() -> None:
    """Make the table of files, in a migration."""
    op.create_table(
        "cockpit_rights_files",
        sa.Column("request", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )


class SqlRights(Generic[H, R]):
    """Requests about rights in SQL. `forget_expired` runs in a role's own transaction.

    `look` finds what the role holds of a receipt's data, and keeps everybody else from it until the transaction ends; `keep`
    does what a step says.
    """

    def __init__(
        self,
        database: Database,
        table: Table,
        files: Table,
        receipts: Table,
        attached: Table,
        *,
        look: Callable[[Connection, str], H],
        keep: Callable[[Connection, Sequence[R]], None],
    ) -> None:
        self._database = database
        self._rights = table
        self._files = files
        self._receipts = receipts
        self.attached = SqlAttached(attached, files, table)
        self._look = look
        self._keep = keep

    def take(self, fresh: RightsCase, step: Step[H, R]) -> RightsCase:
        """See `RightsStore.take`."""
        table = self._rights.c

        def work(connection: Connection) -> RightsCase:
            # Whoever has the receipt's row is alone with the requests about it
            receipts = self._receipts.c
            connection.execute(select(receipts.id).where(receipts.id == fresh.receipt).with_for_update())
            known = connection.execute(
                select(self._rights).where(table.receipt == fresh.receipt, table.jti == fresh.jti)
            ).first()
            if known is not None:
                return _read(known)
            count = select(func.count()).select_from(self._rights).where(table.receipt == fresh.receipt)
            if connection.execute(count).scalar_one() >= MAX_REQUESTS:
                raise TooManyRequests("too many requests about one receipt")
            change = step(fresh, self._look(connection, fresh.receipt))
            connection.execute(sa.insert(self._rights), _values(change.next))
            self._do(connection, change)
            return change.next

        return self._database.write(work)

    def find(self, id_: str) -> RightsCase | None:
        """One request."""
        with self._database.reading() as connection:
            row = connection.execute(select(self._rights).where(self._rights.c.id == id_)).first()
        return None if row is None else _read(row)

    def file(self, id_: str, hash_: str) -> str:
        """See `RightsStore.file`."""
        table = self._files.c
        query = select(table.content).where(table.request == id_, table.hash == hash_)
        with self._database.reading() as connection:
            return connection.execute(query).scalar() or ""

    def held(self, receipt: str) -> H:
        """What is held of the data of a receipt at this moment."""
        return self._database.write(lambda connection: self._look(connection, receipt))

    def advance(self, id_: str, step: Step[H, R]) -> RightsCase | None:
        """See `RightsStore.advance`."""
        is_it = self._rights.c.id == id_

        def work(connection: Connection) -> RightsCase | None:
            row = connection.execute(select(self._rights).where(is_it).with_for_update()).first()
            if row is None:
                return None
            case = _read(row)
            change = step(case, self._look(connection, case.receipt))
            connection.execute(sa.update(self._rights).where(is_it).values(_values(change.next)))
            self._do(connection, change)
            return change.next

        return self._database.write(work)

    def _do(self, connection: Connection, change: RightsChange[R]) -> None:
        id_, table = change.next.id, self._files.c
        for file in change.files:
            # What was in a part may be in the rest too, encrypted anew
            connection.execute(sa.delete(self._files).where(table.request == id_, table.hash == file.hash))
            connection.execute(sa.insert(self._files).values(request=id_, hash=file.hash, content=file.content))
        for record in change.attached:
            self.attached.change(connection, record)
        self._keep(connection, change.records)

    def listed(self, *, is_open: bool, after: str, limit: int) -> tuple[RightsCase, ...]:
        """See `RightsStore.listed`."""
        table = self._rights.c
        query = select(self._rights)
        place = sa.tuple_(table.due, table.id)
        behind = None
        if after:
            last = select(table.due).where(table.id == after).scalar_subquery()
            behind = sa.tuple_(last, sa.literal(after))
        if is_open:
            query = query.where(table.state.not_in(_ENDS)).order_by(table.due, table.id)
            query = query if behind is None else query.where(place > behind)
        else:
            query = query.where(table.state.in_(_ENDS)).order_by(table.due.desc(), table.id.desc())
            query = query if behind is None else query.where(place < behind)
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit)).all()
        return tuple(map(_read, rows))

    def about(self, connection: Connection, receipt: str) -> tuple[RightsCase, ...]:
        """All requests about a receipt, for a step of the role's own."""
        rows = connection.execute(select(self._rights).where(self._rights.c.receipt == receipt)).all()
        return tuple(map(_read, rows))

    def forget_answers(self, connection: Connection, receipt: str) -> None:
        """Erase what was handed out about a receipt: whoever wants the data gone does not want a copy of it here."""
        self.attached.forget(connection, receipt)
        about = self._rights.c.receipt == receipt
        connection.execute(sa.update(self._rights).where(about).values(answer=""))
        theirs = select(self._rights.c.id).where(about)
        connection.execute(sa.delete(self._files).where(self._files.c.request.in_(theirs)))

    def forget_expired(self, connection: Connection, *, now: int, limit: int) -> int:
        """Erase requests whose time is over; how many went. One that still waits is never over."""
        table = self._rights.c
        found = select(table.id).where(table.keep_until <= now, table.state.in_(_ENDS)).limit(limit)
        old = connection.execute(found).scalars().all()
        connection.execute(sa.delete(self._files).where(self._files.c.request.in_(old)))
        self.attached.forget_all(connection, old)
        gone: int = connection.execute(sa.delete(self._rights).where(table.id.in_(old))).rowcount
        return gone


def _values(case: RightsCase) -> dict[str, str | int]:
    return {
        "id": case.id,
        "receipt": case.receipt,
        "jti": case.jti,
        "content": case.content,
        "received_at": case.received_at,
        "keep_until": case.keep_until,
        "state": case.status.state.value,
        "due": case.status.due,
        "status": encode_json(case.status.to_claims()).decode(),
        "answer": case.answer,
        "note": case.note,
        "proven_at": case.proven_at,
        "tries": case.tries,
    }


def _read(row: Row[tuple[object, ...]]) -> RightsCase:
    return RightsCase(
        id=row.id,
        receipt=row.receipt,
        jti=row.jti,
        content=row.content,
        received_at=row.received_at,
        keep_until=row.keep_until,
        status=RightsStatus.from_fields(Fields(read_json_object(row.status.encode(), "status"), "rights status")),
        answer=row.answer,
        note=row.note,
        proven_at=row.proven_at,
        tries=row.tries,
    )
