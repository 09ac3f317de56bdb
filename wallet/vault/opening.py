"""A wallet file on its way to being open: locked for others, its passphrase tried, its manifest read."""

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
class OpenedFile:
    """A wallet file that is locked, and opened by its passphrase."""

    connection: sqlite3.Connection
    lock: int
    sealer: Sealer
    seen: SeenCounter
    manifest: Manifest
    format: int = FORMAT

    def close(self) -> None:
        """Let go of it."""
        self.connection.close()
        os.close(self.lock)


def unlock_file(path: Path, passphrase: str, now: int) -> OpenedFile:
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
    return OpenedFile(connection, descriptor, sealer, SeenCounter(path), manifest, header.format)
