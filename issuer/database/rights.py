"""Requests about rights in SQL: what is noted of the document of a receipt, and how it goes in the transaction of a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, and_, delete, select, update

from capabilities.cockpit.clerks import who_got_it
from capabilities.cockpit.database.rights import SqlRights
from capabilities.usage_log.database.store import SqlUsageLog
from capabilities.usage_log.records import Used
from issuer.database import outdated
from issuer.database.receipts import find_receipt
from issuer.database.tables import (
    cockpit_tables,
    credentials,
    document_receipts,
    mandates,
    offers,
    said_claims,
    wallet_watches,
)
from issuer.records import CredentialState
from issuer.rights import Copy, Erase, Holding, LookAgain, RightsRecord
from issuer.session.stages import CONVERSATION
from issuer.usage_records import DocumentReceipt
from runtime.conversation import Event, SessionKey
from runtime.database.engine import Database

ACTOR = "rights request"
MAX_COPIES = 1000  # of one conversation that are told, the newest; whether a document is valid hangs on no older one


class SqlIssuerRights(SqlRights[Holding, RightsRecord]):
    """The requests about documents. `lock`, `forget` and `trail` are those of the conversations."""

    def __init__(
        self,
        database: Database,
        usage: SqlUsageLog,
        now: Callable[[], int],
        *,
        lock: Callable[[Connection, SessionKey], None],
        forget: Callable[[Connection, SessionKey], None],
        trail: Callable[[Connection, Event], None],
    ) -> None:
        tables = cockpit_tables
        super().__init__(
            database, tables.rights, tables.rights_files, tables.receipts, look=self._hold, keep=self._carry_out
        )
        self._usage = usage
        self._now = now
        self._lock = lock
        self._forget = forget
        self._trail = trail

    def _hold(self, connection: Connection, receipt: str) -> Holding:
        """What is noted of the document of a receipt; no copy of it comes until this transaction ends."""
        document = find_receipt(connection, receipt)
        recipients, untold = who_got_it(self._usage.uses(connection, receipt))
        if document is None or not document.subject:
            return Holding(untold=untold, recipients=recipients)
        self._lock(connection, SessionKey.of(CONVERSATION, document.session_id))
        of = credentials.c
        rows = connection.execute(
            select(credentials)
            .where(of.session_id == document.session_id)
            .order_by(of.expires_at.desc(), of.id)
            .limit(MAX_COPIES)
        )
        copies = tuple(
            Copy(row.id, row.configuration_id, row.issued_at, row.expires_at, CredentialState(row.state))
            for row in rows
        )
        return Holding(document, copies, untold, recipients)

    def _carry_out(self, connection: Connection, records: Sequence[RightsRecord]) -> None:
        self._usage.write(connection, [record for record in records if isinstance(record, Used)])
        for record in records:
            match record:
                case Erase():
                    self.forget_answers(connection, record.receipt)
                    self._erase(connection, record)
                case LookAgain():
                    outdated.note_changes(connection, (record.subject,), due_at=self._now(), actor=ACTOR)
                case Event():
                    self._trail(connection, record)

    def _erase(self, connection: Connection, what: Erase) -> None:
        document = find_receipt(connection, what.receipt)
        if document is None:
            return
        erase_noted(connection, document, what.forms)
        session = document.session_id
        others = select(credentials.c.id).where(credentials.c.session_id == session, credentials.c.subject != "")
        if connection.scalar(others.limit(1)) is None:
            # With its last document the conversation goes, and the token by which another copy could be had
            connection.execute(delete(offers).where(offers.c.id == session))
            self._forget(connection, SessionKey.of(CONVERSATION, session))


def erase_noted(connection: Connection, document: DocumentReceipt, forms: Sequence[str]) -> None:
    """Erase what is noted of a document.

    A copy stays as a number in its status list: without it, what was revoked would be valid again (T078).
    """
    of, watched, receipts = credentials.c, wallet_watches.c, document_receipts.c
    theirs = and_(of.session_id == document.session_id, of.configuration_id.in_(forms))
    said = connection.scalars(select(of.said).where(theirs).distinct()).all()
    connection.execute(delete(said_claims).where(said_claims.c.id.in_(said)))
    connection.execute(update(credentials).where(theirs).values(subject="", holder_key="", said=""))
    connection.execute(
        delete(wallet_watches).where(watched.session_id == document.session_id, watched.configuration_id.in_(forms))
    )
    of_document = and_(receipts.session_id == document.session_id, receipts.family == document.family)
    connection.execute(delete(mandates).where(mandates.c.receipt.in_(select(receipts.receipt).where(of_document))))
    # The log of each receipt is still found by its key; whose it was, nobody knows any more
    connection.execute(update(document_receipts).where(of_document).values(subject="", is_latest=0))
