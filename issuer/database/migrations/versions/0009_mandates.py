"""Citizens tell the issuer to forward what their documents say when the register changes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "mandates",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("jti", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("log_until", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("configuration_id", sa.Text, nullable=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("max_uses", sa.Integer, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("ending", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("known", sa.Text, nullable=False),
        sa.Column("sending", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("noted", sa.Text, nullable=False),
    )
    op.create_index("mandates_by_name", "mandates", ["key", "jti"], unique=True)
    op.create_index("mandates_by_subject", "mandates", ["subject"])
    op.create_index("mandates_by_time", "mandates", ["due_at"])
    op.create_index("mandates_by_end", "mandates", ["log_until"])
