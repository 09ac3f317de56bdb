"""What a rule says of what a citizen holds, with its reasons (docs/sovereignty/rules.md).

There are three answers (Kleene): what is not there proves nothing, so most of what is not met is unknown. It is a hint for the
citizen, computed where the credentials are; the agency decides.

Conditions with the same name speak of the same credential, so every assignment of names to credentials counts. All of them are
weighed at once: of each node two whole numbers are kept, with one bit for each assignment, where the node is met and where it
is not met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from protocol.sovereignty.comparing import Judged, Why, judge
from protocol.sovereignty.holdings import Holdings
from protocol.sovereignty.rules import Combination, Condition, CredentialType, Junction, Rule
from protocol.sovereignty.wording import Wording

MAX_ASSIGNMENTS = 1000
MAX_COMPARED = 100_000  # values that one rule may be compared with


class Truth(IntEnum):
    """How a rule stands; the larger, the better."""

    NOT_MET = 0
    UNKNOWN = 1
    MET = 2


class Reason(NamedTuple):
    """One sentence of a rule, and how it stands."""

    because: Wording
    truth: Truth  # of what the sentence explains, before any `not` around it
    negated: bool  # whether it speaks for the citizen where it is not met
    why: Why | None  # None where one sentence explains several conditions


class Gap(NamedTuple):
    """A proof that would tell more; any of the types will do."""

    types: tuple[CredentialType, ...]
    why: Why


@dataclass(frozen=True, slots=True)
class Eligibility:
    """How a rule stands for a citizen."""

    truth: Truth
    reasons: tuple[Reason, ...] = ()  # those that decide: why it is met, why not, or what is not known
    gaps: tuple[Gap, ...] = ()  # the fewest proofs that could settle it; empty unless it is unknown
    unclear: bool = False  # whether some of what is unknown would stay so, whatever was fetched
    too_many: bool = False  # whether it is unknown because more is held than we try


class _Weighed(NamedTuple):
    """A node with the assignments in which it is met, and in which it is not."""

    rule: Rule
    met: int
    failed: int
    below: tuple[_Weighed, ...] = ()
    why: Why | None = None  # of a condition that comes to the same under all assignments
    named: _Named | None = None  # of one that does not

    def truth(self, assignment: int) -> Truth:
        """How the node stands under one assignment."""
        if self.met >> assignment & 1:
            return Truth.MET
        return Truth.NOT_MET if self.failed >> assignment & 1 else Truth.UNKNOWN

    def why_under(self, assignment: int) -> Why | None:
        """What a condition came to under one assignment; None: it is none."""
        return self.why if self.named is None else self.named.why_under(assignment)


class _Documents(NamedTuple):
    """What a name may mean."""

    places: tuple[int, ...]  # of documents, in the wallet
    stride: int  # how many assignments lie between one document and the next

    def meant(self, assignment: int) -> int:
        """The document that is meant under one assignment."""
        return self.places[assignment // self.stride % len(self.places)]

    def spread(self, documents: int, everything: int) -> int:
        """The assignments under which the name means one of some documents."""
        if not documents:
            return 0
        block = (1 << self.stride) - 1
        once = sum([block << i * self.stride for i, place in enumerate(self.places) if documents >> place & 1])
        # The same in every period, by the closed form of the geometric row
        return once * (everything // ((1 << self.stride * len(self.places)) - 1))


class _Named(NamedTuple):
    """How a condition with a name stands in each document that the name may mean."""

    name: _Documents
    judged: Judged

    def why_under(self, assignment: int) -> Why:
        """What it came to under one assignment. It may not look into the document that another condition names."""
        place = self.name.meant(assignment)
        return self.judged.why_in(place) if self.judged.documents >> place & 1 else Why.NOT_STATED


class _TooManyError(Exception):
    """More is held than we try."""


def evaluate(rule: Rule | None, holdings: Holdings) -> Eligibility:
    """How a rule stands. A service without one is for everybody."""
    if rule is None:
        return Eligibility(Truth.MET)
    try:
        return _Evaluation(rule, holdings).run()
    except _TooManyError:
        return Eligibility(Truth.UNKNOWN, unclear=True, too_many=True)


def merge_gaps(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """The same gaps, where one proof that fills several counts once."""
    merged: list[Gap] = []
    for gap in gaps:
        for i, other in enumerate(merged):
            both = tuple([named for named in other.types if named in gap.types])
            if both:
                merged[i] = Gap(both, other.why)
                break
        else:
            merged.append(gap)
    return tuple(merged)


class _Evaluation:
    """One rule, weighed under every assignment of its names."""

    __slots__ = ("_all", "_compared", "_holdings", "_names", "_rule")

    def __init__(self, rule: Rule, holdings: Holdings) -> None:
        self._rule = rule
        self._holdings = holdings
        self._compared = 0
        self._names, total = _assign(rule, holdings)
        self._all = (1 << total) - 1

    def run(self) -> Eligibility:
        weighed = self._weigh(self._rule)
        # The best that any assignment comes to, and of such the first
        best = weighed.met or (self._all & ~weighed.failed) or self._all
        assignment = (best & -best).bit_length() - 1
        truth = weighed.truth(assignment)
        gaps, unclear = self._gaps(weighed, assignment) if truth is Truth.UNKNOWN else ((), False)
        return Eligibility(truth, tuple(_reasons(weighed, assignment, negated=False)), gaps, unclear)

    def _weigh(self, rule: Rule) -> _Weighed:
        if isinstance(rule, Condition):
            return self._weigh_condition(rule)
        below = tuple([self._weigh(one) for one in rule.rules])
        met, failed = below[0].met, below[0].failed
        if rule.junction is Junction.NOT:
            met, failed = failed, met
        elif rule.junction is Junction.ALL:
            for one in below:
                met, failed = met & one.met, failed | one.failed
        else:
            for one in below:
                met, failed = met | one.met, failed & one.failed
        return _Weighed(rule, met, failed, below)

    def _weigh_condition(self, condition: Condition) -> _Weighed:
        claim = condition.claim
        columns = self._holdings.look_into(claim.any, claim.about)
        self._compared += sum([column.size for column in columns])
        if self._compared > MAX_COMPARED:
            raise _TooManyError
        judged = judge(condition, columns)
        if claim.name is None or not judged.documents:
            why = judged.why if judged.documents else self._why_nothing(condition)
            met, failed = (self._all if why is one else 0 for one in (Why.MET, Why.FAILED))
            return _Weighed(condition, met, failed, why=why)
        name = self._names[claim.name]
        met, failed = (name.spread(documents, self._all) for documents in (judged.met, judged.failed))
        return _Weighed(condition, met, failed, named=_Named(name, judged))

    def _why_nothing(self, condition: Condition) -> Why:
        about = condition.claim.about
        types = [source.type for source in condition.claim.any]
        if any(self._holdings.has_ended(named, about) for named in types):
            return Why.ENDED
        return Why.ABOUT_ANOTHER if any(self._holdings.has(named) for named in types) else Why.NOT_HELD

    def _gaps(self, weighed: _Weighed, assignment: int) -> tuple[tuple[Gap, ...], bool]:
        """The fewest proofs that could settle an unknown node, and whether something would stay unknown all the same."""
        rule = weighed.rule
        if isinstance(rule, Condition):
            types = dict.fromkeys([source.type for source in rule.claim.any])
            lacking = tuple([named for named in types if not self._holdings.may_have(named, rule.claim.about)])
            return ((Gap(lacking, weighed.why_under(assignment) or Why.NOT_HELD),), False) if lacking else ((), True)
        below = [self._gaps(one, assignment) for one in weighed.below if one.truth(assignment) is Truth.UNKNOWN]
        if rule.junction is Junction.ANY:
            return min(below, key=lambda found: (found[1], len(found[0])))
        gaps = merge_gaps([gap for found, _ in below for gap in found])
        return gaps, any(unclear for _, unclear in below)


def _assign(rule: Rule, holdings: Holdings) -> tuple[dict[str, _Documents], int]:
    """What each name may mean, any document in which one of its conditions may look, and how many assignments that makes."""
    documents: dict[str, int] = {}
    for claim in [condition.claim for condition in _conditions(rule)]:
        if claim.name is not None:
            for column in holdings.look_into(claim.any, claim.about):
                documents[claim.name] = documents.get(claim.name, 0) | column.documents
    names: dict[str, _Documents] = {}
    total = 1
    for name, may_be in documents.items():
        places = holdings.places(may_be)
        names[name] = _Documents(places, total)
        total *= max(len(places), 1)
        if total > MAX_ASSIGNMENTS:
            raise _TooManyError
    return names, total


def _conditions(rule: Rule) -> Iterator[Condition]:
    if isinstance(rule, Condition):
        yield rule
    else:
        for one in rule.rules:
            yield from _conditions(one)


def _reasons(weighed: _Weighed, assignment: int, *, negated: bool) -> Iterator[Reason]:
    """The sentences of the nodes that make this one what it is."""
    rule, truth = weighed.rule, weighed.truth(assignment)
    if rule.because:
        yield Reason(rule.because, truth, negated, weighed.why_under(assignment))
    elif isinstance(rule, Combination) and rule.junction is Junction.NOT:
        yield from _reasons(weighed.below[0], assignment, negated=not negated)
    else:
        # In `all` and in `any` alike, what stands as the whole does is what decides
        for one in weighed.below:
            if one.truth(assignment) is truth:
                yield from _reasons(one, assignment, negated=negated)
