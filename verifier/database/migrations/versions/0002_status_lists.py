"""Status lists are kept for when there is no network."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "status_lists",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("fetched_at", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_status_lists_fetched_at", "status_lists", ["fetched_at"])
