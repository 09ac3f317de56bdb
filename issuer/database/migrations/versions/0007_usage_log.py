"""What is done with the register is logged for those whom its documents are about."""

import sqlalchemy as sa
from alembic import op

from capabilities.cockpit.database.receipts import create_cockpit
from capabilities.cockpit.database.rights import create_rights
from capabilities.usage_log.database.tables import create_usage_log

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables. What was issued before has no receipt."""
    create_usage_log()
    create_cockpit()
    create_rights()
    op.create_table(
        "document_receipts",
        sa.Column("receipt", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("configuration_id", sa.Text, nullable=False),
        sa.Column("family", sa.Text, nullable=False),
        sa.Column("claims", sa.Text, nullable=False),
        sa.Column("log_until", sa.BigInteger, nullable=False),
        sa.Column("is_latest", sa.Integer, nullable=False),
    )
    op.create_index("document_receipts_by_subject", "document_receipts", ["subject"])
    op.create_index("document_receipts_by_session", "document_receipts", ["session_id"])
    op.create_index("document_receipts_by_end", "document_receipts", ["log_until"])
