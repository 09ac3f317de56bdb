"""The wallet provider's tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

from capabilities.status_publisher.database import StatusTables
from runtime.database.conversations import ConversationTables

metadata = MetaData()
conversations = ConversationTables(metadata)
status_tables = StatusTables(metadata)
units = Table(
    "units",
    metadata,
    Column("id", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("known_until", BigInteger, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Index("units_by_time", "registered_at", "id"),
)
attestations = Table(
    "attestations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status_list", Text, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("status_until", BigInteger, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Index("attestations_by_unit", "unit"),
    # Two attestations must never share a place (T078)
    Index("attestations_by_index", "status_list", "status_index", unique=True),
)
