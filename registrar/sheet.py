"""A registration as people read it: lines in sections, and what changed in them.

A line's key says what it is about; pages have the words for it. Values are the party's own texts, or in some lines codes that
pages have words for, too (entitlements, days, yes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from capabilities.registration.party import Party
from capabilities.registration.uses import Use
from protocol.credential import ClaimPath
from protocol.dcql.query import MDOC, SD_JWT_VC
from protocol.trust.localized import Localized
from protocol.trust.registration import RegisteredCredential
from registrar.catalogue import document_of
from runtime.claim_words import country
from runtime.fingerprints import fingerprint_lines, fingerprint_of

YES = "yes"
FORM_NAMES = {SD_JWT_VC: "SD-JWT VC", MDOC: "mdoc"}


@dataclass(frozen=True, slots=True)
class Line:
    """One fact."""

    key: str
    values: tuple[str, ...]
    label: str = ""  # what it is called, where that is no word of ours


@dataclass(frozen=True, slots=True)
class Section:
    """Facts that belong together."""

    key: str
    lines: tuple[Line, ...]
    name: str = ""  # id of a use


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A fact as it was and as it is to be; one of both may be missing."""

    key: str
    label: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether it is another one."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class ChangedSection:
    """Facts as they were and as they are to be."""

    key: str
    name: str
    lines: tuple[ChangedLine, ...]

    @property
    def changed(self) -> bool:
        """Whether anything in it is another."""
        return any(line.changed for line in self.lines)


@dataclass(frozen=True, slots=True)
class AskedDocument:
    """A document that somebody asks for, with the data of it, in words."""

    name: str
    data: tuple[str, ...]
    forms: tuple[str, ...]  # in which it may be asked for, as technicians call them


def asked_in(credentials: Iterable[RegisteredCredential], language: str) -> tuple[AskedDocument, ...]:
    """What is asked for, in the reader's language; what nobody has words for is called as programs call it.

    The forms of one document are one, with the data of both: for people it is the same, in whichever form they have it.
    """
    found: dict[tuple[str, ...], list[RegisteredCredential]] = {}
    for credential in credentials:
        known, meta = document_of(credential), credential.meta
        # Nobody's own type gets among those of a known document by its name
        kind = (known.id,) if known else ("", credential.format, *meta.types)
        found.setdefault(kind, []).append(credential)
    return tuple(_document(forms, language) for forms in found.values())


def _document(forms: list[RegisteredCredential], language: str) -> AskedDocument:
    known, meta = document_of(forms[0]), forms[0].meta
    name = known.name(language) if known else ", ".join(meta.types)
    paths = [path for form in forms for path in form.claims]
    if known is not None:
        # An mdoc has parts of an object as elements beside it; who asks for the whole asks for them
        places = dict.fromkeys(known.place(path) for path in paths)
        paths = [
            place for place in places if not any(place[: len(other)] == other for other in places if other != place)
        ]
    data = [known.datum(path) if known else None for path in paths]
    texts = [datum.name(language) if datum else path_text(path) for datum, path in zip(data, paths, strict=True)]
    named = dict.fromkeys(FORM_NAMES.get(form.format, form.format) for form in forms)
    return AskedDocument(name, tuple(dict.fromkeys(texts)), tuple(named))


def path_text(path: ClaimPath) -> str:
    """A path as operators read it."""
    return " › ".join("*" if part is None else str(part) for part in path)


def sheet(party: Party, language: str) -> tuple[Section, ...]:
    """Everything that a registration says."""
    return tuple(section for section in _sections(party, language) if section.lines)


def compare(before: Iterable[Section], after: Iterable[Section]) -> tuple[ChangedSection, ...]:
    """Both side by side, in the order of the new one; what is gone comes after what stays."""
    old = {(section.key, section.name): section for section in before}
    new = {(section.key, section.name): section for section in after}
    nothing = Section("", ())
    return tuple(
        ChangedSection(*key, _compare(old.get(key, nothing).lines, new.get(key, nothing).lines))
        for key in dict.fromkeys((*new, *old))
    )


def _compare(before: tuple[Line, ...], after: tuple[Line, ...]) -> tuple[ChangedLine, ...]:
    old = {(line.key, line.label): line.values for line in before}
    new = {(line.key, line.label): line.values for line in after}
    return tuple(ChangedLine(*key, old.get(key, ()), new.get(key, ())) for key in dict.fromkeys((*new, *old)))


def _sections(party: Party, language: str) -> Iterator[Section]:
    yield Section("who", _lines(
        ("legal_name", party.name),
        ("trade_name", party.trade_name),
        ("identifier", party.identifier),
        ("country", country(party.country, language)),
        ("public_body", YES if party.public_body else ""),
        ("entitlements", *party.entitlements),
        ("services", *[_all_languages(service) for service in party.services]),
    ))  # fmt: skip
    seat = party.address
    yield Section("contact", _lines(
        ("info_uri", party.info_uri),
        ("support_uri", party.support_uri),
        ("email", party.email),
        ("phone", party.phone),
        ("address", seat.street, f"{seat.postal_code} {seat.locality}"),
        ("addresses", *party.addresses),
        ("cockpit_endpoint", *party.cockpit_endpoints),
    ))  # fmt: skip
    authority = party.supervisory_authority
    yield Section("authority", _lines(
        ("authority", authority.name, country(authority.country, language)),
        ("reach", *filter(None, (authority.email, authority.phone, authority.uri))),
    ))  # fmt: skip
    for use in party.uses:
        yield Section("use", _use_lines(use, language), use.id)
    provided = asked_in(party.provides, language)
    yield Section("issues", _lines(
        ("provides", *[document.name for document in provided]),
        ("forms", *map(_forms_text, provided)),
        ("authorities", *[" ".join(fingerprint_lines(fingerprint_of(found))) for found in party.authorities]),
        ("lists", *[f"{found.type} · {found.url}" for found in party.lists]),
    ))  # fmt: skip
    used = party.intermediary
    yield Section("speaks", _lines(
        ("is_intermediary", YES if party.is_intermediary else ""),
        ("intermediary", *(filter(None, used) if used else ())),
    ))  # fmt: skip


def _use_lines(use: Use, language: str) -> tuple[Line, ...]:
    asked = asked_in(use.credentials, language)
    return (
        *_lines(("purpose", *[f"{text.language}: {text.text}" for text in use.purpose])),
        *[Line("asked", document.data, document.name) for document in asked],
        *_lines(
            ("forms", *map(_forms_text, asked)),
            ("legal_basis", use.legal_basis),
            ("retention_days", str(use.retention_days)),
            ("privacy_policy", use.privacy_policy),
        ),
    )


def _lines(*facts: tuple[str, ...]) -> tuple[Line, ...]:
    found = [Line(key, tuple(value for value in values if value)) for key, *values in facts]
    return tuple(line for line in found if line.values)


def _forms_text(document: AskedDocument) -> str:
    return f"{document.name}: {', '.join(document.forms)}"


def _all_languages(texts: tuple[Localized, ...]) -> str:
    return " · ".join(f"{text.language}: {text.text}" for text in texts)
