"""What was ended, outside of the database: an old copy of it that is restored says that it is valid, and is put right by this.

A line names a credential by ids that are random, and by its place in a status list, where everybody reads that it ended. Other
lines say how far places were handed out: a copy that does not know that would hand them out once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby, islice
from pathlib import Path
from typing import Self

from capabilities.status_publisher.kept_places import KEPT_LINE, LIST_ID, KeptPlaces
from runtime.lasting_list import LastingList

AT_ONCE = 200  # credentials in one transaction
NO_LIST = "-"

_ENDED = re.compile(rf"(copy|document|wallet) ({LIST_ID}) ({LIST_ID}) ({LIST_ID}) ([0-9]{{1,10}}) ([0-9]{{1,12}})")
_LINE = re.compile(f"{_ENDED.pattern}|{KEPT_LINE}")


class Ends(StrEnum):
    """What ended with a credential."""

    COPY = "copy"  # nothing else: another copy is in its place
    DOCUMENT = "document"  # the tokens by which another copy could be had
    WALLET = "wallet"  # the tokens for everything that came with it: somebody else may hold the wallet


@dataclass(frozen=True, slots=True)
class Ended:
    """A credential that is revoked, for ever."""

    ends: Ends
    credential_id: str
    session_id: str  # the conversation that it was issued in
    status_list: str  # id; empty: a type without status
    status_index: int
    expires_at: int  # epoch seconds

    @classmethod
    def from_line(cls, line: str) -> Self | None:
        """Read a line; None: it says something else."""
        found = _ENDED.fullmatch(line)
        if found is None:
            return None
        ends, credential_id, session_id, status_list, index, expires_at = found.groups()
        listed = "" if status_list == NO_LIST else status_list
        return cls(Ends(ends), credential_id, session_id, listed, int(index), int(expires_at))

    def to_line(self) -> str:
        """As it is kept."""
        place = f"{self.status_list or NO_LIST} {self.status_index}"
        return f"{self.ends} {self.credential_id} {self.session_id} {place} {self.expires_at}"


@dataclass(frozen=True, slots=True)
class EndedList(KeptPlaces):
    """The list of one issuer, written before the database commits: nothing is acknowledged that it does not have."""

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The list in a folder, which need not be there yet."""
        return cls(LastingList(folder, _LINE))

    def note(self, ended: Sequence[Ended]) -> None:
        """Write down what ends. It matters until it would have ended by itself.

        Raises:
            Unavailable: it cannot be written, so nothing may end yet.
        """
        for _, together in groupby(sorted(ended, key=_until), key=_year):
            found = list(together)
            self.lasting.note([one.to_line() for one in found], found[-1].expires_at)

    def portions(self) -> Iterator[tuple[Ended, ...]]:
        """Everything that ended, in portions, each of one kind; with what more ended, first."""
        for ends in (Ends.WALLET, Ends.DOCUMENT, Ends.COPY):
            lines = (line for line in self.lasting.lines() if line.startswith(f"{ends} "))
            while some := tuple(islice(lines, AT_ONCE)):
                # Whatever stands twice there is the same
                yield tuple([one for line in dict.fromkeys(some) if (one := Ended.from_line(line)) is not None])


def _until(one: Ended) -> int:
    return one.expires_at


def _year(one: Ended) -> int:
    return datetime.fromtimestamp(one.expires_at, UTC).year
