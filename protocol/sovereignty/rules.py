"""For whom a service is: rules over the citizen's own credentials, as they travel in the catalogue (docs/sovereignty/rules.md).

What a rule says of what is held is for `protocol.sovereignty.eligibility`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from protocol.credential import ClaimPath
from protocol.dcql.path import MAX_NAME, read_path
from protocol.dcql.query import MDOC, SD_JWT_VC
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed, TooLarge
from protocol.fields import Fields
from protocol.sovereignty.wording import Wording, read_optional_wording, read_wording, write_wording

MAX_NODES = 200  # of one rule, conditions and combinations
MAX_DEPTH = 8
MAX_SOURCES = 16  # places where one claim may stand
MAX_VALUES = 256  # of `one_of`
MAX_VALUE = 1024  # characters
MAX_AGE = 150  # years

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

Scalar = str | int | float | bool


class CredentialType(NamedTuple):
    """A kind of credential in one format; what one format calls it means nothing in the other."""

    format: str  # credential format identifier
    name: str  # vct, or doctype


class About(StrEnum):
    """Whom a credential speaks of, for its holder."""

    SELF = "self"
    REPRESENTED = "represented"  # a child, a ward, a principal


class Comparison(StrEnum):
    """What a claim has to be (`is`)."""

    EQUALS = "equals"
    ONE_OF = "one_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BEFORE = "before"
    AFTER = "after"
    AGE_AT_LEAST = "age_at_least"
    AGE_BELOW = "age_below"
    EXISTS = "exists"


class Source(NamedTuple):
    """A place where a claim may stand."""

    type: CredentialType
    path: ClaimPath


@dataclass(frozen=True, slots=True)
class Claim:
    """Which claim a condition speaks of."""

    any: tuple[Source, ...]
    name: str | None = None  # `as`: conditions with the same name speak of the same credential
    about: About = About.SELF

    @classmethod
    def from_fields(cls, claim: Fields) -> Claim:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        name = claim.optional_text("as")
        if name is not None and not _NAME.fullmatch(name):
            raise Malformed(claim.path("as"), "must have 1 to 64 letters, digits, _ or -")
        about = claim.optional_text("about") or About.SELF
        if about not in tuple(About):
            raise Malformed(claim.path("about"), "must be self or represented")
        sources = tuple([_read_source(source) for source in claim.objects("any", max_items=MAX_SOURCES)])
        if len(set(sources)) != len(sources):
            raise Malformed(claim.path("any"), "has a place twice")
        return cls(sources, name, About(about))

    def to_dict(self) -> JsonObject:
        """The wire form; what says the default is left out."""
        members: JsonObject = {}
        if self.name is not None:
            members["as"] = self.name
        if self.about is not About.SELF:
            members["about"] = self.about.value
        members["any"] = [{**write_type(source.type), "path": [*source.path]} for source in self.any]
        return members


@dataclass(frozen=True, slots=True)
class Condition:
    """One claim compared with one value."""

    claim: Claim
    comparison: Comparison
    value: Scalar | tuple[Scalar, ...] | None  # as `comparison` wants it; None for `exists`
    because: Wording

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {"claim": self.claim.to_dict(), "is": self.comparison.value}
        if self.value is not None:
            members["value"] = [*self.value] if isinstance(self.value, tuple) else self.value
        members["because"] = write_wording(self.because)
        return members


class Junction(StrEnum):
    """How rules are combined."""

    ALL = "all"
    ANY = "any"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Combination:
    """Rules that count together; `not` has one."""

    junction: Junction
    rules: tuple[Rule, ...]
    because: Wording = ()  # explains all of it in one sentence, instead of the sentences below

    def to_dict(self) -> JsonObject:
        """The wire form."""
        below: list[JsonValue] = [rule.to_dict() for rule in self.rules]
        members: JsonObject = {self.junction.value: below[0] if self.junction is Junction.NOT else below}
        if self.because:
            members["because"] = write_wording(self.because)
        return members


Rule = Condition | Combination


def read_rule(holder: Fields, name: str) -> Rule:
    """Read a rule. Nothing of a rule that is too large or too deep is looked at beyond its caps.

    Raises:
        TooLarge: more than `MAX_NODES` nodes or deeper than `MAX_DEPTH`.
        Malformed: it is neither a condition nor a combination, or a member is missing or has the wrong shape.
    """
    return _Reader(holder.path(name)).read(holder.object(name), 1)


class _Reader:
    """Counts the nodes of one rule while it is read."""

    __slots__ = ("_at", "_nodes")

    def __init__(self, at: str) -> None:
        self._at = at
        self._nodes = 0

    def read(self, rule: Fields, depth: int) -> Rule:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise TooLarge(self._at, f"has more than {MAX_NODES} nodes")
        if depth > MAX_DEPTH:
            raise TooLarge(self._at, f"is deeper than {MAX_DEPTH}")
        found = [name for name in ("claim", *Junction) if name in rule.members]
        if len(found) != 1:
            raise Malformed(rule.at, "must have one of claim, all, any and not")
        if found[0] == "claim":
            return _read_condition(rule)
        junction = Junction(found[0])
        below = [rule.object(junction)] if junction is Junction.NOT else rule.objects(junction, max_items=MAX_NODES)
        rules = tuple([self.read(one, depth + 1) for one in below])
        return Combination(junction, rules, read_optional_wording(rule, "because"))


def _read_condition(rule: Fields) -> Condition:
    named = rule.text("is")
    if named not in tuple(Comparison):
        raise Malformed(rule.path("is"), "is no comparison that we know")
    comparison = Comparison(named)
    return Condition(
        claim=Claim.from_fields(rule.object("claim")),
        comparison=comparison,
        value=_read_value(rule, comparison),
        because=read_wording(rule, "because"),
    )


def _read_value(rule: Fields, comparison: Comparison) -> Scalar | tuple[Scalar, ...] | None:
    at = rule.path("value")
    if comparison is Comparison.EXISTS:
        # "exists: false" would be read as its opposite
        if "value" in rule.members:
            raise Malformed(at, "must not be there")
        return None
    if comparison is Comparison.ONE_OF:
        values = rule.array("value", max_items=MAX_VALUES)
        return tuple([_read_scalar(value, f"{at}[{i}]") for i, value in enumerate(values)])
    value = _read_scalar(rule.required("value"), at)
    if comparison in (Comparison.AT_LEAST, Comparison.AT_MOST):
        if isinstance(value, str | bool):
            raise Malformed(at, "must be a number")
    elif comparison in (Comparison.BEFORE, Comparison.AFTER):
        if read_date(value) is None:
            raise Malformed(at, "must be a date such as 2027-01-31")
    elif comparison is not Comparison.EQUALS and (type(value) is not int or not 0 <= value <= MAX_AGE):
        raise Malformed(at, f"must be a whole number of years from 0 to {MAX_AGE}")
    return value


def _read_scalar(value: JsonValue, at: str) -> Scalar:
    if not isinstance(value, str | int | float):
        raise Malformed(at, "must be a text, a number, true or false")
    if isinstance(value, str) and len(value) > MAX_VALUE:
        raise Malformed(at, f"must have at most {MAX_VALUE} characters")
    return value


def read_date(value: object) -> date | None:
    """A local full date as credentials and rules write it; None if it is none. A time of day belongs to no full date."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def read_type(holder: Fields) -> CredentialType:
    """What `vct` or `doctype` name.

    Raises:
        Malformed: both of them, or neither.
    """
    vct = holder.optional_text("vct", max_length=MAX_NAME)
    doctype = holder.optional_text("doctype", max_length=MAX_NAME)
    if vct is not None and doctype is None:
        return CredentialType(SD_JWT_VC, vct)
    if doctype is not None and vct is None:
        return CredentialType(MDOC, doctype)
    raise Malformed(holder.at, "must have vct or doctype")


def write_type(named: CredentialType) -> JsonObject:
    """The wire form of a type."""
    return {"doctype" if named.format == MDOC else "vct": named.name}


def _read_source(source: Fields) -> Source:
    named, path = read_type(source), read_path(source)
    # A path that begins otherwise never leads anywhere. In an mdoc it may lead on into an element's value: a rule asks nobody
    if named.format == MDOC and (len(path) < 2 or not all(isinstance(step, str) for step in path[:2])):
        raise Malformed(source.path("path"), "must begin with a namespace and the name of an element")
    if not isinstance(path[0], str):
        raise Malformed(source.path("path"), "must begin with the name of a claim")
    return Source(named, path)
