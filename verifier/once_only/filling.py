"""Filling in the form of a service: what a shown document answers is never asked again, and nobody can write over it.

Attested is only what stands in an answer that this verifier has checked; it enters by `take`, which reads no form. What
people type enters by `fill`, which reads no field that is attested.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple, Self

from protocol.credential import ClaimPath
from protocol.dcql.path import EvaluationBudget, select_shown
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import InvalidRequest, Malformed, TooLarge
from protocol.fields import Fields
from protocol.sovereignty.form import MAX_FIELDS, FieldType, Form, FormField
from verifier.acting import Acting
from verifier.once_only.description import ServiceDescription
from verifier.once_only.sources import FromDocument, ServiceField

MAX_CONTENT = 512 * 1024  # bytes of everything in one form
MAX_REMARK = 1000  # characters
MAX_TYPED = 20_000  # characters of one text as it is typed, whatever the form allows
NUMBER_CHARACTERS = 40

_REMARK = "remark-"  # before the name of a field, in a form
_YES, _NO = "yes", "no"


class Attested(NamedTuple):
    """The answer that a document gave."""

    value: JsonValue
    document: str  # id
    issuer: str  # name
    shown_at: int  # epoch seconds
    binary: bool = False  # bytes, in base64url

    @classmethod
    def from_fields(cls, value: Fields) -> Self:
        """Read what we kept."""
        issuer = value.members.get("issuer")  # empty where an issuer has no name
        return cls(
            value.required("value"),
            value.text("document"),
            issuer if isinstance(issuer, str) else "",
            value.integer("shown_at"),
            value.boolean("binary", default=False),
        )


@dataclass(frozen=True, slots=True)
class Content:
    """All that stands in one form. It is personal data, and is kept sealed."""

    attested: Mapping[str, Attested] = field(default_factory=dict)  # field → what a document says
    stated: Mapping[str, JsonValue] = field(default_factory=dict)  # field → what the citizen says
    earlier: Mapping[str, str] = field(default_factory=dict)  # field → service to which it was said before
    remarks: Mapping[str, str] = field(default_factory=dict)  # attested field → what is wrong with it
    acting: Acting | None = None  # who fills it in for whom; None: everybody for themselves
    proposed: frozenset[str] = frozenset()  # stated fields whose answers the citizen's wallet brought along

    def sealable(self) -> bytes:
        """The form in which it is sealed.

        Raises:
            TooLarge: more than we keep.
        """
        members: JsonObject = {
            "attested": {name: dict[str, JsonValue](one._asdict()) for name, one in self.attested.items()},
            "stated": dict(self.stated),
            "earlier": dict[str, JsonValue](self.earlier),
            "remarks": dict[str, JsonValue](self.remarks),
            "acting": self.acting.to_dict() if self.acting is not None else None,
            "proposed": list[JsonValue](sorted(self.proposed)) or None,
        }
        plain = write_kept(members)
        if len(plain) > MAX_CONTENT:
            raise TooLarge("form", f"has more than {MAX_CONTENT} bytes")
        return plain

    @classmethod
    def from_bytes(cls, plain: bytes) -> Self:
        """What was sealed."""
        content = Fields(read_kept(plain), "form")
        attested, remarks, earlier = content.object("attested"), content.object("remarks"), content.object("earlier")
        return cls(
            attested={name: Attested.from_fields(attested.object(name)) for name in attested.members},
            stated=content.object("stated").members,
            earlier={name: earlier.text(name) for name in earlier.members},
            remarks={name: remarks.text(name) for name in remarks.members},
            acting=read_kept_acting(content),
            # A form that a program before this one kept has none
            proposed=frozenset(content.optional_texts("proposed", max_items=MAX_FIELDS)),
        )


class Shown(NamedTuple):
    """What came of a presentation that was accepted."""

    disclosed: JsonObject  # query id → list of claims
    issuers: Mapping[str, Sequence[str]]  # query id → names
    binary: Mapping[str, Sequence[ClaimPath]]  # query id → claims that are bytes, null for every index
    at: int  # epoch seconds
    acting: Acting | None = None  # who acted for whom
    answers: Mapping[str, JsonValue] = MappingProxyType(
        {}
    )  # what the wallet brought along for the form; attested by nobody


class Filled(NamedTuple):
    """A form after somebody typed."""

    content: Content
    problems: Mapping[str, str]  # field → missing, or wrong
    typed: Mapping[str, str]  # field → what was typed and is wrong, to be shown again


def write_kept(members: JsonObject) -> bytes:
    """JSON for us to keep. The standard library's: what a document says may nest deeper than we read from others."""
    return json.dumps(members, ensure_ascii=False).encode("utf-8")


def read_kept(plain: bytes) -> JsonValue:
    """What `write_kept` wrote."""
    found: JsonValue = json.loads(plain)
    return found


def read_kept_acting(kept: Fields) -> Acting | None:
    """Who acts for whom in a form or a case; one that a program before this one wrote names nobody."""
    return Acting.from_fields(kept.object("acting")) if kept.members.get("acting") is not None else None


def take(service: ServiceDescription, content: Content, shown: Shown) -> Content:
    """What a presentation answers, in the place of what was there; it replaces an earlier presentation as a whole.

    A claim that is null or empty answers nothing. What was typed into a field that is attested now is dropped. What the
    wallet brought along is proposed where a field is still empty, and where it is what the field asks for.

    Raises:
        InvalidRequest: what was shown takes too many steps to read.
    """
    budget = EvaluationBudget()
    attested = {}
    for one in service.fields:
        for source in one.documents:
            found = _answer(source, shown, budget)
            if found is not None:
                attested[one.name] = found
                break
    stated = {name: value for name, value in content.stated.items() if name not in attested}
    taken = Content(
        attested=attested,
        stated=stated,
        earlier={name: value for name, value in content.earlier.items() if name not in attested},
        acting=shown.acting,
        proposed=content.proposed & stated.keys(),
    )
    return propose(service, taken, shown.answers)


