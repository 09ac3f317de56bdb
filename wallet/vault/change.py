"""What one transaction does in the vault, and the manifest that says what has to be there."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import orjson

from protocol.keys import RandomBytes
from runtime.codec import Codec
from runtime.seal import Sealer
from wallet.disclosure_records import Disclosure
from wallet.forwarding_records import MandateKept, OrderKept
from wallet.records import (
    AwaitedDocument,
    DeletedEntry,
    Evidence,
    HeldCredential,
    Kept,
    KeptRequest,
    LogEntry,
    PendingIssuance,
    Preferences,
    RenewalGrant,
    RenewedDocument,
    WalletUnit,
)
from wallet.service_records import Errand, JourneyKept, ServiceWishes
from wallet.store import NewEntry
from wallet.vault.log_chain import BLIND_BYTES, Link, deleted, link_after

Stored = Kept | Link
LOG = "log"
KINDS: dict[type[object], str] = {
    HeldCredential: "credential",
    PendingIssuance: "pending",
    RenewalGrant: "grant",
    RenewedDocument: "renewed",
    WalletUnit: "unit",
    Evidence: "evidence",
    KeptRequest: "request",
    Disclosure: "disclosure",
    Preferences: "preferences",
    AwaitedDocument: "awaited",
    ServiceWishes: "wishes",
    JourneyKept: "journey",
    Errand: "errand",
    OrderKept: "standing order",
    MandateKept: "mandate",
    LogEntry: LOG,
    DeletedEntry: LOG,
}
RECORDS: tuple[type[Kept], ...] = (
    HeldCredential,
    PendingIssuance,
    RenewalGrant,
    RenewedDocument,
    WalletUnit,
    Evidence,
    KeptRequest,
    Disclosure,
    Preferences,
    AwaitedDocument,
    ServiceWishes,
    JourneyKept,
    Errand,
    OrderKept,
    MandateKept,
)
CODEC: Codec[Stored] = Codec(*RECORDS, LogEntry, DeletedEntry)
OF_THE_LOG = (
    KINDS[Evidence],
    KINDS[KeptRequest],
    KINDS[Disclosure],
)  # what belongs to entries of the log, and goes with them


@dataclass(frozen=True, slots=True)
class Manifest:
    """What has to be there: kind and id → version; and how far the log goes."""

    counter: int = 0
    records: dict[str, int] = field(default_factory=dict)
    log_length: int = 0
    log_end: str = ""  # SHA-256 of the last entry, hex

    def to_bytes(self) -> bytes:
        """As it is sealed."""
        return orjson.dumps([self.counter, self.records, self.log_length, self.log_end])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """As it was opened."""
        return cls(*orjson.loads(data))


class Change:
    """What one transaction does, and the manifest that it leads to."""

    def __init__(
        self, connection: sqlite3.Connection, sealer: Sealer, manifest: Manifest, *, blinds: RandomBytes | None
    ) -> None:
        """`blinds` makes those of new entries of the log; None: in a vault whose log is still of the old kind."""
        self._connection = connection
        self._sealer = sealer
        self._blinds = blinds
        self.manifest = replace(manifest, counter=manifest.counter + 1, records=dict(manifest.records))
        self.has_dropped = False
        self.log_was_rewritten = False  # not only added to
        self.written: list[Stored] = []
        self.dropped: list[tuple[str, str]] = []  # kinds and ids
        self.noted: list[LogEntry] = []

    def put(self, record: Stored) -> None:
        """Seal a record in its next version."""
        kind = KINDS[type(record)]
        version = self.manifest.counter
        record_id = str(record.number) if isinstance(record, LogEntry | DeletedEntry) else record.id
        name = f"{kind} {record_id}"
        sealed = self._sealer.seal(CODEC.encode(record).encode("utf-8"), f"{name} {version}")
        self._connection.execute("REPLACE INTO records VALUES (?, ?, ?, ?)", (kind, record_id, version, sealed))
        if kind != LOG:  # the log is held together by its chain
            self.manifest.records[name] = version
        self.written.append(record)

    def drop(self, kind: str, record_id: str) -> None:
        """Destroy a record."""
        self._connection.execute(
            "DELETE FROM records WHERE kind = ? AND COALESCE(CAST(id AS TEXT), '') = ?", (kind, record_id)
        )
        self.manifest.records.pop(f"{kind} {record_id}", None)
        self.dropped.append((kind, record_id))
        self.has_dropped = True

    def clear_log(self) -> None:
        """Destroy the log, and everything that belongs to its entries."""
        gone = (LOG, *OF_THE_LOG)
        self._connection.execute("DELETE FROM records WHERE kind IN (?, ?, ?, ?)", gone)
        prefixes = tuple(f"{kind} " for kind in gone)
        kept = {name: version for name, version in self.manifest.records.items() if not name.startswith(prefixes)}
        self.manifest = replace(self.manifest, records=kept, log_length=0, log_end="")
        self.has_dropped = self.log_was_rewritten = True

    def rewrite_log(self, links: Sequence[Link], end: str) -> None:
        """Put another log in the place of this one; of as many entries."""
        for link in links:
            self.put(link)
        self.manifest = replace(self.manifest, log_length=len(links), log_end=end)
        self.has_dropped = self.log_was_rewritten = True

    def delete_entries(self, entries: Sequence[LogEntry]) -> None:
        """Destroy entries of the log: their hashes stay, so that the chain does."""
        for entry in entries:
            self.put(deleted(entry))
        self.has_dropped = self.log_was_rewritten = True

    def note(self, note: NewEntry) -> LogEntry:
        """Add to the end of the log."""
        before = self.manifest.log_end
        entry = note(self.manifest.log_length + 1, before)
        if self._blinds is not None:
            entry = replace(entry, blind=self._blinds(BLIND_BYTES).hex())
        self.put(entry)
        self.noted.append(entry)
        self.manifest = replace(self.manifest, log_length=entry.number, log_end=link_after(entry, before))
        return entry


def all_shown(held: HeldCredential, now: int) -> HeldCredential:
    """A credential of a file that was put back: each of its copies may have been shown since."""
    return replace(held, copies=tuple(replace(copy, used_at=copy.used_at or now) for copy in held.copies))
