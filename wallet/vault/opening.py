"""From a file and its passphrase to its records: everything that stands between them, and the lock on the file."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from runtime.seal import Sealer
from wallet.vault.change import Manifest
from wallet.vault.file import FORMAT, SeenCounter, check_file, connect, lock, read_header, unlock


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A wallet file that is locked, and opened by its passphrase."""

    connection: sqlite3.Connection
    lock: int
    sealer: Sealer
    seen: SeenCounter
    manifest: Manifest
    format: int = FORMAT

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()
        os.close(self.lock)


def open_file(path: Path, passphrase: str, now: int) -> OpenFile:
    """Everything that stands between a file and its records; whether it is an older copy is not looked at."""
    check_file(path)
    with ExitStack() as undo:
        descriptor = lock(path)
        undo.callback(os.close, descriptor)
        connection = connect(path)
        undo.callback(connection.close)
        header = read_header(connection)
        sealer = unlock(connection, header, passphrase, now)
        manifest = Manifest.from_bytes(sealer.open(header.manifest, "manifest"))
        undo.pop_all()
    return OpenFile(connection, descriptor, sealer, SeenCounter(path), manifest, header.format)
