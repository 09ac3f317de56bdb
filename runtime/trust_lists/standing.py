"""Whom the lists that are kept make trusted at a moment, and until when that is so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from protocol.errors import Flaw, NotFound, ProtocolError
from protocol.trust.anchors import TrustAnchor
from protocol.trust.list_signature import MEDIA_TYPE, VerifiedList, anchors_of
from protocol.trust.list_types import profile_of
from protocol.trust.lists import ListPointer
from protocol.trust.localized import in_language
from runtime.logs import get_logger
from runtime.trust_lists.configured import MAX_LISTS, FollowedList, FollowedLists
from runtime.trust_lists.kept import KeptLists, Stamp


@dataclass(frozen=True, slots=True)
class Standing:
    """What one kept list says."""

    until: int  # epoch seconds: from then on it says nothing
    anchors: tuple[TrustAnchor, ...]
    pointers: tuple[ListPointer, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What all lists say at a moment."""

    anchors: tuple[TrustAnchor, ...] = ()
    until: int | None = None  # epoch seconds: from then on they say something else; None: never


class ListReader:
    """Reads the kept lists of one folder; a list whose file did not change is not read twice."""

    def __init__(self, kept: KeptLists, *, language: str = "en") -> None:
        self._kept = kept
        self._language = language
        self._known: dict[FollowedList, tuple[Stamp, Standing | None]] = {}

    def read(self, followed: FollowedLists, *, now: int) -> Reading:
        """What the lists say now: those that are followed, and those that a list of lists points to.

        A list that is not there, damaged or past its time makes nobody trusted; the log says so when that changes.
        """
        anchors: list[TrustAnchor] = []
        ends: list[int] = []
        used: dict[FollowedList, tuple[Stamp, Standing | None]] = {}
        for one in followed.lists_of_lists:
            above = self._standing(one, now, used)
            if above is not None:
                ends.append(above.until)
        for one in everything(followed, lambda above: self._pointers(above, now, used)):
            standing = self._standing(one, now, used)
            if standing is not None:
                anchors += standing.anchors
                ends.append(standing.until)
        self._known = used
        return Reading(tuple(anchors), min(ends, default=None))

    def _pointers(
        self, above: FollowedList, now: int, used: dict[FollowedList, tuple[Stamp, Standing | None]]
    ) -> tuple[ListPointer, ...]:
        standing = self._standing(above, now, used)
        return standing.pointers if standing else ()
