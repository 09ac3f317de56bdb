"""The issuer's tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

from capabilities.cockpit.database.attached import attached_table
from capabilities.cockpit.database.receipts import CockpitTables
from capabilities.status_publisher.database import StatusTables
from capabilities.usage_log.database.tables import UsageTables
from runtime.database.api_keys import api_key_table
from runtime.database.conversations import ConversationTables

metadata = MetaData()
conversations = ConversationTables(metadata)

status_tables = StatusTables(metadata)
usage_tables = UsageTables(metadata)
cockpit_tables = CockpitTables(metadata)
attached_files = attached_table(metadata)
# Whose receipts are, and of which document
document_receipts = Table(
    "document_receipts",
    metadata,
    Column("receipt", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("configuration_id", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("claims", Text, nullable=False),
    Column("log_until", BigInteger, nullable=False),
    Column("is_latest", Integer, nullable=False),  # 1: what happens is written to this one
    Index("document_receipts_by_subject", "subject"),
    Index("document_receipts_by_session", "session_id"),
    Index("document_receipts_by_end", "log_until"),
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
    Column("said", Text, nullable=False),  # id in `said_claims`; empty: issued by an older program
    Column("revoke_at", BigInteger, nullable=False),  # epoch seconds: it is outdated, and ends then; 0: it does not
    Index("credentials_by_subject", "subject", "issued_at"),
    Index("credentials_by_session", "session_id"),
    Index("credentials_by_time", "issued_at", "id"),
    Index("credentials_by_revocation", "revoke_at", sqlite_where=Column("revoke_at") != 0,
          postgresql_where=Column("revoke_at") != 0),
    # Two credentials must never share a place (T078); a type without status has none
    Index("credentials_by_index", "status_list", "status_index", unique=True, sqlite_where=Column("status_list") != "",
          postgresql_where=Column("status_list") != ""),
)  # fmt: skip
# What each batch said, as keyed digests
said_claims = Table(
    "said_claims",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digests", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("said_claims_by_end", "expires_at"),
)
# About whom the register has changed, until their documents were looked at
register_changes = Table(
    "register_changes",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("begun", Text, nullable=False),  # empty: nothing whose end is not known
    Index("register_changes_by_time", "due_at"),
)
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
# Which documents end with the wallet unit that holds them
wallet_watches = Table(
    "wallet_watches",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("session_id", Text, nullable=False),
    Column("configuration_id", Text, nullable=False),
    Column("watched", Text, nullable=False),
    Column("uri", Text, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("kept_until", BigInteger, nullable=False),
    Column("provider", Text, nullable=False),
    Column("vouched_by", Text, nullable=False),
    Column("check_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("wallet_watches_by_time", "check_at", "uri"),
    Index("wallet_watches_by_end", "expires_at"),
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
# What citizens told us to forward when the register changes
mandates = Table(
    "mandates",
    metadata,
    Column("hash", Text, primary_key=True),  # of the mandate as it was given
    Column("key", Text, nullable=False),
    Column("jti", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("log_until", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("configuration_id", Text, nullable=False),
    Column("terms", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("max_uses", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    Column("ending", Text, nullable=False),  # empty: it may be used
    Column("ended_at", BigInteger, nullable=False),
    Column("known", Text, nullable=False),
    Column("sending", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("noted", Text, nullable=False),
    Column("handover", Text, nullable=False),  # never sent
    Index("mandates_by_name", "key", "jti", unique=True),
    Index("mandates_by_subject", "subject"),
    Index("mandates_by_time", "due_at"),
    Index("mandates_by_end", "log_until"),
)
