"""Lines that outlive a database, in a folder beside it: what they say still holds when an old copy of it is restored.

A file for each year, named by the year in which nothing of it matters any more. Lines are only added, each durable before
whoever wrote it goes on, and a file goes as a whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from protocol.errors import Unavailable

MAX_LINE = 512  # characters
_CUT = "~"  # in no line
_NAME = re.compile(r"([0-9]{4,5})\.list")


@dataclass(frozen=True, slots=True)
class LastingList:
    """The folder. Several workers may share it; on several machines it has to be the same one."""

    folder: Path
    line: re.Pattern[str]  # what a line is, of ASCII; whatever else stands in a file is none

    def note(self, lines: Sequence[str], until: int) -> None:
        """Write lines, durably; `until` (epoch seconds): what they say matters no longer.

        Raises:
            Unavailable: they cannot be written, or not all of them.
            ValueError: one is none.
        """
        if not all(self._is_line(line) for line in lines):
            raise ValueError("this is no line of this list")
        file = self.folder / f"{_year(until)}.list"
        # A line that a crash cut off ends here, and this makes it none
        content = "".join([f"{_CUT}\n", *(f"{line}\n" for line in lines)]).encode("ascii")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_new = not file.exists()
            opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                if os.write(opened, content) != len(content):
                    raise OSError("not all of it was written")
                os.fsync(opened)
            finally:
                os.close(opened)
            if is_new:
                _sync(self.folder)
        except OSError as error:
            raise Unavailable("a list that has to outlive the database cannot be written") from error

    def lines(self) -> Iterator[str]:
        """All lines; what is none is left out, and one may come more than once."""
        for file, _ in self._files():
            with closing(file.open(encoding="ascii", errors="replace")) as opened:
                is_whole = True
                while part := opened.readline(MAX_LINE + 1):
                    began, is_whole = is_whole, part.endswith("\n")
                    # Of a line that is too long no part is one
                    if began and is_whole and self._is_line(part[:-1]):
                        yield part[:-1]

    def portions(self, size: int) -> Iterator[tuple[str, ...]]:
        """The same, at most so many at once."""
        lines = self.lines()
        while portion := tuple(islice(lines, size)):
            yield portion

    def forget_before(self, now: int) -> None:
        """Drop the files of years that are over."""
        for file, year in self._files():
            if year < _year(now):
                file.unlink(missing_ok=True)

    def _is_line(self, text: str) -> bool:
        is_plain = len(text) <= MAX_LINE and text.isascii() and _CUT not in text
        return is_plain and self.line.fullmatch(text) is not None

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
