"""`verifier.mirror.Receipts` in SQL: receipts with their logs, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import ColumnElement, select, tuple_

from capabilities.cockpit.database.receipts import CockpitTables
from capabilities.usage_log.database.tables import UsageTables
from protocol.encoding import read_json_object
from protocol.fields import Fields
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.usage import MAX_ENTRY, UsageEntry, Use
from runtime.conversation import SessionKey
from runtime.database.conversations import ConversationTables
from runtime.database.engine import Database
from verifier.mirror import ReceiptPast
from verifier.once_only.case import RECEIPT_IN_FORM
from verifier.session import RECEIPT


class SqlReceiptPasts:
    """Receipts and their logs. Nothing is locked: what changes meanwhile is counted as it was or as it is."""

    def __init__(
        self, database: Database, cockpit: CockpitTables, usage: UsageTables, conversations: ConversationTables
    ) -> None:
        self._database = database
        self._keys = conversations.keys.c
        self._receipts = cockpit.receipts.c
        self._entries = usage.entries.c

    def pasts(self, *, after: str, limit: int) -> tuple[ReceiptPast, ...]:
        """See `Receipts.pasts`."""
        receipts, entries = self._receipts, self._entries
        page = select(receipts.id, receipts.says).where(receipts.id > after).order_by(receipts.id).limit(limit)
        with self._database.reading() as connection:
            found = connection.execute(page).all()
            of_page = entries.receipt.in_([row.id for row in found])
            query = select(entries.receipt, entries.members).where(of_page).order_by(entries.receipt, entries.n)
            rows = connection.execute(query).all()
            here = set(connection.scalars(select(self._keys.digest).where(self._digests_of([row.id for row in found]))))
        uses = {
            id_: tuple([_use(row.members) for row in group])
            for id_, group in groupby(rows, lambda row: str(row.receipt))
        }
        return tuple(
            [
                ReceiptPast(
                    _receipt(row.says), uses.get(row.id, ()), any(key.digest in here for key in _places(row.id))
                )
                for row in found
            ]
        )

    def _digests_of(self, receipts: Sequence[str]) -> ColumnElement[bool]:
        """The keys by which what holds the data of a receipt would be found."""
        keys = [key for receipt in receipts for key in _places(receipt)]
        return tuple_(self._keys.kind, self._keys.digest).in_([(key.kind, key.digest) for key in keys])


def _places(receipt: str) -> tuple[SessionKey, ...]:
    return SessionKey.of(RECEIPT, receipt), SessionKey.of(RECEIPT_IN_FORM, receipt)


def _receipt(says: str) -> Receipt:
    return Receipt.from_fields(Fields(read_json_object(says.encode(), "receipt"), "receipt"))


def _use(text: str) -> Use:
    members = read_json_object(text.encode(), "usage entry", max_bytes=MAX_ENTRY)
    return UsageEntry.from_fields(Fields(members, "usage entry")).use
