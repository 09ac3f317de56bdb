"""Reads the `[[claims]]` of a credential type: what each is called, what it must be like, where its value comes from."""

from __future__ import annotations

import re

from issuer.claims import AtLeastYears, Claim, Fixed, FromRegister, Origin
from issuer.values import MAX_INTEGER, MAX_TEXT, Kind, ValueRule
from protocol.credential import ClaimPath
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sdjwt.disclosure import RESERVED_NAMES
from protocol.sdjwt.issue import ALWAYS_VISIBLE

MAX_ELEMENTS = 16  # of an array; a type may declare another limit
MAX_LIMIT = 4096
MAX_YEARS = 150
MAX_LABEL = 100  # characters

_MEMBERS = frozenset((
    "path", "type", "label", "mandatory", "disclosable", "from", "value", "at_least_years", "max_length", "pattern", "choices",
    "minimum", "element",
))  # fmt: skip
# A claim of such a name would take the place of what the issuer says about the credential itself
_TAKEN = ALWAYS_VISIBLE | {"iat"}
_MACHINERY = RESERVED_NAMES | {"_sd_alg"}
# What only some kinds of value can have
_FITS = {
    "max_length": (Kind.TEXT, Kind.ARRAY),
    "pattern": (Kind.TEXT,),
    "choices": (Kind.TEXT, Kind.INTEGER),
    "minimum": (Kind.INTEGER,),
    "at_least_years": (Kind.BOOLEAN,),
}


def read_claim(claim: Fields) -> Claim:
    """One element of `claims`.

    Raises:
        Malformed: a member is missing, unknown or wrong, or does not fit the type of the value.
    """
    check_members(claim, _MEMBERS)
    path = _path(claim)
    rule = _rule(claim)
    return Claim(
        path=path,
        rule=rule,
        labels=read_texts(claim.object("label"), max_length=MAX_LABEL),
        mandatory=claim.boolean("mandatory", default=False),
        disclosable=claim.boolean("disclosable", default=True),
        origin=_origin(claim, path, rule),
        element=claim.optional_text("element", max_length=MAX_LABEL),
    )


def read_texts(fields: Fields, *, max_length: int) -> tuple[tuple[str, str], ...]:
    """A text in each of some languages.

    Raises:
        Malformed: none, or one that is empty or too long.
    """
    if not fields.members:
        raise Malformed(fields.at, "needs a text in at least one language")
    return tuple((language, fields.text(language, max_length=max_length)) for language in fields.members)


def check_members(fields: Fields, known: frozenset[str]) -> None:
    """Refuse a member that nobody reads: in a file of our own it is a slip of the pen.

    Raises:
        Malformed: there is one.
    """
    unknown = sorted(set(fields.members) - known)
    if unknown:
        raise Malformed(fields.path(unknown[0]), "is not a member of this table")


def _path(claim: Fields) -> ClaimPath:
    steps = claim.texts("path", max_items=16)
    if steps[0] in _TAKEN or steps[0] == "*" or not _MACHINERY.isdisjoint(steps):
        raise Malformed(claim.path("path"), "is no name that a claim may have")
    return tuple(None if step == "*" else step for step in steps)


def _rule(claim: Fields) -> ValueRule:
    kinds = {kind.value: kind for kind in Kind}
    kind = kinds.get(claim.text("type"))
    if kind is None:
        raise Malformed(claim.path("type"), f"must be one of {', '.join(kinds)}")
    for member, fitting in _FITS.items():
        if member in claim and kind not in fitting:
            raise Malformed(claim.path(member), f"does not go with the type {kind}")
    return ValueRule(
        kind,
        max_length=claim.optional_integer("max_length", minimum=1, maximum=MAX_LIMIT)
        or (MAX_ELEMENTS if kind is Kind.ARRAY else MAX_TEXT),
        pattern=_pattern(claim),
        choices=_choices(claim, kind),
        minimum=_minimum(claim),
    )


def _pattern(claim: Fields) -> re.Pattern[str] | None:
    text = claim.optional_text("pattern", max_length=200)
    try:
        return re.compile(text) if text is not None else None
    except re.error as error:
        raise Malformed(claim.path("pattern"), "is no regular expression") from error


def _choices(claim: Fields, kind: Kind) -> frozenset[str | int]:
    wanted = str if kind is Kind.TEXT else int
    found = claim.optional_array("choices") or []
    choices = frozenset(choice for choice in found if isinstance(choice, str | int) and type(choice) is wanted)
    if len(choices) != len(found):
        raise Malformed(claim.path("choices"), "must be values of the claim's type, each once")
    return choices


def _minimum(claim: Fields) -> int:
    found = claim.optional_integer("minimum", minimum=-MAX_INTEGER, maximum=MAX_INTEGER)
    return -MAX_INTEGER if found is None else found


def _origin(claim: Fields, path: ClaimPath, rule: ValueRule) -> Origin:
    inside_array = None in path
    if inside_array or rule.kind is Kind.OBJECT:
        unfit = next((name for name in ("from", "value", "at_least_years") if name in claim), None)
        if unfit is not None:
            raise Malformed(claim.path(unfit), "is not for an object or what lies in an array")
    if "value" in claim:
        if rule.kind is Kind.ARRAY or "from" in claim or "at_least_years" in claim:
            raise Malformed(claim.path("value"), "does not go with an array, from or at_least_years")
        return Fixed(rule.check(claim.required("value"), claim.path("value")))
    # In an array, names are counted from the element on
    names = path[len(path) - path[::-1].index(None) :] if inside_array else path
    source = claim.optional_texts("from", max_items=16) or tuple(str(name) for name in names)
    if "at_least_years" in claim:
        if "from" not in claim:
            raise Malformed(claim.path("from"), "is missing: where the date of birth stands")
        return AtLeastYears(source, claim.integer("at_least_years", minimum=1, maximum=MAX_YEARS))
    return FromRegister(source)
