"""A service as people read it: in their language for everybody, and line by line for whoever decides about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from protocol.dcql.query import MDOC, CredentialMeta, DcqlQuery
from protocol.sovereignty.rules import Combination, CredentialType, Rule
from protocol.sovereignty.service import LifeEvent, Service
from protocol.sovereignty.wording import Wording
from protocol.trust.localized import in_language
from protocol.trust.registration import RegisteredCredential
from registrar.announcing import service_of
from registrar.records import Offering, ServiceLine
from registrar.sheet import AskedDocument, Line, Section, asked_in


@dataclass(frozen=True, slots=True)
class Entry:
    """A service in one language."""

    id: str
    identifier: str  # of whoever offers it
    provider: str
    name: str
    summary: str
    life_events: tuple[str, ...]
    shown: tuple[AskedDocument, ...]  # what citizens show
    typed: tuple[str, ...]  # what they fill in
    for_whom: tuple[str, ...]  # sentences; none: for everybody
    gives: tuple[str, ...]  # documents
    registration: str


def entry_of(document: str, language: str) -> Entry:
    """An entry that is kept as JSON, for its reader."""
    service = service_of(document)
    return Entry(
        id=service.id,
        identifier=service.provider.identifier,
        provider=service.provider.name,
        name=in_language(service.name, language),
        summary=in_language(service.summary, language),
        life_events=tuple([event.value for event in service.life_events]),
        shown=_shown(service.needs, language),
        typed=tuple([in_language(field.title, language) for field in service.asks.fields] if service.asks else ()),
        for_whom=tuple(dict.fromkeys(in_language(why, language) for why in _reasons(service.eligible) if why)),
        gives=tuple(dict.fromkeys(_document_name(given.type, language) for given in service.gives)),
        registration=service.registration,
    )


def name_of(offering: Offering, language: str) -> str:
    """What a service is called: as it is announced, or is to be."""
    return in_language(service_of(offering.document or offering.proposed).name, language)


def entries_of_lines(lines: Iterable[ServiceLine], language: str) -> tuple[Entry, ...]:
    """What is announced, for its reader."""
    return tuple([entry_of(line.offering.document, language) for line in lines])


def entry_sheet(document: str, language: str) -> tuple[Section, ...]:
    """Everything that an entry says, in all its languages, for whoever decides about it; empty: there is none."""
    if not document:
        return ()
    return tuple(section for section in _sections(service_of(document), language) if section.lines)


def _sections(service: Service, language: str) -> Iterator[Section]:
    yield Section("entry", _lines(
        ("entry_name", *_said(service.name)),
        ("summary", *_said(service.summary)),
        ("life_events", *[event.value for event in service.life_events]),
        ("offered_by", service.provider.name, service.provider.identifier),
    ))  # fmt: skip
    shown = _shown(service.needs, language)
    yield Section("entry_asks", (
        *[Line("asked", document.data, document.name) for document in shown],
        *_lines(
            ("purpose_id", service.registration),
            ("typed", *[line for field in (service.asks.fields if service.asks else ()) for line in _said(field.title)]),
            ("for_whom", *[line for why in _reasons(service.eligible) for line in _said(why)]),
        ),
    ))  # fmt: skip
    yield Section("entry_gives", _lines(
        ("given", *[f"{_document_name(given.type, language)} · {given.issuer}" for given in service.gives]),
    ))  # fmt: skip
    yield Section("entry_where", _lines(("start", service.start), ("forward", service.forward or "")))


def _lines(*facts: tuple[str, ...]) -> tuple[Line, ...]:
    found = [Line(key, tuple(value for value in values if value)) for key, *values in facts]
    return tuple(line for line in found if line.values)


def _said(texts: Wording) -> tuple[str, ...]:
    return tuple([f"{text.language}: {text.text}" for text in texts])


def _shown(needs: DcqlQuery | None, language: str) -> tuple[AskedDocument, ...]:
    asked = () if needs is None else needs.credentials
    return asked_in(
        [RegisteredCredential(one.format, one.meta, tuple([claim.path for claim in one.claims])) for one in asked],
        language,
    )


def _reasons(rule: Rule | None) -> Iterator[Wording]:
    """The sentences of a rule: its own, or those of what is in it."""
    if rule is None:
        return
    if rule.because:
        yield rule.because
        return
    for inner in rule.rules if isinstance(rule, Combination) else ():
        yield from _reasons(inner)


def _document_name(kind: CredentialType, language: str) -> str:
    meta = CredentialMeta(doctype_value=kind.name) if kind.format == MDOC else CredentialMeta(vct_values=(kind.name,))
    [document] = asked_in([RegisteredCredential(kind.format, meta, ())], language)
    return document.name


LIFE_EVENTS = tuple([event.value for event in LifeEvent])
