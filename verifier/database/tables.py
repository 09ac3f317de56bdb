"""The verifier's tables."""

from __future__ import annotations

from sqlalchemy import MetaData

from capabilities.cockpit.database.attached import attached_table
from capabilities.cockpit.database.receipts import CockpitTables
from capabilities.relay.database import relay_table
from capabilities.usage_log.database.tables import UsageTables
from runtime.database.api_keys import api_key_table
from runtime.database.conversations import ConversationTables
from verifier.database.cases import case_table, notice_table
from verifier.database.counters import counter_table
from verifier.database.mandates import mandate_table
from verifier.database.represented import represented_table
from verifier.database.status_lists import status_list_table

metadata = MetaData()
conversations = ConversationTables(metadata)
api_keys = api_key_table(metadata)
status_lists = status_list_table(metadata)
counters = counter_table(metadata)
relay_messages = relay_table(metadata)
cases = case_table(metadata)
case_notices = notice_table(metadata)
clerk_codes = api_key_table(metadata, "clerk_codes")
case_keys = api_key_table(metadata, "case_keys")
mandate_uses = mandate_table(metadata)
usage_tables = UsageTables(metadata)
cockpit_tables = CockpitTables(metadata)
represented = represented_table(metadata)
attached_files = attached_table(metadata)
