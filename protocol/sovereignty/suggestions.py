"""Which services fit a citizen, the nearest first, and why (docs/sovereignty/rules.md).

Computed where the credentials are, from a catalogue that is the same for everybody: nothing of it leaves, nothing is logged.
What a rule excludes is not suggested; it stands in the catalogue all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from protocol.sovereignty.eligibility import Eligibility, Gap, Truth, evaluate, merge_gaps
from protocol.sovereignty.holdings import Holdings
from protocol.sovereignty.needs import check_needs
from protocol.sovereignty.rules import CredentialType
from protocol.sovereignty.service import Service


class Rank(IntEnum):
    """How near a service is."""

    AT_HAND = 0  # it fits, and everything it needs is held
    ONE_MISSING = 1  # one proof is missing
    MORE = 2  # several are, or something cannot be told


class MissingProof(NamedTuple):
    """A proof that is missing, and who gives it."""

    gap: Gap
    givers: tuple[Service, ...]  # in the order of the catalogue; empty: none there


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A service that may fit."""

    service: Service
    rank: Rank
    eligibility: Eligibility  # with its reasons
    missing: tuple[MissingProof, ...]
    unclear: bool  # whether something would stay unknown, whatever was fetched


class Givers:
    """Who gives which kind of credential."""

    __slots__ = ("_by_type",)

    def __init__(self, services: Iterable[Service]) -> None:
        self._by_type: dict[CredentialType, list[Service]] = {}
        for service in services:
            for named in dict.fromkeys([given.type for given in service.gives]):
                self._by_type.setdefault(named, []).append(service)

    def of(self, types: Iterable[CredentialType], *, but: str) -> tuple[Service, ...]:
        """The services that give one of some types, without the one that needs it itself."""
        found = {service.id: service for named in types for service in self._by_type.get(named, ())}
        found.pop(but, None)
        return tuple(found.values())


def suggest(services: Sequence[Service], holdings: Holdings, *, hidden: Collection[str] = ()) -> tuple[Suggestion, ...]:
    """The services that may fit, the nearest first; `hidden` are ids that the citizen does not want to see.

    The order depends on what is held and on the catalogue, and on nothing else.
    """
    judged = [(service, evaluate(service.eligible, holdings)) for service in services]
    fitting = [(service, found) for service, found in judged if found.truth is not Truth.NOT_MET]
    # Who would not give it to this citizen is no way to it
    givers = Givers([service for service, _ in fitting])
    found = [
        _judge(service, eligibility, holdings, givers) for service, eligibility in fitting if service.id not in hidden
    ]
    return tuple(sorted(found, key=_distance))


def _judge(service: Service, eligibility: Eligibility, holdings: Holdings, givers: Givers) -> Suggestion:
    wants = check_needs(service.needs, holdings).fewest
    gaps = merge_gaps([*[want.gap for want in wants if want.gap.types], *eligibility.gaps])
    unclear = eligibility.unclear or not all(want.gap.types for want in wants)
    rank = Rank.MORE if unclear else Rank(min(len(gaps), Rank.MORE))
    missing = tuple([MissingProof(gap, givers.of(gap.types, but=service.id)) for gap in gaps])
    return Suggestion(service, rank, eligibility, missing, unclear)


def _distance(suggestion: Suggestion) -> tuple[int, bool, int, int, int]:
    """What comes first; of equals, the order of the catalogue."""
    asks = suggestion.service.asks
    return (
        suggestion.rank,
        suggestion.unclear,
        len(suggestion.missing),
        sum([not proof.givers for proof in suggestion.missing]),
        0 if asks is None else len(asks.fields),
    )
