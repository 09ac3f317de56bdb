"""All copies of a credential are found by the conversation that issued them."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the index."""
    op.create_index("credentials_by_session", "credentials", ["session_id"])
