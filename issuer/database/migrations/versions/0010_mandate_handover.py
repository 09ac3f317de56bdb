"""A mandate is handed over by the key of a document, and signed by another."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the handover; mandates that were given before have none."""
    op.add_column("mandates", sa.Column("handover", sa.Text, nullable=False, server_default=""))
