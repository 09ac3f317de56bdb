"""What somebody can do to a wallet file with a disk editor, while the wallet is closed."""

import contextlib
import sqlite3

from tests.support.pki import NOW
from tests.wallet.counterparts import PASSPHRASE
from wallet.records import LoggedCredential
from wallet.service.context import NOBODY, entry_of
from wallet.vault.vault import Vault


@contextlib.contextmanager
def file_as_database(path):
    """The file as SQLite sees it; committed and let go of afterwards."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        yield connection


def opened(path, passphrase=PASSPHRASE, now=NOW):
    """The vault, open again."""
    return Vault.open(path, passphrase, now=now)


def note(action="received", at=NOW, outcome="done"):
    """Some log entry."""
    return entry_of(at, action, NOBODY, outcome, (LoggedCredential("Personal ID", "type", ('["given_name"]',)),))


def all_bytes(folder):
    """Everything that stands in a folder's files."""
    return b"\n".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file())
