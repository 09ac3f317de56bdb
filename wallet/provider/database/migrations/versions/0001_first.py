"""The first version."""

import sqlalchemy as sa
from alembic import op

from capabilities.status_publisher.database import create_status_lists
from runtime.database.first_version import create_conversations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    create_conversations()
    create_status_lists()
    op.create_table(
        "units",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("registered_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("known_until", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index("ix_units_known_until", "units", ["known_until"])
    op.create_index("units_by_time", "units", ["registered_at", "id"])
    op.create_table(
        "attestations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status_list", sa.Text, nullable=False),
        sa.Column("status_index", sa.Integer, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("status_until", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index("ix_attestations_status_until", "attestations", ["status_until"])
    op.create_index("attestations_by_unit", "attestations", ["unit"])
    op.create_index("attestations_by_index", "attestations", ["status_list", "status_index"], unique=True)
