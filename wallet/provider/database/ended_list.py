"""Which wallets a provider blocked, outside of the database: an old copy of it that is restored would vouch for them again.

A line names a wallet by the id that its key gives it, or a place of one of its attestations in a status list, where everybody
reads that it ended. Others say how far places were handed out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from capabilities.status_publisher.kept_places import KEPT_LINE, LIST_ID, LISTS_LAST, KeptPlaces
from runtime.lasting_list import LastingList

AT_ONCE = 200  # places in one transaction

_WALLET = re.compile(r"wallet ([A-Za-z0-9_-]{1,128}) ([0-9]{1,12})")
_PLACE = re.compile(rf"place ({LIST_ID}) ([0-9]{{1,10}}) ([0-9]{{1,12}})")
_LINE = re.compile(f"{_WALLET.pattern}|{_PLACE.pattern}|{KEPT_LINE}")


@dataclass(frozen=True, slots=True)
class BlockedWallet:
    """A wallet that is vouched for no more, and never again."""

    unit: str
    at: int  # epoch seconds

    def to_line(self) -> str:
        """As it is kept."""
        return f"wallet {self.unit} {self.at}"


@dataclass(frozen=True, slots=True)
class EndedPlace:
    """Where a status list says that an attestation of such a wallet is revoked."""

    status_list: str
    status_index: int
    until: int  # epoch seconds: so long its status is kept up

    def to_line(self) -> str:
        """As it is kept."""
        return f"place {self.status_list} {self.status_index} {self.until}"


@dataclass(frozen=True, slots=True)
class BlockedWallets(KeptPlaces):
    """The list of one provider, written before the database commits: nothing is acknowledged that it does not have."""

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The list in a folder, which need not be there yet."""
        return cls(LastingList(folder, _LINE))

    def note(self, wallet: BlockedWallet, places: Sequence[EndedPlace]) -> None:
        """Write down that a wallet is blocked, with what was said of it.

        Raises:
            Unavailable: it cannot be written, so the wallet may not be blocked yet.
        """
        self.lasting.note([wallet.to_line()], wallet.at + LISTS_LAST)
        if places:
            self.lasting.note([place.to_line() for place in places], max(place.until for place in places))

    def wallets(self) -> Iterator[BlockedWallet]:
        """Every wallet that was blocked; one may come more than once."""
        for line in self.lasting.lines():
            if match := _WALLET.fullmatch(line):
                yield BlockedWallet(match[1], int(match[2]))

    def ended(self) -> Iterator[tuple[EndedPlace, ...]]:
        """Every place that ended with them, in portions."""
        found = (match for line in self.lasting.lines() if (match := _PLACE.fullmatch(line)))
        while some := tuple(islice(found, AT_ONCE)):
            yield tuple([EndedPlace(match[1], int(match[2]), int(match[3])) for match in some])
