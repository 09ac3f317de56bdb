"""The shortest way through things that need each other: which to take, in an order in which each has what it needs.

A search by what a choice costs at least (A*). What is wanted and has no giver among the chosen ones costs one more, and such
wants that share no giver cost one more each; so of most journeys nothing is tried in vain, and of hard ones no more than a cap.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from itertools import count
from typing import NamedTuple

from protocol.errors import Malformed, TooLarge

MAX_TRIED = 2000  # choices
MAX_STOPS = 128  # goals, what is fetched on the way, and what is found elsewhere


class Kind(IntEnum):
    """Where something comes from, the nearest first."""

    AWAITED = 0  # is on its way already
    SERVICE = 1  # is another step
    ELSEWHERE = 2  # is for the citizen to find


class Giver(NamedTuple):
    """Somebody who gives what is wanted."""

    kind: Kind
    id: str


Want = tuple[Giver, ...]  # any of them will do; at least one
Requirement = tuple[tuple[Want, ...], ...]  # options: of one of them, every want
Requirements = Callable[[str], Sequence[Requirement]]  # of a service; all of them


class Taken(NamedTuple):
    """How a requirement is met."""

    option: int
    givers: tuple[Giver, ...]  # for each of its wants


class Stop(NamedTuple):
    """A service on the way."""

    id: str
    taken: tuple[Taken, ...]  # for each of its requirements


Choice = frozenset[Giver]
Cost = tuple[int, int]  # found elsewhere, steps


def find_route(goals: Sequence[str], requirements: Requirements) -> tuple[Stop, ...]:
    """A way over all goals that leaves the least to be found elsewhere, and of such the shortest.

    Raises:
        Malformed: there is none, because services need what only they themselves give in the end.
        TooLarge: it was not found in as many tries as we make, or it would have more than `MAX_STOPS`.
    """
    start: Choice = frozenset([Giver(Kind.SERVICE, goal) for goal in goals])
    turn = count()
    seen = {start}
    # Of what costs the same, first what is nearer to its end
    open_ = _open(start, requirements)
    queue = [(_least(start, open_), -len(start), next(turn), start, open_)]
    for _ in range(MAX_TRIED):
        if not queue:
            raise Malformed("journey", "leads through services that need what only they themselves give in the end")
        _, _, _, chosen, open_ = heapq.heappop(queue)
        if not open_:
            return _walk(goals, chosen, requirements)
        if len(chosen) >= MAX_STOPS:
            break
        for giver in _next(chosen, open_):
            more = chosen | {giver}
            if more not in seen:
                seen.add(more)
                open_ = _open(more, requirements)
                heapq.heappush(queue, (_least(more, open_), -len(more), next(turn), more, open_))
    raise TooLarge("journey", "has more ways to be planned than are tried")


class _Open(NamedTuple):
    """What a chosen service still wants before it can be gone through."""

    options: tuple[tuple[Want, ...], ...]  # of a requirement that is not met: of each option what is not there
    needed: tuple[Want, ...]  # one of each of these has to be chosen, whatever else is


def _open(chosen: Choice, requirements: Requirements) -> list[_Open]:
    """Every requirement that is not met yet."""
    reached = _reach(chosen, requirements)
    found = []
    for giver in sorted(chosen - reached):
        for requirement in requirements(giver.id):
            options = tuple([tuple([want for want in option if not _has(want, reached)]) for option in requirement])
            if all(options):
                found.append(_Open(options, _needed(options, chosen)))
    return found


def _needed(options: tuple[tuple[Want, ...], ...], chosen: Choice) -> tuple[Want, ...]:
    """Without alternatives every want that no chosen one gives; else one want of each option, taken together."""
    new = [[want for want in option if chosen.isdisjoint(want)] for option in options]
    if len(new) == 1:
        return tuple(new[0])
    # An option that waits for chosen ones only may need nothing more
    return (tuple(dict.fromkeys([giver for wants in new for giver in wants[0]])),) if all(new) else ()


def _next(chosen: Choice, open_: list[_Open]) -> Iterable[Giver]:
    """What may be chosen next, so that no way is missed."""
    needed = [want for one in open_ for want in one.needed]
    if needed:
        return min(needed, key=len)
    # They wait for each other. Whichever is to be first needs a giver that is not among them
    return dict.fromkeys(
        [giver for one in open_ for option in one.options for giver in option[0] if giver not in chosen]
    )


def _least(chosen: Choice, open_: list[_Open]) -> Cost:
    """What a choice costs at least once it is complete."""
    elsewhere = sum([giver.kind is Kind.ELSEWHERE for giver in chosen])
    cost = [elsewhere, len(chosen) - elsewhere]
    counted: set[Giver] = set()
    for want in sorted([want for one in open_ for want in one.needed], key=len):
        if counted.isdisjoint(want):
            counted.update(want)
            kinds = {giver.kind for giver in want}
            if len(kinds) == 1:
                cost[0 if Kind.ELSEWHERE in kinds else 1] += 1
    return cost[0], cost[1]


def _reach(chosen: Choice, requirements: Requirements) -> set[Giver]:
    """What can be had of a choice, one after the other."""
    reached = {giver for giver in chosen if giver.kind is not Kind.SERVICE}
    left = sorted(chosen - reached)
    while True:
        ready = [giver for giver in left if _ready(giver, reached, requirements)]
        if not ready:
            return reached
        reached.update(ready)
        left = [giver for giver in left if giver not in reached]


def _ready(giver: Giver, reached: set[Giver], requirements: Requirements) -> bool:
    return all(
        any(all(_has(want, reached) for want in option) for option in requirement)
        for requirement in requirements(giver.id)
    )


def _has(want: Want, reached: set[Giver]) -> bool:
    return not reached.isdisjoint(want) or any(giver.kind is Kind.AWAITED for giver in want)


def _walk(goals: Sequence[str], chosen: Choice, requirements: Requirements) -> tuple[Stop, ...]:
    """The services of a choice in their order: the goals as they were named, and before each what it needs."""
    reached = {giver for giver in chosen if giver.kind is not Kind.SERVICE}
    left = sorted(chosen - reached)
    stops: dict[str, Stop] = {}
    while left:
        giver = next(giver for giver in left if _ready(giver, reached, requirements))
        stops[giver.id] = Stop(giver.id, tuple([_take(one, reached) for one in requirements(giver.id)]))
        reached.add(giver)
        left.remove(giver)
    ordered: dict[str, Stop] = {}

    def go(id_: str) -> None:
        for needed in [giver for taken in stops[id_].taken for giver in taken.givers]:
            if needed.kind is Kind.SERVICE and needed.id not in ordered:
                go(needed.id)
        ordered[id_] = stops[id_]

    for goal in goals:
        if goal not in ordered:
            go(goal)
    return tuple(ordered.values())


def _take(requirement: Requirement, reached: set[Giver]) -> Taken:
    """Of the options that are met the one that leaves the least to be found elsewhere; of equals the first."""
    met = [
        Taken(i, tuple([min(g for g in want if g.kind is Kind.AWAITED or g in reached) for want in option]))
        for i, option in enumerate(requirement)
        if all(_has(want, reached) for want in option)
    ]
    return min(met, key=lambda taken: sum([giver.kind is Kind.ELSEWHERE for giver in taken.givers]))
