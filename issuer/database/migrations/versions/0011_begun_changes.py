"""A change of the register is remembered as begun, and logged once it is known to be done."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add what was begun."""
    op.add_column("register_changes", sa.Column("begun", sa.Text, nullable=False, server_default=""))
