"""What a service asks for in addition: a flat form as JSON Schema, titled in several languages (docs/sovereignty/catalogue.md).

Of JSON Schema (2020-12) it is the little that a person can fill in, field by field. There is no `$ref`, no `pattern` and no
nesting, so that neither following nor matching can be made to last; a keyword that is not read here is refused, because to
ignore one would accept what it forbids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.rules import read_date
from protocol.sovereignty.wording import Wording, check_plain, read_optional_wording, read_wording, write_wording

MAX_FIELDS = 64
MAX_CHOICES = 256
MAX_CHOICE = 256  # characters of one
MAX_ANSWER = 10_000  # characters, whatever the form allows
MAX_AMOUNT = 10**15  # either way from zero; below what any reader's numbers can count exactly

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_OF_A_FORM = {"type", "properties", "required", "additionalProperties"}
_OF_A_FIELD = {"type", "title", "description"}
_OF_A_CHOICE = {"const", "title"}


class FieldType(StrEnum):
    """What a field holds."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"


class FieldFormat(StrEnum):
    """What a text in a field has to be."""

    DATE = "date"
    EMAIL = "email"


class Choice(NamedTuple):
    """An answer to choose."""

    value: str | int | float
    title: Wording = ()  # empty: the value speaks for itself


_ALLOWED = {
    FieldType.STRING: _OF_A_FIELD | {"format", "minLength", "maxLength", "enum", "oneOf"},
    FieldType.INTEGER: _OF_A_FIELD | {"minimum", "maximum", "enum", "oneOf"},
    FieldType.NUMBER: _OF_A_FIELD | {"minimum", "maximum", "enum", "oneOf"},
    FieldType.BOOLEAN: _OF_A_FIELD,
}


