"""Files that wait to go out with answers, in SQL. What is in them lies with the files of answers."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    MetaData,
    Select,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from capabilities.cockpit.attached import Attached, Detached, FileRecord, Sent


def attached_table(metadata: MetaData) -> Table:
    """The table, in a role's own metadata."""
    return Table(
        "attached_files",
        metadata,
        Column("request", Text, primary_key=True),
        Column("hash", Text, primary_key=True),
        Column("about", Text, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("sent", Boolean, nullable=False),
    )


def create_attached() -> None:
    """Make the table, in a migration."""
    op.create_table(
        "attached_files",
        Column("request", Text, primary_key=True),
        Column("hash", Text, primary_key=True),
        Column("about", Text, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("sent", Boolean, nullable=False),
    )


class SqlAttached:
    """Files on SQLite or PostgreSQL; everything runs in the transaction of a step."""

    def __init__(self, attached: Table, files: Table, requests: Table) -> None:
        self._attached = attached
        self._files = files
        self._requests = requests

    def of(self, connection: Connection, receipt: str) -> tuple[Attached, ...]:
        """What waits for answers about a receipt."""
        table = self._attached.c
        query = (
            select(self._attached).where(table.request.in_(self._about(receipt))).order_by(table.request, table.hash)
        )
        return tuple(
            [Attached(row.request, row.hash, row.about, row.size, row.sent) for row in connection.execute(query)]
        )

    def change(self, connection: Connection, record: FileRecord) -> None:
        """Do what a step says."""
        match record:
            case Attached():
                self._attach(connection, record)
            case Detached():
                self._detach(connection, record)
            case Sent():
                table = self._attached
                connection.execute(update(table).where(table.c.request == record.request).values(sent=True))

    def _attach(self, connection: Connection, file: Attached) -> None:
        row = {"request": file.request, "hash": file.hash, "about": file.about, "size": file.size, "sent": file.sent}
        connection.execute(insert(self._attached), row)

    def _detach(self, connection: Connection, file: Detached) -> None:
        table, files = self._attached.c, self._files.c
        query = select(table.hash).where(table.request == file.request, table.sent.is_(False))
        waiting = connection.execute(query.where(table.hash == file.hash) if file.hash else query).scalars().all()
        gone = delete(self._files).where(files.request == file.request, files.hash.in_(waiting))
        connection.execute(gone)
        connection.execute(delete(self._attached).where(table.request == file.request, table.hash.in_(waiting)))

    def forget(self, connection: Connection, receipt: str) -> None:
        """Forget what the files of a receipt are called; the files themselves go with the answers."""
        connection.execute(delete(self._attached).where(self._attached.c.request.in_(self._about(receipt))))

    def forget_all(self, connection: Connection, requests: Sequence[str]) -> None:
        """Forget what belongs to requests that go."""
        connection.execute(delete(self._attached).where(self._attached.c.request.in_(requests)))

    def _about(self, receipt: str) -> Select[tuple[str]]:
        return select(self._requests.c.id).where(self._requests.c.receipt == receipt)
