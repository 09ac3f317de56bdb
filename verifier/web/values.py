"""What was shared, as people read it: the labels of the use case, dates and yes or no in words, pictures as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from protocol.credential import ClaimPath
from protocol.dcql.path import EvaluationBudget, select_shown
from protocol.encoding import JsonObject, JsonValue
from runtime.claim_words import ClaimKind, country, kind_of, long_date
from runtime.data_pictures import MAX_PORTRAIT, safe_picture
from verifier.use_case import AskedData, AskedDocument

MAX_SHOWN = 200  # characters of one value
MAX_LINES = 50  # of one claim
NO_PARTS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class SharedLine:
    """One line of a value: a text, or a yes or no, which the page says in the reader's language."""

    text: str
    truth: bool | None = None  # None: it is a text
    part: str = ""  # the name of a member, where the value is an object


@dataclass(frozen=True, slots=True)
class SharedValue:
    """One value, as it is shown."""

    label: str
    lines: tuple[SharedLine, ...]
    picture: str = ""  # address of data; then there are no lines


@dataclass(frozen=True, slots=True)
class SharedDocument:
    """What one document told."""

    name: str  # empty: the use case has no name for it
    values: tuple[SharedValue, ...]


def shared_documents(
    asked: tuple[AskedDocument, ...], disclosed: JsonObject, language: str
) -> tuple[SharedDocument, ...]:
    """What was disclosed, in the order in which it was asked; a document that was not shared is not there."""
    documents = {document.id: document for document in asked}
    shared = []
    for query_id in [id_ for id_ in documents if id_ in disclosed] + [id_ for id_ in disclosed if id_ not in documents]:
        held = disclosed[query_id]
        document = documents.get(query_id)
        for claims in held if isinstance(held, list) else ():
            values = _values(document.data if document else (), claims, language)
            shared.append(SharedDocument(document.name if document else "", tuple(values)))
    return tuple(shared)


def _values(asked: tuple[AskedData, ...], claims: JsonValue, language: str) -> Iterator[SharedValue]:
    if not asked and isinstance(claims, dict):
        # The use case is gone, or was a question of another time: names instead of labels
        for name, value in claims.items():
            yield _value(_name(name), [value], language, ClaimKind.PLAIN)
        return
    budget = EvaluationBudget()
    for data in asked:
        found = [value for _, value in select_shown(claims, data.path, budget)]
        if found:
            yield _value(data.label, found, language, _kind(data.path), dict(data.parts))


def _kind(path: ClaimPath) -> ClaimKind:
    """What a claim is; asking for an array is asking for its elements."""
    kind = kind_of(tuple([None if isinstance(step, int) else step for step in path]))
    return kind_of((*path, None)) if kind is ClaimKind.PLAIN else kind


def _value(
    label: str, found: list[JsonValue], language: str, kind: ClaimKind, parts: Mapping[str, str] = NO_PARTS
) -> SharedValue:
    if len(found) == 1 and isinstance(found[0], str) and (picture := safe_picture(found[0], MAX_PORTRAIT)):
        return SharedValue(label, (), picture)
    return SharedValue(label, tuple(islice(_lines(found, language, kind, parts), MAX_LINES)))


def _lines(value: JsonValue, language: str, kind: ClaimKind, parts: Mapping[str, str]) -> Iterator[SharedLine]:
    if isinstance(value, dict):
        for name in [*(one for one in parts if one in value), *(one for one in value if one not in parts)]:
            below = value[name]
            part = parts.get(name) or _name(name)
            for line in _lines(below, language, ClaimKind.PLAIN, parts):
                yield replace(line, part=f"{part}, {line.part}"[:MAX_SHOWN] if line.part else part)
    elif isinstance(value, list):
        for item in value:
            yield from _lines(item, language, kind, parts)
    elif isinstance(value, bool):
        yield SharedLine("", truth=value)
    elif isinstance(value, str):
        yield SharedLine(_cut(country(value, language) if kind is ClaimKind.COUNTRY else long_date(value, language)))
    elif value is not None:
        yield SharedLine(_cut(str(value)))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _name(member: str) -> str:
    return member.replace("_", " ")[:MAX_SHOWN]
