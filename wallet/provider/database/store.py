"""The wallet provider's store in SQL; see `wallet.provider.store.ProviderStore` for what every method promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection, Row, delete, insert, select, update

from capabilities.status_publisher.database import SqlStatusLists
from capabilities.status_publisher.records import EntryState
from protocol.keys import RandomBytes
from runtime import system
from runtime.codec import Codec
from runtime.database.conversations import SqlConversations
from runtime.database.engine import Database
from runtime.database.migrations import migrate
from wallet.provider.database.ended_list import BlockedWallet, BlockedWallets, EndedPlace
from wallet.provider.database.ending import BlockedAgain
from wallet.provider.database.tables import attestations, conversations, status_tables, units
from wallet.provider.records import AttestationRecord, Record, UnitRecord, UnitState
from wallet.provider.session import Active, Invited, Revoked, Session

MIGRATIONS = Path(__file__).parent / "migrations"

_CODEC: Codec[Session] = Codec(Invited, Active, Revoked)


class SqlProviderStore(SqlConversations[Session, Record]):
    """Everything a wallet provider keeps, on SQLite or PostgreSQL."""

    def __init__(self, database: Database, now: Callable[[], int], blocked: BlockedWallets | None = None) -> None:
        super().__init__(database, conversations, _CODEC, now, self._keep_records)
        self.database = database
        reserving = None if blocked is None else blocked.note_places
        self.status_lists = SqlStatusLists(database, status_tables, attestations, reserving)
        self._clock = now
        self._blocked = blocked

    def migrate(self) -> None:
        """Bring the database to this program's version."""
        migrate(self.database, MIGRATIONS)

    def end_again(self, *, now: int, random_bytes: RandomBytes = system.random_bytes) -> int:
        """Block what is vouched for here although it was blocked: an old copy of the database was restored. How much that was.

        Places in status lists go on from where they really were. It comes before anything is published.
        """
        if self._blocked is None:
            return 0
        return BlockedAgain(self.database, self, self.status_lists, random_bytes).run(self._blocked, now)

    def units(self, *, limit: int, beginning: str = "") -> tuple[UnitRecord, ...]:
        """Wallets whose id begins like this, newest first."""
        query = select(units).order_by(units.c.registered_at.desc(), units.c.id).limit(limit)
        if beginning:
            query = query.where(units.c.id.startswith(beginning, autoescape=True))
        with self.database.reading() as connection:
            return tuple(_unit(row) for row in connection.execute(query))

    def sweep(self, *, before: int, now: int, limit: int) -> int:
        """Forget what is over."""

        def erase(connection: Connection) -> int:
            return max(
                self.forget_expired(connection, before=now, limit=limit),
                self.status_lists.sweep(connection, before=before, now=now, limit=limit),
                _forget_attestations(connection, now, limit),
                _forget_units(connection, now, limit),
            )

        return self.database.write(erase)

    def _keep_records(self, connection: Connection, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, UnitRecord):
                self._keep_unit(connection, record)
            else:
                connection.execute(insert(attestations), _attestation_row(record))

    def _keep_unit(self, connection: Connection, record: UnitRecord) -> None:
        row = {
            "label": record.label,
            "version": record.version,
            "registered_at": record.registered_at,
            "seen_at": record.seen_at,
            "known_until": record.known_until,
            "state": str(record.state),
        }
        if not connection.execute(update(units).where(units.c.id == record.id).values(row)).rowcount:
            connection.execute(insert(units), {"id": record.id, **row})
        if record.state is UnitState.REVOKED:
            self._revoke_attestations(connection, record.id)

    def _revoke_attestations(self, connection: Connection, unit: str) -> None:
        """With a wallet goes everything that was said of it, as one change of every list that is concerned (T077)."""
        theirs = (attestations.c.unit == unit, attestations.c.state == str(EntryState.VALID))
        places = select(attestations.c.status_list, attestations.c.status_index, attestations.c.status_until)
        found = [EndedPlace(*row) for row in connection.execute(places.where(*theirs))]
        connection.execute(update(attestations).where(*theirs).values(state=str(EntryState.REVOKED)))
        for list_id in sorted({one.status_list for one in found}):
            self.status_lists.move_on(connection, list_id, self._clock())
        if self._blocked is not None:
            # The last that can go wrong but the commit itself
            self._blocked.note(BlockedWallet(unit, self._clock()), found)


def _forget_attestations(connection: Connection, now: int, limit: int) -> int:
    old = (
        select(attestations.c.id)
        .where(attestations.c.status_until < now, attestations.c.state == str(EntryState.VALID))
        .limit(limit)
    )
    gone: int = connection.execute(delete(attestations).where(attestations.c.id.in_(old))).rowcount
    return gone


def _forget_units(connection: Connection, now: int, limit: int) -> int:
    old = select(units.c.id).where(units.c.known_until < now, units.c.state == str(UnitState.ACTIVE)).limit(limit)
    gone: int = connection.execute(delete(units).where(units.c.id.in_(old))).rowcount
    return gone


def _attestation_row(record: AttestationRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "unit": record.unit,
        "kind": str(record.kind),
        "status_list": record.status_list,
        "status_index": record.status_index,
        "issued_at": record.issued_at,
        "status_until": record.status_until,
        "state": str(EntryState.VALID),
    }


def _unit(row: Row[tuple[object, ...]]) -> UnitRecord:
    return UnitRecord(
        row.id, row.label, row.version, row.registered_at, row.seen_at, row.known_until, UnitState(row.state)
    )
