"""What was shared, as people read it: the labels of the use case, dates and yes or no in words, pictures as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from protocol.credential import ClaimPath
from protocol.dcql.path import EvaluationBudget, Selection, select_shown
from protocol.encoding import JsonObject, JsonValue
from runtime.claim_words import ClaimKind, country, kind_of, long_date
from runtime.data_pictures import safe_portrait
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
    is_bytes: bool = False  # and no text, so that nobody could read it; the page says so


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
    asked: tuple[AskedDocument, ...],
    disclosed: JsonObject,
    binary: Mapping[str, Sequence[ClaimPath]],
    language: str,
) -> tuple[SharedDocument, ...]:
    """What was disclosed, in the order in which it was asked; a document that was not shared is not there.

    `binary`: query id → its claims that are bytes, with null for every index. In JSON they look like any text.
    """
    documents = {document.id: document for document in asked}
    shared = []
    for query_id in [id_ for id_ in documents if id_ in disclosed] + [id_ for id_ in disclosed if id_ not in documents]:
        held = disclosed[query_id]
        document = documents.get(query_id)
        reader = _Reader(language, frozenset(binary.get(query_id, ())))
        for claims in held if isinstance(held, list) else ():
            values = reader.values(document.data if document else (), claims)
            shared.append(SharedDocument(document.name if document else "", tuple(values)))
    return tuple(shared)


def shown_value(
    label: str, value: JsonValue, language: str, *, binary: bool = False, kind: ClaimKind = ClaimKind.PLAIN
) -> SharedValue:
    """One value that stands alone, such as in a form; `binary`: it is bytes, in base64url."""
    reader = _Reader(language, frozenset({(), (None,)}) if binary else frozenset())
    return reader.value(label, [((), value)], kind)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the claims of one document aloud."""

    language: str
    binary: frozenset[ClaimPath]

    def values(self, asked: tuple[AskedData, ...], claims: JsonValue) -> Iterator[SharedValue]:
        """What was asked, in its order."""
        if not asked and isinstance(claims, dict):
            # The use case is gone, or was a question of another time: names instead of labels
            for name, value in claims.items():
                yield self.value(_name(name), [((name,), value)], ClaimKind.PLAIN)
            return
        budget = EvaluationBudget()
        for data in asked:
            found = select_shown(claims, data.path, budget)
            if found:
                yield self.value(data.label, found, kind_at(data.path), dict(data.parts))

    def value(self, label: str, found: Selection, kind: ClaimKind, parts: Mapping[str, str] = NO_PARTS) -> SharedValue:
        """Everything that one question found."""
        if len(found) == 1:
            path, value = found[0]
            if isinstance(value, str) and (picture := safe_portrait(value, binary=_general(path) in self.binary)):
                return SharedValue(label, (), picture)
        lines = (line for path, value in found for line in self.lines(_general(path), value, kind, parts))
        return SharedValue(label, tuple(islice(lines, MAX_LINES)))

    def lines(
        self, path: ClaimPath, value: JsonValue, kind: ClaimKind, parts: Mapping[str, str]
    ) -> Iterator[SharedLine]:
        """One value, line by line; `parts` are the words for what is in it, in their order."""
        if isinstance(value, dict):
            for name in [*(one for one in parts if one in value), *(one for one in value if one not in parts)]:
                part = parts.get(name) or _name(name)
                for line in self.lines((*path, name), value[name], ClaimKind.PLAIN, parts):
                    yield replace(line, part=f"{part}, {line.part}"[:MAX_SHOWN] if line.part else part)
        elif isinstance(value, list):
            for item in value:
                yield from self.lines((*path, None), item, kind, parts)
        elif isinstance(value, bool):
            yield SharedLine("", truth=value)
        elif path in self.binary:
            yield SharedLine("", is_bytes=True)
        elif isinstance(value, str):
            is_country = kind is ClaimKind.COUNTRY
            yield SharedLine(_cut(country(value, self.language) if is_country else long_date(value, self.language)))
        elif value is not None:
            yield SharedLine(_cut(str(value)))


def _general(path: Sequence[str | int | None]) -> ClaimPath:
    return tuple(step if isinstance(step, str) else None for step in path)


def kind_at(path: ClaimPath) -> ClaimKind:
    """What a claim is; asking for an array is asking for its elements."""
    kind = kind_of(_general(path))
    return kind_of((*path, None)) if kind is ClaimKind.PLAIN else kind


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _name(member: str) -> str:
    return member.replace("_", " ")[:MAX_SHOWN]
