"""What a document will say, line by line, as a clerk sees it before it is offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from issuer.claims import ClaimTree, path_text
from issuer.credential_types import CredentialType
from issuer.values import Kind
from protocol.encoding import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Line:
    """One value with what people call it."""

    label: str
    kind: Kind
    values: tuple[JsonValue, ...]  # texts, numbers, true or false; several of an array


def preview_lines(credential_type: CredentialType, claims: JsonObject, language: str) -> tuple[Line, ...]:
    """The values that a document will hold, in the order in which its type declares them."""
    return tuple(_lines(credential_type.tree, claims, language))


def label_of(credential_type: CredentialType, at: str, language: str) -> str:
    """What people call the claim at a path as messages write it; the path itself if it is none."""
    found = next((claim for claim in credential_type.claims if path_text(claim.path) == at), None)
    if found is None:
        return at
    labels = dict(found.labels)
    return labels.get(language) or next(iter(labels.values()), at)


def _lines(tree: ClaimTree, value: JsonValue, language: str) -> Iterator[Line]:
    if tree.element is not None:
        items = value if isinstance(value, list) else []
        if tree.element.members:
            for item in items:
                yield from _lines(tree.element, item, language)
        elif items:
            yield Line(_label(tree, language), _kind(tree.element), tuple(items))
    elif tree.members:
        known = value if isinstance(value, dict) else {}
        for name, member in tree.members:
            if name in known:
                yield from _lines(member, known[name], language)
    else:
        yield Line(_label(tree, language), _kind(tree), (value,))


def _label(tree: ClaimTree, language: str) -> str:
    labels = dict(tree.claim.labels) if tree.claim is not None else {}
    return labels.get(language) or next(iter(labels.values()), "")


def _kind(tree: ClaimTree) -> Kind:
    return tree.claim.rule.kind if tree.claim is not None else Kind.OBJECT
