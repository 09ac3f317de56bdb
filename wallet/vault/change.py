"""What one transaction does in the vault, and the manifest that says what has to be there."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass, field, fields, replace
from typing import Self

import orjson

from runtime.codec import Codec
from runtime.seal import Sealer
from wallet.records import (
    Evidence,
    HeldCredential,
    Kept,
    LogEntry,
    PendingIssuance,
    RenewalGrant,
    RenewedDocument,
    WalletUnit,
)
from wallet.store import NewEntry

KINDS: dict[type[Kept | LogEntry], str] = {
    HeldCredential: "credential",
    PendingIssuance: "pending",
    RenewalGrant: "grant",
    RenewedDocument: "renewed",
    WalletUnit: "unit",
    Evidence: "evidence",
    LogEntry: "log",
}
CODEC: Codec[Kept | LogEntry] = Codec(*KINDS)


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

    def __init__(self, connection: sqlite3.Connection, sealer: Sealer, manifest: Manifest) -> None:
        self._connection = connection
        self._sealer = sealer
        self.manifest = replace(manifest, counter=manifest.counter + 1, records=dict(manifest.records))
        self.has_dropped = False

    def put(self, record: Kept | LogEntry) -> None:
        """Seal a record in its next version."""
        kind = KINDS[type(record)]
        version = self.manifest.counter
        record_id = str(record.number) if isinstance(record, LogEntry) else record.id
        name = f"{kind} {record_id}"
        sealed = self._sealer.seal(CODEC.encode(record).encode("utf-8"), f"{name} {version}")
        self._connection.execute("REPLACE INTO records VALUES (?, ?, ?, ?)", (kind, record_id, version, sealed))
        if not isinstance(record, LogEntry):  # the log is held together by its chain
            self.manifest.records[name] = version

    def drop(self, kind: str, record_id: str) -> None:
        """Destroy a record."""
        self._connection.execute(
            "DELETE FROM records WHERE kind = ? AND COALESCE(CAST(id AS TEXT), '') = ?", (kind, record_id)
        )
        self.manifest.records.pop(f"{kind} {record_id}", None)
        self.has_dropped = True

    def clear_log(self) -> None:
        """Destroy the log, and the proofs that it names."""
        self._connection.execute("DELETE FROM records WHERE kind IN (?, ?)", (KINDS[LogEntry], KINDS[Evidence]))
        proof = f"{KINDS[Evidence]} "
        kept = {name: version for name, version in self.manifest.records.items() if not name.startswith(proof)}
        self.manifest = replace(self.manifest, records=kept, log_length=0, log_end="")
        self.has_dropped = True

    def note(self, note: NewEntry) -> LogEntry:
        """Add to the end of the log."""
        entry = note(self.manifest.log_length + 1, self.manifest.log_end)
        self.put(entry)
        self.manifest = replace(self.manifest, log_length=entry.number, log_end=digest_of(entry))
        return entry


def digest_of(entry: LogEntry) -> str:
    """What the next entry of the log names it by, hex.

    A field that came later is left out where it says nothing, so that a chain that was begun without it still holds.
    """
    members = {one.name: getattr(entry, one.name) for one in fields(entry)}
    if not entry.in_person:
        del members["in_person"]
    return hashlib.sha256(orjson.dumps([LogEntry.__name__, members])).hexdigest()
