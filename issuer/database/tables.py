"""The issuer's tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

from runtime.database.api_keys import api_key_table
from runtime.database.conversations import ConversationTables

metadata = MetaData()
conversations = ConversationTables(metadata)

_BIG = BigInteger().with_variant(Integer(), "sqlite")

status_lists = Table(
    "status_lists",
    metadata,
    Column("id", Text, primary_key=True),
    Column("bits", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("seed", LargeBinary, nullable=False),
    Column("reserved", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
status_blocks = Table(
    "status_blocks",
    metadata,
    Column("id", _BIG, primary_key=True, autoincrement=True),
    Column("list_id", ForeignKey("status_lists.id"), nullable=False),
    Column("first", Integer, nullable=False),  # counter, not index
    Column("count", Integer, nullable=False),
    Column("reserved_at", BigInteger, nullable=False, index=True),
)
status_voids = Table(
    "status_voids",
    metadata,
    Column("list_id", ForeignKey("status_lists.id"), primary_key=True),
    Column("idx", Integer, primary_key=True),
)
credentials = Table(
    "credentials",
    metadata,
    Column("id", Text, primary_key=True),
    Column("configuration_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("status_list", Text, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("holder_key", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Index("credentials_by_subject", "subject", "issued_at"),
    Index("credentials_by_session", "session_id"),
    Index("credentials_by_time", "issued_at", "id"),
    # Two credentials must never share a place (T078); a type without status has none
    Index("credentials_by_index", "status_list", "status_index", unique=True, sqlite_where=Column("status_list") != "",
          postgresql_where=Column("status_list") != ""),
)  # fmt: skip
letter_codes = Table(
    "letter_codes",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("letter_codes_by_subject", "subject"),
)
api_keys = api_key_table(metadata)
clerk_codes = api_key_table(metadata, "clerk_codes")
offers = Table(
    "offers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Index("offers_by_subject", "subject", "made_at"),
)
people = Table(
    "people",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("record", Text, nullable=False),
)
# Beside the records, which are large, so that a search reads little
people_names = Table(
    "people_names",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("name", Text, nullable=False),  # folded, see `issuer.register.folded`
)
