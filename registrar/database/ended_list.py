"""What a registrar ended, outside of the database: an old copy of it that is restored says that it is valid, and is put right.

A line names a certificate by its random id, its serial number or its place in a status list. Others say how far places were
handed out, and which number a publication has: readers refuse one that is lower than one that they saw (T088).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from capabilities.status_publisher.kept_places import KEPT_LINE, LIST_ID, LISTS_LAST, KeptPlaces
from registrar.records import CertificateKind, GivenCertificate
from runtime.lasting_list import LastingList

AT_ONCE = 200  # certificates in one transaction
NONE = "-"

_CERTIFICATE = re.compile(
    rf"(access|registration) ({LIST_ID}) ([0-9a-f]{{1,40}}|-) ({LIST_ID}) ([0-9]{{1,10}}) ([0-9]{{1,12}}) ([0-9]{{1,12}})"
)
_NUMBER = re.compile(r"number ([A-Za-z0-9_.-]{1,128}) ([0-9]{1,18})")
_LINE = re.compile(f"{_CERTIFICATE.pattern}|{_NUMBER.pattern}|{KEPT_LINE}")


@dataclass(frozen=True, slots=True)
class EndedCertificate:
    """A certificate that is revoked, for ever."""

    kind: CertificateKind
    id: str
    serial: str  # of an access certificate, hex; empty otherwise
    status_list: str  # id; empty: an access certificate
    status_index: int
    issued_at: int  # epoch seconds
    expires_at: int  # epoch seconds

    @classmethod
    def of(cls, given: GivenCertificate) -> Self:
        """What there is to say of a certificate."""
        return cls(
            given.kind, given.id, given.serial, given.status_list, given.status_index,
            given.issued_at, given.expires_at,
        )  # fmt: skip

    @classmethod
    def from_line(cls, line: str) -> Self | None:
        """Read a line; None: it says something else."""
        found = _CERTIFICATE.fullmatch(line)
        if found is None:
            return None
        kind, id_, serial, status_list, index, issued_at, expires_at = (
            "" if text == NONE else text for text in found.groups()
        )
        return cls(CertificateKind(kind), id_, serial, status_list, int(index), int(issued_at), int(expires_at))

    def to_line(self) -> str:
        """As it is kept."""
        place = f"{self.status_list or NONE} {self.status_index}"
        return f"{self.kind} {self.id} {self.serial or NONE} {place} {self.issued_at} {self.expires_at}"


@dataclass(frozen=True, slots=True)
class EndedCertificates(KeptPlaces):
    """The list of one registrar, written before the database commits: nothing is acknowledged that it does not have."""

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The list in a folder, which need not be there yet."""
        return cls(LastingList(folder, _LINE))

    def note(self, ended: Sequence[EndedCertificate]) -> None:
        """Write down what ends. It matters until it would have ended by itself.

        Raises:
            Unavailable: it cannot be written, so nothing may end yet.
        """
        if ended:
            self.lasting.note([one.to_line() for one in ended], max(one.expires_at for one in ended))

    def note_number(self, name: str, number: int, now: int) -> None:
        """Write down under which number something is published, before anybody reads it.

        Raises:
            Unavailable: it cannot be written, so it may not be published yet.
        """
        self.lasting.note([f"number {name} {number}"], now + LISTS_LAST)

    def numbers(self) -> dict[str, int]:
        """The last number of everything that was published, by name."""
        found: dict[str, int] = {}
        for line in self.lasting.lines():
            if match := _NUMBER.fullmatch(line):
                found[match[1]] = max(found.get(match[1], 0), int(match[2]))
        return found

    def portions(self) -> Iterator[tuple[EndedCertificate, ...]]:
        """Everything that ended, in portions."""
        lines = (line for line in self.lasting.lines() if _CERTIFICATE.fullmatch(line))
        while some := tuple(islice(lines, AT_ONCE)):
            yield tuple([one for line in dict.fromkeys(some) if (one := EndedCertificate.from_line(line)) is not None])
