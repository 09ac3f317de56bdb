"""The same two hundred credentials crowded into few kinds: a parent of many children, a pay slip for each month.

No two rules are alike, so that nothing is found because it was asked before.
"""

from __future__ import annotations

from protocol.dcql.query import SD_JWT_VC
from protocol.encoding import JsonObject, JsonValue
from protocol.fields import Fields
from protocol.sovereignty.holdings import HeldCredential
from protocol.sovereignty.rules import About
from protocol.sovereignty.service import Service
from tests.protocol.sovereignty.held import holding
from tests.protocol.sovereignty.services import FULL

KINDS = 3
GIVEN = 20  # kinds that nobody holds yet


def make_crowded_world(services: int, held: int) -> tuple[list[Service], list[HeldCredential]]:
    """A catalogue whose rules all look into a few kinds, and a wallet that is full of those."""
    return [_service(number) for number in range(services)], [_held(number) for number in range(held)]


def _type(number: int) -> str:
    return f"urn:crowded:{number}"


def _held(number: int) -> HeldCredential:
    claims: JsonObject = {
        "birthdate": f"{1950 + number % 70}-0{1 + number % 9}-1{number % 10}",
        "income": 1000 + 13 * number,
        "town": f"Town {number % 40}",
        "address": {"country": "DE" if number % 3 else "FR", "postal_code": f"{10_000 + number}"},
        "roles": [f"role-{number % 5}", f"role-{number % 7}"],
    }
    about = About.SELF if number % 4 else About.REPRESENTED
    return holding(f"held-{number}", _type(number % KINDS), claims, about=about)


def _service(number: int) -> Service:
    first, second, third = (_type((number * step + step) % KINDS) for step in (1, 5, 7))
    # The same child, by two of its documents
    child = {"about": "represented", "as": "child"}
    rules: list[JsonValue] = [
        _condition(first, ["birthdate"], "age_at_least", number % 40),
        _condition(second, ["address", "country"], "one_of", ["DE", f"X{number}"]),
        {
            "any": [
                _condition(first, ["income"], "at_most", 1000 + 3 * number),
                {"not": _condition(third, ["town"], "equals", f"Town {number % 60}")},
            ]
        },
        _condition(third, ["roles", None], "equals", f"role-{number % 9}"),
        _condition(second, ["birthdate"], "age_below", 5 + number % 80, **child),
        _condition(second, ["income"], "at_least", number, **child),
    ]
    given = _type(KINDS + number % GIVEN)
    needed = second if number % 4 else _type(KINDS + number * 7 % GIVEN)
    wire: JsonObject = {
        **FULL,
        "id": f"crowded-{number}",
        "eligible": {"all": rules},
        "needs": {
            "credentials": [
                _query("person", first, [{"path": ["birthdate"]}, {"path": ["address", "postal_code"]}]),
                _query("proof", needed, [{"path": ["income"], "values": [number, number + 1000]}]),
            ]
        },
        "gives": [{"issuer": "https://a.example", "credential_configuration_id": "a", "vct": given}],
    }
    return Service.from_fields(Fields(wire, "service"))


def _query(query_id: str, type_: str, claims: list[JsonValue]) -> JsonObject:
    return {"id": query_id, "format": SD_JWT_VC, "meta": {"vct_values": [type_]}, "claims": claims}


def _condition(type_: str, path: list[JsonValue], comparison: str, value: JsonValue, **claim: str) -> JsonObject:
    return {
        "claim": {**claim, "any": [{"vct": type_, "path": path}]},
        "is": comparison,
        "value": value,
        "because": {"de": "weil", "en": "because"},
    }
