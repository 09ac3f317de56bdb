"""The first version."""

import sqlalchemy as sa
from alembic import op

from capabilities.status_publisher.database import create_status_lists
from runtime.database.first_version import create_api_keys, create_conversations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    create_conversations()
    create_status_lists()
    create_api_keys()
    op.create_table(
        "operator_codes",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
    )
    op.create_table(
        "parties",
        sa.Column("identifier", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("trade_name", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("entitlements", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("proposed", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "certificates",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("use", sa.Text, nullable=False),
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("cwt", sa.Text, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("status_list", sa.Text, nullable=False),
        sa.Column("status_index", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index("certificates_by_party", "certificates", ["party", "issued_at"])
    op.create_index(
        "certificates_by_index",
        "certificates",
        ["status_list", "status_index"],
        unique=True,
        sqlite_where=sa.text("status_list != ''"),
        postgresql_where=sa.text("status_list != ''"),
    )
    op.create_table(
        "publications",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("next_update", sa.BigInteger, nullable=False),
    )
