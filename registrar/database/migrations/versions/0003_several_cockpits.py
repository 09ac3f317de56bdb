"""A partner has as many cockpits as it registers; what was seen of the one that it has goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

COLUMNS = (
    "identifier", "cockpit_endpoint", "country", "active", "heads", "signed", "broken_since", "evidence", "looked_at",
    "reached_at", "finding",
)  # fmt: skip


def upgrade() -> None:
    """Move every partner into a table where its address is part of the key: one that SQLite has cannot be changed."""
    op.create_table(
        "cockpits",
        sa.Column("identifier", sa.Text, primary_key=True),
        sa.Column("cockpit_endpoint", sa.Text, primary_key=True),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("heads", sa.Text, nullable=False),
        sa.Column("signed", sa.Text, nullable=False),
        sa.Column("broken_since", sa.BigInteger),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("looked_at", sa.BigInteger, nullable=False),
        sa.Column("reached_at", sa.BigInteger, nullable=False),
        sa.Column("finding", sa.Text, nullable=False),
    )
    new, old = (
        sa.table(name, *[sa.column(column, sa.Text) for column in COLUMNS]) for name in ("cockpits", "partners")
    )
    op.execute(sa.insert(new).from_select(list(COLUMNS), sa.select(*old.columns)))
    op.drop_table("partners")
