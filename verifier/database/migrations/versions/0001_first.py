"""The first version."""

import sqlalchemy as sa
from alembic import op

from runtime.database.first_version import create_conversations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    create_conversations()
    op.create_table(
        "api_keys",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
    )
