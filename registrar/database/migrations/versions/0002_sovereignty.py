"""Services that are announced, and partners whose usage logs are witnessed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables. Nobody registered a cockpit before, so there is nothing to move."""
    op.create_table(
        "services",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("proposed", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("life_events", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("services_by_party", "services", ["party"])
    op.create_index("services_by_state", "services", ["state", "id"])
    op.create_table(
        "partners",
        sa.Column("identifier", sa.Text, primary_key=True),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("cockpit_endpoint", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("heads", sa.Text, nullable=False),
        sa.Column("signed", sa.Text, nullable=False),
        sa.Column("broken_since", sa.BigInteger),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("looked_at", sa.BigInteger, nullable=False),
        sa.Column("reached_at", sa.BigInteger, nullable=False),
        sa.Column("finding", sa.Text, nullable=False),
    )
    rounds = op.create_table(
        "witness_rounds",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("hour", sa.BigInteger, nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("held_until", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger, nullable=False),
    )
    # Workers who want to be the first find a row to lock
    op.bulk_insert(rounds, [{"name": "usage logs", "hour": 0, "worker": "", "held_until": 0, "ended": 0}])
