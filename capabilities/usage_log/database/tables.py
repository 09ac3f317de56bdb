"""The tables of a usage log, in a role's own metadata; and how its first migration makes them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

CLOCK = 1  # the one row


class UsageTables:
    """The tables. `hour` and `likeness` are what entries have in common that differ only in their time."""

    def __init__(self, metadata: MetaData) -> None:
        self.receipts = Table(
            "usage_receipts",
            metadata,
            Column("receipt", Text, primary_key=True),
            Column("since", Text, nullable=False),  # log
            Column("log_until", BigInteger, nullable=False, index=True),
            Column("entries", BigInteger, nullable=False),  # how many, which is the next number
            Column("news", Integer, nullable=False),
        )
        self.entries = Table(
            "usage_entries",
            metadata,
            Column("receipt", ForeignKey("usage_receipts.receipt", ondelete="CASCADE"), primary_key=True),
            Column("n", BigInteger, primary_key=True),
            Column("hour", BigInteger, nullable=False),  # of `at`
            Column("likeness", Text, nullable=False),  # digest of the entry without `n` and `at`
            Column("members", Text, nullable=False),  # JSON
            Column("blind", Text, nullable=False),  # base64url
            Column("leaf", Text, nullable=False),  # base64url
            Column("written_at", BigInteger, nullable=False),
            Column("log", Text),  # NULL: pending
            Column("place", BigInteger),  # index in the log
            Index("usage_entries_first_in_hour", "receipt", "hour", "likeness", unique=True),
        )
        Index(
            "usage_entries_pending",
            self.entries.c.leaf,
            sqlite_where=self.entries.c.log.is_(None),
            postgresql_where=self.entries.c.log.is_(None),
        )
        self.news = Table(
            "usage_news",
            metadata,
            Column("receipt", ForeignKey("usage_receipts.receipt", ondelete="CASCADE"), primary_key=True),
            Column("number", Integer, primary_key=True),
            Column("news", Text, nullable=False),
        )
        self.logs = Table(
            "usage_logs",
            metadata,
            Column("log", Text, primary_key=True),
            Column("size", BigInteger, nullable=False),
            Column("root", LargeBinary, nullable=False),
            Column("appended_at", BigInteger, nullable=False),  # the full hour
            Column("kept_until", BigInteger, nullable=False),  # the last `log_until` of its entries
            Column("pruned", BigInteger, nullable=False),  # leaves that are gone, from the first on
        )
        self.rows = Table(
            "usage_leaves",
            metadata,
            Column("log", Text, primary_key=True),
            Column("number", BigInteger, primary_key=True),
            Column("hashes", LargeBinary, nullable=False),  # 64 of them
        )
        self.nodes = Table(
            "usage_nodes",
            metadata,
            Column("log", Text, primary_key=True),
            Column("number", BigInteger, primary_key=True),  # of level and position
            Column("hash", LargeBinary, nullable=False),
            sqlite_with_rowid=False,
        )
        self.clock = Table(
            "usage_clock",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("last_block", BigInteger, nullable=False),  # the full hour; 0: none yet
        )


def create_usage_log() -> None:
    """Make the tables, in a migration of a role. Later changes are migrations, never edits here."""
    op.create_table(
        "usage_receipts",
        sa.Column("receipt", sa.Text, primary_key=True),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("log_until", sa.BigInteger, nullable=False),
        sa.Column("entries", sa.BigInteger, nullable=False),
        sa.Column("news", sa.Integer, nullable=False),
    )
    op.create_index("ix_usage_receipts_log_until", "usage_receipts", ["log_until"])
    op.create_table(
        "usage_entries",
        sa.Column("receipt", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True),
        sa.Column("hour", sa.BigInteger, nullable=False),
        sa.Column("likeness", sa.Text, nullable=False),
        sa.Column("members", sa.Text, nullable=False),
        sa.Column("blind", sa.Text, nullable=False),
        sa.Column("leaf", sa.Text, nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.Column("log", sa.Text),
        sa.Column("place", sa.BigInteger),
        ForeignKeyConstraint(["receipt"], ["usage_receipts.receipt"], ondelete="CASCADE"),
    )
    op.create_index("usage_entries_first_in_hour", "usage_entries", ["receipt", "hour", "likeness"], unique=True)
    pending = sa.text("log IS NULL")
    op.create_index("usage_entries_pending", "usage_entries", ["leaf"], sqlite_where=pending, postgresql_where=pending)
    op.create_table(
        "usage_news",
        sa.Column("receipt", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("news", sa.Text, nullable=False),
        ForeignKeyConstraint(["receipt"], ["usage_receipts.receipt"], ondelete="CASCADE"),
    )
    op.create_table(
        "usage_logs",
        sa.Column("log", sa.Text, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("appended_at", sa.BigInteger, nullable=False),
        sa.Column("kept_until", sa.BigInteger, nullable=False),
        sa.Column("pruned", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "usage_leaves",
        sa.Column("log", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "usage_nodes",
        sa.Column("log", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    clock = op.create_table(
        "usage_clock",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("last_block", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(clock, [{"id": CLOCK, "last_block": 0}])
