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

from capabilities.status_publisher.records import StatusListRecord
from runtime.lasting_list import LastingList

AT_ONCE = 200  # credentials in one transaction
NO_LIST = "-"
PLACES = "places"
WHOLE = "whole"  # what ended before there was a list is in it too
LISTS_LAST = 50 * 365 * 86_400  # seconds, longer than any credential: what is in a list cannot end before them

_ID = r"[A-Za-z0-9_-]{1,128}"
_ENDED = re.compile(rf"(copy|document|wallet) ({_ID}) ({_ID}) ({_ID}) ([0-9]{{1,10}}) ([0-9]{{1,12}})")
_PLACES = re.compile(rf"{PLACES} ({_ID}) ([0-9]{{1,2}}) ([0-9]{{1,10}}) ([0-9]{{1,10}})")
_LINE = re.compile(f"{_ENDED.pattern}|{_PLACES.pattern}|{WHOLE}")


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
class PlacesGiven:
    """How many places of a status list were handed out to workers."""

    list_id: str
    bits: int
    size: int
    reserved: int

    @classmethod
    def from_line(cls, line: str) -> Self | None:
        """Read a line; None: it says something else."""
        found = _PLACES.fullmatch(line)
        return None if found is None else cls(found[1], int(found[2]), int(found[3]), int(found[4]))

    def to_line(self) -> str:
        """As it is kept."""
        return f"{PLACES} {self.list_id} {self.bits} {self.size} {self.reserved}"


@dataclass(frozen=True, slots=True)
class EndedList:
    """The list of one issuer, written before the database commits: nothing is acknowledged that it does not have."""

    lasting: LastingList

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The list in a folder, which need not be there yet."""
        return cls(LastingList(folder, _LINE))

    def is_whole(self) -> bool:
        """Whether everything that ended is in it: an older program wrote nothing down."""
        return any(line == WHOLE for line in self.lasting.lines())

    def note_whole(self, now: int) -> None:
        """Write down that everything is in it.

        Raises:
            Unavailable: it cannot be written.
        """
        self.lasting.note([WHOLE], now + LISTS_LAST)

    def note(self, ended: Sequence[Ended]) -> None:
        """Write down what ends. It matters until it would have ended by itself.

        Raises:
            Unavailable: it cannot be written, so nothing may end yet.
        """
        for _, together in groupby(sorted(ended, key=_until), key=_year):
            found = list(together)
            self.lasting.note([one.to_line() for one in found], found[-1].expires_at)

    def note_places(self, record: StatusListRecord, reserved: int, now: int) -> None:
        """Write down how far places are handed out, before anybody gets them.

        Raises:
            Unavailable: it cannot be written, so nobody may get them yet.
        """
        given = PlacesGiven(record.id, record.bits, record.size, reserved)
        self.lasting.note([given.to_line()], now + LISTS_LAST)

    def portions(self) -> Iterator[tuple[Ended, ...]]:
        """Everything that ended, in portions, each of one kind; with what more ended, first."""
        for ends in (Ends.WALLET, Ends.DOCUMENT, Ends.COPY):
            lines = (line for line in self.lasting.lines() if line.startswith(f"{ends} "))
            while some := tuple(islice(lines, AT_ONCE)):
                # Whatever stands twice there is the same
                yield tuple([one for line in dict.fromkeys(some) if (one := Ended.from_line(line)) is not None])

    def places(self) -> tuple[PlacesGiven, ...]:
        """How far each list was handed out."""
        found: dict[str, PlacesGiven] = {}
        for line in self.lasting.lines():
            one = PlacesGiven.from_line(line)
            if one is not None and one.reserved > (found[one.list_id].reserved if one.list_id in found else -1):
                found[one.list_id] = one
        return tuple(found.values())


def _until(one: Ended) -> int:
    return one.expires_at


def _year(one: Ended) -> int:
    return datetime.fromtimestamp(one.expires_at, UTC).year
