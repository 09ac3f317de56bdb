"""The issuer's store in SQL; see `issuer.store.IssuerStore` for what every method promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, bindparam, delete, insert, select

from capabilities.accounts.session import SignedIn
from capabilities.cockpit.database.receipts import SqlCockpit
from capabilities.cockpit.erase_list import EraseList
from capabilities.cockpit.records import IssuedReceipt
from capabilities.status_publisher.database import SqlStatusLists
from capabilities.usage_log.database.store import SqlUsageLog
from issuer.database import lists, outdated, receipts, watches
from issuer.database.ended_list import EndedList, Ends
from issuer.database.ending import COPIES, EndedAgain, SqlEnding
from issuer.database.issued import conversation_of, read_credential, row_of
from issuer.database.mandates import SqlMandates
from issuer.database.rights import SqlIssuerRights
from issuer.database.tables import (
    api_keys,
    clerk_codes,
    cockpit_tables,
    conversations,
    credentials,
    letter_codes,
    offers,
    status_tables,
    usage_tables,
)
from issuer.policy import ENDS_WALLET
from issuer.records import (
    AllBegun,
    AuditLine,
    ChangeNotice,
    CredentialState,
    DocumentWatch,
    DueWatch,
    IssuedCredential,
    IssuedDocument,
    LetterCode,
    LiveBatch,
    OfferRecord,
    Record,
    SaidClaims,
    StateChanged,
    Superseded,
)
from issuer.session.stages import ANY_STAGE, CONVERSATION, Session
from issuer.usage_records import GivenReceipt, Happened, OfDocument, OfPerson, What
from protocol.keys import RandomBytes
from runtime import system
from runtime.codec import Codec
from runtime.conversation import Event, SessionKey
from runtime.database.api_keys import SqlApiKeys
from runtime.database.conversations import SqlConversations, event_row
from runtime.database.engine import Database
from runtime.database.migrations import migrate
from runtime.database.prepared import Prepared

MIGRATIONS = Path(__file__).parent / "migrations"
MAX_LISTED = 1000

_CODEC: Codec[Session | SignedIn] = Codec(*ANY_STAGE, SignedIn)

_ADD_OFFER = insert(offers).values({column.name: bindparam(column.name) for column in offers.columns})
_ADD_CREDENTIAL = insert(credentials).values({column.name: bindparam(column.name) for column in credentials.columns})
_A_SUSPENDED_COPY = (
    COPIES.with_only_columns(credentials.c.id).where(credentials.c.state == str(CredentialState.SUSPENDED)).limit(1)
)


class SqlIssuerStore(SqlConversations[Session | SignedIn, Record]):
    """Everything an issuer keeps, on SQLite or PostgreSQL. `erased` knows of every erasure on demand before it is done."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], int],
        random_bytes: RandomBytes = system.random_bytes,
        *,
        erased: EraseList | None = None,
        ended: EndedList | None = None,
    ) -> None:
        super().__init__(database, conversations, _CODEC, now, self._keep_records)
        self.database = database
        self.api_keys = SqlApiKeys(database, api_keys)
        self.clerk_codes = SqlApiKeys(database, clerk_codes)
        reserving = None if ended is None else ended.note_places
        self.status_lists = SqlStatusLists(database, status_tables, credentials, reserving)
        self._ending = SqlEnding(self.status_lists, ended, self.lock)
        self._random_bytes = random_bytes
        self.cockpit = SqlCockpit(database, cockpit_tables)
        self.usage = SqlUsageLog(database, usage_tables, now=now, random_bytes=random_bytes)
        self.mandates = SqlMandates(database, self.usage.write)
        self.rights = SqlIssuerRights(database, self.usage, now, conversations=self, change=self._change, erased=erased)
        self._clock = now
        self._add_offer = Prepared(database, _ADD_OFFER)
        self._add_credential = Prepared(database, _ADD_CREDENTIAL)
        self._a_suspended_copy = Prepared(database, _A_SUSPENDED_COPY)
        self._add_watch = Prepared(database, watches.ADD)
        self._add_said = Prepared(database, outdated.ADD_SAID)

    def migrate(self) -> None:
        """Bring the database to this program's version."""
        migrate(self.database, MIGRATIONS)

    def credential(self, credential_id: str) -> IssuedCredential | None:
        """One issued credential."""
        with self.database.reading() as connection:
            row = connection.execute(select(credentials).where(credentials.c.id == credential_id)).first()
        return read_credential(row) if row is not None else None

    def credentials_of(self, subject: str) -> tuple[IssuedCredential, ...]:
        """What a person was issued, newest first."""
        query = (
            select(credentials)
            .where(credentials.c.subject == subject)
            .order_by(credentials.c.issued_at.desc(), credentials.c.id)
            .limit(MAX_LISTED)
        )
        with self.database.reading() as connection:
            return tuple(read_credential(row) for row in connection.execute(query))

    def document(self, credential_id: str) -> IssuedDocument | None:
        """The document that a credential is a copy of."""
        with self.database.reading() as connection:
            return lists.document(connection, credential_id)

    def documents(
        self, *, limit: int, subject: str | None = None, before: str | None = None
    ) -> tuple[IssuedDocument, ...]:
        """Documents, newest first."""
        with self.database.reading() as connection:
            return tuple(lists.documents(connection, limit=limit, subject=subject, before=before))

    def issued_with(self, document: IssuedDocument, configuration_ids: Sequence[str]) -> tuple[IssuedDocument, ...]:
        """Other documents of the same conversation."""
        with self.database.reading() as connection:
            return tuple(lists.issued_with(connection, document, configuration_ids))

    def offers_to(self, subject: str, *, since: int, limit: int) -> tuple[OfferRecord, ...]:
        """Offers to a person, newest first."""
        with self.database.reading() as connection:
            return tuple(lists.offers_to(connection, subject, since=since, limit=limit))

    def note(self, event: Event, happened: Sequence[Happened] = ()) -> None:
        """Add a line to the audit trail, and what happened to the logs of whom it is about."""
        row = event_row(event, self._clock())

        def work(connection: Connection) -> None:
            connection.execute(insert(conversations.events), row)
            self._log(connection, happened)

        self.database.write(work)

    def log(self, happened: Sequence[Happened]) -> None:
        """Write what happened into the logs of whom it is about."""
        self.database.write(lambda connection: self._log(connection, happened))

    def audit(self, *, limit: int, subject: str | None = None, before: int | None = None) -> tuple[AuditLine, ...]:
        """The audit trail, newest first."""
        with self.database.reading() as connection:
            return tuple(lists.audit(connection, limit=limit, subject=subject, before=before))

    def people_of(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Whom lines of the audit trail are about."""
        with self.database.reading() as connection:
            return receipts.people_of(connection, ids)

    def last_change(self, document: IssuedDocument) -> AuditLine | None:
        """How a document came to its state."""
        with self.database.reading() as connection:
            return lists.last_change(connection, document)

    def change_state(
        self,
        credential_id: str,
        wanted: CredentialState,
        *,
        actor: str,
        now: int,
        reason: str = "",
        happened: Sequence[Happened] = (),
    ) -> IssuedCredential:
        """Move a credential and its copies to another state, and their lists on, in one transaction (T077, T080)."""

        def work(connection: Connection) -> IssuedCredential:
            ends = Ends.WALLET if reason.partition(":")[0] in ENDS_WALLET else Ends.DOCUMENT
            named, is_news = self._ending.move_document(connection, credential_id, wanted, now, ends)
            if is_news:
                event = Event(f"credential {wanted}", credential_id, actor=actor, detail=reason)
                connection.execute(insert(conversations.events), [event_row(event, now)])
                self._log(connection, happened)
            return named

        return self.database.write(work)

    def sweep(self, *, before: int, now: int, limit: int) -> int:
        """Void indices that nobody got, and forget what has expired."""

        def work(connection: Connection) -> int:
            blocks = self.status_lists.sweep(connection, before=before, now=now, limit=limit)
            old_letters = select(letter_codes.c.digest).where(letter_codes.c.expires_at < now).limit(limit)
            letters = connection.execute(delete(letter_codes).where(letter_codes.c.digest.in_(old_letters))).rowcount
            forgotten = self.forget_expired(connection, before=now, limit=limit)
            watched = watches.forget_ended(connection, now=now, limit=limit)
            said = outdated.forget_said(connection, now=now, limit=limit)
            asked = self.rights.forget_expired(connection, now=now, limit=limit)
            logs = self.usage.forget_expired(connection, now=now, limit=limit)
            calls = self.cockpit.forget_expired(connection, now=now, limit=limit)
            whose = receipts.forget_expired(connection, now=now, limit=limit)
            ended = self.mandates.forget_expired(connection, now=now, limit=limit)
            return max(blocks, letters + forgotten + watched, said, asked, logs, calls, whose, ended)

        return self.database.write(work)

    def due_watches(self, *, now: int, again_at: int, limit: int) -> tuple[DueWatch, ...]:
        """Wallets to look up now."""
        return self.database.write(lambda connection: watches.due(connection, now=now, again_at=again_at, limit=limit))

    def hasten_watches(self, *, now: int) -> None:
        """Every wallet is due."""
        self.database.write(lambda connection: watches.hasten(connection, now=now))

    def watches_held(self, next_checks: Mapping[int, int]) -> None:
        """Wallets that still hold."""

        def work(connection: Connection) -> None:
            for check_at in sorted(set(next_checks.values())):
                ids = sorted(watch for watch, at in next_checks.items() if at == check_at)
                watches.set_time(connection, ids, check_at)

        self.database.write(work)

    def end_watch(self, watch_id: int) -> None:
        """Look a wallet up no more."""
        self.database.write(lambda connection: watches.end(connection, watch_id))

    def live_batches(self, subject: str, *, now: int) -> tuple[LiveBatch, ...]:
        """What a person has that may be outdated."""
        with self.database.reading() as connection:
            return outdated.live_batches(connection, subject, now=now)

    def outdate(
        self, batch: LiveBatch, *, revoke_at: int, actor: str, now: int, happened: Sequence[Happened] = ()
    ) -> None:
        """Say when a batch ends."""

        def work(connection: Connection) -> None:
            if outdated.outdate(connection, batch, revoke_at, actor, now):
                self._log(connection, happened)

        self.database.write(work)

    def revoke_batch(self, batch: LiveBatch, *, actor: str, now: int, happened: Sequence[Happened] = ()) -> None:
        """Revoke the copies of a batch and no others."""

        def work(connection: Connection) -> None:
            # Copies that are being issued now have to wait
            self.lock(connection, SessionKey.of(CONVERSATION, batch.session_id))
            with self._ending.moving(connection, now, Ends.COPY) as move:
                if outdated.revoke_batch(connection, batch, move, actor, now):
                    self._log(connection, happened)

        self.database.write(work)

    def revoke_due(
        self, *, now: int, limit: int, what: What | None = None, families: Mapping[str, str] | None = None
    ) -> int:
        """Revoke what was outdated for as long as it may be."""

        def work(connection: Connection) -> int:
            with self._ending.moving(connection, now, Ends.COPY) as move:
                ended = outdated.revoke_due(connection, move, now=now, limit=limit)
                self._log_documents(connection, [(each.session_id, each.type) for each in ended], what, families or {})
            return sum(each.copies for each in ended)

        return self.database.write(work)

    def end_again(self, *, now: int, families: Mapping[str, str], what: What | None = None) -> int:
        """End what is in force although it had ended: an old copy of the database was restored. How much that was.

        It comes before anything is published. `families`: configuration → document that it is a form of.
        """
        if self._ending.ended is None:
            return 0

        def log(connection: Connection, documents: Sequence[tuple[str, str]]) -> None:
            self._log_documents(connection, documents, what, families)

        again = EndedAgain(
            self.database, self._ending,
            step=self.step, trail=self.trail, log=log, families=families, random_bytes=self._random_bytes,
        )  # fmt: skip
        return again.run(self._ending.ended, now)

    def note_changes(
        self, subjects: Sequence[str], *, due_at: int, actor: str, begun: AllBegun = None, what: What | None = None
    ) -> None:
        """Have people looked at."""

        def work(connection: Connection) -> None:
            done = what is not None
            outdated.note_changes(connection, subjects, due_at=due_at, actor=actor, begun=begun, done=done)
            if what is not None:
                self._log(connection, [OfPerson(subject, what) for subject in subjects])

        self.database.write(work)

    def due_changes(self, *, now: int, again_at: int, limit: int) -> tuple[ChangeNotice, ...]:
        """People to look at now."""
        return self.database.write(
            lambda connection: outdated.due_changes(connection, now=now, again_at=again_at, limit=limit)
        )

    def change_done(self, notice: ChangeNotice, what: What | None = None) -> None:
        """A person was looked at."""

        def work(connection: Connection) -> None:
            if outdated.change_done(connection, notice) and what is not None:
                self._log(connection, [OfPerson(notice.subject, what)])

        self.database.write(work)

    def put_letter_code(self, code: LetterCode, *, actor: str, now: int) -> None:
        """Keep a letter code; those of earlier letters to the same person are good no more."""
        self.database.write(lambda connection: outdated.put_letter_code(connection, code, actor=actor, now=now))

    def letter_code(self, digest: str) -> LetterCode | None:
        """A letter code that was not used."""
        with self.database.reading() as connection:
            row = connection.execute(select(letter_codes).where(letter_codes.c.digest == digest)).first()
        return LetterCode(row.digest, row.subject, row.expires_at) if row is not None else None

    def _keep_records(self, connection: Connection, records: Sequence[Record]) -> None:
        issued = [record for record in records if isinstance(record, IssuedCredential)]
        if issued:
            # New copies of what is suspended are suspended too; the records of one step are copies of each other
            suspended = self._a_suspended_copy.first(connection, conversation_of(issued[0])) is not None
            self._add_credential.run_each(connection, [row_of(record) for record in issued])
            for new in issued if suspended else ():
                self._ending.move(connection, StateChanged(new.id, CredentialState.SUSPENDED), self._clock())
        given = [record for record in records if isinstance(record, IssuedReceipt)]
        if given:
            self.cockpit.write(connection, given)
        for record in records:
            if isinstance(record, OfferRecord):
                offer = {"id": record.id, "subject": record.subject, "made_at": record.made_at}
                self._add_offer.run(connection, offer)
            elif isinstance(record, DocumentWatch):
                self._add_watch.run(connection, watches.row_of(record))
            elif isinstance(record, SaidClaims):
                self._add_said.run(connection, outdated.said_row(record))
            elif isinstance(record, GivenReceipt):
                used = receipts.add_receipt(connection, record.receipt, record.what, self._clock())
                self.usage.write(connection, used)
        moved = [record for record in records if isinstance(record, StateChanged | Superseded)]
        if moved:
            now = self._clock()
            with self._ending.moving(connection, now, Ends.COPY) as move:
                for one in moved:
                    if isinstance(one, StateChanged):
                        move(one)
                    else:
                        outdated.supersede(connection, one, move, now)

    def _log(self, connection: Connection, happened: Sequence[Happened]) -> None:
        """Write what happened into every log that it belongs into, in the transaction that does it."""
        used = receipts.uses_of(connection, happened, self._clock()) if happened else []
        if used:
            self.usage.write(connection, used)

    def _log_documents(
        self,
        connection: Connection,
        documents: Sequence[tuple[str, str]],
        what: What | None,
        families: Mapping[str, str],
    ) -> None:
        """Write into the logs of documents, each once in whatever forms it is: conversation and configuration."""
        if what is not None:
            known = dict.fromkeys([(session_id, families.get(form, form)) for session_id, form in documents])
            self._log(connection, [OfDocument(*one, what) for one in known])

    def _change(self, connection: Connection, change: StateChanged, now: int) -> None:
        """Move a credential; with one that ends, its document does."""
        with self._ending.moving(connection, now, Ends.DOCUMENT) as move:
            move(change)
