"""What documents say at one place, sorted once, against what conditions want there (docs/sovereignty/rules.md).

A catalogue asks for the same few claims a thousand times, each time with another number or date. So values are looked at once
for each kind of comparison, and a condition is a search in what is sorted. Texts, numbers and truth values are compared with
their own kind only, and dates as local full dates: whatever is of another type says nothing.

Sets of documents are whole numbers here, with one bit for each document of the wallet.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple

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


class Kind(StrEnum):
    """What a condition compares with."""

    ANYTHING = "anything"
    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"
    DATE = "date"
    AGE = "age"  # in full years


Documents = tuple[tuple[int, tuple[JsonValue, ...]], ...]  # for each its place in the wallet, and what it says
Kinds = tuple[Kind, ...]


class Judged(NamedTuple):
    """How a condition stands in each document: met, failed, or else unknown."""

    documents: int  # all that were looked into
    met: int
    unknown: int  # says nothing, or something of another kind; met all the same if another value meets it
    uncomparable: int  # of those, what says something of another kind

    @property
    def failed(self) -> int:
        """Where it is not met."""
        return self.documents & ~(self.met | self.unknown)

    @property
    def why(self) -> Why:
        """What all documents come to together: one is enough, and all have to fail."""
        if self.met:
            return Why.MET
        # What was looked at in vain says more than what is not there
        if self.uncomparable:
            return Why.NOT_COMPARABLE
        return Why.NOT_STATED if self.unknown else Why.FAILED

    def why_in(self, place: int) -> Why:
        """What one document comes to."""
        if self.met >> place & 1:
            return Why.MET
        if self.uncomparable >> place & 1:
            return Why.NOT_COMPARABLE
        return Why.NOT_STATED if self.unknown >> place & 1 else Why.FAILED


class Column:
    """What documents of one type say at one path. It remembers how it sorted that, which changes no answer."""

    __slots__ = ("_exactly", "_said", "_tables", "_today", "documents", "size", "stating")

    def __init__(self, said: Documents, today: date) -> None:
        """Take what stands there, `today` being the date where the citizen is."""
        self._said = said
        self._today = today
        self._tables: dict[Kinds, _Table] = {}
        self._exactly: dict[tuple[type, str | int], int] | None = None
        self.documents = sum([1 << place for place, _ in said])
        self.stating = sum([1 << place for place, values in said if values])  # those that say anything there
        self.size = sum([len(values) for _, values in said])

    def table(self, kinds: Kinds) -> _Table:
        """The values of some kinds, sorted."""
        table = self._tables.get(kinds)
        if table is None:
            table = self._tables[kinds] = _sort(self._said, kinds, self._today)
        return table

    def saying(self, value: str | int) -> int:
        """The documents that have exactly a value there, its type too (OID4VP 1.0 §6.3): to conditions, 1 is 1.0."""
        if self._exactly is None:
            self._exactly = {}
            for place, values in self._said:
                for one in values:
                    if isinstance(one, str | int):
                        key = type(one), one
                        self._exactly[key] = self._exactly.get(key, 0) | 1 << place
        return self._exactly.get((type(value), value), 0)


def judge(condition: Condition, columns: Iterable[Column]) -> Judged:
    """How a condition stands in each document, whose claim may stand in several columns."""
    kinds, search = _search_of(condition)
    documents = stating = met = nothing = uncomparable = 0
    for column in columns:
        if not column.documents:
            continue
        table = column.table(kinds)
        documents |= column.documents
        stating |= column.stating
        met |= search(table)
        nothing |= table.nothing
        uncomparable |= table.uncomparable
    return Judged(documents, met, documents & ~stating | nothing | uncomparable, uncomparable)


class _Table(NamedTuple):
    """The values of some kinds, sorted, and who says them."""

    nothing: int  # who says null
    uncomparable: int  # who says something of another kind
    sayers: dict[tuple[Kind, Scalar], int]  # of each value
    values: list[Scalar]  # of a single kind that has an order, each once
    up_to: list[int]  # who says one of the first so many values
    beyond: list[int]  # who says one of the others


_Search = Callable[[_Table], int]


def age(born: date, today: date) -> int:
    """Full years. Who was born on 29 February is a year older on 1 March of a year without that day."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _search_of(condition: Condition) -> tuple[Kinds, _Search]:
    """What kinds of values a condition looks at, and who meets it, found in what is sorted."""
    comparison, wanted = condition.comparison, condition.value
    if comparison is Comparison.EXISTS or wanted is None:
        return (Kind.ANYTHING,), _anybody
    if isinstance(wanted, tuple) or comparison is Comparison.EQUALS:
        values = wanted if isinstance(wanted, tuple) else (wanted,)
        keys = [(_kind_of(value), value) for value in values]
        return tuple(sorted({kind for kind, _ in keys})), lambda table: _say_one_of(keys, table)
    if comparison is Comparison.AT_LEAST:
        return (Kind.NUMBER,), lambda table: table.beyond[bisect_left(table.values, wanted)]
    if comparison is Comparison.AT_MOST:
        return (Kind.NUMBER,), lambda table: table.up_to[bisect_right(table.values, wanted)]
    # Full dates sort as their texts do
    if comparison is Comparison.BEFORE:
        return (Kind.DATE,), lambda table: table.up_to[bisect_left(table.values, wanted)]
    if comparison is Comparison.AFTER:
        return (Kind.DATE,), lambda table: table.beyond[bisect_right(table.values, wanted)]
    if comparison is Comparison.AGE_AT_LEAST:
        return (Kind.AGE,), lambda table: table.beyond[bisect_left(table.values, wanted)]
    return (Kind.AGE,), lambda table: table.up_to[bisect_left(table.values, wanted)]


