"""How long a list of revoked certificates is believed: it is asked for anew soon, and without an answer it serves a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from protocol.crl import RevocationList

REFRESH = 3_600  # seconds after which a newer list is asked for, though the known one holds
MAX_AGE = 86_400  # seconds for which a list serves where no newer one can be had, whatever it says of itself


@dataclass(frozen=True, slots=True)
class KnownCrl:
    """A list that was verified, and when it came."""

    found: RevocationList
    fetched_at: int  # epoch seconds


def lately(known: Mapping[str, KnownCrl]) -> dict[str, RevocationList]:
    """Lists by address. What did not come lately is to be fetched anew, and has to be no older than before (T091)."""
    return {uri: _until(kept, REFRESH) for uri, kept in known.items()}


def serving(known: Mapping[str, KnownCrl]) -> tuple[RevocationList, ...]:
    """What may answer where no newer list can be had: as long as it holds, and not for longer than a day (T076)."""
    return tuple([_until(kept, MAX_AGE) for kept in known.values()])


def _until(kept: KnownCrl, seconds: int) -> RevocationList:
    return replace(kept.found, next_update=min(kept.found.next_update, kept.fetched_at + seconds))
