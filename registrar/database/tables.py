"""The registrar's tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

from capabilities.status_publisher.database import StatusTables
from runtime.database.api_keys import api_key_table
from runtime.database.conversations import ConversationTables

metadata = MetaData()
conversations = ConversationTables(metadata)
status_tables = StatusTables(metadata)
api_keys = api_key_table(metadata)
operator_codes = api_key_table(metadata, "operator_codes")

parties = Table(
    "parties",
    metadata,
    Column("identifier", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("trade_name", Text, nullable=False),
    Column("folded", Text, nullable=False),  # names and identifier as a search compares them
    Column("entitlements", Text, nullable=False),  # between blanks, one before and one after each
    Column("document", Text, nullable=False),
    Column("proposed", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
services = Table(
    "services",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("proposed", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("life_events", Text, nullable=False),  # between blanks, one before and one after each
    Column("size", Integer, nullable=False),  # bytes of the announced entry; 0: it is not announced
    Column("changed_at", BigInteger, nullable=False),
    Index("services_by_party", "party"),
    Index("services_by_state", "state", "id"),
)
cockpits = Table(
    "cockpits",
    metadata,
    Column("identifier", Text, primary_key=True),
    Column("cockpit_endpoint", Text, primary_key=True),
    Column("country", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("heads", Text, nullable=False),
    Column("signed", Text, nullable=False),
    Column("broken_since", BigInteger),
    Column("evidence", Text, nullable=False),
    Column("looked_at", BigInteger, nullable=False),
    Column("reached_at", BigInteger, nullable=False),
    Column("finding", Text, nullable=False),
)
rounds = Table(
    "witness_rounds",
    metadata,
    Column("name", Text, primary_key=True),  # one row
    Column("hour", BigInteger, nullable=False),  # the last hour that somebody took
    Column("worker", Text, nullable=False),  # … and who
    Column("held_until", BigInteger, nullable=False),  # epoch seconds; 0: it is done
    Column("ended", BigInteger, nullable=False),  # how many rounds came to an end
)
certificates = Table(
    "certificates",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("use", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("cwt", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("status_list", Text, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Index("certificates_by_party", "party", "issued_at"),
    # Two certificates must never share a place (T078); an access certificate has none
    Index("certificates_by_index", "status_list", "status_index", unique=True, sqlite_where=Column("status_list") != "",
          postgresql_where=Column("status_list") != ""),
)  # fmt: skip
publications = Table(
    "publications",
    metadata,
    Column("name", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("basis", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("next_update", BigInteger, nullable=False),
)
