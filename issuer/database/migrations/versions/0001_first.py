"""The first version."""

import sqlalchemy as sa
from alembic import op

from runtime.database.first_version import create_api_keys, create_conversations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    create_conversations()
    op.create_table(
        "status_lists",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("bits", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("seed", sa.LargeBinary, nullable=False),
        sa.Column("reserved", sa.Integer, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "status_blocks",
        sa.Column("id", big, primary_key=True, autoincrement=True),
        sa.Column("list_id", sa.Text, sa.ForeignKey("status_lists.id"), nullable=False),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("reserved_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_status_blocks_reserved_at", "status_blocks", ["reserved_at"])
    op.create_table(
        "status_voids",
        sa.Column("list_id", sa.Text, sa.ForeignKey("status_lists.id"), primary_key=True),
        sa.Column("idx", sa.Integer, primary_key=True),
    )
    op.create_table(
        "credentials",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("configuration_id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("status_list", sa.Text, nullable=False),
        sa.Column("status_index", sa.Integer, nullable=False),
        sa.Column("holder_key", sa.Text, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index("credentials_by_subject", "credentials", ["subject", "issued_at"])
    op.create_index(
        "credentials_by_index",
        "credentials",
        ["status_list", "status_index"],
        unique=True,
        sqlite_where=sa.text("status_list != ''"),
        postgresql_where=sa.text("status_list != ''"),
    )
    op.create_table(
        "letter_codes",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    create_api_keys()
    op.create_table(
        "people",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("record", sa.Text, nullable=False),
    )
