"""For whom an answer is: a proof of acting for somebody and the documents about them are offered together, as one whole set.

A request that wants a proof and a birth certificate is not answered with the proof for one child and the certificate of another
(T187). So where both could happen, the user says first for whom, and sees only what belongs together. A plan says it by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from protocol.dcql.match import Candidate, QueryMatch, match_query
from protocol.dcql.query import DcqlQuery
from protocol.errors import InvalidRequest
from wallet.policy.people import ME, Aim, People, WhomShown, acted_for, could_mix, person_id
from wallet.records import HeldCredential

MAX_PEOPLE = 20  # among whom somebody chooses


@dataclass(frozen=True, slots=True)
class WhomAsked:
    """For whom an answer is, as the user sees it."""

    options: tuple[WhomShown, ...] = ()  # what can be chosen; empty: nothing can
    name: str = ""  # of whom it is for, as a plan or the user said; empty: the user, or nobody said
    chosen: str = ""  # id of the option that it stands for; empty: none
    planned: bool = False  # a plan said so
    left_out: tuple[str, ...] = ()  # ids of what would fit as well, and is about somebody else

    @property
    def open(self) -> bool:
        """Whether it has to be said before anything is offered."""
        return bool(self.options) and not self.chosen


NOBODY_ASKED = WhomAsked()


@dataclass(frozen=True, slots=True)
class MatchedFor:
    """What answers a request, of those documents that belong together."""

    match: QueryMatch
    aim: Aim | None
    whom: WhomAsked


def match_for(
    query: DcqlQuery,
    candidates: Sequence[Candidate],
    held: Mapping[str, HeldCredential],
    people: People,
    aim: Aim | None,
    *,
    planned: bool,
) -> MatchedFor:
    """Find what answers a query for somebody; `held` by id of candidate. None: for anybody, where nothing could be mixed.

    Raises:
        InvalidRequest: the query takes more steps than we give it.
    """

    def of(aim: Aim) -> QueryMatch:
        return match_query(query, [one for one in candidates if people.fits(held[one.id], aim)])

    everything = match_query(query, candidates)
    if planned and aim is not None:
        return _matched(everything, of(aim), aim, people, (), planned=True)
    choices = [[held[one.candidate.id] for one in found] for found in everything.matches.values()]
    if not could_mix(choices, people):
        return MatchedFor(everything, None, NOBODY_ASKED)
    aims = [Aim(None), *map(Aim, acted_for(choices, people)[:MAX_PEOPLE])]
    found = [(one, match) for one in aims if (match := of(one)).satisfied]
    options = tuple([WhomShown(_id(one), _name(one, people)) for one, _ in found])
    chosen = [(one, match) for one, match in found if len(found) == 1 or (aim is not None and _id(one) == _id(aim))]
    if chosen:
        return _matched(everything, chosen[0][1], chosen[0][0], people, options, planned=False)
    if found:
        return MatchedFor(everything, None, WhomAsked(options))
    # No whole set answers, so nothing does
    return _matched(everything, of(aims[-1]), aims[-1], people, (), planned=False)


def aim_of(whom: WhomAsked, choice: str, people: People) -> Aim:
    """For whom, by what was chosen.

    Raises:
        InvalidRequest: it was none of the options.
    """
    if choice in [one.id for one in whom.options]:
        for known in (None, *people.known):
            if _id(Aim(known)) == choice:
                return Aim(known)
    raise InvalidRequest("this is nobody for whom the answer can be")


def _matched(
    everything: QueryMatch,
    match: QueryMatch,
    aim: Aim,
    people: People,
    options: tuple[WhomShown, ...],
    *,
    planned: bool,
) -> MatchedFor:
    kept = {one.candidate.id for found in match.matches.values() for one in found}
    others = [
        one.candidate.id for found in everything.matches.values() for one in found if one.candidate.id not in kept
    ]
    whom = WhomAsked(options, _name(aim, people), _id(aim), planned, tuple(dict.fromkeys(others)))
    return MatchedFor(match, aim, whom)


def _id(aim: Aim) -> str:
    return ME if aim.whom is None else person_id(aim.whom)


def _name(aim: Aim, people: People) -> str:
    return "" if aim.whom is None else people.named(aim.whom)
