"""Files that clerks add to answers by hand."""

from capabilities.cockpit.database.attached import create_attached

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table."""
    create_attached()