@dataclass(frozen=True, slots=True)
class FormField:
    """One question."""

    name: str
    type: FieldType
    title: Wording
    required: bool = False
    description: Wording = ()
    format: FieldFormat | None = None
    choices: tuple[Choice, ...] = ()  # empty: free
    min_length: int | None = None  # characters
    max_length: int | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None

    @classmethod
    def from_fields(cls, name: str, field: Fields, *, required: bool) -> FormField:
        """Read one question.

        Raises:
            Malformed: a keyword that we do not read, or one with the wrong shape.
        """
        named = field.text("type")
        if named not in tuple(FieldType):
            raise Malformed(field.path("type"), "must be string, integer, number or boolean")
        kind = FieldType(named)
        _check_keywords(field, _ALLOWED[kind])
        named_format = field.optional_text("format")
        if named_format is not None and named_format not in tuple(FieldFormat):
            raise Malformed(field.path("format"), "must be date or email")
        lengths = [field.optional_integer(bound, maximum=MAX_ANSWER) for bound in ("minLength", "maxLength")]
        amounts = [_read_bound(field, bound) for bound in ("minimum", "maximum")]
        for least, most in (lengths, amounts):
            if least is not None and most is not None and least > most:
                raise Malformed(field.at, "has bounds that nothing is between")
        return cls(
            name=name,
            type=kind,
            title=read_wording(field, "title"),
            required=required,
            description=read_optional_wording(field, "description"),
            format=None if named_format is None else FieldFormat(named_format),
            choices=_read_choices(field, kind),
            min_length=lengths[0],
            max_length=lengths[1],
            minimum=amounts[0],
            maximum=amounts[1],
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {"type": self.type.value, "title": write_wording(self.title)}
        if self.description:
            members["description"] = write_wording(self.description)
        if self.format is not None:
            members["format"] = self.format.value
        if any(choice.title for choice in self.choices):
            members["oneOf"] = [{"const": one.value, "title": write_wording(one.title)} for one in self.choices]
        elif self.choices:
            members["enum"] = [choice.value for choice in self.choices]
        bounds = {
            "minLength": self.min_length,
            "maxLength": self.max_length,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }
        return {**members, **{name: bound for name, bound in bounds.items() if bound is not None}}

    def question(self) -> JsonObject:
        """What is asked, without the words for it: two services that ask the same under one name ask once."""
        return {
            name: value for name, value in self.to_dict().items() if name not in ("title", "description", "oneOf")
        } | {"enum": [choice.value for choice in self.choices]}

    def check(self, answer: JsonValue, at: str) -> None:
        """Check one answer.

        Raises:
            Malformed: it is not what was asked for; the answer is not repeated.
        """
        if not _has_type(self.type, answer):
            raise Malformed(at, f"must be of type {self.type}")
        if self.choices and not any(choice.value == answer for choice in self.choices):
            raise Malformed(at, "must be one of the choices")
        if isinstance(answer, str):
            self._check_text(answer, at)
        elif isinstance(answer, int | float) and self.type is not FieldType.BOOLEAN:
            _check_between(answer, self.minimum, self.maximum, at, "a number")

    def takes(self, answer: JsonValue) -> bool:
        """Whether something is an answer to this question."""
        try:
            self.check(answer, self.name)
        except Malformed:
            return False
        return True

    def _check_text(self, answer: str, at: str) -> None:
        if len(answer) > MAX_ANSWER or "\x00" in answer:
            raise Malformed(at, f"must have at most {MAX_ANSWER} characters, and no NUL")
        _check_between(len(answer), self.min_length, self.max_length, at, "a text whose length is")
        if self.format is FieldFormat.DATE and read_date(answer) is None:
            raise Malformed(at, "must be a date such as 2027-01-31")
        if self.format is FieldFormat.EMAIL and not _EMAIL.fullmatch(answer):
            raise Malformed(at, "must be an e-mail address")


@dataclass(frozen=True, slots=True)
class Form:
    """The questions of a service, in their order."""

    fields: tuple[FormField, ...]

    @classmethod
    def from_fields(cls, form: Fields) -> Form:
        """Read the wire form.

        Raises:
            Malformed: it is not flat, has a keyword that we do not read, or a member has the wrong shape.
        """
        _check_keywords(form, _OF_A_FORM)
        if form.text("type") != "object":
            raise Malformed(form.path("type"), "must be object")
        if form.boolean("additionalProperties", default=False):
            raise Malformed(form.path("additionalProperties"), "must be false")
        asked = form.object("properties")
        if not 0 < len(asked.members) <= MAX_FIELDS:
            raise Malformed(asked.at, f"must have 1 to {MAX_FIELDS} fields")
        # A name is not repeated before it was looked at
        if not all(_NAME.fullmatch(name) for name in asked.members):
            raise Malformed(asked.at, "must have names of 1 to 64 letters, digits and _ that begin with a letter")
        required = form.texts("required", max_items=MAX_FIELDS) if "required" in form else ()
        if len(set(required)) != len(required) or not asked.members.keys() >= set(required):
            raise Malformed(form.path("required"), "must name fields of this form, each once")
        fields = [FormField.from_fields(name, asked.object(name), required=name in required) for name in asked.members]
        return cls(tuple(fields))

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {
            "type": "object",
            "properties": {field.name: field.to_dict() for field in self.fields},
        }
        required: list[JsonValue] = [field.name for field in self.fields if field.required]
        if required:
            members["required"] = required
        return members

    def read_answers(self, value: object, at: str = "answers") -> JsonObject:
        """What somebody filled in, in the order of the form.

        Raises:
            Malformed: an answer is missing, not what was asked for, or to nothing that was asked.
        """
        answers = Fields(value, at)
        read: JsonObject = {}
        for field in self.fields:
            answer = answers.members.get(field.name)
            if answer is not None:
                field.check(answer, answers.path(field.name))
                read[field.name] = answer
            elif field.required:
                raise Malformed(answers.path(field.name), "is missing")
        if not answers.members.keys() <= {field.name for field in self.fields}:
            raise Malformed(at, "answers something that was not asked")
        return read


def _check_keywords(schema: Fields, allowed: set[str]) -> None:
    if not schema.members.keys() <= allowed:
        raise Malformed(schema.at, "has a keyword that forms do not have here")


def _read_bound(field: Fields, name: str) -> int | float | None:
    bound = field.members.get(name)
    if bound is None:
        return None
    if isinstance(bound, bool) or not isinstance(bound, int | float) or not abs(bound) <= MAX_AMOUNT:  # nor NaN
        raise Malformed(field.path(name), f"must be a number of at most {MAX_AMOUNT}")
    return bound


def _read_choices(field: Fields, kind: FieldType) -> tuple[Choice, ...]:
    if "enum" in field and "oneOf" in field:
        raise Malformed(field.at, "must have enum or oneOf")
    choices = [
        Choice(_read_choice(value, kind, f"{field.path('enum')}[{i}]"))
        for i, value in enumerate(field.optional_array("enum", max_items=MAX_CHOICES) or ())
    ]
    for one in field.optional_objects("oneOf", max_items=MAX_CHOICES):
        _check_keywords(one, _OF_A_CHOICE)
        choices.append(Choice(_read_choice(one.required("const"), kind, one.path("const")), read_wording(one, "title")))
    if len({choice.value for choice in choices}) != len(choices):
        raise Malformed(field.at, "has a choice twice")
    return tuple(choices)


def _read_choice(value: JsonValue, kind: FieldType, at: str) -> str | int | float:
    if not _has_type(kind, value) or not isinstance(value, str | int | float):
        raise Malformed(at, f"must be of type {kind}")
    if isinstance(value, str):
        if not 0 < len(value) <= MAX_CHOICE:
            raise Malformed(at, f"must have 1 to {MAX_CHOICE} characters")
        check_plain(value, at)
    return value


def _has_type(kind: FieldType, value: object) -> bool:
    if isinstance(value, bool):
        return kind is FieldType.BOOLEAN
    if isinstance(value, str):
        return kind is FieldType.STRING
    if isinstance(value, int):
        return kind in (FieldType.INTEGER, FieldType.NUMBER)
    # JSON Schema §6.1.1: a number without a fraction is an integer, however it is written
    return isinstance(value, float) and (kind is FieldType.NUMBER or (kind is FieldType.INTEGER and value.is_integer()))


def _check_between(found: int | float, least: int | float | None, most: int | float | None, at: str, what: str) -> None:
    if (least is not None and found < least) or (most is not None and found > most):
        raise Malformed(at, f"must be {what} within the bounds of its field")
