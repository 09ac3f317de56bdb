"""The issuer's store in SQL; see `issuer.store.IssuerStore` for what every method promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, Row, bindparam, case, delete, insert, select, update

from issuer.database import lists
from issuer.database.tables import (
    api_keys,
    clerk_codes,
    conversations,
    credentials,
    letter_codes,
    offers,
    status_blocks,
    status_lists,
    status_voids,
)
from issuer.policy import STATUS_VALUES, next_state, permuted_index
from issuer.records import (
    AuditLine,
    CredentialState,
    IssuedCredential,
    IssuedDocument,
    LetterCode,
    OfferRecord,
    Record,
    StateChanged,
    StatusBlock,
    StatusListRecord,
)
from issuer.session.desk import SignedIn
from issuer.session.stages import ANY_STAGE, CONVERSATION, Session
from protocol.errors import NotFound
from runtime.codec import Codec
from runtime.conversation import Event, SessionKey
from runtime.database.api_keys import SqlApiKeys
from runtime.database.conversations import SqlConversations, event_row
from runtime.database.engine import Database
from runtime.database.migrations import migrate
from runtime.database.prepared import Prepared

MIGRATIONS = Path(__file__).parent / "migrations"
MAX_LISTED = 1000
MAX_SWEPT_BLOCKS = 8  # of status indices, in one transaction
VOID = 1  # the status of an index that no credential got

_CODEC: Codec[Session | SignedIn] = Codec(*ANY_STAGE, SignedIn)

_ADD_OFFER = insert(offers).values({column.name: bindparam(column.name) for column in offers.columns})
_ADD_CREDENTIAL = insert(credentials).values({column.name: bindparam(column.name) for column in credentials.columns})
# All copies of what a person sees as one credential, renewed ones included: one conversation issued them
_COPIES = select(credentials).where(
    credentials.c.session_id == bindparam("session_id"),
    credentials.c.configuration_id == bindparam("configuration_id"),
)
_A_SUSPENDED_COPY = (
    _COPIES.with_only_columns(credentials.c.id).where(credentials.c.state == str(CredentialState.SUSPENDED)).limit(1)
)
_SET_STATE = update(credentials).where(credentials.c.id == bindparam("credential")).values(state=bindparam("new_state"))
# Two workers' clocks may differ; what a reader sees must never run back
_LATER = case((status_lists.c.changed_at > bindparam("now"), status_lists.c.changed_at), else_=bindparam("now"))
_NEXT_VERSION = (
    update(status_lists)
    .where(status_lists.c.id.in_(select(credentials.c.status_list).where(credentials.c.id == bindparam("credential"))))
    .values(version=status_lists.c.version + 1, changed_at=_LATER)
)


class SqlIssuerStore(SqlConversations[Session | SignedIn, Record]):
    """Everything an issuer keeps, on SQLite or PostgreSQL."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        super().__init__(database, conversations, _CODEC, now, self._keep_records)
        self.database = database
        self.api_keys = SqlApiKeys(database, api_keys)
        self.clerk_codes = SqlApiKeys(database, clerk_codes)
        self._clock = now
        self._add_offer = Prepared(database, _ADD_OFFER)
        self._add_credential = Prepared(database, _ADD_CREDENTIAL)
        self._a_suspended_copy = Prepared(database, _A_SUSPENDED_COPY)

    def migrate(self) -> None:
        """Bring the database to this program's version."""
        migrate(self.database, MIGRATIONS)

    def credential(self, credential_id: str) -> IssuedCredential | None:
        """One issued credential."""
        with self.database.reading() as connection:
            row = connection.execute(select(credentials).where(credentials.c.id == credential_id)).first()
        return _credential(row) if row is not None else None

    def credentials_of(self, subject: str) -> tuple[IssuedCredential, ...]:
        """What a person was issued, newest first."""
        query = (
            select(credentials)
            .where(credentials.c.subject == subject)
            .order_by(credentials.c.issued_at.desc(), credentials.c.id)
            .limit(MAX_LISTED)
        )
        with self.database.reading() as connection:
            return tuple(_credential(row) for row in connection.execute(query))

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

    def offers_to(self, subject: str, *, since: int, limit: int) -> tuple[OfferRecord, ...]:
        """Offers to a person, newest first."""
        with self.database.reading() as connection:
            return tuple(lists.offers_to(connection, subject, since=since, limit=limit))

    def note(self, event: Event) -> None:
        """Add a line to the audit trail."""
        row = event_row(event, self._clock())
        self.database.write(lambda connection: connection.execute(insert(conversations.events), row))

    def audit(self, *, limit: int, subject: str | None = None, before: int | None = None) -> tuple[AuditLine, ...]:
        """The audit trail, newest first."""
        with self.database.reading() as connection:
            return tuple(lists.audit(connection, limit=limit, subject=subject, before=before))

    def last_change(self, document: IssuedDocument) -> AuditLine | None:
        """How a document came to its state."""
        with self.database.reading() as connection:
            return lists.last_change(connection, document)

    def change_state(
        self, credential_id: str, wanted: CredentialState, *, actor: str, now: int, reason: str = ""
    ) -> IssuedCredential:
        """Move a credential and its copies to another state, and their lists on, in one transaction (T077, T080)."""

        def work(connection: Connection) -> IssuedCredential:
            row = connection.execute(select(credentials).where(credentials.c.id == credential_id)).first()
            if row is None:
                raise NotFound("no such credential")
            # Copies that are being issued now have to wait, and then see the new state
            self.lock(connection, SessionKey.of(CONVERSATION, row.session_id))
            # In one order, so that two clerks never wait for each other
            copies = _COPIES.order_by(credentials.c.id).with_for_update()
            found = tuple(map(_credential, connection.execute(copies, _conversation(_credential(row)))))
            # A copy that was replaced is revoked on its own, and stays so
            live = [copy for copy in found if copy.state is not CredentialState.REVOKED]
            state = next_state(live[0].state if live else CredentialState.REVOKED, wanted)
            moved = [copy for copy in live if copy.state is not state]
            for copy in moved:
                _change(connection, StateChanged(copy.id, state), now)
            if moved:
                event = Event(f"credential {state}", credential_id, actor=actor, detail=reason)
                connection.execute(insert(conversations.events), [event_row(event, now)])
            [named] = [copy for copy in found if copy.id == credential_id]
            return replace(named, state=state) if named in live else named

        return self.database.write(work)

    def reserve_indices(self, bits: int, count: int, *, fresh: StatusListRecord, now: int) -> StatusBlock:
        """Reserve indices in one transaction, so that no two workers get the same (T078)."""

        def work(connection: Connection) -> StatusBlock:
            query = (
                select(status_lists)
                .where(status_lists.c.bits == bits, status_lists.c.reserved + count <= status_lists.c.size)
                .order_by(status_lists.c.id)
                .limit(1)
                .with_for_update()
            )
            row = connection.execute(query).first()
            if row is None:
                record = fresh
                connection.execute(
                    insert(status_lists),
                    {
                        "id": fresh.id,
                        "bits": fresh.bits,
                        "size": fresh.size,
                        "seed": fresh.seed,
                        "reserved": count,
                        "version": fresh.version,
                        "changed_at": fresh.changed_at,
                    },
                )
            else:
                record = _list(row)
                connection.execute(
                    update(status_lists)
                    .where(status_lists.c.id == record.id)
                    .values(reserved=status_lists.c.reserved + count)
                )
            connection.execute(
                insert(status_blocks),
                {"list_id": record.id, "first": record.reserved, "count": count, "reserved_at": now},
            )
            counters = range(record.reserved, record.reserved + count)
            return StatusBlock(record.id, tuple(permuted_index(record, counter) for counter in counters))

        return self.database.write(work)

    def sweep(self, *, before: int, now: int, limit: int) -> int:
        """Void indices that nobody got, and forget what has expired."""

        def work(connection: Connection) -> int:
            # Another worker may sweep as well: it takes other blocks
            query = select(status_blocks).where(status_blocks.c.reserved_at < before).order_by(status_blocks.c.id)
            blocks = connection.execute(query.limit(MAX_SWEPT_BLOCKS).with_for_update(skip_locked=True)).all()
            for block in blocks:
                _void_unused(connection, block, now)
            old_letters = select(letter_codes.c.digest).where(letter_codes.c.expires_at < now).limit(limit)
            letters = connection.execute(delete(letter_codes).where(letter_codes.c.digest.in_(old_letters))).rowcount
            forgotten = self.forget_expired(connection, before=now, limit=limit)
            # A full hand means that there is more
            return max(limit if len(blocks) == MAX_SWEPT_BLOCKS else len(blocks), letters + forgotten)

        return self.database.write(work)

    def status_list(self, list_id: str) -> StatusListRecord | None:
        """One status list."""
        with self.database.reading() as connection:
            row = connection.execute(select(status_lists).where(status_lists.c.id == list_id)).first()
        return _list(row) if row is not None else None

    def status_entries(self, list_id: str) -> Mapping[int, int]:
        """The entries of a list that are not valid."""
        changed = select(credentials.c.status_index, credentials.c.state).where(
            credentials.c.status_list == list_id, credentials.c.state != CredentialState.VALID
        )
        voids = select(status_voids.c.idx).where(status_voids.c.list_id == list_id)
        with self.database.reading() as connection:
            entries = {row.status_index: STATUS_VALUES[row.state] for row in connection.execute(changed)}
            entries.update((row.idx, VOID) for row in connection.execute(voids))
        return entries

    def put_letter_code(self, code: LetterCode, *, actor: str, now: int) -> None:
        """Keep a letter code; those of earlier letters to the same person are good no more."""
        row = {"digest": code.digest, "subject": code.subject, "expires_at": code.expires_at}
        event = event_row(Event("letter written", code.subject, actor=actor), now)

        def work(connection: Connection) -> None:
            connection.execute(delete(letter_codes).where(letter_codes.c.subject == code.subject))
            connection.execute(insert(letter_codes), row)
            connection.execute(insert(conversations.events), event)

        self.database.write(work)

    def letter_code(self, digest: str) -> LetterCode | None:
        """A letter code that was not used."""
        with self.database.reading() as connection:
            row = connection.execute(select(letter_codes).where(letter_codes.c.digest == digest)).first()
        return LetterCode(row.digest, row.subject, row.expires_at) if row is not None else None

    def _keep_records(self, connection: Connection, records: Sequence[Record]) -> None:
        issued = [record for record in records if isinstance(record, IssuedCredential)]
        if issued:
            # New copies of what is suspended are suspended too; the records of one step are copies of each other
            suspended = self._a_suspended_copy.first(connection, _conversation(issued[0])) is not None
            self._add_credential.run_each(connection, [_row(record) for record in issued])
            for new in issued if suspended else ():
                _change(connection, StateChanged(new.id, CredentialState.SUSPENDED), self._clock())
        for record in records:
            if isinstance(record, StateChanged):
                _change(connection, record, self._clock())
            elif isinstance(record, OfferRecord):
                offer = {"id": record.id, "subject": record.subject, "made_at": record.made_at}
                self._add_offer.run(connection, offer)


