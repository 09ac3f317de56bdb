"""The first version."""

import sqlalchemy as sa
from alembic import op

from capabilities.status_publisher.database import create_status_lists
from runtime.database.first_version import create_api_keys, create_conversations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    create_conversations()
    create_status_lists()
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
