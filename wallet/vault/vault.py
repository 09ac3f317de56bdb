"""The vault: one SQLite file, every record sealed, opened by a passphrase.

The passphrase's key opens the vault's own random key, which seals all the rest. A record's seal covers its kind, id and
version. A sealed manifest holds the version of every record and the end of the log, so a record that was altered,
swapped, taken away or put back in an older state is found; the others stay usable. An older copy of the whole file is
found by a counter beside it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar

from protocol.errors import NotFound
from runtime.seal import KEY_BYTES, DamagedError, Sealer
from wallet.disclosure_records import Disclosure
from wallet.forwarding_records import MandateKept, OrderKept
from wallet.records import (
    AwaitedDocument,
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
from wallet.store import ChangeCredentials, LogHead, NewEntry, NotedWith
from wallet.vault.change import KINDS, RECORDS, Change, Manifest, Stored, all_shown
from wallet.vault.file import (
    FORMAT,
    OlderCopyError,
    SeenCounter,
    connect,
    create_tables,
    lock,
    new_header,
    read_header,
    reported,
    unlock,
    write_header,
)
from wallet.vault.log_chain import blinded_anew
from wallet.vault.opening import OpenFile, open_file
from wallet.vault.passphrase import KeyDerivation, check_new_passphrase
from wallet.vault.reading import Found, LogRead, Memory, read_log, read_records

R = TypeVar("R", bound=Stored)


class Vault:
    """An open wallet file. See `WalletStore`; close it, so that another program can open it."""

    def __init__(self, opened: OpenFile) -> None:
        self._connection = opened.connection
        self._sealer = opened.sealer
        self._lock = opened.lock
        self._seen = opened.seen
        self._manifest = opened.manifest
        self._turn = threading.RLock()
        self._memory = Memory()
        self._format = opened.format
        self._renew()

    @classmethod
    def create(cls, path: Path, passphrase: str, derivation: KeyDerivation | None = None) -> Self:
        """Make a new wallet file.

        Raises:
            FileExistsError: there is one already; nothing was changed.
            InUse: another program is making one.
            WrongPassphrase: the passphrase is too short or too long.
        """
        check_new_passphrase(passphrase)
        derivation = (derivation or KeyDerivation()).check()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with ExitStack() as undo:
            descriptor = lock(path)
            undo.callback(os.close, descriptor)
            if os.path.lexists(path):
                raise FileExistsError(f"{path}: there is a wallet already; nothing was changed")
            # The database is made under another name, so that a wallet is there as a whole or not at all
            temporary = path.with_name(f".{path.name}.new")
            temporary.unlink(missing_ok=True)
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, 0o600))
            undo.callback(temporary.unlink, missing_ok=True)
            sealer = Sealer(os.urandom(KEY_BYTES))
            SeenCounter(path).write(sealer, 0)
            connection = connect(temporary)
            header = new_header(passphrase, derivation, sealer, Manifest().to_bytes())
            with reported("the wallet file cannot be written; there is no wallet yet"):
                connection.execute("BEGIN IMMEDIATE")
                create_tables(connection, header)
                connection.execute("COMMIT")
                connection.close()
            temporary.rename(path)
            opened = OpenFile(connect(path), descriptor, sealer, SeenCounter(path), Manifest())
            undo.pop_all()
        return cls(opened)

    @classmethod
    def open(cls, path: Path, passphrase: str, *, now: int) -> Self:
        """Open a wallet file.

        Raises:
            FileNotFoundError: there is none.
            InUse: another program has it open.
            WrongPassphrase: the wrong one, or too soon after a wrong one (T217).
            OlderCopyError: an older copy of the file was put back (T216).
            DamagedError: it is no wallet file, or damaged as a whole (T215).
        """
        opened = open_file(path, passphrase, now)
        seen = opened.seen.read(opened.sealer)
        if seen is None or seen > opened.manifest.counter:
            opened.close()
            raise OlderCopyError(
                "this wallet file seems to be an older copy; if you put it back on purpose, run: hoheit wallet restore"
            )
        return cls(opened)

    @classmethod
    def restore(cls, path: Path, passphrase: str, *, now: int, note: NewEntry) -> Self:
        """Take an older copy of a wallet file into use. All its copies count as shown, because they may have been.

        Raises:
            FileNotFoundError, InUse, WrongPassphrase, DamagedError: as for `open`.
        """
        opened = open_file(path, passphrase, now)
        seen = opened.seen.read(opened.sealer) or 0
        manifest = replace(opened.manifest, counter=max(seen, opened.manifest.counter))
        with ExitStack() as undo:
            undo.callback(opened.close)
            vault = cls(replace(opened, manifest=manifest))
            vault.write(put=[all_shown(held, now) for held in vault.credentials()], note=note)
            undo.pop_all()
        return vault

    def close(self) -> None:
        """Let go of the file; closing twice does nothing."""
        with self._turn:
            self._connection.close()
            descriptor, self._lock = self._lock, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def credentials(self) -> tuple[HeldCredential, ...]:
        """Everything held, oldest first."""
        found = self._read(HeldCredential).records
        return tuple(sorted(found, key=lambda held: (held.received_at, held.id)))

    def pending(self) -> tuple[PendingIssuance, ...]:
        """What was begun and not finished, oldest first."""
        return tuple(sorted(self._read(PendingIssuance).records, key=lambda pending: (pending.begun_at, pending.id)))

    def grants(self) -> tuple[RenewalGrant, ...]:
        """By what documents are renewed, oldest first; see `WalletStore.grants`."""
        return tuple(sorted(self._read(RenewalGrant).records, key=lambda grant: (grant.begun_at, grant.id)))

    def renewed(self) -> tuple[RenewedDocument, ...]:
        """What renewals changed, oldest first."""
        return tuple(sorted(self._read(RenewedDocument).records, key=lambda renewed: (renewed.at, renewed.id)))

    def unit(self) -> WalletUnit | None:
        """How the wallet is known to its provider; see `WalletStore.unit`."""
        return next(iter(self._read(WalletUnit).records), None)

    def damaged(self) -> tuple[str, ...]:
        """The ids of records that are damaged, missing, or not where they belong."""
        return tuple(sorted({*self._read(HeldCredential).damaged, *self._read(PendingIssuance).damaged}))

    def log(self) -> tuple[LogEntry, ...]:
        """Everything that happened; a DamagedError if the chain does not hold."""
        return self._read_log().entries

    def log_head(self) -> LogHead:
        """How long the log is and what its chain comes to; see `WalletStore.log_head`."""
        with self._turn:
            read = self._read_log()
            return LogHead(len(read.links), len(read.links) - len(read.entries), self._manifest.log_end)

    def evidence(self) -> tuple[Evidence, ...]:
        """The proof that is whole, oldest first."""
        return tuple(sorted(self._read(Evidence).records, key=lambda evidence: (evidence.at, evidence.id)))

    def requests(self) -> tuple[KeptRequest, ...]:
        """What was asked, as far as it is whole; see `WalletStore.requests`."""
        return self._read(KeptRequest).records

    def disclosures(self) -> tuple[Disclosure, ...]:
        """What was answered to whom announced a cockpit; see `WalletStore.disclosures`."""
        with self._turn, reported("the wallet file cannot be read"):
            self._memory.refresh(self._connection)
            if self._memory.disclosures is None:
                found = self._read(Disclosure)
                records = tuple(sorted(found.records, key=lambda record: record.log_number))
                self._memory.disclosures = Found(records, found.damaged)
            return self._memory.disclosures.records

    def preferences(self) -> Preferences | None:
        """What the user decided; see `WalletStore.preferences`."""
        return next(iter(self._read(Preferences).records), None)

    def wishes(self) -> ServiceWishes:
        """What the user decided about services; see `WalletStore.wishes`."""
        return next(iter(self._read(ServiceWishes).records), ServiceWishes())

    def journeys(self) -> tuple[JourneyKept, ...]:
        """The plans that are whole, oldest first."""
        return tuple(sorted(self._read(JourneyKept).records, key=lambda journey: (journey.begun_at, journey.id)))

    def awaited(self) -> tuple[AwaitedDocument, ...]:
        """What an earlier wallet held and is not here yet; see `WalletStore.awaited`."""
        return tuple(sorted(self._read(AwaitedDocument).records, key=lambda awaited: (awaited.since, awaited.id)))

    def orders(self) -> tuple[OrderKept, ...]:
        """What is forwarded again, oldest first."""
        return tuple(sorted(self._read(OrderKept).records, key=lambda order: (order.given_at, order.id)))

    def mandates(self) -> tuple[MandateKept, ...]:
        """What offices were told to forward, oldest first."""
        return tuple(sorted(self._read(MandateKept).records, key=lambda mandate: (mandate.sent.at, mandate.id)))

    def errands(self) -> tuple[Errand, ...]:
        """The requests that wait for a proof, oldest first."""
        return tuple(sorted(self._read(Errand).records, key=lambda errand: (errand.begun_at, errand.id)))

    def write(
        self,
        *,
        put: Sequence[Kept] = (),
        drop: Sequence[Kept] = (),
        note: NewEntry | None = None,
        needs: Sequence[str] = (),
        history: Sequence[NewEntry] = (),
        lines: Sequence[NotedWith] = (),
    ) -> LogEntry | None:
        """Keep, destroy and note in one transaction; see `WalletStore.write`."""
        with self._turn, self._changing() as change:
            if any(f"{KINDS[HeldCredential]} {held_id}" not in change.manifest.records for held_id in needs):
                raise NotFound("this credential is not there any more")
            for record in put:
                change.put(record)
            for record in drop:
                change.drop(KINDS[type(record)], record.id)
            noted = change.note(note) if note is not None else None
            for earlier in history:
                change.note(earlier)
            for line in lines:
                entry = change.note(line.note)
                if line.disclosure is not None:
                    change.put(replace(line.disclosure, log_number=entry.number))
            return noted

    def change(self, ids: Sequence[str], step: ChangeCredentials, note: NewEntry | None = None) -> LogEntry | None:
        """Load, step and keep, and nobody comes in between; see `WalletStore.change`."""
        with self._turn:
            by_id = {held.id: held for held in self.credentials()}
            if not by_id.keys() >= set(ids):
                raise NotFound("this credential is not there any more")
            changed = step(tuple(by_id[held_id] for held_id in ids))
            return self.write(put=changed, note=note)

    def forget_damaged(self, record_id: str, note: NewEntry) -> LogEntry:
        """Destroy what is left of a damaged record; see `WalletStore.forget_damaged`."""
        with self._turn:
            if record_id not in self.damaged():
                raise NotFound("there is no damaged credential of this id")
            with self._changing() as change:
                change.drop("credential", record_id)
                change.drop("pending", record_id)
                return change.note(note)

    def clear_log(self, note: NewEntry) -> LogEntry:
        """Destroy the log and begin a new one; see `WalletStore.clear_log`."""
        with self._turn, self._changing() as change:
            change.clear_log()
            return change.note(note)

    def delete_entries(self, numbers: Collection[int]) -> None:
        """Destroy entries of the log; see `WalletStore.delete_entries`."""
        with self._turn:
            entries, chosen = self._read_log().entries, set(numbers)
            if not chosen <= {entry.number for entry in entries}:
                raise NotFound("there is no such entry")
            gone = [entry for entry in entries if not chosen.isdisjoint((entry.number, entry.completes))]
            gone_numbers = {entry.number for entry in gone}
            left = {entry.request for entry in entries if entry.number not in gone_numbers and entry.request}
            requests = {entry.request for entry in gone if entry.request} - left
            with self._changing() as change:
                change.delete_entries(gone)
                for request in requests:
                    change.drop(KINDS[Evidence], request)
                    change.drop(KINDS[KeptRequest], request)
                for disclosure in self.disclosures():
                    if disclosure.log_number in chosen:
                        change.drop(KINDS[Disclosure], disclosure.id)

    def check_passphrase(self, passphrase: str, *, now: int) -> None:
        """Check that whoever stands before the open wallet knows its passphrase.

        Raises:
            WrongPassphrase: the wrong one, or too soon after a wrong one (T217).
        """
        with self._turn:
            unlock(self._connection, read_header(self._connection), passphrase, now)

    def change_passphrase(self, passphrase: str, derivation: KeyDerivation | None = None) -> None:
        """Seal everything anew, by a fresh key, for a new passphrase: the old one opens old copies of the file alone.

        Raises:
            WrongPassphrase: the new one is too short or too long.
        """
        check_new_passphrase(passphrase)
        derivation = (derivation or KeyDerivation()).check()
        with self._turn:
            kept: list[Stored] = [*self._read_log().links]
            kept += [record for kind in RECORDS for record in self._read(kind).records]
            old, self._sealer = self._sealer, Sealer(os.urandom(KEY_BYTES))
            done = False
            try:
                with self._changing() as change:
                    for record in kept:
                        change.put(record)
                    write_header(
                        self._connection, new_header(passphrase, derivation, self._sealer, change.manifest.to_bytes())
                    )
                    change.has_dropped = True
                    change.log_was_rewritten = True
                done = True
            finally:
                if not done:
                    self._sealer = old

    def _renew(self) -> None:
        """Bring a file of an older program up to today: its log gets blinds. One that is damaged stays as it is."""
        if self._format >= FORMAT:
            return
        try:
            links = self._read_log().links
        except DamagedError:
            return
        with self._changing() as change:
            change.rewrite_log(*blinded_anew(links, os.urandom))
            write_header(self._connection, read_header(self._connection).renewed())
        self._format = FORMAT

    @contextmanager
    def _changing(self) -> Iterator[Change]:
        """One transaction; the manifest goes with it, and the counter after it."""
        blinds = os.urandom if self._format >= FORMAT else None
        change = Change(self._connection, self._sealer, self._manifest, blinds=blinds)
        with reported("the wallet file cannot be written; nothing was changed"):
            self._memory.refresh(self._connection)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield change
                sealed = self._sealer.seal(change.manifest.to_bytes(), "manifest")
                self._connection.execute("UPDATE meta SET manifest = ?", (sealed,))
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    with suppress(sqlite3.Error):
                        self._connection.execute("ROLLBACK")
        self._manifest = change.manifest
        self._memory.follow(self._connection, change)
        self._seen.write_after_commit(self._sealer, change.manifest.counter)
        if change.has_dropped:
            # T228: what was deleted is erased in the file, and must not stay in the journal
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _read(self, kind: type[R]) -> Found[R]:
        """The records of a kind that are whole, and the ids of those that are not."""
        with self._turn:
            return read_records(self._connection, self._sealer, self._manifest, kind)

    def _read_log(self) -> LogRead:
        """The log as it stands, read and checked once."""
        with self._turn, reported("the wallet file cannot be read"):
            self._memory.refresh(self._connection)
            if self._memory.log is None:
                self._memory.log = read_log(self._connection, self._sealer, self._manifest)
            return self._memory.log
