"""`capabilities.cockpit.store.CockpitStore` in SQL, and what a role's own transactions need of it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from capabilities.cockpit.database.rights import rights_files_table, rights_table
from capabilities.cockpit.records import IssuedReceipt
from runtime.database.engine import Database


class CockpitTables:
    """The tables, in a role's own metadata."""

    def __init__(self, metadata: MetaData) -> None:
        self.receipts = Table(
            "cockpit_receipts",
            metadata,
            Column("id", Text, primary_key=True),
            Column("says", Text, nullable=False),
            Column("token", Text, nullable=False),
            Column("key", Text, unique=True),  # NULL: none
            Column("claim", Text, unique=True),
            Column("issued_at", BigInteger, nullable=False),
            Column("log_until", BigInteger, nullable=False, index=True),
        )
        self.calls = Table(
            "cockpit_calls",
            metadata,
            Column("replay_key", Text, primary_key=True),
            Column("until", BigInteger, nullable=False, index=True),
        )
        self.rights = rights_table(metadata)
        self.rights_files = rights_files_table(metadata)


def create_cockpit() -> None:
    """Make the tables, in a migration."""
    op.create_table(
        "cockpit_receipts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("says", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("key", sa.Text, unique=True),
        sa.Column("claim", sa.Text, unique=True),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("log_until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_cockpit_receipts_log_until", "cockpit_receipts", ["log_until"])
    op.create_table(
        "cockpit_calls",
        sa.Column("replay_key", sa.Text, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_cockpit_calls_until", "cockpit_calls", ["until"])


class SqlCockpit:
    """A cockpit in SQL. `write` and `forget_expired` run in a role's own transaction."""

    def __init__(self, database: Database, tables: CockpitTables) -> None:
        self._database = database
        self._receipts = tables.receipts
        self._calls = tables.calls
        self._rights = tables.rights

    def write(self, connection: Connection, receipts: Sequence[IssuedReceipt]) -> None:
        """Keep receipts in the transaction that decides about their answers.

        A key that is known from another answer opens that one's receipt and no other: it is left out here, and so is a claim.
        """
        for receipt in receipts:
            values = _values(receipt)
            kept = self._insert(self._receipts).values(values).on_conflict_do_nothing().returning(self._receipts.c.id)
            if connection.execute(kept).first() is None:
                bare = {**values, "key": None, "claim": None}
                connection.execute(self._insert(self._receipts).values(bare))

    def forget_expired(self, connection: Connection, *, now: int, limit: int) -> int:
        """Erase receipts whose log is over, and proofs that are too old to be repeated.

        A receipt stays as long as a request about it: by its key alone the citizen hears how that ends.
        """
        receipts, calls = self._receipts, self._calls
        asked = select(self._rights.c.receipt).where(self._rights.c.receipt == receipts.c.id).exists()
        old = select(receipts.c.id).where(receipts.c.log_until <= now, ~asked).limit(limit)
        gone: int = connection.execute(delete(receipts).where(receipts.c.id.in_(old))).rowcount
        late = select(calls.c.replay_key).where(calls.c.until <= now).limit(limit)
        spent: int = connection.execute(delete(calls).where(calls.c.replay_key.in_(late))).rowcount
        return gone + spent

    def by_id(self, id_: str) -> IssuedReceipt | None:
        """One receipt, by its jti."""
        return self._find(self._receipts.c.id == id_)

    def by_key(self, thumbprint: str) -> IssuedReceipt | None:
        """The one receipt of a key."""
        return self._find(self._receipts.c.key == thumbprint)

    def by_claim(self, claim: str) -> IssuedReceipt | None:
        """The one receipt of a claim, by its hash."""
        return self._find(self._receipts.c.claim == claim)

    def bind(self, receipt: IssuedReceipt) -> IssuedReceipt | None:
        """See `CockpitStore.bind`."""
        table = self._receipts.c

        def work(connection: Connection) -> IssuedReceipt | None:
            other = connection.execute(select(table.id).where(table.key == receipt.key)).scalar()
            if other not in (None, receipt.id):
                return None
            free = (table.id == receipt.id, table.claim == receipt.claim, table.key.is_(None))
            bound = {"key": receipt.key, "token": receipt.token, "says": receipt.says}
            connection.execute(update(self._receipts).where(*free).values(bound))
            row = connection.execute(select(self._receipts).where(table.id == receipt.id)).first()
            return None if row is None else _read(row)

        return self._database.write(work)

    def spend(self, replay_key: str, until: int) -> bool:
        """See `CockpitStore.spend`."""
        values = {"replay_key": replay_key, "until": until}
        fresh = self._insert(self._calls).values(values).on_conflict_do_nothing().returning(self._calls.c.until)
        return self._database.write(lambda connection: connection.execute(fresh).first() is not None)

    def _find(self, where: ColumnElement[bool]) -> IssuedReceipt | None:
        with self._database.reading() as connection:
            row = connection.execute(select(self._receipts).where(where)).first()
        return None if row is None else _read(row)

    def _insert(self, table: Table) -> sa.dialects.sqlite.Insert | sa.dialects.postgresql.Insert:
        return (sqlite_insert if self._database.is_sqlite else postgresql_insert)(table)


def _values(receipt: IssuedReceipt) -> dict[str, str | int | None]:
    return {
        "id": receipt.id,
        "says": receipt.says,
        "token": receipt.token,
        "key": receipt.key or None,
        "claim": receipt.claim or None,
        "issued_at": receipt.issued_at,
        "log_until": receipt.log_until,
    }


def _read(row: Row[tuple[object, ...]]) -> IssuedReceipt:
    return IssuedReceipt(
        id=row.id,
        says=row.says,
        token=row.token,
        key=row.key or "",
        claim=row.claim or "",
        issued_at=row.issued_at,
        log_until=row.log_until,
    )
