"""Receipts that were given, and the calls of those who have them."""

from capabilities.cockpit.database.receipts import create_cockpit

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""
    create_cockpit()
