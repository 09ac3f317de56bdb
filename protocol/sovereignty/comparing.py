"""One claim's value against what a condition wants (docs/sovereignty/rules.md).

Texts, numbers and truth values are compared with their own kind only, and dates as local full dates: whatever is of another
type says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from enum import StrEnum

from protocol.encoding import JsonValue
from protocol.sovereignty.rules import Comparison, Condition, Scalar, read_date


class Why(StrEnum):
    """What a condition came to, for the sentence that the citizen reads."""

    MET = "met"
    FAILED = "failed"  # something is held, and says otherwise
    NOT_HELD = "not_held"
    ENDED = "ended"  # held, but its time is over: renew it
    ABOUT_ANOTHER = "about_another"  # held, but about somebody else, or about oneself where another is meant
    NOT_STATED = "not_stated"  # held, but the claim is not in it
    NOT_COMPARABLE = "not_comparable"  # what stands there is of another type


Compare = Callable[[JsonValue], Why]


def best(found: Iterable[Why]) -> Why:
    """What several values, or several documents, come to together: one is enough, and all have to fail."""
    come_to = Why.FAILED
    for why in found:
        if why is Why.MET:
            return why
        # What is unknown stays so beside what fails; of that, what was looked at in vain says more than what is not there
        if why is not Why.FAILED and come_to is not Why.NOT_COMPARABLE:
            come_to = why
    return come_to


def judge(compare: Compare, values: tuple[JsonValue, ...]) -> Why:
    """What one document says; of an array any element may meet a condition."""
    if len(values) == 1:
        return compare(values[0])
    return best(map(compare, values)) if values else Why.NOT_STATED


def comparer(condition: Condition, today: date) -> Compare:
    """How a value is compared with what a condition wants, `today` being the date where the citizen is."""
    comparison, wanted = condition.comparison, condition.value
    if comparison is Comparison.EXISTS:
        return _exists
    if isinstance(wanted, tuple):
        return _one_of(wanted)
    if wanted is None or comparison is Comparison.EQUALS:
        return _one_of(() if wanted is None else (wanted,))
    if isinstance(wanted, str):
        return _on_a_side_of(comparison, wanted)
    if comparison is Comparison.AT_LEAST or comparison is Comparison.AT_MOST:
        return _at_least(wanted) if comparison is Comparison.AT_LEAST else _at_most(wanted)
    return _of_age(comparison, wanted, today)


def age(born: date, today: date) -> int:
    """Full years. Who was born on 29 February is a year older on 1 March of a year without that day."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _exists(value: JsonValue) -> Why:
    return Why.NOT_STATED if value is None else Why.MET


def _one_of(wanted: tuple[Scalar, ...]) -> Compare:
    # To Python true is 1, and 1.0 is
    texts = frozenset([one for one in wanted if isinstance(one, str)])
    truths = frozenset([one for one in wanted if isinstance(one, bool)])
    numbers = frozenset([one for one in wanted if not isinstance(one, str | bool)])
    by_kind: dict[type, frozenset[Scalar]] = {
        kind: alike for kind, alike in ((str, texts), (bool, truths), (int, numbers), (float, numbers)) if alike
    }

    def compare(value: JsonValue) -> Why:
        alike = by_kind.get(type(value))
        if alike is None:
            return _nothing(value)
        return Why.MET if value in alike else Why.FAILED

    return compare


def _at_least(wanted: int | float) -> Compare:
    def compare(value: JsonValue) -> Why:
        if type(value) is not int and type(value) is not float:
            return _nothing(value)
        return Why.MET if value >= wanted else Why.FAILED

    return compare


def _at_most(wanted: int | float) -> Compare:
    def compare(value: JsonValue) -> Why:
        if type(value) is not int and type(value) is not float:
            return _nothing(value)
        return Why.MET if value <= wanted else Why.FAILED

    return compare


def _on_a_side_of(comparison: Comparison, wanted: str) -> Compare:
    before = comparison is Comparison.BEFORE

    def compare(value: JsonValue) -> Why:
        # Full dates sort as their texts do
        if not isinstance(value, str) or read_date(value) is None:
            return _nothing(value)
        return Why.MET if (value < wanted if before else value > wanted) else Why.FAILED

    return compare


def _of_age(comparison: Comparison, wanted: int | float, today: date) -> Compare:
    met, failed = (Why.MET, Why.FAILED) if comparison is Comparison.AGE_AT_LEAST else (Why.FAILED, Why.MET)

    def compare(value: JsonValue) -> Why:
        born = read_date(value)
        # Nobody is born tomorrow
        if born is None or born > today:
            return _nothing(value)
        return met if age(born, today) >= wanted else failed

    return compare


def _nothing(value: JsonValue) -> Why:
    return Why.NOT_STATED if value is None else Why.NOT_COMPARABLE
