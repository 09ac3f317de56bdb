"""What a claim's value may look like: the kinds of value that a credential type can declare, and their limits."""

from __future__ import annotations

import binascii
import datetime
import re
from dataclasses import dataclass
from enum import StrEnum

from protocol.encoding import JsonValue
from protocol.errors import Malformed

MAX_TEXT = 150  # characters, as PID Rulebook §3.1.2 has it; a type may declare another limit
MAX_PICTURE = 60_000  # characters of the whole data URL, so that it fits into one disclosure
MAX_INTEGER = (1 << 53) - 1  # what every JSON reader takes exactly (RFC 8259 §6)

_JPEG = "data:image/jpeg;base64,"
_JPEG_START = b"\xff\xd8\xff"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR = re.compile(r"[0-9]{4}")
# Control characters but the line feed of an address, halves of surrogates, and what turns the direction of text around
_UNFIT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


class Kind(StrEnum):
    """The kinds of value."""

    TEXT = "text"
    DATE = "date"  # YYYY-MM-DD
    BIRTHDATE = "birthdate"  # the same, or YYYY when no more is known (OpenID Connect Core §5.1)
    INTEGER = "integer"
    BOOLEAN = "boolean"
    PICTURE = "picture"  # a JPEG as data URL
    OBJECT = "object"
    ARRAY = "array"


@dataclass(frozen=True, slots=True)
class ValueRule:
    """What one value must be like. Objects and arrays are checked where they are put together, in `issuer.claims`."""

    kind: Kind
    max_length: int = MAX_TEXT  # characters of a text, elements of an array
    pattern: re.Pattern[str] | None = None  # that a whole text must match
    choices: frozenset[str | int] = frozenset()  # empty: any
    minimum: int = -MAX_INTEGER  # of an integer

    def check(self, value: JsonValue, at: str) -> JsonValue:
        """The value, if it is what was declared (T145).

        Raises:
            Malformed: it is not; the message never repeats the value.
        """
        match self.kind:
            case Kind.TEXT:
                self._check_text(value, at)
            case Kind.DATE:
                read_date(value, at)
            case Kind.BIRTHDATE:
                read_birthdate(value, at)
            case Kind.INTEGER:
                if type(value) is not int or not -MAX_INTEGER <= value <= MAX_INTEGER:
                    raise Malformed(at, "must be a whole number")
                if value < self.minimum:
                    raise Malformed(at, "is smaller than the type allows")
            case Kind.BOOLEAN:
                if not isinstance(value, bool):
                    raise Malformed(at, "must be true or false")
            case Kind.PICTURE:
                read_picture(value, at)
            case Kind.OBJECT | Kind.ARRAY:
                raise TypeError("objects and arrays have no value of their own")
        if self.choices and value not in self.choices:
            raise Malformed(at, "is none of the values that the type allows")
        return value

    def from_text(self, text: str, at: str) -> JsonValue:
        """A value as a table of text says it: `17`, `true`; texts and dates stand for themselves.

        Raises:
            Malformed: not what was declared.
        """
        value: JsonValue = text
        if self.kind is Kind.INTEGER and re.fullmatch(r"-?(?:0|[1-9][0-9]{0,15})", text):
            value = int(text)
        elif self.kind is Kind.BOOLEAN and text in ("true", "false"):
            value = text == "true"
        return self.check(value, at)

    @property
    def is_never_negative(self) -> bool:
        """Whether every number that is allowed is zero or more."""
        return self.minimum >= 0 or (bool(self.choices) and all(type(one) is int and one >= 0 for one in self.choices))

    @property
    def longest(self) -> int:
        """The most characters that a value can have."""
        return {Kind.TEXT: self.max_length, Kind.PICTURE: MAX_PICTURE}.get(self.kind, 20)

    def _check_text(self, value: JsonValue, at: str) -> None:
        if not isinstance(value, str) or not value:
            raise Malformed(at, "must be a text that is not empty")
        if len(value) > self.max_length:
            raise Malformed(at, f"must have at most {self.max_length} characters")
        # Nothing unfit is printable, and most texts are printable throughout
        if not value.isprintable() and _UNFIT.search(value):
            raise Malformed(at, "has characters that no text may have")
        if self.pattern is not None and not self.pattern.fullmatch(value):
            raise Malformed(at, "is not written as the type asks")


def read_date(value: JsonValue, at: str) -> datetime.date:
    """A day of the calendar, written YYYY-MM-DD (ISO 8601-1).

    Raises:
        Malformed: anything else.
    """
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError as error:
            raise Malformed(at, "is no day of the calendar") from error
    raise Malformed(at, "must be a date, YYYY-MM-DD")


def read_birthdate(value: JsonValue, at: str) -> datetime.date:
    """The last day that a date of birth can mean: the day itself, or the last of its year when only that is known.

    Raises:
        Malformed: neither a date nor a year.
    """
    if isinstance(value, str) and _YEAR.fullmatch(value) and value != "0000":
        return datetime.date(int(value), 12, 31)
    return read_date(value, at)


def is_at_least(birthdate: datetime.date, years: int, *, now: int) -> bool:
    """Whether somebody has turned `years`, by the calendar of UTC; who was born on 29 February does so on 1 March."""
    today = datetime.datetime.fromtimestamp(now, datetime.UTC).date()
    return (birthdate.year + years, birthdate.month, birthdate.day) <= (today.year, today.month, today.day)


def read_picture(value: JsonValue, at: str) -> bytes:
    """The JPEG in a data URL.

    Raises:
        Malformed: anything else, or one that is too large.
    """
    if not isinstance(value, str) or not value.startswith(_JPEG):
        raise Malformed(at, "must be a JPEG as data URL")
    if len(value) > MAX_PICTURE:
        raise Malformed(at, f"must have at most {MAX_PICTURE} characters")
    try:
        picture = binascii.a2b_base64(value.removeprefix(_JPEG).encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise Malformed(at, "is not base64") from error
    if not picture.startswith(_JPEG_START):
        raise Malformed(at, "must be a JPEG as data URL")
    return picture