def propose(service: ServiceDescription, content: Content, answers: Mapping[str, JsonValue]) -> Content:
    """A form with what the wallet brought along: where a field is still empty, and where it is what the field asks for."""
    questions = {one.name: one.question for one in asked(service, content) if one.name not in content.stated}
    brought = {name: answers[name] for name, question in questions.items() if _brought(question, answers)}
    return replace(content, stated={**content.stated, **brought}, proposed=frozenset([*brought, *content.proposed]))


def asked(service: ServiceDescription, content: Content) -> tuple[ServiceField, ...]:
    """The fields that the citizen fills in: those that no document answers, in their order."""
    return tuple([one for one in service.fields if one.name not in content.attested])


def fill(service: ServiceDescription, content: Content, form: Mapping[str, str]) -> Filled:
    """Take over what was typed, as far as it is what was asked for; nothing else than what is asked is read.

    Raises:
        InvalidRequest: the form answers what a document has answered, or names no field at all.
    """
    open_fields = {one.name: one.question for one in asked(service, content)}
    stated: dict[str, JsonValue] = {}
    problems, typed = {}, {}
    for name in form:
        if not name.startswith(_REMARK) and name not in open_fields:
            raise InvalidRequest("form: answers something that was not asked")
    for name, question in open_fields.items():
        text = form.get(name, "").strip()
        if not text:
            if question.required:
                problems[name] = "missing"
            continue
        try:
            value = read_typed(question, text)
            question.check(value, name)
        except Malformed:
            problems[name], typed[name] = "wrong", text[:MAX_TYPED]
        else:
            stated[name] = value
    earlier = {name: service for name, service in content.earlier.items() if stated.get(name) == content.stated[name]}
    proposed = frozenset([name for name in content.proposed if stated.get(name) == content.stated[name]])
    filled = replace(content, stated=stated, earlier=earlier, remarks=_remarks(content, form), proposed=proposed)
    return Filled(filled, problems, typed)


def complete(service: ServiceDescription, content: Content) -> bool:
    """Whether everything that has to be answered is, and each answer is what was asked for.

    What is kept was checked when it came; the file of the service may be another one now.
    """
    try:
        if rest := [one.question for one in asked(service, content)]:
            Form(tuple(rest)).read_answers(dict(content.stated))
    except Malformed:
        return False
    return bool(content.attested or content.stated)


def carry_over(service: ServiceDescription, content: Content, before: Mapping[tuple[str, str], JsonValue]) -> Content:
    """Put in what the citizen answered to other services; `before`: service and field → answer. What is there stays."""
    stated, earlier = dict(content.stated), dict(content.earlier)
    for one in asked(service, content):
        if one.name in stated:
            continue
        for source in one.answers:
            value = before.get((source.service, source.field))
            if value is not None and one.question.takes(value):
                stated[one.name], earlier[one.name] = value, source.service
                break
    return replace(content, stated=stated, earlier=earlier)


def read_typed(question: FormField, text: str) -> JsonValue:
    """What somebody typed or chose, as the type of its field.

    Raises:
        Malformed: it cannot be; the text is not repeated.
    """
    if question.choices:
        for choice in question.choices:
            if str(choice.value) == text:
                return choice.value
        raise Malformed(question.name, "must be one of the choices")
    match question.type:
        case FieldType.STRING:
            return text.replace("\r\n", "\n")
        case FieldType.BOOLEAN if text in (_YES, _NO):
            return text == _YES
        case FieldType.INTEGER | FieldType.NUMBER:
            return _number(question, text)
        case _:
            raise Malformed(question.name, "must be yes or no")


def as_typed(value: JsonValue) -> str:
    """An answer as its field shows it; `read_typed` reads it back."""
    if isinstance(value, bool):
        return _YES if value else _NO
    return "" if value is None else str(value)


def _number(question: FormField, text: str) -> int | float:
    plain = text.replace(",", ".")
    if len(plain) > NUMBER_CHARACTERS or not plain.isascii():
        raise Malformed(question.name, "must be a number")
    # No exponents, no "nan", no underscores
    digits = plain.removeprefix("-").removeprefix("+").replace(".", "", 1)
    if not digits.isdecimal():
        raise Malformed(question.name, "must be a number")
    return float(plain) if "." in plain else int(plain)


def _brought(question: FormField, answers: Mapping[str, JsonValue]) -> bool:
    return question.name in answers and question.takes(answers[question.name])


def _answer(source: FromDocument, shown: Shown, budget: EvaluationBudget) -> Attested | None:
    held = shown.disclosed.get(source.document)
    claims = held[0] if isinstance(held, list) and held else None
    values = [value for _, value in select_shown(claims, source.path, budget) if value not in (None, "", [], {})]
    if not values:
        return None
    several = None in source.path
    general = tuple([step if isinstance(step, str) else None for step in source.path])
    issuers = shown.issuers.get(source.document, ())
    return Attested(
        value=list(values) if several else values[0],
        document=source.document,
        issuer=issuers[0] if issuers else "",
        shown_at=shown.at,
        binary=general in shown.binary.get(source.document, ()),
    )


def _remarks(content: Content, form: Mapping[str, str]) -> dict[str, str]:
    remarks = {}
    for name, text in form.items():
        about = name.removeprefix(_REMARK)
        if about == name:
            continue
        if about not in content.attested:
            raise InvalidRequest("form: has a remark on something that no document says")
        if text.strip():
            remarks[about] = text.strip().replace("\r\n", "\n")[:MAX_REMARK]
    return remarks
