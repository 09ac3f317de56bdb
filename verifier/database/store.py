"""The verifier's store in SQL; see `verifier.store.VerifierStore` for what every method promises."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, select

from capabilities.accounts.session import SignedIn
from capabilities.cockpit.database.receipts import SqlCockpit
from capabilities.cockpit.database.rights import SqlRights
from capabilities.cockpit.erase_list import EraseList
from capabilities.cockpit.records import IssuedReceipt
from capabilities.relay.database import SqlRelay
from capabilities.usage_log.database.store import SqlUsageLog
from capabilities.usage_log.records import Told, Used, Written
from protocol.errors import ProtocolError, Unavailable
from protocol.keys import RandomBytes
from runtime import system
from runtime.codec import Codec
from runtime.conversation import Advance, Event, SessionKey
from runtime.database.api_keys import SqlApiKeys
from runtime.database.conversations import SqlConversations
from runtime.database.engine import Database
from runtime.database.migrations import migrate
from verifier.counter import CounterChange, CounterGone, CounterRecord, CounterStage, Removed, Standing
from verifier.database.cases import SqlCases
from verifier.database.counters import SqlCounters
from verifier.database.mandates import SqlMandateUses
from verifier.database.mirror import SqlReceiptPasts
from verifier.database.represented import SqlRepresented
from verifier.database.status_lists import SqlStatusLists
from verifier.database.tables import (
    api_keys,
    attached_files,
    case_keys,
    case_notices,
    cases,
    clerk_codes,
    cockpit_tables,
    conversations,
    counters,
    mandate_uses,
    relay_messages,
    represented,
    status_lists,
    usage_tables,
)
from verifier.keeping import erase_on_demand as erase_answer
from verifier.keeping import gone
from verifier.keeping import restrict_on_demand as restrict_answer
from verifier.known import Known
from verifier.once_only.case import (
    DRAFT_SECONDS,
    OPEN,
    RECEIPT_IN_FORM,
    Case,
    CaseChange,
    CaseOutcome,
    CaseStage,
    Draft,
    Erased,
    taken_over,
)
from verifier.once_only.mandated import MandateUse, Renewed, renewed
from verifier.once_only.on_demand import erase_on_demand as erase_case
from verifier.once_only.on_demand import restrict_on_demand as restrict_case
from verifier.policy import MAX_OFFLINE_STATUS
from verifier.represented import ActedFor
from verifier.rights import Asked, Erase, Holding, Restrict, RightsRecord, Sealed, hold
from verifier.session import (
    RECEIPT,
    Answered,
    Declined,
    Forgotten,
    Opened,
    Outcome,
    Received,
    Requested,
    Session,
    no_request,
)
from verifier.store import CaseHearer
from verifier.usage import OVER, Gone, erased

MIGRATIONS = Path(__file__).parent / "migrations"
ERASED_RECEIPT = re.compile(r"[A-Za-z0-9_-]{16,128}")  # what an erase-list of this store names: ids of receipts

Stage = Session | CounterStage | CaseStage | SignedIn
Record = (
    CounterChange
    | CaseChange
    | Written
    | IssuedReceipt
    | ActedFor
    | Gone
    | Erase
    | Restrict
    | MandateUse
    | Renewed
    | Event
)

_CODEC: Codec[Stage] = Codec(
    Requested,
    Opened,
    Received,
    Answered,
    Declined,
    Forgotten,
    Standing,
    Removed,
    Draft,
    Case,
    Erased,
    SignedIn,
)


class SqlVerifierStore(SqlConversations[Stage, Record]):
    """Everything a verifier keeps, on SQLite or PostgreSQL.

    `hearers` are told in the same transaction what was done with a case; `erased` knows of every erasure that somebody asked
    for before it is done.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], int],
        random_bytes: RandomBytes = system.random_bytes,
        hearers: Sequence[CaseHearer] = (),
        erased: EraseList | None = None,
    ) -> None:
        super().__init__(database, conversations, _CODEC, now, self._keep_records)
        self.counters = SqlCounters(database, counters)
        self.cases = SqlCases(database, cases, case_notices, hearers)
        self.clerk_codes = SqlApiKeys(database, clerk_codes)
        self.case_keys = SqlApiKeys(database, case_keys)
        self.cockpit = SqlCockpit(database, cockpit_tables)
        self.usage = SqlUsageLog(database, usage_tables, now=now, random_bytes=random_bytes)
        self.mandates = SqlMandateUses(database, mandate_uses)
        self.receipt_pasts = SqlReceiptPasts(database, cockpit_tables, usage_tables, conversations)
        self.database = database
        self._erased = erased
        self.api_keys = SqlApiKeys(database, api_keys)
        self.status_lists = SqlStatusLists(database, status_lists)
        self.relay = SqlRelay(database, relay_messages)
        self.represented = SqlRepresented(database, represented)
        self.rights: SqlRights[Holding, RightsRecord] = SqlRights(
            database,
            cockpit_tables.rights,
            cockpit_tables.rights_files,
            cockpit_tables.receipts,
            attached_files,
            look=self._hold,
            keep=self._keep_records,
        )

    def migrate(self) -> None:
        """Bring the database to this program's version."""
        migrate(self.database, MIGRATIONS)

    def sweep(self, *, now: int, limit: int) -> int:
        """Erase what is over."""

        def work(connection: Connection) -> int:
            gone = self.forget_expired(
                connection, before=now, limit=limit, ending=lambda ended: self._end(connection, ended, now)
            )
            gone += self.cases.forget_expired(connection, before=now, limit=limit)
            gone += self.relay.forget_expired(connection, before=now, limit=limit)
            gone += self.usage.forget_expired(connection, now=now, limit=limit)
            gone += self.rights.forget_expired(connection, now=now, limit=limit)
            gone += self.represented.forget_expired(connection, now=now, limit=limit)
            gone += self.cockpit.forget_expired(connection, now=now, limit=limit)
            gone += self.mandates.forget_expired(connection, now=now, limit=limit)
            return gone + self.status_lists.forget_before(connection, now - MAX_OFFLINE_STATUS, limit)

        return self.database.write(work)

    def erase_again(self, *, now: int) -> int:
        """Erase what is here although it was erased: an old copy of the database was restored. How much that was."""
        if self._erased is None:
            return 0

        def erase(receipts: Sequence[str]) -> int:
            return self.database.write(partial(self._erase_again, receipts=receipts))

        return self._erased.erase_again(erase, now=now)

    def _erase_again(self, connection: Connection, receipts: Sequence[str]) -> int:
        gone = 0
        for receipt in receipts:
            answer, case = (self.locked(connection, key) for key in _places(receipt))
            self.rights.forget_answers(connection, receipt)
            if isinstance(answer, Answered) or isinstance(case, Draft | Case):
                self._change_on_demand(connection, Erase(receipt))
                gone += 1
        return gone

    def _keep_records(self, connection: Connection, records: Sequence[Record]) -> None:
        given = [record for record in records if isinstance(record, IssuedReceipt)]
        self.cockpit.write(connection, given)
        self.represented.write(connection, [record for record in records if isinstance(record, ActedFor)])
        written = [record for record in records if isinstance(record, Used | Told)]
        if written:
            self.usage.write(connection, written)
        for record in records:
            match record:
                case Used() | Told() | IssuedReceipt() | ActedFor():
                    pass
                case CounterRecord() | CounterGone():
                    self.counters.change(connection, [record])
                case Gone():
                    self._gone(connection, record)
                case Event():
                    self.trail(connection, record)
                case Erase() | Restrict():
                    self._on_demand(connection, record)
                case MandateUse():
                    self.mandates.write(connection, record)
                case Renewed():
                    self._renew(connection, record)
                case _:
                    self.cases.change(connection, [record])

    def _hold(self, connection: Connection, receipt: str) -> Holding:
        """What is here of the data of a receipt; nobody else reads or changes it until this transaction ends."""
        answer, case = (self.locked(connection, key) for key in _places(receipt))
        requests = self.rights.about(connection, receipt)
        known = case.known if isinstance(case, Draft | Case) else ""
        sealed = (
            Sealed(answer.asked.id, answer.disclosed, answer.query)
            if isinstance(answer, Answered) and answer.disclosed
            else None
        )
        found = Holding(
            sealed=sealed,
            question=sealed.query if sealed is not None else (Known.of(known).query if known else ""),
            known=known,
            in_case=isinstance(case, Draft | Case),
            open_case=isinstance(case, Case) and case.state in OPEN,
            requests=tuple([Asked(each.id, each.status.right, each.status.state) for each in requests]),
            attached=self.rights.attached.of(connection, receipt),
        )
        return hold(self.usage.uses(connection, receipt), found)

    def _on_demand(self, connection: Connection, record: Erase | Restrict) -> None:
        """Erase or restrict an answer, and the form or case that holds it; what is being taken over at this moment is not."""
        if isinstance(record, Erase) and self._erased is not None:
            receipts = cockpit_tables.receipts.c
            until = connection.execute(select(receipts.log_until).where(receipts.id == record.receipt)).scalar()
            # Before it is done: what is not done then is done when this starts again, and never the other way round
            self._erased.note((record.receipt,), until or self._now())
        self._change_on_demand(connection, record)

    def _change_on_demand(self, connection: Connection, record: Erase | Restrict) -> None:
        now = self._now()
        at_request, in_form = _places(record.receipt)
        if isinstance(record, Erase):
            self.rights.forget_answers(connection, record.receipt)
        self.mark_spent(connection, taken_over(record.receipt, now + DRAFT_SECONDS))

        def answer(stage: Session) -> Outcome:
            if isinstance(record, Erase):
                return erase_answer(stage, now=now)
            return restrict_answer(stage, lifted=record.lifted, now=now)

        def case(stage: CaseStage) -> CaseOutcome:
            if isinstance(record, Erase):
                return erase_case(stage, now=now)
            return restrict_case(stage, lifted=record.lifted, now=now)

        self.step(connection, Advance(at_request, answer, no_request()))
        self.step(connection, Advance(in_form, case, no_request()))

    def _renew(self, connection: Connection, record: Renewed) -> None:
        """Put what came by a mandate into the case that holds what came before."""
        key = SessionKey.of(RECEIPT_IN_FORM, record.receipt)
        found = self.step(connection, Advance(key, lambda stage: renewed(stage, record), no_request()))
        if isinstance(found, ProtocolError):
            # It ended in this very moment; what forwards it comes again, and it becomes a case of its own
            raise Unavailable("the case that this belongs to has just ended") from found

    def _end(self, connection: Connection, ended: Sequence[Stage], now: int) -> None:
        """Say of answers whose time is over that they are gone, as they go; and of the forms and cases that held one."""
        cases = [stage for stage in ended if isinstance(stage, Draft | Case)]
        self.usage.write(connection, [used for each in cases for used in erased(each.logged, now=now, why=OVER)])
        for answer in [stage for stage in ended if isinstance(stage, Answered)]:
            for record in gone(answer, now=now, why=OVER):
                self._gone(connection, record)

    def _gone(self, connection: Connection, record: Gone) -> None:
        past = self.usage.uses(connection, record.logged.receipt)
        self.usage.write(connection, record.uses(past))


def _places(receipt: str) -> tuple[SessionKey, SessionKey]:
    """Where the data of a receipt can be."""
    return SessionKey.of(RECEIPT, receipt), SessionKey.of(RECEIPT_IN_FORM, receipt)
