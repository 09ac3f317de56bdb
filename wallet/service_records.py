"""What a wallet keeps about services: what its user decided, where they want to get, and what waits for a proof. All sealed."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.encoding import encode_json, read_json_object
from protocol.sovereignty.journey import Journey

WISHES = "wishes"  # the id of the one record of its kind


@dataclass(frozen=True, slots=True)
class ServiceWishes:
    """What the user decided about services."""

    id: str = WISHES
    suggestions: bool = False
    hidden: tuple[str, ...] = ()  # ids of services that are not to be suggested
    about: tuple[tuple[str, str], ...] = ()  # document → whom it is about, as `protocol.sovereignty.rules.About` has it

    def __repr__(self) -> str:
        """Never what was decided."""
        return "ServiceWishes()"


@dataclass(frozen=True, slots=True)
class JourneyKept:
    """A plan that was begun."""

    id: str
    event: str  # the life event that it began with; empty: a wish
    journey: str  # JSON
    begun_at: int  # epoch seconds
    whom: str = ""  # JSON: for whom it is; empty: nobody was asked yet

    def read(self) -> Journey:
        """Where it leads, and how far it has come."""
        return Journey.from_dict(read_json_object(self.journey.encode("utf-8"), "journey"))

    @classmethod
    def of(cls, id_: str, event: str, journey: Journey, begun_at: int, whom: str = "") -> JourneyKept:
        """As it is kept."""
        return cls(id_, event, encode_json(journey.to_dict()).decode("utf-8"), begun_at, whom)

    def __repr__(self) -> str:
        """Never where it leads."""
        return f"JourneyKept({self.id})"


@dataclass(frozen=True, slots=True)
class Errand:
    """A request that waits until a missing proof was fetched; whoever asks has heard nothing yet."""

    id: str  # digest of the request
    asker: str  # as people know them
    client_id: str
    request: str  # the signed request object
    service: str  # id of the service that can be begun anew if the request has run out; empty: none is known
    journey: str  # id of the plan that it belongs to; empty: none
    begun_at: int  # epoch seconds

    def __repr__(self) -> str:
        """Never who asks for what."""
        return "Errand()"


ServiceRecord = ServiceWishes | JourneyKept | Errand
