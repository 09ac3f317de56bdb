"""The first version."""

from runtime.database.first_version import create_api_keys, create_conversations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    create_conversations()
    create_api_keys()
