"""What a registrar does at its start with the list of what ended: before anything is published, what came back ends again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, Table, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from capabilities.status_publisher.database import SqlStatusLists
from capabilities.status_publisher.records import EntryState
from protocol.keys import RandomBytes
from registrar.database.ended_list import AT_ONCE, EndedCertificate, EndedCertificates
from registrar.database.tables import certificates, conversations, publications
from registrar.records import CertificateKind, GivenCertificate
from runtime.conversation import Event
from runtime.database.conversations import event_row
from runtime.database.engine import Database

ACTOR = "ended list"

Move = Callable[[Connection, GivenCertificate, EntryState, int], None]
Read = Callable[..., GivenCertificate]
_of = certificates.c
_REVOKED = str(EntryState.REVOKED)


class EndedAgain:
    """`move` moves a certificate with its status list, `read` reads its row."""

    def __init__(
        self, database: Database, status_lists: SqlStatusLists, move: Move, read: Read, random_bytes: RandomBytes
    ) -> None:
        self._database = database
        self._lists = status_lists
        self._move = move
        self._read = read
        self._random_bytes = random_bytes

    def run(self, ended: EndedCertificates, now: int) -> int:
        """End what is in force although it ended, and go on where places and numbers were; how many certificates."""
        ended.lasting.forget_before(now)
        if not ended.is_whole():
            self._write_whole(ended, now)
        self._lists.go_on(ended, random_bytes=self._random_bytes, now=now)
        for name, number in ended.numbers().items():
            self._database.write(partial(_count_on, name=name, number=number))
        return sum(self._database.write(partial(self._end, ended=some, now=now)) for some in ended.portions())

    def _write_whole(self, ended: EndedCertificates, now: int) -> None:
        """Write down what an older program ended, and how far places and numbers are."""
        query = select(certificates).where(_of.state == _REVOKED, _of.expires_at > now).order_by(_of.id).limit(AT_ONCE)
        last = ""
        while True:
            with self._database.reading() as connection:
                rows = [self._read(row) for row in connection.execute(query.where(_of.id > last))]
            if not rows:
                break
            ended.note([EndedCertificate.of(row) for row in rows])
            last = rows[-1].id
        with self._database.reading() as connection:
            numbers = connection.execute(select(publications.c.name, publications.c.number)).all()
        self._lists.write_down(ended, now)
        for row in numbers:
            ended.note_number(row.name, row.number, now)
        ended.note_whole(now)

    def _end(self, connection: Connection, ended: Sequence[EndedCertificate], now: int) -> int:
        query = select(certificates).where(_of.id.in_([one.id for one in ended])).order_by(_of.id)
        known = {row.id: self._read(row) for row in connection.execute(query)}
        alive = [one for one in known.values() if one.state is not EntryState.REVOKED]
        for found in alive:
            self._move(connection, found, EntryState.REVOKED, now)
            event = Event(f"{found.kind} certificate revoked", found.party, ACTOR, found.use or found.serial)
            connection.execute(insert(conversations.events), event_row(event, now))
        return len(alive) + sum(self._end_unknown(connection, one, now) for one in ended if one.id not in known)

    def _end_unknown(self, connection: Connection, one: EndedCertificate, now: int) -> bool:
        """End what nothing here knows of: a place is voided; of an access certificate the list has the number alone."""
        if one.kind is not CertificateKind.ACCESS:
            return self._lists.void(connection, one.status_list, one.status_index, now)
        row = {
            "id": one.id, "party": "", "kind": str(one.kind), "use": "", "serial": one.serial, "content": "", "cwt": "",
            "issued_at": one.issued_at, "expires_at": one.expires_at, "status_list": "", "status_index": 0,
            "changed_at": now, "state": _REVOKED,
        }  # fmt: skip
        if not _add(connection, certificates, row):
            return False
        # What is made from certificates is made anew with every event
        event = Event(f"{one.kind} certificate revoked", "", ACTOR, one.serial)
        connection.execute(insert(conversations.events), event_row(event, now))
        return True


def _count_on(connection: Connection, name: str, number: int) -> None:
    """Let the next publication have a number that nobody saw; what was restored is published no more."""
    known = connection.scalar(select(publications.c.number).where(publications.c.name == name))
    if known is None:
        row = {"name": name, "number": number, "basis": "", "content": "", "issued_at": 0, "next_update": 0}
        _add(connection, publications, row)
    elif known < number:
        connection.execute(update(publications).where(publications.c.name == name).values(number=number, basis=""))


def _add(connection: Connection, table: Table, row: Mapping[str, object]) -> bool:
    """Add a row that another worker may add at this moment; whether it was not there."""
    new = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    added = new.values(row).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(added).first() is not None
