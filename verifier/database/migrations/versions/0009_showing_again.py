"""Who showed their data once more before it is handed out or changed."""

from capabilities.cockpit.database.rights import add_showing_again

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add to the requests."""
    add_showing_again()
