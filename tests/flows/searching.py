"""Looks for a value in everything that was written, however it is written there."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.flows.common import unpacked

MARK = "Qzv7Marked"  # in every text about the citizen that is looked for, and in what they type


def holds(text, mark=MARK):
    """Whether a text holds a mark, in whatever case, and however it is encoded."""
    wanted = {mark.lower().encode(), *[one.encode().hex().encode() for one in (mark, mark.lower(), mark.upper())]}
    return any(one in each.lower() for one in wanted for each in (text, unpacked(text)))


def cells(folder):
    """Every cell of every database below a folder: table and column → its values."""
    found: dict[str, list[object]] = {}
    for file in sorted(Path(folder).rglob("*.db")):
        with closing(sqlite3.connect(file)) as database:
            tables = [name for [name] in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                rows = database.execute(f'SELECT * FROM "{table}"')
                names = [column[0] for column in rows.description]
                for row in rows:
                    for name, value in zip(names, row, strict=True):
                        found.setdefault(f"{table}.{name}", []).append(value)
    return found


def bytes_of(value):
    return value if isinstance(value, bytes) else str(value).encode()


def files(folder):
    """All bytes of all files below a folder."""
    return {file: file.read_bytes() for file in Path(folder).rglob("*") if file.is_file()}
