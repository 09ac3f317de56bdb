"""Presenting data once more before a partner hands it out or changes it (GDPR Art. 11(2), 12(6)).

The wallet answers only what it has shown this partner before; the partner releases only for equal values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from protocol.credential import ClaimPath
from protocol.dcql.path import EvaluationBudget, select_shown
from protocol.dcql.query import CredentialQuery, DcqlQuery
from protocol.encoding import JsonValue
from protocol.errors import NotAuthentic, NotForThisRequest
from protocol.sovereignty.claims import are_covered
from protocol.sovereignty.selected_data import spelled

_AT = "present again"


@dataclass(frozen=True, slots=True)
class Shown:
    """What one presentation of the receipt showed: the type of the credential, and the claims that the receipt names."""

    type: str  # vct or doctype
    claims: tuple[ClaimPath, ...]


def check_asks_no_more(query: DcqlQuery, shown: Iterable[Shown], *, representation: Collection[str] = ()) -> None:
    """Check that a request asks for nothing but what the receipt names, and how its sender may act for somebody.

    `representation` are the types of such mandates that are held; it is empty where the receipt's data is about whoever
    showed it.

    Raises:
        NotForThisRequest: it asks for more.
    """
    known = tuple(shown)
    for asked in query.credentials:
        types = asked.meta.types
        if types and not asked.meta.other and all(kind in representation for kind in types):
            continue
        if asked.multiple or asked.meta.other or not types:
            raise _asks_for_more(asked)
        paths = [claim.path for claim in asked.claims]
        for kind in types:
            if not any(one.type == kind and are_covered(paths, one.claims) for one in known):
                raise _asks_for_more(asked)


def check_equal_values(paths: Iterable[ClaimPath], first: JsonValue, again: JsonValue) -> None:
    """Check that what was presented again is what was presented first; only then is it the same person's.

    Raises:
        NotAuthentic: a value is missing on either side, or differs; or nothing was asked for.
        InvalidRequest: the paths select more than we compare.
    """
    budget = EvaluationBudget()
    compared = False
    for path in paths:
        before = [value for _, value in select_shown(first, path, budget)]
        now = [value for _, value in select_shown(again, path, budget)]
        if not before or spelled(before) != spelled(now):
            raise NotAuthentic(f"{_AT}: a value is not the one that was presented first")
        compared = True
    if not compared:
        raise NotAuthentic(f"{_AT}: nothing was presented that could be compared")


def _asks_for_more(asked: CredentialQuery) -> NotForThisRequest:
    return NotForThisRequest(f"{_AT}: credential query {asked.id} asks for more than the receipt names")
