"""What a value must be for an answer to be accepted, where a query cannot say it: in an array of objects, or by the day.

[[demands]]                           # in the file of a use case
credential = "mdl"                    # id of a credential query
path = ["org.iso.18013.5.1", "driving_privileges"]  # of one of its claims
has = { vehicle_category_code = "B" } # some element of the array has these members
until = "expiry_date"                 # … and this day in it is not over; an element without it has no end

Without `has`, the value itself must be a day that is not over.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from protocol.credential import ClaimPath
from protocol.dcql.path import EvaluationBudget, read_path, select_shown
from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields

MAX_DEMANDS = 20  # of one use case
MAX_MEMBERS = 8

_MEMBERS = frozenset(("credential", "path", "has", "until"))


@dataclass(frozen=True, slots=True)
class Demand:
    """One value that must be right."""

    query_id: str
    path: ClaimPath
    has: tuple[tuple[str, str], ...] = ()  # members of some element; empty: the value is a day
    until: str = ""  # the member of that element that is its last day; empty: none is looked at

    @classmethod
    def from_fields(cls, demand: Fields, query: DcqlQuery) -> Self:
        """Read one element of `demands`.

        Raises:
            Malformed: a member is missing, unknown or wrong, or it is about nothing that is asked.
        """
        unknown = sorted(set(demand.members) - _MEMBERS)
        if unknown:
            raise Malformed(demand.path(unknown[0]), "is not a member of this table")
        id_, path = demand.text("credential"), read_path(demand)
        asked = {claim.path for one in query.credentials if one.id == id_ for claim in one.claims}
        if path not in asked:
            raise Malformed(demand.path("path"), "must be that of a claim of this credential of the query")
        members = demand.optional_object("has")
        if members is not None and not 0 < len(members.members) <= MAX_MEMBERS:
            raise Malformed(members.at, f"must have 1 to {MAX_MEMBERS} members")
        if "until" in demand and members is None:
            raise Malformed(demand.path("until"), "is for an element, which has says")
        has = tuple((name, members.text(name)) for name in members.members) if members else ()
        return cls(id_, path, has, demand.optional_text("until") or "")

    def holds(self, claims: JsonObject, today: str) -> bool:
        """Whether the claims of a presentation meet it; `today` is YYYY-MM-DD."""
        found = [value for _, value in select_shown(claims, self.path, EvaluationBudget())]
        if not self.has:
            return bool(found) and all(_is_not_over(value, today) for value in found)
        return any(self._fits(element, today) for value in found if isinstance(value, list) for element in value)

    def _fits(self, element: JsonValue, today: str) -> bool:
        if not isinstance(element, dict) or any(element.get(name) != value for name, value in self.has):
            return False
        return not self.until or self.until not in element or _is_not_over(element[self.until], today)


def unmet(demands: Iterable[Demand], disclosed: Mapping[str, tuple[JsonObject, ...]], *, now: int) -> str:
    """What is wrong with what was disclosed, without repeating a value; empty: nothing. What was not shown is not looked at."""
    today = datetime.datetime.fromtimestamp(now, datetime.UTC).date().isoformat()
    for demand in demands:
        if not all(demand.holds(claims, today) for claims in disclosed.get(demand.query_id, ())):
            return f"{demand.query_id}: {'.'.join(map(str, demand.path))} is not what is demanded"
    return ""


def _is_not_over(value: JsonValue, today: str) -> bool:
    """Whether a day, or a point in time, is today or later (UTC)."""
    if not isinstance(value, str):
        return False
    try:
        return datetime.date.fromisoformat(value[:10]).isoformat() >= today
    except ValueError:
        return False
