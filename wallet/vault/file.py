"""The vault's file and what stands beside it: the lock, the header, and the counter that betrays an older copy."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Self

from protocol.encoding import encode_json, sha256
from protocol.errors import ProtocolError, Unavailable
from runtime.seal import DamagedError, Sealer
from wallet.vault.passphrase import SALT_BYTES, KeyDerivation, Tries, WrongPassphrase

FORMAT = 2  # 1: the log is a chain of plain hashes (`wallet.vault.log_chain`)

_PRAGMAS = (
    "locking_mode=EXCLUSIVE",
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "trusted_schema=OFF",
)


class InUse(ProtocolError):
    """Another program has this wallet open."""

    code = "in_use"
    status = 409


class VaultClosed(Unavailable):
    """The vault was closed, and with it everything that was going on; what was not written before is not written."""

    def __init__(self) -> None:
        super().__init__("the wallet was closed meanwhile")


class OlderCopyError(DamagedError):
    """The file is an older copy of this wallet, or it cannot be told whether it is (T216)."""


@dataclass(frozen=True, slots=True)
class Header:
    """What can be read without the passphrase. `digest` tells damage from a wrong passphrase; it protects nothing."""

    format: int
    salt: bytes
    operations: int
    memory: int
    wrapped: bytes  # the vault's key, sealed by the key of the passphrase
    digest: bytes
    failures: int
    next_try: int  # epoch seconds
    manifest: bytes

    @classmethod
    def new(cls, derivation: KeyDerivation, salt: bytes, wrapped: bytes, manifest: bytes) -> Self:
        """The header of a new file, or of an old one with a new passphrase."""
        digest = _digest(FORMAT, derivation, salt, wrapped)
        return cls(FORMAT, salt, derivation.operations, derivation.memory, wrapped, digest, 0, 0, manifest)

    @property
    def derivation(self) -> KeyDerivation:
        """How the passphrase becomes a key."""
        return KeyDerivation(self.operations, self.memory)

    @property
    def tries(self) -> Tries:
        """How often a wrong passphrase came."""
        return Tries(self.failures, self.next_try)

    def renewed(self) -> Self:
        """The same of a file that is in today's format."""
        return replace(self, format=FORMAT, digest=_digest(FORMAT, self.derivation, self.salt, self.wrapped))

    def check(self) -> Self:
        """Refuse what no program of this version wrote.

        Raises:
            DamagedError: it was made by a newer version, or altered.
        """
        if self.format > FORMAT:
            raise DamagedError("the wallet file was made by a newer version of this program; use that one")
        if len(self.salt) != SALT_BYTES or self.digest != _digest(
            self.format, self.derivation, self.salt, self.wrapped
        ):
            raise DamagedError("the wallet file is damaged")
        self.derivation.check()
        return self


def _digest(file_format: int, derivation: KeyDerivation, salt: bytes, wrapped: bytes) -> bytes:
    return sha256(encode_json([file_format, derivation.operations, derivation.memory, salt.hex(), wrapped.hex()]))


@contextmanager
def reported(problem: str) -> Iterator[None]:
    """Let what SQLite says leave in our own words.

    Raises:
        VaultClosed: it was closed; nothing was changed.
        Unavailable: the disk is full, locked or cannot be written; nothing was changed.
        DamagedError: the file is no database any more.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable(problem) from error
    except sqlite3.ProgrammingError as error:
        raise VaultClosed from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # SQLite quotes what it cannot read, and that need not be text
        raise DamagedError("the wallet file is damaged") from error


def lock(path: Path) -> int:
    """Take the wallet for this process alone, until the descriptor is closed (T221).

    Raises:
        InUse: another program has it.
    """
    descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise InUse("another program has this wallet open; close it and try again") from error
    return descriptor


def check_file(path: Path) -> None:
    """Check that a wallet file is a plain file of one's own, and let nobody else read it (T227).

    Raises:
        FileNotFoundError: there is none.
        DamagedError: it is a symbolic link, or no file at all.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path}: there is no wallet here; make one with: hoheit wallet init") from error
    except OSError as error:
        raise DamagedError(f"{path}: is not a wallet file that can be opened") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise DamagedError(f"{path}: is not a wallet file")
        if found.st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def connect(path: Path) -> sqlite3.Connection:
    """Open the database: durable, alone, and erasing what it deletes."""
    connection = sqlite3.connect(path, timeout=0.5, isolation_level=None, check_same_thread=False)
    with ExitStack() as undo, reported("the wallet file cannot be opened; nothing was changed"):
        undo.callback(connection.close)
        # What was altered may be no text any more; that is for the seals to find
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        undo.pop_all()
    return connection


