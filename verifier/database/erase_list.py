"""What was erased because somebody asked for it, outside of the database: a restored old copy of it is erased again.

A folder with a file for each year, named by the year in which nothing of it is kept anyway. A line is the id of a receipt,
which is random and says nothing of anybody.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from protocol.errors import Unavailable

MAX_LINE = 128  # characters
_NAME = re.compile(r"([0-9]{4,5})\.list")
_ID = re.compile(rf"[A-Za-z0-9_-]{{16,{MAX_LINE}}}")


@dataclass(frozen=True, slots=True)
class EraseList:
    """The folder. Several workers may share it: lines are only added, and a file goes as a whole when its years are over."""

    folder: Path

    def note(self, receipt: str, until: int) -> None:
        """Write down an erasure, durably, before the database is told; `until` (epoch seconds): nothing is kept longer.

        Raises:
            Unavailable: it cannot be written, so nothing may be erased yet.
        """
        file = self.folder / f"{_year(until)}.list"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_new = not file.exists()
            opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                # A line that a crash cut off ends here, and is none
                os.write(opened, f"\n{receipt}\n".encode("ascii"))
                os.fsync(opened)
            finally:
                os.close(opened)
            if is_new:
                _sync(self.folder)
        except OSError as error:
            raise Unavailable("the list of what was erased cannot be written") from error

    def receipts(self) -> Iterator[str]:
        """The receipts of everything that was erased; what is no id is left out, and one may come more than once."""
        for file, _ in self._files():
            with closing(file.open(encoding="ascii", errors="replace")) as lines:
                while line := lines.readline(MAX_LINE + 2):
                    if _ID.fullmatch(line.rstrip("\n")) and line.endswith("\n"):
                        yield line.rstrip("\n")

    def forget_before(self, now: int) -> None:
        """Drop the files of years that are over: nothing that they name is kept anywhere."""
        for file, year in self._files():
            if year < _year(now):
                file.unlink(missing_ok=True)

    def _files(self) -> list[tuple[Path, int]]:
        if not self.folder.is_dir():
            return []
        found = [(file, match) for file in sorted(self.folder.iterdir()) if (match := _NAME.fullmatch(file.name))]
        return [(file, int(match[1])) for file, match in found]


def _year(at: int) -> int:
    return datetime.fromtimestamp(at, UTC).year


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
