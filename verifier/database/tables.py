"""The verifier's tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, MetaData, Table, Text

from runtime.database.conversations import ConversationTables

metadata = MetaData()
conversations = ConversationTables(metadata)

api_keys = Table(
    "api_keys",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked", Boolean, nullable=False),
)
