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
from protocol.dcql.query import MDOC, SD_JWT_VC, CredentialMeta
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

    path: ClaimPath  # as SD-JWT VC; in a document that is none, the element alone
    names: Names
    kind: str = ""  # PORTRAIT or NUMBER: what to be careful with; empty: nothing special
    element: str = ""  # as mdoc; empty: it has none of its own

    @property
    def id(self) -> str:
        """What it is called in a form."""
        return ".".join("*" if part is None else str(part) for part in self.path)

    def name(self, language: str) -> str:
        """In the reader's language."""
        return dict(self.names).get(language) or self.names[0][1]


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A kind of document that people may have, in one form or in both."""

    id: str
    names: Names
    data: tuple[KnownDatum, ...]
    vct: str = ""  # as SD-JWT VC; empty: it is none
    doctype: str = ""  # as mdoc; empty: it is none
    namespace: str = ""  # of its elements

    def name(self, language: str) -> str:
        """In the reader's language."""
        return dict(self.names).get(language) or self.names[0][1]

    def registered(self, data: Iterable[KnownDatum] = ()) -> tuple[RegisteredCredential, ...]:
        """This document with some of its data, as a registration says it: in each of its forms that has some of it."""
        chosen = tuple(data)
        forms = []
        if self.vct:
            meta = CredentialMeta(vct_values=(self.vct,))
            forms.append(RegisteredCredential(SD_JWT_VC, meta, tuple(datum.path for datum in chosen)))
        if self.doctype:
            # What an mdoc has instead of an object are elements, each by itself
            found = [inner.element for datum in chosen for inner in self.within(datum.path) if inner.element]
            elements = tuple((self.namespace, element) for element in dict.fromkeys(found))
            if elements or not chosen:
                forms.append(RegisteredCredential(MDOC, CredentialMeta(doctype_value=self.doctype), elements))
        return tuple(forms)

    def datum(self, path: ClaimPath) -> KnownDatum | None:
        """The data at a path of either form; None: we have no words for it."""
        return next((datum for datum in self.data if path == datum.path or path == self._element(datum)), None)

    def _element(self, datum: KnownDatum) -> ClaimPath | None:
        return (self.namespace, datum.element) if datum.element else None

    def within(self, path: ClaimPath) -> tuple[KnownDatum, ...]:
        """What is at a path of either form, and inside of it, as far as we have words for it."""
        own = self.place(path)
        return tuple(datum for datum in self.data if datum.path[: len(own)] == own)

    def place(self, path: ClaimPath) -> ClaimPath:
        """Where data at a path of either form stands among the data, so that both forms can be compared."""
        datum = self.datum(path)
        return path if datum is None else datum.path


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
    """The known document that a registration is about, in whichever form; None: another one, or several at once."""
    return next(
        (known for known in known_documents() if any(_is_for(form, credential) for form in known.registered())), None
    )


def encloses(mine: RegisteredCredential, theirs: RegisteredCredential) -> tuple[ClaimPath, ...]:
    """What both say of the same kind of document: the paths of `theirs` that lie within those of `mine`, or enclose them.

    The two forms of a known document are the same kind of document.
    """
    known = document_of(mine)
    if known is not None and known is document_of(theirs):
        own = [known.place(path) for path in mine.claims]
        return tuple(path for path in theirs.claims if _meets(known.place(path), own))
    if mine.format != theirs.format or set(mine.meta.types).isdisjoint(theirs.meta.types):
        return ()
    return tuple(path for path in theirs.claims if _meets(path, mine.claims))


def _is_for(form: RegisteredCredential, credential: RegisteredCredential) -> bool:
    return (form.format, form.meta) == (credential.format, credential.meta)


def _meets(path: ClaimPath, others: Iterable[ClaimPath]) -> bool:
    return any(covers(other, path) or covers(path, other) for other in others)


def _read(name: str) -> Fields:
    return Fields(tomllib.loads((KNOWN / f"{name}.toml").read_text(encoding="utf-8")), name)


def _names(fields: Fields) -> Names:
    return tuple((language, fields.text(language, max_length=MAX_NAME)) for language in fields.members)


def _document(document: Fields) -> KnownDocument:
    doctype = document.optional_text("doctype") or ""
    return KnownDocument(
        id=document.text("id"),
        names=_names(document.object("name")),
        data=tuple(map(_datum, document.objects("data"))),
        vct=document.optional_text("vct") or "",
        doctype=doctype,
        namespace=document.optional_text("namespace") or doctype,
    )


def _datum(datum: Fields) -> KnownDatum:
    element = datum.optional_text("element") or ""
    path = tuple(None if part == "*" else part for part in datum.optional_texts("path")) or (element,)
    return KnownDatum(path, _names(datum.object("name")), datum.optional_text("kind") or "", element)


def _authority(found: Fields) -> KnownAuthority:
    return KnownAuthority(
        found.text("id"),
        _names(found.object("of")),
        Authority(found.text("name"), found.text("country"), found.text("email"), None, found.https_url("uri")),
    )
