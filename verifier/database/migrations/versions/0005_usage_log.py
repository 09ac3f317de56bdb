"""What is done with answers is logged for whoever gave them."""

from capabilities.usage_log.database.tables import create_usage_log

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    create_usage_log()
