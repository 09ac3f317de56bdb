"""How far places in status lists were handed out, written down where an old copy of the database does not reach.

A copy that does not know would hand them out once more (T078). What else a role keeps there stands in the same files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from capabilities.status_publisher.records import StatusListRecord
from runtime.lasting_list import LastingList

PLACES = "places"
WHOLE = "whole"  # what happened before there was a list is in it too
LISTS_LAST = (
    50 * 365 * 86_400
)  # seconds, longer than anything that has a place: what is in a list cannot end before them

LIST_ID = r"[A-Za-z0-9_-]{1,128}"
_PLACES = re.compile(rf"{PLACES} ({LIST_ID}) ([0-9]{{1,2}}) ([0-9]{{1,10}}) ([0-9]{{1,10}})")
KEPT_LINE = rf"{_PLACES.pattern}|{WHOLE}"  # for the pattern of a role's own lines


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

    def record(self, seed: bytes, now: int) -> StatusListRecord:
        """The list as it comes back where it is not there any more."""
        return StatusListRecord(self.list_id, self.bits, self.size, seed, self.reserved, 0, now)


@dataclass(frozen=True, slots=True)
class KeptPlaces:
    """What every role that publishes status keeps there."""

    lasting: LastingList

    def is_whole(self) -> bool:
        """Whether everything is in it: an older program wrote nothing down."""
        return any(line == WHOLE for line in self.lasting.lines())

    def note_whole(self, now: int) -> None:
        """Write down that everything is in it.

        Raises:
            Unavailable: it cannot be written.
        """
        self.lasting.note([WHOLE], now + LISTS_LAST)

    def note_places(self, record: StatusListRecord, reserved: int, now: int) -> None:
        """Write down how far places are handed out, before anybody gets them.

        Raises:
            Unavailable: it cannot be written, so nobody may get them yet.
        """
        given = PlacesGiven(record.id, record.bits, record.size, reserved)
        self.lasting.note([given.to_line()], now + LISTS_LAST)

    def places(self) -> tuple[PlacesGiven, ...]:
        """How far each list was handed out."""
        found: dict[str, PlacesGiven] = {}
        for line in self.lasting.lines():
            one = PlacesGiven.from_line(line)
            if one is not None and one.reserved > (found[one.list_id].reserved if one.list_id in found else -1):
                found[one.list_id] = one
        return tuple(found.values())
