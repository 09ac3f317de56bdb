"""The conversation tables as the first migration of every role makes them. Later changes are migrations, never edits here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create_conversations() -> None:
    """Sessions, their keys, spent values and events."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "sessions",
        sa.Column("id", big, primary_key=True, autoincrement=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "session_keys",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("session_id", big, sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("ix_session_keys_session_id", "session_keys", ["session_id"])
    op.create_table(
        "spent_values",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_spent_values_expires_at", "spent_values", ["expires_at"])
    op.create_table(
        "events",
        sa.Column("id", big, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("events_by_subject", "events", ["subject"])


def create_api_keys() -> None:
    """Make the table of API keys; see `runtime.database.api_keys.api_key_table`."""
    op.create_table(
        "api_keys",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
    )
