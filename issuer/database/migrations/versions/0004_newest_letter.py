"""Of a person's letters the newest counts: the others are found by person when it is written."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the index."""
    op.create_index("letter_codes_by_subject", "letter_codes", ["subject"])
