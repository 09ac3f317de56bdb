"""Reads people from a table (CSV): a header of claims paths, then one person in each row, all of them or none.

    subject,given_name,address.locality,nationalities[0],nationalities[1]
    m-0001,Anna,Seestadt,DE,FR

A column says where in the register its value goes. An empty cell is no value. Columns are parted by a comma or a semicolon,
whichever follows `subject`. Every value is checked against the credential types that draw from its place.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

from issuer.claims import path_text
from issuer.credential_types import CredentialType
from issuer.register import MAX_RECORD, is_subject
from issuer.values import ValueRule
from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import Malformed, TooLarge

MAX_TABLE = 64 << 20  # bytes
MAX_INDEX = 99
SUBJECT = "subject"

_STEP = re.compile(r"(?:^|\.)([^.\[\]]+)|\[([0-9]{1,2})\]")


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the table, with the rules that its values must keep."""

    path: tuple[str | int, ...]
    rules: tuple[ValueRule, ...]


def read_people(table: bytes, types: Iterable[CredentialType]) -> dict[str, JsonObject]:
    """The people of a table by subject, for these credential types.

    Raises:
        TooLarge: more than `MAX_TABLE` bytes.
        Malformed: a row or a cell is wrong; the message names row and column, counted as a spreadsheet does.
    """
    if len(table) > MAX_TABLE:
        raise TooLarge("table", f"is larger than {MAX_TABLE} bytes")
    try:
        text = table.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed("table", "is not UTF-8") from error
    delimiter = text[len(SUBJECT) : len(SUBJECT) + 1]
    if not text.startswith(SUBJECT) or delimiter not in (",", ";"):
        raise Malformed("row 1", "must begin with the column subject")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    people: dict[str, JsonObject] = {}
    number = 1
    try:
        columns = _columns(next(rows)[1:], types)
        for number, row in enumerate(rows, start=2):
            if row:
                subject, record = _person(row, columns, f"row {number}")
                if subject in people:
                    raise Malformed(f"row {number}, {SUBJECT}", "stands in an earlier row too")
                people[subject] = record
    except csv.Error as error:
        raise Malformed(f"after row {number}", "the table cannot be read: a quote or a cell has no end") from error
    if not people:
        raise Malformed("table", "has no people")
    return people


def _columns(header: list[str], types: Iterable[CredentialType]) -> list[_Column]:
    rules: dict[ClaimPath, list[ValueRule]] = {}
    for credential_type in types:
        for path, rule in credential_type.tree.sources():
            rules.setdefault(path, []).append(rule)
    columns: list[_Column] = []
    seen: set[tuple[str | int, ...]] = set()
    for name in header:
        at = f"row 1, {name[:100]}"
        path_of_column = _path(name, at)
        if path_of_column in seen:
            raise Malformed(at, "stands here twice")
        seen.add(path_of_column)
        fitting = rules.get(tuple(None if isinstance(step, int) else step for step in path_of_column))
        if fitting is None:
            raise Malformed(at, "is no value that a credential type here asks for")
        columns.append(_Column(path_of_column, tuple(fitting)))
    return columns


def _path(name: str, at: str) -> tuple[str | int, ...]:
    path: list[str | int] = []
    end = 0
    for step in _STEP.finditer(name):
        if step.start() != end or (step[2] is not None and not path):
            break
        path.append(step[1] if step[2] is None else int(step[2]))
        end = step.end()
    if end != len(name) or not path or path_text(tuple(path)) != name:
        raise Malformed(at, "is not written like address.locality or nationalities[0]")
    return tuple(path)


def _person(row: list[str], columns: list[_Column], at: str) -> tuple[str, JsonObject]:
    if len(row) != len(columns) + 1:
        raise Malformed(at, f"has {len(row)} cells, and the header {len(columns) + 1}")
    subject = row[0]
    if not is_subject(subject):
        raise Malformed(f"{at}, {SUBJECT}", "must be letters, digits and . _ ~ -, beginning with a letter or digit")
    record: JsonObject = {}
    for column, cell in zip(columns, row[1:], strict=True):
        if cell == "":
            continue
        cell_at = f"{at}, {path_text(column.path)}"
        value = column.rules[0].from_text(cell, cell_at)
        for rule in column.rules[1:]:
            rule.check(value, cell_at)
        _put(record, column.path, value, cell_at)
    if len(encode_json(record)) > MAX_RECORD:
        raise Malformed(at, f"is larger than {MAX_RECORD} bytes")
    return subject, record


def _put(record: JsonObject, path: tuple[str | int, ...], value: JsonValue, at: str) -> None:
    """Put a value where its column says; elements of an array come in order, without a gap."""
    place: JsonValue = record
    for step, following in zip(path, (*path[1:], None), strict=True):
        inner: JsonValue = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(step, int) and isinstance(place, list):
            if step > len(place):
                raise Malformed(at, "has a value although the element before it has none")
            if step == len(place):
                place.append(inner)
            place = place[step]
        elif isinstance(step, str) and isinstance(place, dict):
            place = place.setdefault(step, inner)
        else:
            raise Malformed(at, "does not go together with another column")
