"""Messages of meetings wait for some seconds."""

from capabilities.relay.database import create_relay

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    create_relay()