def _conversation(credential: IssuedCredential) -> dict[str, object]:
    return {"session_id": credential.session_id, "configuration_id": credential.configuration_id}


def _change(connection: Connection, change: StateChanged, now: int) -> None:
    connection.execute(_SET_STATE, {"credential": change.credential_id, "new_state": str(change.state)})
    connection.execute(_NEXT_VERSION, {"credential": change.credential_id, "now": now})


def _void_unused(connection: Connection, block: Row[tuple[object, ...]], now: int) -> None:
    """A credential whose step was refused, or that was never asked for, leaves its index behind (T143)."""
    record = _list(connection.execute(select(status_lists).where(status_lists.c.id == block.list_id)).one())
    counters = range(block.first, block.first + block.count)
    indices = [permuted_index(record, counter) for counter in counters]
    used = set(
        connection.scalars(
            select(credentials.c.status_index).where(
                credentials.c.status_list == record.id, credentials.c.status_index.in_(indices)
            )
        )
    )
    unused = [{"list_id": record.id, "idx": index} for index in indices if index not in used]
    if unused:
        connection.execute(insert(status_voids), unused)
        newer = {"version": status_lists.c.version + 1, "changed_at": _LATER}
        connection.execute(update(status_lists).where(status_lists.c.id == record.id).values(newer), {"now": now})
    connection.execute(delete(status_blocks).where(status_blocks.c.id == block.id))


def _row(record: IssuedCredential) -> dict[str, object]:
    return {
        "id": record.id,
        "configuration_id": record.configuration_id,
        "subject": record.subject,
        "session_id": record.session_id,
        "status_list": record.status_list,
        "status_index": record.status_index,
        "holder_key": record.holder_key,
        "issued_at": record.issued_at,
        "expires_at": record.expires_at,
        "state": str(record.state),
    }


def _credential(row: Row[tuple[object, ...]]) -> IssuedCredential:
    return IssuedCredential(
        id=row.id,
        configuration_id=row.configuration_id,
        subject=row.subject,
        session_id=row.session_id,
        status_list=row.status_list,
        status_index=row.status_index,
        holder_key=row.holder_key,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        state=CredentialState(row.state),
    )


def _list(row: Row[tuple[object, ...]]) -> StatusListRecord:
    return StatusListRecord(row.id, row.bits, row.size, row.seed, row.reserved, row.version, row.changed_at)
