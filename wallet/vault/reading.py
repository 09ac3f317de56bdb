"""What is read out of the vault: every record is opened by its seal, and held against the manifest.

What was read once is kept in memory while nobody but the vault itself changed the database, so that a long log is opened and
checked once. The counter of changed rows is the connection's own: whatever else was done to the database over it shows.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from runtime.codec import StoredDataError
from runtime.seal import DamagedError, Sealer
from wallet.disclosure_records import Disclosure
from wallet.records import DeletedEntry, LogEntry
from wallet.vault.change import CODEC, KINDS, LOG, Change, Manifest, Stored
from wallet.vault.file import reported
from wallet.vault.log_chain import Link, check_chain

R = TypeVar("R", bound=Stored)


@dataclass(frozen=True, slots=True)
class Found(Generic[R]):
    """The records of a kind that are whole, and the ids of those that are not."""

    records: tuple[R, ...]
    damaged: tuple[str, ...]


def read_records(connection: sqlite3.Connection, sealer: Sealer, manifest: Manifest, *kinds: type[R]) -> Found[R]:
    """Everything of a kind, opened one by one; the log's records are held together by its chain and not by the manifest."""
    name = KINDS[kinds[0]]
    with reported("the wallet file cannot be read"):
        rows = connection.execute(
            "SELECT COALESCE(CAST(id AS TEXT), ''), version, sealed FROM records WHERE kind = ? ORDER BY id",
            (name,),
        ).fetchall()
    found: list[R] = []
    damaged: list[str] = []
    prefix = f"{name} "
    missing = {key.removeprefix(prefix) for key in manifest.records if key.startswith(prefix)}
    for record_id, version, sealed in rows:
        missing.discard(record_id)
        if name != LOG and manifest.records.get(f"{prefix}{record_id}") != version:
            damaged.append(record_id)
            continue
        try:
            text = sealer.open(bytes(sealed), f"{prefix}{record_id} {version}").decode("utf-8")
            record = CODEC.decode(text)
        except (DamagedError, StoredDataError, TypeError, ValueError):
            damaged.append(record_id)
            continue
        if isinstance(record, kinds):
            found.append(record)
    return Found(tuple(found), (*damaged, *sorted(missing)))


@dataclass(frozen=True, slots=True)
class LogRead:
    """The log, its chain checked."""

    links: tuple[Link, ...]
    entries: tuple[LogEntry, ...]  # without what was deleted


def read_log(connection: sqlite3.Connection, sealer: Sealer, manifest: Manifest) -> LogRead:
    """The whole log.

    Raises:
        DamagedError: an entry was altered, or is missing.
    """
    found: Found[Link] = read_records(connection, sealer, manifest, LogEntry, DeletedEntry)
    if found.damaged:
        raise DamagedError(f"log: entry {found.damaged[0]} is damaged")
    links = check_chain(found.records, length=manifest.log_length, end=manifest.log_end)
    return LogRead(links, _entries(links))


@dataclass(slots=True)
class Memory:
    """What was read, for as long as it is what the database holds."""

    changes: int = -1  # rows that were changed over the connection when it was right; -1: nothing is known
    log: LogRead | None = None
    disclosures: Found[Disclosure] | None = field(default=None)

    def refresh(self, connection: sqlite3.Connection) -> None:
        """Forget everything if somebody else changed something."""
        if self.changes != connection.total_changes:
            self.changes, self.log, self.disclosures = connection.total_changes, None, None

    def follow(self, connection: sqlite3.Connection, change: Change) -> None:
        """Do to what is known what the vault itself did to the database; before it, `refresh` said that it was right."""
        self.changes = connection.total_changes
        self._follow_log(change)
        self._follow_disclosures(change)

    def _follow_log(self, change: Change) -> None:
        if change.log_was_rewritten:
            self.log = None
        elif self.log is not None and change.noted:
            self.log = LogRead((*self.log.links, *change.noted), (*self.log.entries, *change.noted))

    def _follow_disclosures(self, change: Change) -> None:
        known, name = self.disclosures, KINDS[Disclosure]
        if known is None:
            return
        if known.damaged or change.log_was_rewritten:
            self.disclosures = None
            return
        by_id = {record.id: record for record in known.records}
        for kind, record_id in change.dropped:
            if kind == name:
                by_id.pop(record_id, None)
        touched = [record for record in change.written if isinstance(record, Disclosure)]
        if not touched and len(by_id) == len(known.records):
            return
        by_id.update({record.id: record for record in touched})
        self.disclosures = Found(tuple(by_id.values()), ())


def _entries(links: tuple[Link, ...]) -> tuple[LogEntry, ...]:
    return tuple([link for link in links if isinstance(link, LogEntry)])
