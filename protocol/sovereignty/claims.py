"""Which claims an object speaks of: paths by the id of the query that they answered, or by doctype; never values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from protocol.credential import ClaimPath
from protocol.dcql.path import read_path
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.trust.coverage import covers

MAX_QUERIES = 64
MAX_PATHS = 1000  # of one query
MAX_ID = 256  # characters

# What says nothing about who somebody is, as far as its name tells; of everything else one has to think that it does
_ANONYMOUS = frozenset((
    "age_equal_or_over", "age_in_years", "sex", "nationality", "nationalities", "resident_country", "issuing_country",
    "issuing_authority", "issue_date", "issuance_date", "expiry_date",
))  # fmt: skip

ClaimsByQuery = Mapping[str, tuple[ClaimPath, ...]]


def read_claims_by_query(holder: Fields, name: str) -> ClaimsByQuery:
    """Read `{query id: [path, …]}`; the empty list stands for a query without claims of its own.

    Raises:
        Malformed: no query, too many, or one that has the wrong shape or a path twice.
    """
    queries = holder.object(name)
    if not 0 < len(queries.members) <= MAX_QUERIES:
        raise Malformed(queries.at, f"must have 1 to {MAX_QUERIES} members")
    if not all(0 < len(id_) <= MAX_ID for id_ in queries.members):
        raise Malformed(queries.at, "has a member that cannot be the id of a query")
    return {id_: read_paths(queries, id_) for id_ in queries.members}


def read_optional_claims(holder: Fields, name: str) -> ClaimsByQuery | None:
    """The same, or None if it is not there."""
    return read_claims_by_query(holder, name) if name in holder else None


def write_claims_by_query(claims: ClaimsByQuery) -> JsonObject:
    """The wire form."""
    return {id_: write_paths(paths) for id_, paths in claims.items()}


def read_paths(holder: Fields, name: str, *, max_paths: int = MAX_PATHS) -> tuple[ClaimPath, ...]:
    """Read a list of claims paths, which may be empty.

    Raises:
        Malformed: no list, too many, one that is no path, or one twice.
    """
    items = holder.required(name)
    if not isinstance(items, list) or len(items) > max_paths:
        raise Malformed(holder.path(name), f"must be an array of at most {max_paths} paths")
    at = holder.path(name)
    paths = tuple([read_path(Fields({"path": item}, f"{at}[{i}]")) for i, item in enumerate(items)])
    if len(set(paths)) != len(paths):
        raise Malformed(at, "has a path twice")
    return paths


def write_paths(paths: Iterable[ClaimPath]) -> list[JsonValue]:
    """The wire form of a list of paths."""
    return [list[JsonValue](path) for path in paths]


def are_covered(asked: Iterable[ClaimPath], known: Iterable[ClaimPath]) -> bool:
    """Whether each path is one of the known ones, or stands within one."""
    known = tuple(known)
    return all(any(covers(path, claim) for path in known) for claim in asked)


def check_within(asked: ClaimsByQuery, known: ClaimsByQuery, at: str) -> None:
    """Check that nothing is spoken of but known claims.

    Raises:
        Malformed: a query that is not known, or a path of it.
    """
    for id_, paths in asked.items():
        if id_ not in known or not are_covered(paths, known[id_]):
            raise Malformed(at, "names data that is not in the receipt")


def are_identifying(paths: Iterable[ClaimPath]) -> bool:
    """Whether claims say who somebody is. Where a name tells nothing, one has to think that they do."""
    return any(not _is_anonymous(path) for path in paths)


def _is_anonymous(path: ClaimPath) -> bool:
    names = [step for step in path if isinstance(step, str)]
    return any(name in _ANONYMOUS or name.startswith("age_over_") for name in names)
