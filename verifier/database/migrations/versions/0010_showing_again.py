"""Who showed their data once more before it is handed out or changed, and the files that go with answers."""

from capabilities.cockpit.database.rights import add_showing_again, create_rights_files

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add to the requests, and make the table of files."""
    add_showing_again()
    create_rights_files()
