"""Where the answer to a question of a service comes from: a document, an earlier answer, or else the citizen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, Self

from protocol.credential import ClaimPath
from protocol.dcql.path import MAX_NAME, read_path
from protocol.dcql.query import MDOC
from protocol.encoding import JsonObject
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.form import FormField
from protocol.sovereignty.rules import CredentialType, read_type
from protocol.sovereignty.wording import Wording, read_wording

MAX_SOURCES = 16  # of one field
RESERVED = ("form_token", "later", "version")  # what else stands in a form of ours

_OF_A_DOCUMENT = frozenset(("id", "name", "vct", "doctype", "optional", "one_of", "correct_at"))
_FROM_A_DOCUMENT = frozenset(("document", "path", "optional"))
_FROM_AN_ANSWER = frozenset(("service", "field"))
_OURS = frozenset(("name", "from", "optional"))  # the rest of a field is JSON Schema


class Document(NamedTuple):
    """A document that a service asks for."""

    id: str  # in its file, and of the credential query
    name: Wording
    type: CredentialType
    optional: bool  # the service goes on without it
    one_of: str  # name of a group of which one document is enough; empty: none
    correct_at: str  # https URL where its owner has it corrected; empty: with whoever issued it

    @classmethod
    def from_fields(cls, document: Fields) -> Self:
        """Read one element of `needs`.

        Raises:
            Malformed: a member is missing, unknown or wrong.
        """
        refuse_unknown(document, _OF_A_DOCUMENT)
        id_ = document.text("id", max_length=64)
        if not id_.replace("-", "").replace("_", "").isalnum() or not id_.isascii():
            raise Malformed(document.path("id"), "must be letters, digits, - and _")
        return cls(
            id=id_,
            name=read_wording(document, "name"),
            type=read_type(document),
            optional=document.boolean("optional", default=False),
            one_of=document.optional_text("one_of", max_length=64) or "",
            correct_at=document.optional_https_url("correct_at") or "",
        )


class FromDocument(NamedTuple):
    """A claim of a document that answers a question."""

    document: str  # id
    path: ClaimPath
    optional: bool  # the document is taken without it


class FromAnswer(NamedTuple):
    """What the same citizen answered before, in the same browser, to another service."""

    service: str  # id
    field: str


@dataclass(frozen=True, slots=True)
class ServiceField:
    """One question of a service, and where its answer comes from."""

    question: FormField
    documents: tuple[FromDocument, ...] = ()  # the first that was shown counts
    answers: tuple[FromAnswer, ...] = ()

    @property
    def name(self) -> str:
        """The name of the question."""
        return self.question.name

    @classmethod
    def from_fields(cls, field: Fields, documents: Collection[Document]) -> Self:
        """Read one element of `fields`; where it comes from is checked against the documents of its file.

        Raises:
            Malformed: a member is missing, unknown or wrong.
        """
        name = field.text("name", max_length=64)
        if name in RESERVED:
            raise Malformed(field.path("name"), f"must be another name than {', '.join(RESERVED)}")
        schema = Fields({key: value for key, value in field.members.items() if key not in _OURS}, field.at)
        question = FormField.from_fields(name, schema, required=not field.boolean("optional", default=False))
        types = {document.id: document.type.format for document in documents}
        from_documents, from_answers = [], []
        for source in field.optional_objects("from", max_items=MAX_SOURCES):
            if "service" in source:
                refuse_unknown(source, _FROM_AN_ANSWER)
                from_answers.append(
                    FromAnswer(source.text("service", max_length=64), source.text("field", max_length=64))
                )
            else:
                from_documents.append(_read_from_document(source, types))
        if len(set(from_documents)) != len(from_documents) or len(set(from_answers)) != len(from_answers):
            raise Malformed(field.path("from"), "has a place twice")
        return cls(question, tuple(from_documents), tuple(from_answers))


def _read_from_document(source: Fields, types: dict[str, str]) -> FromDocument:
    refuse_unknown(source, _FROM_A_DOCUMENT)
    document = source.text("document", max_length=MAX_NAME)
    if document not in types:
        raise Malformed(source.path("document"), "is the id of no document in needs")
    path = read_path(source)
    if types[document] == MDOC and (len(path) != 2 or not all(isinstance(step, str) for step in path)):
        raise Malformed(source.path("path"), "must be a namespace and the name of an element")
    return FromDocument(document, path, source.boolean("optional", default=False))


def refuse_unknown(table: Fields, known: Collection[str]) -> None:
    """Check that a table of a file has no members that nobody reads, such as one with a typing mistake.

    Raises:
        Malformed: it has.
    """
    unknown = sorted(set(table.members) - set(known))
    if unknown:
        raise Malformed(table.at, f"has unknown members: {', '.join(unknown)}"[:300])


def without_sources(fields: Collection[ServiceField]) -> JsonObject:
    """Questions as the JSON Schema of a form."""
    members: JsonObject = {"type": "object", "properties": {f.name: f.question.to_dict() for f in fields}}
    required = [field.name for field in fields if field.question.required]
    return {**members, "required": [*required]} if required else members
