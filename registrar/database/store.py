"""The registrar's store in SQL; see `registrar.store.RegistrarStore` for what every method promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from capabilities.accounts.session import SignedIn
from capabilities.status_publisher.database import SqlStatusLists
from capabilities.status_publisher.records import EntryState
from protocol.errors import NotFound
from protocol.keys import RandomBytes
from registrar.database.ended_list import EndedCertificate, EndedCertificates
from registrar.database.ending import EndedAgain
from registrar.database.services import SqlServices
from registrar.database.tables import (
    api_keys,
    certificates,
    conversations,
    operator_codes,
    parties,
    publications,
    status_tables,
)
from registrar.database.witness import SqlWitness
from registrar.records import (
    AuditLine,
    CertificateKind,
    Cockpits,
    GivenCertificate,
    PartyLine,
    PartyState,
    Publication,
    Record,
    ServiceLine,
    StateOfAll,
)
from registrar.session import STAGES, Stage
from registrar.store import PartyFilter
from runtime import system
from runtime.codec import Codec
from runtime.conversation import Event
from runtime.database.api_keys import SqlApiKeys
from runtime.database.conversations import SqlConversations, event_row
from runtime.database.engine import Database
from runtime.database.migrations import migrate

MIGRATIONS = Path(__file__).parent / "migrations"
MAX_LISTED = 1000
MAX_REVOKED = 100_000  # on one list of revoked certificates
UNSETTLED = 1000  # events: no transaction is open for longer than it takes others to write so many

_CODEC: Codec[Stage | SignedIn] = Codec(*STAGES, SignedIn)
_events = conversations.events
# Who was refused has to come back first
_WAITING = (parties.c.proposed != "", parties.c.state != str(PartyState.REFUSED))


class SqlRegistrarStore(SqlConversations[Stage | SignedIn, Record]):
    """Everything a registrar keeps, on SQLite or PostgreSQL."""

    def __init__(self, database: Database, now: Callable[[], int], ended: EndedCertificates | None = None) -> None:
        super().__init__(database, conversations, _CODEC, now, self._keep_records)
        self.database = database
        self.api_keys = SqlApiKeys(database, api_keys)
        self.operator_codes = SqlApiKeys(database, operator_codes)
        reserving = None if ended is None else ended.note_places
        self.status_lists = SqlStatusLists(database, status_tables, certificates, reserving)
        self._ended = ended
        self.services = SqlServices(database)
        self.witness = SqlWitness(database)
        self._clock = now

    def migrate(self) -> None:
        """Bring the database to this program's version."""
        migrate(self.database, MIGRATIONS)

    def party(self, identifier: str) -> PartyLine | None:
        """One party."""
        with self.database.reading() as connection:
            row = connection.execute(select(parties).where(parties.c.identifier == identifier)).first()
        return _party(row) if row is not None else None

    def parties(self, wanted: PartyFilter, *, limit: int, after: str = "") -> tuple[PartyLine, ...]:
        """Parties in the order of their identifiers."""
        query = select(parties).where(parties.c.identifier > after).order_by(parties.c.identifier).limit(limit)
        if wanted.states:
            query = query.where(parties.c.state.in_([str(state) for state in wanted.states]))
        if wanted.waiting is not None:
            query = query.where((parties.c.proposed != "") if wanted.waiting else (parties.c.proposed == ""))
        if wanted.words:
            query = query.where(parties.c.folded.contains(wanted.words.casefold(), autoescape=True))
        if wanted.entitlement is not None:
            query = query.where(parties.c.entitlements.contains(f" {wanted.entitlement} ", autoescape=True))
        with self.database.reading() as connection:
            return tuple(map(_party, connection.execute(query)))

    def waiting(self, *, limit: int) -> tuple[PartyLine, ...]:
        """Parties about whom something waits, the oldest first."""
        query = select(parties).where(*_WAITING).order_by(parties.c.changed_at, parties.c.identifier).limit(limit)
        with self.database.reading() as connection:
            return tuple(map(_party, connection.execute(query)))

    def count_waiting(self) -> int:
        """How many wait for a decision."""
        with self.database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(parties).where(*_WAITING)) or 0

    def certificates_of(self, party: str) -> tuple[GivenCertificate, ...]:
        """What a party was given, newest first."""
        query = (
            select(certificates)
            .where(certificates.c.party == party)
            .order_by(certificates.c.issued_at.desc(), certificates.c.id)
            .limit(MAX_LISTED)
        )
        with self.database.reading() as connection:
            return tuple(map(_certificate, connection.execute(query)))

    def revoked_access(self, *, now: int) -> tuple[GivenCertificate, ...]:
        """Access certificates for the list of revoked ones, in the order of their serial numbers."""
        query = (
            select(certificates)
            .where(
                certificates.c.kind == str(CertificateKind.ACCESS),
                certificates.c.state != str(EntryState.VALID),
                certificates.c.expires_at > now,
            )
            .order_by(certificates.c.serial)
            .limit(MAX_REVOKED)
        )
        with self.database.reading() as connection:
            return tuple(map(_certificate, connection.execute(query)))

    def access_state(self, party: str, serial: str) -> EntryState | None:
        """How an access certificate of a party stands."""
        query = select(certificates.c.state).where(
            certificates.c.party == party,
            certificates.c.kind == str(CertificateKind.ACCESS),
            certificates.c.serial == serial,
        )
        with self.database.reading() as connection:
            state = connection.scalar(query)
        return None if state is None else EntryState(state)

    def find_certificate(self, certificate_id: str) -> GivenCertificate | None:
        """One certificate."""
        with self.database.reading() as connection:
            row = connection.execute(select(certificates).where(certificates.c.id == certificate_id)).first()
        return _certificate(row) if row is not None else None

    def revoke(self, certificate_id: str, event: Event, *, now: int) -> GivenCertificate:
        """End one certificate, and its place in its list with it."""

        def work(connection: Connection) -> GivenCertificate:
            query = select(certificates).where(certificates.c.id == certificate_id).with_for_update()
            row = connection.execute(query).first()
            if row is None:
                raise NotFound("no such certificate")
            found = _certificate(row)
            if found.state is EntryState.REVOKED:
                return found
            self._move(connection, found, EntryState.REVOKED, now)
            connection.execute(insert(_events), event_row(event, now))
            self._note_ended([found])
            return replace(found, state=EntryState.REVOKED, changed_at=now)

        return self.database.write(work)

    def end_again(self, *, now: int, random_bytes: RandomBytes = system.random_bytes) -> int:
        """End what is in force although it had ended: an old copy of the database was restored. How much that was.

        Places and numbers go on from where they really were. It comes before anything is published.
        """
        if self._ended is None:
            return 0
        again = EndedAgain(self.database, self.status_lists, self._move, _certificate, random_bytes)
        return again.run(self._ended, now)

    def publication(self, name: str) -> Publication | None:
        """What was published last under a name."""
        with self.database.reading() as connection:
            row = connection.execute(select(publications).where(publications.c.name == name)).first()
        return Publication(*row) if row is not None else None

    def number(self, name: str) -> int:
        """The number of what was published last under a name."""
        with self.database.reading() as connection:
            return connection.scalar(select(publications.c.number).where(publications.c.name == name)) or 0

    def publish(self, publication: Publication) -> Publication:
        """Publish under the next number, if nobody else did."""
        add = (sqlite_insert if self.database.is_sqlite else postgresql_insert)(publications).values(
            asdict(publication)
        )
        # Of two that find nothing, the second waits here for the first, and finds its row then
        first = add.on_conflict_do_nothing().returning(publications.c.name)

        def work(connection: Connection) -> Publication:
            if connection.execute(first).first() is not None:
                self._note_number(publication)
                return publication
            query = select(publications).where(publications.c.name == publication.name).with_for_update()
            known = Publication(*connection.execute(query).one())
            if known.number >= publication.number:
                return known
            connection.execute(
                update(publications).where(publications.c.name == publication.name).values(**asdict(publication))
            )
            self._note_number(publication)
            return publication

        return self.database.write(work)

    def version(self) -> int:
        """Grows with every event, also with one whose transaction ended after that of a later number."""
        with self.database.reading() as connection:
            newest = connection.scalar(select(func.max(_events.c.id))) or 0
            recent = select(func.count()).select_from(_events)
            return newest + (connection.scalar(recent.where(_events.c.id > newest - UNSETTLED)) or 0)

    def note(self, event: Event) -> None:
        """Add a line to the audit trail."""
        row = event_row(event, self._clock())
        self.database.write(lambda connection: connection.execute(insert(_events), row))

    def audit(self, *, limit: int, subject: str | None = None, before: int | None = None) -> tuple[AuditLine, ...]:
        """The audit trail, newest first."""
        query = select(_events).order_by(_events.c.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(_events.c.subject == subject)
        if before is not None:
            query = query.where(_events.c.id < before)
        with self.database.reading() as connection:
            return tuple(
                AuditLine(row.id, row.at, row.action, row.subject, row.actor, row.detail)
                for row in connection.execute(query)
            )

    def sweep(self, *, before: int, now: int, limit: int) -> int:
        """Void indices that nothing got, and forget what has expired."""

        def work(connection: Connection) -> int:
            blocks = self.status_lists.sweep(connection, before=before, now=now, limit=limit)
            return max(blocks, self.forget_expired(connection, before=now, limit=limit))

        return self.database.write(work)

    def _keep_records(self, connection: Connection, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, PartyLine):
                _keep_party(connection, record)
            elif isinstance(record, Cockpits):
                self.witness.keep_cockpits(connection, record)
            elif isinstance(record, ServiceLine):
                self.services.keep(connection, record)
            elif isinstance(record, GivenCertificate):
                row = {**asdict(record), "kind": str(record.kind), "state": str(record.state)}
                connection.execute(insert(certificates), row)
            else:
                self._move_all(connection, record)

    def _move_all(self, connection: Connection, wanted: StateOfAll) -> None:
        query = select(certificates).where(
            certificates.c.party == wanted.party,
            certificates.c.state.not_in([str(EntryState.REVOKED), str(wanted.state)]),
        )
        if wanted.kind is not None:
            query = query.where(certificates.c.kind == str(wanted.kind))
        if wanted.use is not None:
            query = query.where(certificates.c.use == wanted.use)
        now = self._clock()
        found = [_certificate(row) for row in connection.execute(query.order_by(certificates.c.id))]
        for one in found:
            self._move(connection, one, wanted.state, now)
        if wanted.state is EntryState.REVOKED:
            self._note_ended(found)

    def _note_ended(self, certificates: Sequence[GivenCertificate]) -> None:
        """Write down what ends, as the last that can go wrong but the commit itself."""
        if self._ended is not None:
            self._ended.note([EndedCertificate.of(one) for one in certificates])

    def _note_number(self, publication: Publication) -> None:
        if self._ended is not None:
            self._ended.note_number(publication.name, publication.number, self._clock())

    def _move(self, connection: Connection, found: GivenCertificate, state: EntryState, now: int) -> None:
        changed = {"state": str(state), "changed_at": now}
        connection.execute(update(certificates).where(certificates.c.id == found.id).values(changed))
        if found.status_list:
            self.status_lists.move_on(connection, found.status_list, now)


def _keep_party(connection: Connection, line: PartyLine) -> None:
    row = {
        "identifier": line.identifier,
        "state": str(line.state),
        "name": line.name,
        "trade_name": line.trade_name,
        "folded": f"{line.name}\n{line.trade_name}\n{line.identifier}".casefold(),
        "entitlements": f" {' '.join(line.entitlements)} ",
        "document": line.document,
        "proposed": line.proposed,
        "changed_at": line.changed_at,
    }
    # The conversation's row is locked, so nobody else writes this line at the same time
    connection.execute(delete(parties).where(parties.c.identifier == line.identifier))
    connection.execute(insert(parties), row)


def _party(row: Row[tuple[object, ...]]) -> PartyLine:
    return PartyLine(
        identifier=row.identifier,
        state=PartyState(row.state),
        name=row.name,
        trade_name=row.trade_name,
        entitlements=tuple(row.entitlements.split()),
        document=row.document,
        proposed=row.proposed,
        changed_at=row.changed_at,
    )


def _certificate(row: Row[tuple[object, ...]]) -> GivenCertificate:
    return GivenCertificate(
        id=row.id,
        party=row.party,
        kind=CertificateKind(row.kind),
        use=row.use,
        serial=row.serial,
        content=row.content,
        cwt=row.cwt,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        status_list=row.status_list,
        status_index=row.status_index,
        changed_at=row.changed_at,
        state=EntryState(row.state),
    )
