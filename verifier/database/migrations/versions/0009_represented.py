"""Who was represented in which answer."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "represented",
        sa.Column("receipt", sa.Text, primary_key=True),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("relation", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("log_until", sa.BigInteger, nullable=False),
    )
    op.create_index("represented_by_mark", "represented", ["mark", "at"])
    op.create_index("represented_by_end", "represented", ["log_until"])
