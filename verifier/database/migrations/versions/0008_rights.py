"""Requests about rights over data that was given."""

from capabilities.cockpit.database.rights import create_rights

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table."""
    create_rights()
