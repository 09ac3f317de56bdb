"""The form of a service as people read it: what is attested with its source, and the fields that are still open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.sovereignty.form import FieldFormat, FieldType
from protocol.sovereignty.wording import Wording
from runtime.claim_words import ClaimKind
from verifier.once_only.description import ServiceDescription
from verifier.once_only.filling import Content, Filled, as_typed, asked
from verifier.once_only.sent import Basis, SentLine, sent_lines
from verifier.once_only.sources import ServiceField
from verifier.service.forms import OpenForm
from verifier.web.values import SharedValue, kind_at, shown_value

LONG_TEXT = 200  # characters from which on a field has several lines
FEW_CHOICES = 5  # that are shown one below the other


@dataclass(frozen=True, slots=True)
class AttestedLine:
    """What a document says, and what the citizen says of it."""

    name: str
    shown: SharedValue
    remark: str


@dataclass(frozen=True, slots=True)
class AttestedGroup:
    """Everything that one document says."""

    document: str
    issuer: str
    shown_at: int  # epoch seconds
    correct_at: str  # where it is corrected; empty: with whoever issued it
    lines: tuple[AttestedLine, ...]


@dataclass(frozen=True, slots=True)
class AskedField:
    """One field to fill in."""

    name: str
    kind: str  # text, long, date, email, number, whole, choice, list, truth
    title: str
    hint: str
    value: str
    choices: tuple[tuple[str, str], ...]  # value, words
    required: bool
    longest: int  # characters
    least: str  # of a number, or of the length of a text; empty: it does not matter
    most: str
    problem: str  # missing, wrong; empty: none
    earlier: str  # name of the service to which it was said before; empty: none
    proposed: bool = False  # the citizen's wallet brought the answer along


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One answer of a case, or of a form before it is sent."""

    shown: SharedValue
    basis: str
    document: str
    issuer: str
    shown_at: int
    remark: str


def wording_in(wording: Wording, language: str) -> str:
    """A text in a language, else in the first; empty if there is none."""
    texts = {text.language: text.text for text in wording}
    return texts.get(language) or next(iter(texts.values()), "")


def attested_groups(form: OpenForm, language: str) -> tuple[AttestedGroup, ...]:
    """What documents say, by document, in the order of the form."""
    by_document: dict[str, list[AttestedLine]] = {}
    for field in form.service.fields:
        found = form.content.attested.get(field.name)
        if found is not None:
            title = wording_in(field.question.title, language)
            shown = shown_value(title, found.value, language, binary=found.binary, kind=kind_of_field(field))
            line = AttestedLine(field.name, shown, form.content.remarks.get(field.name, ""))
            by_document.setdefault(found.document, []).append(line)
    documents = {document.id: document for document in form.service.documents}
    groups = []
    for id_, lines in by_document.items():
        first = form.content.attested[lines[0].name]
        document = documents.get(id_)
        groups.append(
            AttestedGroup(
                wording_in(document.name, language) if document else "",
                first.issuer,
                first.shown_at,
                document.correct_at if document else "",
                tuple(lines),
            )
        )
    return tuple(groups)


def asked_fields(
    form: OpenForm, language: str, names: Mapping[str, str], filled: Filled | None = None
) -> tuple[AskedField, ...]:
    """What is to be filled in; `names`: service → what it is called, `filled`: after somebody typed what is not right."""
    return tuple([_asked(field, form.content, language, names, filled) for field in asked(form.service, form.content)])


def read_lines_of(form: OpenForm, language: str) -> tuple[ReadLine, ...]:
    """Everything that would be sent."""
    return read_lines_in(sent_lines(form.service, form.content), language, form.service)


def kind_of_field(field: ServiceField) -> ClaimKind:
    """What the answer of a field stands for, by where it stands in the document that gives it."""
    kinds = [kind_at(source.path) for source in field.documents]
    return kinds[0] if kinds else ClaimKind.PLAIN


def read_lines_in(
    lines: tuple[SentLine, ...], language: str, service: ServiceDescription | None = None
) -> tuple[ReadLine, ...]:
    """What was sent, in a language; `service`: as it is offered now, which says where in a document an answer stands."""
    kinds = {field.name: kind_of_field(field) for field in service.fields} if service is not None else {}
    return tuple(
        [
            ReadLine(
                shown_value(
                    wording_in(line.title, language),
                    wording_in(line.choice, language) or line.value,
                    language,
                    binary=line.binary,
                    kind=ClaimKind.PLAIN if line.choice else kinds.get(line.name, ClaimKind.PLAIN),
                ),
                Basis.STATED.value if line.basis is Basis.EARLIER else line.basis.value,
                wording_in(line.document, language),
                line.issuer,
                line.shown_at,
                line.remark,
            )
            for line in lines
        ]
    )


def _asked(
    field: ServiceField, content: Content, language: str, names: Mapping[str, str], filled: Filled | None
) -> AskedField:
    question = field.question
    typed = filled.typed.get(field.name) if filled else None
    is_text = question.type is FieldType.STRING
    least, most = (question.min_length, question.max_length) if is_text else (question.minimum, question.maximum)
    return AskedField(
        name=field.name,
        kind=_kind(field),
        title=wording_in(question.title, language),
        hint=wording_in(question.description, language),
        value=as_typed(content.stated.get(field.name)) if typed is None else typed,
        choices=tuple(
            [
                (as_typed(choice.value), wording_in(choice.title, language) or as_typed(choice.value))
                for choice in question.choices
            ]
        ),
        required=question.required,
        longest=question.max_length or 10_000,
        least="" if least is None else str(least),
        most="" if most is None else str(most),
        problem=filled.problems.get(field.name, "") if filled else "",
        earlier=names.get(content.earlier.get(field.name, ""), ""),
        proposed=field.name in content.proposed,
    )


def _kind(field: ServiceField) -> str:
    question = field.question
    if question.choices:
        return "choice" if len(question.choices) <= FEW_CHOICES else "list"
    match question.type, question.format:
        case FieldType.BOOLEAN, _:
            return "truth"
        case FieldType.INTEGER, _:
            return "whole"
        case FieldType.NUMBER, _:
            return "number"
        case _, FieldFormat.DATE:
            return "date"
        case _, FieldFormat.EMAIL:
            return "email"
        case _:
            return "long" if question.max_length is not None and question.max_length > LONG_TEXT else "text"
