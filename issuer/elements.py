"""The same claims in an mdoc: elements of a namespace, drawn from the same places in the register (ISO/IEC 18013-5 §8.3.2.1).

A claim of a credential type says by `element` what it is called there. What lies in it goes with it; what has no element, and
lies in none, is not in an mdoc. An element stands alone: whatever its claim lies in elsewhere, it is drawn by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from issuer.claims import Claim, ClaimTree, FromRegister
from issuer.values import Kind, ValueRule, read_date, read_picture
from protocol.encoding import JsonObject, JsonValue, encode_base64url
from protocol.errors import Malformed
from protocol.mdoc.values import ArrayOf, MapOf, Scalar
from protocol.mdoc.values import Kind as ElementKind

_SCALARS = {
    Kind.TEXT: Scalar.TEXT,
    Kind.DATE: Scalar.FULL_DATE,
    Kind.BIRTHDATE: Scalar.FULL_DATE,
    Kind.INTEGER: Scalar.INT,
    Kind.BOOLEAN: Scalar.BOOL,
    Kind.PICTURE: Scalar.BYTES,
}


def elements_of(claims: Iterable[Claim], namespace: str, at: str) -> tuple[Claim, ...]:
    """The claims of an mdoc, the namespace as the object around them first.

    Raises:
        Malformed: no claim is an element, or an element lies in another one or in an array.
    """
    declared = tuple(claims)
    places = {claim.path: claim.element for claim in declared if claim.element is not None}
    lifted = []
    for claim in declared:
        above = [claim.path[:length] for length in range(1, len(claim.path) + 1) if claim.path[:length] in places]
        if not above:
            continue
        if len(above) > 1 or None in above[0]:
            raise Malformed(at, f"{places[above[-1]]} is an element that lies in another one, or in an array")
        path = (namespace, str(places[above[0]]), *claim.path[len(above[0]) :])
        lifted.append(replace(claim, path=path, disclosable=len(path) == 2))
    if not lifted:
        raise Malformed(at, "has no claim that says which element it is")
    around = Claim(
        path=(namespace,),
        rule=ValueRule(Kind.OBJECT),
        labels=(),
        mandatory=True,
        disclosable=False,
        origin=FromRegister((namespace,)),
    )
    return (around, *lifted)


def kinds_of(tree: ClaimTree) -> Mapping[str, Mapping[str, ElementKind]]:
    """How the elements of a tree from `elements_of` are written, by namespace and identifier."""
    return {name: {element: _kind(inner) for element, inner in space.members} for name, space in tree.members}


def write_elements(tree: ClaimTree, claims: JsonObject) -> JsonObject:
    """Drawn claims as elements hold them: a picture is its bytes, and a date of birth is a day.

    Raises:
        Malformed: only the year of a birth is known; the path is the claim's, and the value is not repeated.
    """
    return {name: _write(member, claims[name], name) for name, member in tree.members if name in claims}


def _kind(tree: ClaimTree) -> ElementKind:
    if tree.element is not None:
        return ArrayOf(_kind(tree.element))
    if tree.members:
        return MapOf({name: _kind(member) for name, member in tree.members})
    if tree.claim is None:
        raise TypeError("the root is no element")
    rule = tree.claim.rule
    return Scalar.UINT if rule.kind is Kind.INTEGER and rule.is_never_negative else _SCALARS[rule.kind]


def _write(tree: ClaimTree, value: JsonValue, at: str) -> JsonValue:
    if tree.element is not None and isinstance(value, list):
        return [_write(tree.element, item, f"{at}[{i}]") for i, item in enumerate(value)]
    if tree.members and isinstance(value, dict):
        return {name: _write(member, value[name], f"{at}.{name}") for name, member in tree.members if name in value}
    kind = tree.claim.rule.kind if tree.claim is not None else Kind.OBJECT
    if kind is Kind.PICTURE and isinstance(value, str):
        return encode_base64url(read_picture(value, at))
    if kind is Kind.BIRTHDATE:
        read_date(value, at)
    return value
