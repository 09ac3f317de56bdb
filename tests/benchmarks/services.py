"""What a wallet computes when the catalogue of a country meets everything that somebody holds."""

from __future__ import annotations

import random
from functools import partial

from protocol.encoding import JsonObject, JsonValue
from protocol.fields import Fields
from protocol.sovereignty.eligibility import Eligibility, evaluate
from protocol.sovereignty.holdings import HeldCredential, Holdings
from protocol.sovereignty.rules import About
from protocol.sovereignty.service import Service
from protocol.sovereignty.suggestions import Suggestion, suggest
from tests.benchmarks.crowded import make_crowded_world
from tests.benchmarks.measure import Report, Row, microseconds_of
from tests.protocol.sovereignty.held import TODAY, holding
from tests.protocol.sovereignty.services import FULL
from tests.support.pki import NOW

SERVICES = 1000
HELD = 200
TYPES = tuple([f"urn:type:{number}" for number in range(50)])
LONGEST = 150_000  # microseconds

_ASKED: tuple[tuple[list[JsonValue], str, JsonValue], ...] = (
    (["birthdate"], "age_at_least", 18),
    (["birthdate"], "age_below", 67),
    (["birthdate"], "before", "1970-01-01"),
    (["income"], "at_most", 43_000),
    (["town"], "one_of", ["Musterstadt", "Neustadt"]),
    (["roles", None], "equals", "student"),
    (["missing"], "exists", None),
)


def make_world(chance: random.Random) -> tuple[list[Service], list[HeldCredential]]:
    """A catalogue, and a wallet that holds some of what it asks for."""
    return [_service(chance, number) for number in range(SERVICES)], [_held(chance, number) for number in range(HELD)]


def judge_all(services: list[Service], held: list[HeldCredential]) -> list[Eligibility]:
    """Evaluate the rule of every service."""
    holdings = Holdings(held, now=NOW, today=TODAY)
    return [evaluate(service.eligible, holdings) for service in services]


def suggest_all(services: list[Service], held: list[HeldCredential]) -> tuple[Suggestion, ...]:
    """Rank every service."""
    return suggest(services, Holdings(held, now=NOW, today=TODAY))


def measure_services(report: Report) -> None:
    """Rules alone, and suggestions with what is missing and who gives it."""
    worlds = {"of many kinds": make_world(random.Random(6)), "of few kinds": make_crowded_world(SERVICES, HELD)}
    for kinds, (services, held) in worlds.items():
        judged, suggested = microseconds_of(partial(judge_all, services, held), partial(suggest_all, services, held))
        for name, spent in (("judged", judged), ("suggested", suggested)):
            report.add(
                Row(
                    f"{SERVICES:,} services, {HELD} credentials {kinds}: {name}",
                    spent / 1000,
                    "ms",
                    LONGEST / spent,
                    f"{LONGEST // 1000} ms",
                    1.0,
                )
            )


def _held(chance: random.Random, number: int) -> HeldCredential:
    claims: JsonObject = {
        "birthdate": f"{chance.randrange(1940, 2025)}-08-{chance.randrange(10, 29)}",
        "income": chance.randrange(100_000),
        "town": chance.choice(["Musterstadt", "Neustadt", "Altstadt"]),
        "roles": [chance.choice(["student", "parent", "employee"]) for _ in range(3)],
    }
    about = About.REPRESENTED if number % 5 == 0 else About.SELF
    # Of a third of what is asked for nothing is held
    return holding(f"held-{number}", chance.choice(TYPES[: len(TYPES) * 2 // 3]), claims, about=about)


def _service(chance: random.Random, number: int) -> Service:
    wire: JsonObject = {
        **FULL,
        "id": f"service-{number}",
        "eligible": {
            "all": [
                _condition(chance),
                {"any": [_condition(chance), _condition(chance)]},
                {"not": _condition(chance)},
                _condition(chance, **{"as": "child", "about": "represented"}),
            ]
        },
        "needs": {
            "credentials": [
                {
                    "id": f"needed-{i}",
                    "format": "dc+sd-jwt",
                    "meta": {"vct_values": [chance.choice(TYPES)]},
                    "claims": [{"path": ["town"]}, {"path": ["birthdate"]}],
                }
                for i in range(2)
            ]
        },
        "gives": [
            {"issuer": "https://a.example", "credential_configuration_id": "a", "vct": chance.choice(TYPES)},
        ],
    }
    return Service.from_fields(Fields(wire, "service"))


def _condition(chance: random.Random, **claim: str) -> JsonObject:
    path, comparison, value = chance.choice(_ASKED)
    places: list[JsonValue] = [{"vct": named, "path": path} for named in chance.sample(TYPES, 2)]
    made: JsonObject = {"claim": {**claim, "any": places}, "is": comparison, "because": {"de": "weil", "en": "because"}}
    return made if value is None else {**made, "value": value}