def _anybody(table: _Table) -> int:
    return table.up_to[-1]


def _say_one_of(keys: Iterable[tuple[Kind, Scalar]], table: _Table) -> int:
    met = 0
    for key in keys:
        met |= table.sayers.get(key, 0)
    return met


def _sort(said: Documents, kinds: Kinds, today: date) -> _Table:
    nothing = uncomparable = 0
    sayers: dict[tuple[Kind, Scalar], int] = {}
    for place, values in said:
        for value in values:
            read = _read(value, kinds, today)
            if read is not None:
                sayers[read] = sayers.get(read, 0) | 1 << place
            elif value is None:
                nothing |= 1 << place
            else:
                uncomparable |= 1 << place
    # Several kinds have no order among them, and no comparison that would want one
    found = sorted([value for _, value in sayers]) if len(kinds) == 1 else []
    masks = [sayers[kinds[0], value] for value in found]
    up_to, beyond = [0], [0]
    for mask in masks:
        up_to.append(up_to[-1] | mask)
    for mask in reversed(masks):
        beyond.append(beyond[-1] | mask)
    return _Table(nothing, uncomparable, sayers, found, up_to, beyond[::-1])


def _read(value: JsonValue, kinds: Kinds, today: date) -> tuple[Kind, Scalar] | None:
    """A value as it is compared; None if it is of no kind that is."""
    if kinds[0] is Kind.ANYTHING:
        return None if value is None else (Kind.ANYTHING, True)
    if kinds[0] is Kind.DATE:
        return None if not isinstance(value, str) or read_date(value) is None else (Kind.DATE, value)
    if kinds[0] is Kind.AGE:
        born = read_date(value)
        # Nobody is born tomorrow
        return None if born is None or born > today else (Kind.AGE, age(born, today))
    if not isinstance(value, str | int | float):
        return None
    kind = _kind_of(value)
    return (kind, value) if kind in kinds else None


def _kind_of(value: Scalar) -> Kind:
    # To Python true is 1, and 1.0 is
    if isinstance(value, bool):
        return Kind.TRUTH
    return Kind.TEXT if isinstance(value, str) else Kind.NUMBER
