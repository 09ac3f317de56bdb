"""Whom the lists that are kept make trusted at a moment, and until when that is so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from protocol.errors import NotFound, ProtocolError
from protocol.trust.anchors import TrustAnchor
from protocol.trust.list_signature import anchors_of
from protocol.trust.list_types import profile_of
from protocol.trust.lists import ListPointer
from protocol.trust.localized import in_language
from protocol.trust.register_asking import Register, registers_of
from runtime.logs import get_logger
from runtime.trust_lists.configured import MAX_LISTS, FollowedList, FollowedLists
from runtime.trust_lists.forms import form_of
from runtime.trust_lists.kept import KeptLists, Stamp


@dataclass(frozen=True, slots=True)
class Standing:
    """What one kept list says."""

    as_of: int  # epoch seconds: when it was issued
    until: int  # epoch seconds: from then on it says nothing
    anchors: tuple[TrustAnchor, ...]
    pointers: tuple[ListPointer, ...]
    registers: tuple[Register, ...]


@dataclass(frozen=True, slots=True)
class ListsAge:
    """How old that is which the lists of a folder say: for whoever goes on without a network (T090)."""

    as_of: int  # epoch seconds: when the oldest list that counts was issued; 0: none counts
    until: int  # epoch seconds: when the first of them ends; 0: none counts
    missing: int  # lists that are followed, and make nobody trusted: they ended, or never came


@dataclass(frozen=True, slots=True)
class Reading:
    """What all lists say at a moment."""

    anchors: tuple[TrustAnchor, ...] = ()
    until: int | None = None  # epoch seconds: from then on they say something else; None: never
    registers: tuple[Register, ...] = ()  # that can be asked
    age: ListsAge | None = None  # None: no list is followed


class ListReader:
    """Reads the kept lists of one folder; a list whose file did not change is not read twice."""

    def __init__(self, kept: KeptLists) -> None:
        self._kept = kept
        self._known: dict[FollowedList, tuple[Stamp, Standing | None]] = {}

    def read(self, followed: FollowedLists, *, now: int) -> Reading:
        """What the lists say now: those that are followed, and those that a list of lists points to.

        A list that is not there, damaged or past its time makes nobody trusted; the log says so when that changes.
        """
        anchors: list[TrustAnchor] = []
        registers: list[Register] = []
        standings: list[Standing | None] = []
        used: dict[FollowedList, tuple[Stamp, Standing | None]] = {}
        for one in followed.lists_of_lists:
            above = self._standing(one, now, used)
            standings.append(above)
            if above is not None:
                # A list of registrars is a list of lists, too
                registers += above.registers
        for one in everything(followed, lambda above: self._pointers(above, now, used)):
            standing = self._standing(one, now, used)
            standings.append(standing)
            if standing is not None:
                anchors += standing.anchors
                registers += standing.registers
        self._known = used
        age = _age(standings)
        until = age.until if age else 0
        return Reading(tuple(anchors), until or None, tuple(dict.fromkeys(registers)), age)

    def _pointers(
        self, above: FollowedList, now: int, used: dict[FollowedList, tuple[Stamp, Standing | None]]
    ) -> tuple[ListPointer, ...]:
        standing = self._standing(above, now, used)
        return standing.pointers if standing else ()

    def _standing(
        self, one: FollowedList, now: int, used: dict[FollowedList, tuple[Stamp, Standing | None]]
    ) -> Standing | None:
        stamp = self._kept.stamp_of(one)
        known = self._known.get(one)
        if known is not None and known[0] == stamp and (known[1] is None or now < known[1].until):
            used[one] = known
            return known[1]
        try:
            standing = self._read(one, now)
        except NotFound:
            standing = None
        except ProtocolError as error:
            get_logger().warning("trust lists", reason=error.description, address=one.url)
            standing = None
        used[one] = (stamp, standing)
        return standing

    def _read(self, one: FollowedList, now: int) -> Standing:
        found = self._kept.read(one, now=now)
        return Standing(
            found.says.issued_at,
            min(found.says.next_update, found.signer.not_after),
            anchors_of(found.says, by=one.name, by_names=one.names, types=one.types),
            found.says.pointers,
            registers_of(found.says),
        )


def _age(standings: list[Standing | None]) -> ListsAge | None:
    counting = [standing for standing in standings if standing is not None]
    if not standings:
        return None
    return ListsAge(
        as_of=min((standing.as_of for standing in counting), default=0),
        until=min((standing.until for standing in counting), default=0),
        missing=len(standings) - len(counting),
    )


def everything(
    followed: FollowedLists, pointers_of: Callable[[FollowedList], Iterable[ListPointer]]
) -> Iterator[FollowedList]:
    """Every list whose entities count: those that are followed, and those that a list of lists points to, one level down.

    An address that stands in several places counts once, and first as the operator of this installation wrote it.
    """
    urls: set[str] = set()
    pointed = (list_at(pointer) for above in followed.lists_of_lists for pointer in pointers_of(above))
    for one in (*followed.lists, *pointed):
        if one is not None and one.url not in urls and len(urls) < MAX_LISTS:
            urls.add(one.url)
            yield one


def list_at(pointer: ListPointer) -> FollowedList | None:
    """The list that a pointer leads to; None where it makes nobody trusted, nobody may sign it, or nothing here can read it."""
    if not _counts(pointer) or not form_of(pointer.type).is_readable():
        return None
    name = in_language(pointer.operator, "en")
    return FollowedList(pointer.location, pointer.type, pointer.signers, name, names=pointer.operator)


def lacks_reader(pointer: ListPointer) -> bool:
    """Whether a list that would count is not followed only because an extra is not installed."""
    return _counts(pointer) and not form_of(pointer.type).is_readable()


def _counts(pointer: ListPointer) -> bool:
    profile = profile_of(pointer.type)
    makes_trusted = profile is not None and profile.role is not None and bool(pointer.signers)
    return makes_trusted and pointer.media_type == form_of(pointer.type).media_type
