"""What somebody who registers can choose from in plain words: documents with their data, and authorities that supervise.

`known/documents.toml` and `known/authorities.toml` ship with the program. What is not in them is registered by a file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from capabilities.registration.party import Authority
from protocol.credential import ClaimPath
from protocol.dcql.query import CredentialMeta
from protocol.fields import Fields
from protocol.trust.coverage import covers
from protocol.trust.registration import RegisteredCredential

KNOWN = Path(__file__).parent / "known"
MAX_NAME = 200  # characters
PORTRAIT = "portrait"  # a picture of somebody
NUMBER = "number"  # by which somebody is known again everywhere

Names = tuple[tuple[str, str], ...]  # language → name


@dataclass(frozen=True, slots=True)
class KnownDatum:
    """One piece of data in a document."""

    path: ClaimPath
    names: Names
    kind: str = ""  # PORTRAIT or NUMBER: what to be careful with; empty: nothing special

    @property
    def id(self) -> str:
        """What it is called in a form."""
        return ".".join("*" if part is None else str(part) for part in self.path)

    def name(self, language: str) -> str:
        """In the reader's language."""
        return dict(self.names).get(language) or self.names[0][1]


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A kind of document that people may have."""

    id: str
    format: str
    type: str
    names: Names
    data: tuple[KnownDatum, ...]

    def name(self, language: str) -> str:
        """In the reader's language."""
        return dict(self.names).get(language) or self.names[0][1]

    def registered(self, data: Iterable[KnownDatum] = ()) -> RegisteredCredential:
        """This document with some of its data, as a registration says it."""
        meta = CredentialMeta(vct_values=(self.type,))
        return RegisteredCredential(self.format, meta, tuple(datum.path for datum in data))

    def datum(self, path: ClaimPath) -> KnownDatum | None:
        """The data at a path; None: we have no words for it."""
        return next((datum for datum in self.data if datum.path == path), None)


@dataclass(frozen=True, slots=True)
class KnownAuthority:
    """An authority, and for whom it is there."""

    id: str
    of: Names
    authority: Authority

    def name(self, language: str) -> str:
        """For whom it is there, in the reader's language."""
        return dict(self.of).get(language) or self.of[0][1]


@cache
def known_documents() -> tuple[KnownDocument, ...]:
    """The documents that are shipped."""
    return tuple(map(_document, _read("documents").objects("documents")))


@cache
def known_authorities() -> tuple[KnownAuthority, ...]:
    """The authorities that are shipped."""
    return tuple(map(_authority, _read("authorities").objects("authorities")))


def document_of(credential: RegisteredCredential) -> KnownDocument | None:
    """The known document that a registration is about; None: another one, or several at once."""
    types = credential.meta.vct_values
    return next(
        (known for known in known_documents() if known.format == credential.format and types == (known.type,)), None
    )


def encloses(mine: RegisteredCredential, theirs: RegisteredCredential) -> tuple[ClaimPath, ...]:
    """What both say of the same kind of document: the paths of `theirs` that lie within those of `mine`, or enclose them."""
    kinds = {*mine.meta.vct_values, mine.meta.doctype_value} - {None}
    if mine.format != theirs.format or kinds.isdisjoint({*theirs.meta.vct_values, theirs.meta.doctype_value}):
        return ()
    return tuple(path for path in theirs.claims if any(covers(own, path) or covers(path, own) for own in mine.claims))


def _read(name: str) -> Fields:
    return Fields(tomllib.loads((KNOWN / f"{name}.toml").read_text(encoding="utf-8")), name)


def _names(fields: Fields) -> Names:
    return tuple((language, fields.text(language, max_length=MAX_NAME)) for language in fields.members)


def _document(document: Fields) -> KnownDocument:
    return KnownDocument(
        id=document.text("id"),
        format=document.text("format"),
        type=document.text("type"),
        names=_names(document.object("name")),
        data=tuple(map(_datum, document.objects("data"))),
    )


def _datum(datum: Fields) -> KnownDatum:
    path = tuple(None if part == "*" else part for part in datum.texts("path"))
    return KnownDatum(path, _names(datum.object("name")), datum.optional_text("kind") or "")


def _authority(found: Fields) -> KnownAuthority:
    return KnownAuthority(
        found.text("id"),
        _names(found.object("of")),
        Authority(found.text("name"), found.text("country"), found.text("email"), None, found.https_url("uri")),
    )
