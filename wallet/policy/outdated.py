"""What a document says that is not so any more: an office may let the old one count for some days, and nobody hears of it.

Found in the wallet alone, by what came later: another document about the same person, or what whoever issued it wrote into its
log. Neither makes the document false in the eyes of those who get it; it is for the user to know (docs/decisions/0047).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.formats import about_subject
from protocol.sovereignty.canonical import hash_json
from protocol.sovereignty.representation import Person
from protocol.sovereignty.usage import Action
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.disclosed import entries_of
from wallet.policy.documents import Document
from wallet.policy.showing import claim_label, credential_name
from wallet.records import HeldCredential

_CHANGING = "address"  # what a document that came later may say otherwise of the same person; who they are stays
_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outdated:
    """Why some of a document is not so any more."""

    labels: tuple[str, ...]  # which data, as the document calls them
    at: int  # epoch seconds: since when that is known
    document: str = (
        ""  # the one that came later and says otherwise; empty: whoever issued it changed it in their register
    )


def outdated(
    document: Document, held: Iterable[HeldCredential], disclosures: Iterable[Disclosure], language: str
) -> Outdated | None:
    """What of a document is not so any more, as far as it is known here; None: nothing."""
    return _by_register(document, disclosures, language) or _by_another(document, held, language)


def _by_register(document: Document, disclosures: Iterable[Disclosure], language: str) -> Outdated | None:
    labels: dict[str, None] = {}
    at = 0
    for form in document.forms:
        copies = {hash_json(copy.raw, "credential") for copy in form.copies}
        described = form.described().claims
        for one in disclosures:
            if not one.sent.issued or not any(not copies.isdisjoint(found) for _, found in one.sent.presentations):
                continue
            for entry in entries_of(one):
                use = entry.use
                if use.action is Action.CORRECTED and use.at > form.received_at:
                    at = max(at, use.at)
                    paths = [path for found in use.claims.values() for path in found]
                    names = [tuple(0 if step is None else step for step in path) for path in paths]
                    labels.update(dict.fromkeys([claim_label(name, described, language) for name in names]))
    return Outdated(tuple(labels), at) if labels else None


def _by_another(document: Document, held: Iterable[HeldCredential], language: str) -> Outdated | None:
    others = [one for one in held if one.id not in {form.id for form in document.forms}]
    for form in document.forms:
        person, own = _person(form), dict(_texts(form))
        if person is None or not own:
            continue
        for other in others:
            whose = _person(other)
            if other.received_at <= form.received_at or whose is None or not whose.is_same(person):
                continue
            said = dict(_texts(other))
            differ = [path for path in own if path in said and said[path] != own[path]]
            if differ:
                label = claim_label((_CHANGING,), form.described().claims, language)
                return Outdated((label,), other.received_at, credential_name(other.described(), language))
    return None


def _said(held: HeldCredential) -> JsonObject:
    return about_subject(held.format, held.read_claims())


def _person(held: HeldCredential) -> Person | None:
    try:
        return Person.from_fields(Fields(_said(held), "document"))
    except Malformed:
        return None


def _texts(held: HeldCredential) -> Iterator[tuple[_Path, str]]:
    """The texts of what may change, without what only writes them otherwise."""
    yield from _leaves(_said(held).get(_CHANGING), ())


def _leaves(value: JsonValue, path: _Path) -> Iterator[tuple[_Path, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, str):
        yield path, " ".join(value.casefold().split())
