"""From a register's record to the claims of a credential: only what the type declares, each value checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from issuer.values import Kind, ValueRule, is_at_least, read_birthdate
from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed

MAX_DISCLOSURES = 900  # of one credential; verifiers take 1000
MAX_CHARACTERS = 200_000  # of all values of one credential


@dataclass(frozen=True, slots=True)
class FromRegister:
    """The value stands in the register at this path of names; inside an array, in the element."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """The value is the same in every credential of the type."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class AtLeastYears:
    """True or false, drawn from a date of birth in the register on the day of issuance."""

    path: tuple[str, ...]
    years: int


Origin = FromRegister | Fixed | AtLeastYears


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim as its type declares it; `None` in the path stands for every element of an array."""

    path: ClaimPath
    rule: ValueRule
    labels: tuple[tuple[str, str], ...]  # language → what people call it
    mandatory: bool
    disclosable: bool
    origin: Origin
    element: str | None = None  # what it is called in an mdoc; None: there it is not, or only in what it lies in


@dataclass(frozen=True, slots=True)
class ClaimTree:
    """Claims as they lie in each other; the root holds those at the top."""

    claim: Claim | None  # None: the root
    members: tuple[tuple[str, ClaimTree], ...] = ()
    element: ClaimTree | None = None

    @classmethod
    def of(cls, claims: Iterable[Claim], at: str) -> ClaimTree:
        """Put declared claims together.

        Raises:
            Malformed: a claim twice, one without the object or array around it, one of these without content, or more
                than a credential can hold; the path begins with `at`.
        """
        declared = tuple(claims)
        found = {claim.path: claim for claim in declared}
        if len(found) != len(declared):
            raise Malformed(at, "has a claim twice")
        lost = next((path for path in found if len(path) > 1 and path[:-1] not in found), None)
        if lost is not None:
            raise Malformed(at, f"{path_text(lost)} lies in something that is not declared")
        tree = _grow(None, (), found, at)
        disclosures, characters = _most(tree)
        if disclosures > MAX_DISCLOSURES or characters > MAX_CHARACTERS:
            raise Malformed(at, "could become larger than a credential may be")
        return tree

    def draw(self, record: Mapping[str, JsonValue], *, now: int) -> JsonObject:
        """The claims for one person. What the register holds beside the declared claims stays there.

        Raises:
            Malformed: a mandatory value is missing, or a value is not what was declared; the path is the claim's.
        """
        return _draw_members(self, dict(record), "", now)

    def sources(self) -> Iterator[tuple[ClaimPath, ValueRule]]:
        """Where in the register values come from, and what they must be like; `None` stands for every element."""
        yield from _sources(self, ())

    def parts(self, depth: int) -> Iterator[tuple[ClaimPath, frozenset[ClaimPath]]]:
        """The claims that are so many names deep, and where in the register each comes from; nowhere: it is fixed."""
        trees: list[tuple[ClaimPath, ClaimTree]] = [((), self)]
        for _ in range(depth):
            trees = [((*path, name), inner) for path, tree in trees for name, inner in tree.members]
        for path, tree in trees:
            yield path, frozenset(source for source, _ in _sources(tree, ()))


def path_text(path: ClaimPath) -> str:
    """A claims path as messages write it: `address.locality`, `nationalities[0]`, `degrees[*].name`."""
    text = ""
    for step in path:
        if isinstance(step, str):
            text += f".{step}" if text else step
        else:
            text += "[*]" if step is None else f"[{step}]"
    return text


def _grow(claim: Claim | None, path: ClaimPath, found: Mapping[ClaimPath, Claim], at: str) -> ClaimTree:
    inside = [other for other in found.values() if other.path[:-1] == path]
    names = [other for other in inside if other.path[-1] is not None]
    kind = claim.rule.kind if claim is not None else Kind.OBJECT
    if kind is Kind.OBJECT:
        fits = bool(names) and names == inside
    elif kind is Kind.ARRAY:
        fits = len(inside) == 1 and not names
    else:
        fits = not inside
    if not fits:
        raise Malformed(
            at, f"{path_text(path) or 'a type'}: objects have members, arrays one kind of element, others none"
        )
    members = tuple((str(other.path[-1]), _grow(other, other.path, found, at)) for other in names)
    return ClaimTree(claim, members, _grow(inside[0], inside[0].path, found, at) if kind is Kind.ARRAY else None)


def _most(tree: ClaimTree) -> tuple[int, int]:
    """The most disclosures and characters that can come of a tree."""
    parts = [_most(member) for _, member in tree.members]
    disclosures, characters = sum(part[0] for part in parts), sum(part[1] for part in parts)
    if tree.claim is None:
        return disclosures, characters
    if tree.element is not None:
        each = _most(tree.element)
        items = tree.claim.rule.max_length
        disclosures, characters = each[0] * items, each[1] * items
    return disclosures + tree.claim.disclosable, characters + tree.claim.rule.longest


def _draw_members(tree: ClaimTree, scope: JsonObject, at: str, now: int) -> JsonObject:
    """The members that the register has values for; none at all is for the caller to judge."""
    drawn: JsonObject = {}
    missing = ""
    for name, member in tree.members:
        member_at = f"{at}.{name}" if at else name
        value = _draw(member, scope, member_at, now)
        if value is not None:
            drawn[name] = value
        elif member.claim is not None and member.claim.mandatory:
            missing = missing or member_at
    # An object that nothing is known of is absent as a whole, and so are its mandatory members
    if missing and (drawn or tree.claim is None):
        raise Malformed(missing, "is not in the register")
    return drawn


def _draw(tree: ClaimTree, scope: JsonObject, at: str, now: int) -> JsonValue:
    claim = tree.claim
    if claim is None:
        raise TypeError("the root is no claim")
    if claim.rule.kind is Kind.OBJECT:
        return _draw_members(tree, scope, at, now) or None
    match claim.origin:
        case FromRegister(path):
            found = _find(scope, path, at)
            if found is None:
                return None
            return (
                claim.rule.check(found, at) if tree.element is None else _draw_value(tree, claim.rule, found, at, now)
            )
        case Fixed(value):
            return value
        case AtLeastYears(path, years):
            birthdate = _find(scope, path, at)
            return None if birthdate is None else is_at_least(read_birthdate(birthdate, at), years, now=now)


def _draw_value(tree: ClaimTree, rule: ValueRule, value: JsonValue, at: str, now: int) -> JsonValue:
    if tree.element is not None:
        return _draw_array(tree.element, rule.max_length, value, at, now)
    return rule.check(value, at)


def _draw_array(element: ClaimTree, most: int, value: JsonValue, at: str, now: int) -> JsonValue:
    if not isinstance(value, list):
        raise Malformed(at, "must be an array")
    if len(value) > most:
        raise Malformed(at, f"must have at most {most} elements")
    return [_draw_element(element, item, f"{at}[{index}]", now) for index, item in enumerate(value)] or None


def _draw_element(tree: ClaimTree, item: JsonValue, at: str, now: int) -> JsonValue:
    claim = tree.claim
    if claim is None:
        raise TypeError("the root is no element")
    if claim.rule.kind is not Kind.OBJECT:
        return _draw_value(tree, claim.rule, item, at, now)
    drawn = _draw_members(tree, item, at, now) if isinstance(item, dict) else {}
    if not drawn:
        raise Malformed(at, "must be an object that is not empty")
    return drawn


def _find(scope: JsonObject, path: tuple[str, ...], at: str) -> JsonValue:
    value: JsonValue = scope
    for name in path:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise Malformed(at, "must stand inside an object")
        value = value.get(name)
    return value


def _sources(tree: ClaimTree, before: ClaimPath) -> Iterator[tuple[ClaimPath, ValueRule]]:
    for _, member in tree.members:
        yield from _sources(member, before)
    claim = tree.claim
    if claim is None or claim.rule.kind is Kind.OBJECT:
        return
    match claim.origin:
        case AtLeastYears(path, _):
            yield (*before, *path), ValueRule(Kind.BIRTHDATE)
        case FromRegister(path) if tree.element is None:
            yield (*before, *path), claim.rule
        case FromRegister(path) if tree.element is not None:
            yield from _sources(tree.element, (*before, *path, None))
