"""Use cases: what a partner asks for and why, as TOML files that a clerk can read.

    id = "over-18"
    keep_seconds = 0                      # how long the answer stays after it was collected
    max_status_age_seconds = 86400        # freshness: how old a status may be
    accepted_issuers = []                 # names of trust anchors; empty: every trusted issuer of the type

    [title]
    de = "Sind Sie über 18?"

    [purpose]
    de = "Wir dürfen dieses Buch nur an Erwachsene ausleihen."

    [[query.credentials]]                 # DCQL as in OID4VP 1.0 §6; a path element "*" stands for null
    id = "pid"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields

_MEMBERS = frozenset(("id", "title", "purpose", "keep_seconds", "max_status_age_seconds", "accepted_issuers", "query"))
MAX_KEEP = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class UseCase:
    """One question of a partner."""

    id: str
    title: tuple[tuple[str, str], ...]  # language → text
    purpose: tuple[tuple[str, str], ...]
    query: DcqlQuery
    accepted_issuers: frozenset[str]  # names of trust anchors, in any language; empty: all that are trusted for the type
    max_status_age: int  # seconds
    keep: int  # seconds that an answer stays

    @classmethod
    def from_toml(cls, text: str, at: str) -> Self:
        """Read a use case of our own.

        Raises:
            Malformed: a member is missing, unknown or wrong; the path begins with `at`.
        """
        try:
            members = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise Malformed(at, f"is not TOML: {error}") from error
        fields = Fields(members, at)
        unknown = set(fields.members) - _MEMBERS
        if unknown:
            raise Malformed(at, f"has unknown members: {', '.join(sorted(unknown))}")
        return cls(
            id=fields.text("id", max_length=100),
            title=_texts(fields.object("title")),
            purpose=_texts(fields.object("purpose")),
            query=DcqlQuery.from_dict(_with_null(fields.required("query")), f"{at}.query"),
            accepted_issuers=frozenset(fields.optional_texts("accepted_issuers")) if members.get("accepted_issuers") else frozenset(),
            max_status_age=fields.optional_integer("max_status_age_seconds") or 86_400,
            keep=fields.optional_integer("keep_seconds", maximum=MAX_KEEP) or 0,
        )


def read_use_cases(folder: Path) -> dict[str, UseCase]:
    """Every `*.toml` of a folder, by id.

    Raises:
        Malformed: a file is wrong; the message names it, or two have one id.
    """
    use_cases: dict[str, UseCase] = {}
    for path in sorted(folder.glob("*.toml")):
        use_case = UseCase.from_toml(path.read_text(encoding="utf-8"), path.name)
        if use_case.id in use_cases:
            raise Malformed(path.name, "has the id of another use case")
        use_cases[use_case.id] = use_case
    return use_cases


def _texts(fields: Fields) -> tuple[tuple[str, str], ...]:
    return tuple((language, fields.text(language, max_length=500)) for language in fields.members)


def _with_null(value: JsonValue) -> JsonValue:
    """TOML has no null: in a path, "*" stands for it."""
    if isinstance(value, list):
        return [_with_null(item) for item in value]
    if isinstance(value, dict):
        return {name: _path(item) if name == "path" else _with_null(item) for name, item in value.items()}
    return value


def _path(value: JsonValue) -> JsonValue:
    return [None if element == "*" else element for element in value] if isinstance(value, list) else value


def query_of(value: JsonObject) -> DcqlQuery:
    """A query that came through the API, by the same rules.

    Raises:
        Malformed: it is not a DCQL query.
    """
    return DcqlQuery.from_dict(value, "dcql_query")
