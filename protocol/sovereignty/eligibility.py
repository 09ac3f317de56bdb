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

from protocol.sovereignty.comparing import Why, comparer, judge
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
    why: tuple[
        Why, ...
    ] = ()  # of a condition: one for all assignments, or one for each document that its name may mean
    stride: int = 1  # of a named condition: how many assignments lie between one document and the next

    def truth(self, assignment: int) -> Truth:
        """How the node stands under one assignment."""
        if self.met >> assignment & 1:
            return Truth.MET
        return Truth.NOT_MET if self.failed >> assignment & 1 else Truth.UNKNOWN

    def why_under(self, assignment: int) -> Why:
        """What a condition came to under one assignment."""
        return self.why[assignment // self.stride % len(self.why)]


class _Documents(NamedTuple):
    """What a name may mean."""

    ids: tuple[str, ...]
    stride: int


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
        found = self._holdings.find(claim.any, claim.about)
        self._compared += found.size
        if self._compared > MAX_COMPARED:
            raise _TooManyError
        compare = comparer(condition, self._holdings.today)
        if claim.name is None or not found.documents:
            why = judge(compare, found.distinct) if found.documents else self._why_nothing(condition)
            met, failed = (self._all if why is one else 0 for one in (Why.MET, Why.FAILED))
            return _Weighed(condition, met, failed, (), (why,))
        judged = {id_: judge(compare, values) for id_, values in found.documents}
        ids, stride = self._names[claim.name]
        whys = tuple([judged.get(id_, Why.NOT_STATED) for id_ in ids])
        met = failed = 0
        # One bit in every period, by the closed form of the geometric row
        period = (1 << stride * len(ids)) - 1
        for i, why in enumerate(whys):
            where = (((1 << stride) - 1) << i * stride) * (self._all // period)
            if why is Why.MET:
                met |= where
            elif why is Why.FAILED:
                failed |= where
        return _Weighed(condition, met, failed, (), whys, stride)

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
            lacking = tuple([named for named in types if not self._holdings.has(named, rule.claim.about)])
            return ((Gap(lacking, weighed.why_under(assignment)),), False) if lacking else ((), True)
        below = [self._gaps(one, assignment) for one in weighed.below if one.truth(assignment) is Truth.UNKNOWN]
        if rule.junction is Junction.ANY:
            return min(below, key=lambda found: (found[1], len(found[0])))
        gaps = merge_gaps([gap for found, _ in below for gap in found])
        return gaps, any(unclear for _, unclear in below)


def _assign(rule: Rule, holdings: Holdings) -> tuple[dict[str, _Documents], int]:
    """What each name may mean, any document in which one of its conditions may look, and how many assignments that makes."""
    named: dict[str, dict[str, None]] = {}
    for claim in [condition.claim for condition in _conditions(rule)]:
        if claim.name is not None:
            ids = [id_ for id_, _ in holdings.find(claim.any, claim.about).documents]
            named.setdefault(claim.name, {}).update(dict.fromkeys(ids))
    names: dict[str, _Documents] = {}
    total = 1
    for name, ids_of_name in named.items():
        names[name] = _Documents(tuple(ids_of_name), total)
        total *= max(len(ids_of_name), 1)
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
        why = weighed.why_under(assignment) if isinstance(rule, Condition) else None
        yield Reason(rule.because, truth, negated, why)
    elif isinstance(rule, Combination) and rule.junction is Junction.NOT:
        yield from _reasons(weighed.below[0], assignment, negated=not negated)
    else:
        # In `all` and in `any` alike, what stands as the whole does is what decides
        for one in weighed.below:
            if one.truth(assignment) is truth:
                yield from _reasons(one, assignment, negated=negated)
