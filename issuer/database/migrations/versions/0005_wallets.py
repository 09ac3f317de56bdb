"""Documents end with the wallet unit that holds them: where its provider says whether it still holds."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "wallet_watches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("configuration_id", sa.Text, nullable=False),
        sa.Column("watched", sa.Text, nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("idx", sa.BigInteger, nullable=False),
        sa.Column("kept_until", sa.BigInteger, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("vouched_by", sa.Text, nullable=False),
        sa.Column("check_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("wallet_watches_by_time", "wallet_watches", ["check_at", "uri"])
    op.create_index("wallet_watches_by_end", "wallet_watches", ["expires_at"])
