"""Documents follow the register: what each batch said, when outdated copies end, and about whom something changed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables, and the columns; of what was issued before nobody remembers what it says."""
    op.add_column("credentials", sa.Column("said", sa.Text, nullable=False, server_default=""))
    op.add_column("credentials", sa.Column("revoke_at", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index(
        "credentials_by_revocation",
        "credentials",
        ["revoke_at"],
        sqlite_where=sa.text("revoke_at != 0"),
        postgresql_where=sa.text("revoke_at != 0"),
    )
    op.create_table(
        "said_claims",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("digests", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("said_claims_by_end", "said_claims", ["expires_at"])
    op.create_table(
        "register_changes",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
    )
    op.create_index("register_changes_by_time", "register_changes", ["due_at"])
