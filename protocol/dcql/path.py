"""Claims path pointers: how a query points into a credential, and what it finds there (OID4VP 1.0 §7)."""

from __future__ import annotations

from protocol.credential import ClaimPath
from protocol.encoding import JsonValue
from protocol.errors import InvalidRequest, Malformed
from protocol.fields import Fields

MAX_STEPS = 50_000  # well under 200 ms
MAX_PATH = 32  # elements; JSON itself may not be deeper
MAX_NAME = 1024  # characters of one member's name
MAX_INDEX = 2**31 - 1

# what holds a credential together says nothing about its subject (T202)
_TECHNICAL = frozenset(("_sd", "...", "_sd_alg", "cnf"))

ConcretePath = tuple[str | int, ...]  # a claims path without null
Selection = list[tuple[ConcretePath, JsonValue]]


class EvaluationBudget:
    """How many steps an evaluation may still take; one for all of it (T198, T200, T201)."""

    __slots__ = ("_left",)

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Take steps before they are made.

        Raises:
            InvalidRequest: there are not that many left.
        """
        self._left -= steps
        if self._left < 0:
            raise InvalidRequest("dcql_query: takes too many steps to evaluate")


def read_path(claim: Fields) -> ClaimPath:
    """The member `path` of a claims query: texts, null and indexes, at least one (OID4VP 1.0 §7, T199).

    Raises:
        Malformed: anything else, such as true, 1.0 or -1.
    """
    path: list[str | int | None] = []
    for i, element in enumerate(claim.array("path", max_items=MAX_PATH)):
        if element is None:
            path.append(None)
        elif isinstance(element, str):
            if not 0 < len(element) <= MAX_NAME:
                raise Malformed(f"{claim.path('path')}[{i}]", f"must have 1 to {MAX_NAME} characters")
            path.append(element)
        # a boolean is an int to Python, but not to JSON
        elif type(element) is int and 0 <= element <= MAX_INDEX:
            path.append(element)
        else:
            raise Malformed(f"{claim.path('path')}[{i}]", "must be a text, null or an index")
    return tuple(path)


def select_path(claims: JsonValue, path: ClaimPath, budget: EvaluationBudget) -> Selection:
    """Process a claims path pointer: the concrete paths that it selects, with their values (OID4VP 1.0 §7.1.1, §7.2.1).

    Nothing is selected where the specification wants an error, because both mean that the credential does not match.

    Raises:
        InvalidRequest: the budget is spent.
    """
    if not _TECHNICAL.isdisjoint(path):
        return []
    budget.spend(len(path))
    value = claims
    for step in path:
        if not isinstance(step, str):
            return _select_many(claims, path, budget)
        if not isinstance(value, dict) or step not in value:
            return []
        value = value[step]
    return [(path, value)]  # type: ignore[list-item]  # only texts got here, which mypy does not follow


def select_shown(claims: JsonValue, path: ClaimPath, budget: EvaluationBudget) -> Selection:
    """Like `select_path`, for what was presented: an array there has lost the elements that were not disclosed.

    So an element that was asked by its index stands at that index or before it, and its neighbours count for nothing.

    Raises:
        InvalidRequest: the budget is spent.
    """
    index = next((i for i, step in enumerate(path) if isinstance(step, int)), None)
    if index is None:
        return select_path(claims, path, budget)
    last, rest = path[index], path[index + 1 :]
    found: Selection = []
    for at, value in select_path(claims, (*path[:index], None), budget):
        if at[-1] > last:  # type: ignore[operator]  # both are indexes, which mypy does not follow
            continue
        if not rest:
            found.append((at, value))
        else:
            found.extend([((*at, *inner), item) for inner, item in select_shown(value, rest, budget)])
    return found


def _select_many(claims: JsonValue, path: ClaimPath, budget: EvaluationBudget) -> Selection:
    selected: Selection = [((), claims)]
    for step in path:
        deeper: Selection = []
        for at, value in selected:
            if isinstance(step, str):
                if not isinstance(value, dict):
                    return []
                if step in value:
                    deeper.append(((*at, step), value[step]))
            elif not isinstance(value, list):
                return []
            elif step is None:
                budget.spend(len(value))
                deeper.extend([((*at, i), item) for i, item in enumerate(value)])
            elif step < len(value):
                deeper.append(((*at, step), value[step]))
        budget.spend(len(deeper))
        selected = deeper
    return selected
