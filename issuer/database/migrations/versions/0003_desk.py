"""The desk: sign-in codes of clerks, offers by person, documents by time, people by name."""

import json
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, and put the names of the people who are in the register into theirs."""
    op.create_table(
        "clerk_codes",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
    )
    op.create_index("offers_by_subject", "offers", ["subject", "made_at"])
    op.create_index("credentials_by_time", "credentials", ["issued_at", "id"])
    names = op.create_table(
        "people_names",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    people = sa.table("people", sa.column("subject", sa.Text), sa.column("record", sa.Text))
    connection = op.get_bind()
    for row in connection.execute(sa.select(people.c.subject, people.c.record)).all():
        connection.execute(sa.insert(names).values(subject=row.subject, name=_name(row.record)))


def _name(record: str) -> str:
    known = json.loads(record)
    parts = (known.get("given_name"), known.get("family_name"))
    name = " ".join(part for part in parts if isinstance(part, str))
    return unicodedata.normalize("NFKC", name).casefold()
