"""What a clerk may change in the register by hand: the texts, dates and numbers that documents are drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from issuer.claims import Claim, FromRegister, path_text
from issuer.credential_types import CredentialType
from issuer.renewal import LeafPath
from issuer.values import Kind, ValueRule
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed

MAX_FIELDS = 80
MAX_TYPED = 1000  # characters of one value
_KINDS = frozenset((Kind.TEXT, Kind.DATE, Kind.BIRTHDATE, Kind.INTEGER))


@dataclass(frozen=True, slots=True)
class RegisterField:
    """One value of a record that can be typed."""

    name: str  # of the form's field: the path as messages write it
    path: LeafPath
    label: str
    value: str  # as it is now; empty: there is none
    kind: Kind
    rules: tuple[ValueRule, ...]  # of every type that draws from there

    def read(self, typed: str) -> JsonValue:
        """What was typed, as the register keeps it; None: nothing.

        Raises:
            Malformed: it is not what a document needs.
        """
        text = " ".join(typed.split())
        if not text:
            return None
        if len(text) > MAX_TYPED:
            raise Malformed(self.name, "is too long")
        value = self.rules[0].from_text(text, self.name)
        for rule in self.rules[1:]:
            rule.check(value, self.name)
        return value


@dataclass(frozen=True, slots=True)
class Edit:
    """One value that is to be another one."""

    label: str
    before: str
    after: str
    kind: Kind


def fields_of(
    types: Iterable[CredentialType], record: Mapping[str, JsonValue], language: str
) -> tuple[RegisterField, ...]:
    """What can be typed, in the order in which documents have it; what is in the register comes first."""
    found: dict[LeafPath, RegisterField] = {}
    for kind in types:
        for claim, path in _typed(kind):
            before = found.get(path)
            rules = (*before.rules, claim.rule) if before is not None else (claim.rule,)
            label = before.label if before is not None else _label(claim, language)
            # Two places of the register that are called alike are told apart by the document that needs the second
            if before is None and any(other.label == label for other in found.values()):
                label = f"{label} ({kind.name(language)})"
            found[path] = RegisterField(path_text(path), path, label, _text(record, path), claim.rule.kind, rules)
    everything = tuple(found.values())[:MAX_FIELDS]
    return (*(one for one in everything if one.value), *(one for one in everything if not one.value))


def read_edits(fields: Iterable[RegisterField], typed: Mapping[str, str]) -> tuple[JsonObject, tuple[Edit, ...]]:
    """What was changed in the form, as a merge patch (RFC 7396) and for people. A field that did not come is as it was.

    Raises:
        Malformed: a value is not what a document needs; the path is the name of its field.
    """
    patch: JsonObject = {}
    edits: list[Edit] = []
    for field in fields:
        text = typed.get(field.name)
        if text is None or text.split() == field.value.split():
            continue
        value = field.read(text)
        _put(patch, field.path, value)
        edits.append(Edit(field.label, field.value, "" if value is None else str(value), field.kind))
    return patch, tuple(edits)


def _typed(kind: CredentialType) -> Iterator[tuple[Claim, LeafPath]]:
    for claim in kind.claims:
        if None not in claim.path and claim.rule.kind in _KINDS and isinstance(claim.origin, FromRegister):
            yield claim, claim.origin.path


def _label(claim: Claim, language: str) -> str:
    labels = dict(claim.labels)
    return labels.get(language) or next(iter(labels.values()), path_text(claim.path))


def _text(record: Mapping[str, JsonValue], path: LeafPath) -> str:
    value: JsonValue = dict(record)
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _put(patch: JsonObject, path: LeafPath, value: JsonValue) -> None:
    place = patch
    for name in path[:-1]:
        inner = place.setdefault(name, {})
        if not isinstance(inner, dict):
            raise Malformed(path_text(path), "lies in something that is a value itself")
        place = inner
    place[path[-1]] = value
