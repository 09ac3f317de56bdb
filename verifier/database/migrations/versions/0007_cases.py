"""Cases of once-only services, notices of them, who decides about them, and keys of programs that may read them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "cases",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("keep_until", sa.BigInteger, nullable=False),
        sa.Column("shown", sa.Text, nullable=False),
    )
    op.create_index("ix_cases_keep_until", "cases", ["keep_until"])
    op.create_index("cases_by_time", "cases", ["sent_at", "id"])
    op.create_index("cases_by_state", "cases", ["state", "sent_at", "id"])
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "case_notices",
        sa.Column("id", big, primary_key=True, autoincrement=True),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    for column in ("case_id", "due_at", "expires_at"):
        op.create_index(f"ix_case_notices_{column}", "case_notices", [column])
    for name in ("clerk_codes", "case_keys"):
        op.create_table(
            name,
            sa.Column("digest", sa.Text, primary_key=True),
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("created_at", sa.BigInteger, nullable=False),
            sa.Column("revoked", sa.Boolean, nullable=False),
        )