def create_tables(connection: sqlite3.Connection, header: Header) -> None:
    """Lay out an empty vault, inside a transaction."""
    connection.execute(
        "CREATE TABLE meta (format, salt, operations, memory, wrapped, digest, failures, next_try, manifest)"
    )
    connection.execute(
        "CREATE TABLE records (kind TEXT, id TEXT, version INTEGER, sealed BLOB, PRIMARY KEY (kind, id))"
    )
    write_header(connection, header)


def write_header(connection: sqlite3.Connection, header: Header) -> None:
    """Put this header in place of the one before, inside a transaction."""
    connection.execute("DELETE FROM meta")
    connection.execute(
        "INSERT INTO meta (format, salt, operations, memory, wrapped, digest, failures, next_try, manifest)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        astuple(header),
    )


def read_header(connection: sqlite3.Connection) -> Header:
    """The header; its values are only what their types promise.

    Raises:
        DamagedError: there is none, or not one of ours.
        VaultClosed: it was closed.
    """
    try:
        row = connection.execute(
            "SELECT format, salt, operations, memory, wrapped, digest, failures, next_try, manifest FROM meta"
        ).fetchone()
    except sqlite3.ProgrammingError as error:
        raise VaultClosed from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise DamagedError("the wallet file is damaged, or is no wallet") from error
    kinds = (int, bytes, int, int, bytes, bytes, int, int, bytes)
    if row is None or any(type(value) is not kind for value, kind in zip(row, kinds, strict=True)):
        raise DamagedError("the wallet file is damaged, or is no wallet")
    return Header(*row).check()


def write_tries(connection: sqlite3.Connection, tries: Tries) -> None:
    """Remember how often a wrong passphrase came."""
    with reported("the wallet file cannot be written; nothing was changed"):
        connection.execute("UPDATE meta SET failures = ?, next_try = ?", (tries.failures, tries.next_try))


def unlock(connection: sqlite3.Connection, header: Header, passphrase: str, now: int) -> Sealer:
    """What opens the records of a vault. A wrong passphrase is remembered in the file, so that the next one waits.

    Raises:
        WrongPassphrase: the wrong one, or too soon after a wrong one (T217).
        Unavailable: it could not be remembered.
    """
    header.tries.check(now)
    try:
        key = Sealer(header.derivation.derive(passphrase, header.salt)).open(header.wrapped, "vault key")
    except DamagedError as error:
        write_tries(connection, header.tries.failed(now))
        raise WrongPassphrase("this passphrase does not open the wallet") from error
    if header.failures:
        write_tries(connection, Tries(0, 0))
    return Sealer(key)


class SeenCounter:
    """A sealed number beside the file: how far this wallet had come when it was last written.

    It finds an older copy of the file, as long as the counter was not put back too: that is the limit of what a program
    without trusted hardware can see.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_suffix(".seen")

    def read(self, sealer: Sealer) -> int | None:
        """The number; None if there is none, or it cannot be believed."""
        try:
            with os.fdopen(os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                return int(sealer.open(file.read(1024), "seen"))
        except (OSError, DamagedError):
            return None

    def write(self, sealer: Sealer, counter: int) -> None:
        """Remember a number; whole or not at all.

        Raises:
            OSError: it could not be written.
        """
        temporary = self._path.with_name(f".{self._path.name}.new")
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(sealer.seal(str(counter).encode(), "seen"))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

    def write_after_commit(self, sealer: Sealer, counter: int) -> None:
        """The same after the change is kept: a number that stays behind accuses nobody, so failing is no failure."""
        with suppress(OSError):
            self.write(sealer, counter)


def new_header(passphrase: str, derivation: KeyDerivation, sealer: Sealer, manifest: bytes) -> Header:
    """The header of a file that a passphrase opens; `sealer` is the one of its records."""
    salt = os.urandom(SALT_BYTES)
    wrapped = Sealer(derivation.derive(passphrase, salt)).seal(sealer.key, "vault key")
    return Header.new(derivation, salt, wrapped, sealer.seal(manifest, "manifest"))
