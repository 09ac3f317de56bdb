"""The published vectors of rules, catalogue and journeys say what we do now."""

import json
from base64 import b64decode, b64encode
from datetime import date
from typing import Any

import pytest

from protocol.dcql.match import Candidate
from protocol.dcql.query import MDOC, SD_JWT_VC
from protocol.errors import Flaw, Malformed
from protocol.fields import Fields
from protocol.sovereignty.catalogue import ServiceCatalogue, sign_catalogue, verify_catalogue
from protocol.sovereignty.eligibility import evaluate
from protocol.sovereignty.holdings import HeldCredential, Holdings
from protocol.sovereignty.journey import Journey, plan_journey
from protocol.sovereignty.rules import About, CredentialType, read_rule, write_type
from protocol.sovereignty.service import Service
from protocol.sovereignty.suggestions import suggest
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate
from tests.protocol.sovereignty.held import (
    BIRTH,
    DRIVER,
    ENROLLED,
    ERIKA,
    EXMATRICULATED,
    LICENCE,
    MIA,
    PID,
    STUDENT,
    TODAY,
    TOM,
    child,
    condition,
    holding,
)
from tests.protocol.sovereignty.services import CLAIMS, FULL, LEAST, REGISTRAR, service
from tests.support.pki import NOW
from tests.support.sovereignty_vectors import FOLDER, RepeatableSigner, check_current

LEAPLING = holding("leapling", PID, {"birthdate": "2008-02-29"})
REVOKED = holding("revoked", STUDENT, {"semester": 3}, revoked=True)
CERTIFICATE = holding("certificate", "urn:birth", {})
HELD = [ERIKA, MIA, TOM, ENROLLED, EXMATRICULATED, DRIVER, LEAPLING, REVOKED, CERTIFICATE]
PRIVILEGE = ["org.iso.18013.5.1", "driving_privileges", None, "vehicle_category_code"]
OF_AGE = condition("birthdate", "age_at_least", 18, because="of age")
STUDENT_NOW = condition("semester", "exists", type_=STUDENT, because="student")

RULES: list[tuple[str, Any, list[HeldCredential], str]] = [
    ("nothing held is unknown", OF_AGE, [], "2027-01-15"),
    ("a condition is met", OF_AGE, [ERIKA], "2027-01-15"),
    ("the day before a birthday", condition("birthdate", "age_at_least", 37), [ERIKA], "2027-08-11"),
    ("a birthday", condition("birthdate", "age_at_least", 37), [ERIKA], "2027-08-12"),
    ("29 February: not yet on 28 February", OF_AGE, [LEAPLING], "2026-02-28"),
    ("29 February: on 1 March", OF_AGE, [LEAPLING], "2026-03-01"),
    ("absence proves nothing", {"not": STUDENT_NOW}, [ERIKA], "2027-01-15"),
    ("what is over is to be renewed", STUDENT_NOW, [EXMATRICULATED], "2027-01-15"),
    (
        "what is over does not count beside what is valid",
        condition("semester", "equals", 8, type_=STUDENT),
        [EXMATRICULATED, ENROLLED],
        "2027-01-15",
    ),
    ("what is revoked is not held", STUDENT_NOW, [REVOKED], "2027-01-15"),
    ("a child's document is not mine", condition("birthdate", "exists", type_=BIRTH), [MIA], "2027-01-15"),
    ("a child's document is a child's", child("birthdate", "age_below", 1), [MIA], "2027-01-15"),
    (
        "one name, one document",
        {"all": [child("given_name", "equals", "Mia"), child("birthdate", "age_at_least", 5)]},
        [MIA, TOM],
        "2027-01-15",
    ),
    (
        "two names, two documents",
        {"all": [child("given_name", "equals", "Mia", "a"), child("birthdate", "age_at_least", 5, "b")]},
        [MIA, TOM],
        "2027-01-15",
    ),
    ("the best assignment counts", {"not": child("given_name", "equals", "Tom")}, [TOM, MIA], "2027-01-15"),
    ("null is any element", condition(["nationalities", None], "equals", "FR"), [ERIKA], "2027-01-15"),
    ("null leads on", condition(PRIVILEGE, "equals", "B", type_=LICENCE), [DRIVER], "2027-01-15"),
    ("numbers compare with numbers", condition("income", "at_most", 5000, type_=STUDENT), [ENROLLED], "2027-01-15"),
    ("a number is no text", condition("semester", "equals", "3", type_=STUDENT), [ENROLLED], "2027-01-15"),
    ("dates compare", condition("birthdate", "before", "1990-08-13"), [ERIKA], "2027-01-15"),
    (
        "reasons and gaps",
        {"all": [OF_AGE, STUDENT_NOW, condition("x", "exists", type_="urn:a")]},
        [ERIKA],
        "2027-01-15",
    ),
    (
        "the fewest gaps",
        {
            "any": [
                {"all": [STUDENT_NOW, condition("x", "exists", type_="urn:a")]},
                condition("x", "exists", type_="urn:b"),
            ]
        },
        [],
        "2027-01-15",
    ),
]
BROKEN_RULES: list[tuple[str, Any]] = [
    ("no comparison", {**OF_AGE, "is": "likes"}),
    ("no sentence", {name: value for name, value in OF_AGE.items() if name != "because"}),
    ("an age that is no number", {**OF_AGE, "value": "18"}),
    ("exists has no value", {**STUDENT_NOW, "value": True}),
    ("no date", {**OF_AGE, "is": "before", "value": "2023-02-29"}),
    ("two things at once", {"all": [OF_AGE], "any": [OF_AGE]}),
    ("nothing combined", {"all": []}),
    ("too deep", {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": OF_AGE}}}}}}}}),
    ("markup", {**OF_AGE, "because": {"en": "<script>alert(1)</script>"}}),
]
BROKEN_SERVICES: list[tuple[str, dict[str, Any]]] = [
    ("a script to start", {**LEAST, "start": "javascript:alert(1)"}),
    (
        "a form with a pattern",
        {**LEAST, "asks": {"type": "object", "properties": {"x": {"type": "string", "pattern": "(a+)+$"}}}},
    ),
    ("a form with a reference", {**LEAST, "asks": {"$ref": "#"}}),
    (
        "a form with a script",
        {
            **LEAST,
            "asks": {
                "type": "object",
                "properties": {"x": {"type": "string", "title": {"en": "<script>alert(1)</script>"}}},
            },
        },
    ),
    ("an unknown life event", {**LEAST, "life_events": ["winning"]}),
    ("no name", {name: value for name, value in LEAST.items() if name != "name"}),
]
TOWN = [
    service("insurer", needs=["urn:birth"], gives=["urn:insured"]),
    service("allowance", needs=[PID, "urn:benefit"], asks={"iban": {"type": "string", "title": {"en": "Account"}}}),
    service(
        "benefits",
        needs=[PID, "urn:birth"],
        gives=["urn:benefit"],
        asks={"iban": {"type": "string", "title": {"en": "Account"}}},
    ),
    service("office", needs=[PID], gives=["urn:birth"]),
    service("adults", eligible=OF_AGE),
    service("children", eligible={**OF_AGE, "is": "age_below"}),
]
JOURNEYS: list[tuple[str, Journey, list[HeldCredential]]] = [
    ("all the way", Journey(("allowance",)), [ERIKA]),
    ("some of it is held", Journey(("allowance", "insurer")), [ERIKA, CERTIFICATE]),
    ("resumed while something is on its way", Journey(("insurer",), ("office",)), [ERIKA]),
    ("what nobody gives", Journey(("office",)), []),
    ("a goal that is gone", Journey(("office", "closed")), [ERIKA]),
]


def write_held(held: HeldCredential) -> dict[str, Any]:
    candidate = held.candidate
    members: dict[str, Any] = {"id": candidate.id, **write_type(CredentialType(candidate.format, candidate.type))}
    members["claims"] = candidate.claims
    if held.about is not About.SELF:
        members["about"] = held.about.value
    if held.expires_at is not None:
        members["expires_at"] = held.expires_at
    if held.revoked:
        members["revoked"] = True
    return members


def read_held(members: dict[str, Any]) -> HeldCredential:
    held_format = MDOC if "doctype" in members else SD_JWT_VC
    named = members.get("doctype") or members["vct"]
    return HeldCredential(
        Candidate(members["id"], held_format, named, members["claims"], (), holder_bound=True),
        About(members.get("about", "self")),
        expires_at=members.get("expires_at"),
        revoked=members.get("revoked", False),
    )


def write_types(types) -> list[Any]:
    return [write_type(named) for named in types]


def judge(rule: Any, held: list[HeldCredential], today: str) -> dict[str, Any]:
    holdings = Holdings(held, now=NOW, today=date.fromisoformat(today))
    found = evaluate(read_rule(Fields({"eligible": rule}, "service"), "eligible"), holdings)
    return {
        "truth": found.truth.name.lower(),
        "reasons": [
            {
                "because": {text.language: text.text for text in reason.because},
                "truth": reason.truth.name.lower(),
                "negated": reason.negated,
                "why": reason.why and reason.why.value,
            }
            for reason in found.reasons
        ],
        "gaps": [{"any": write_types(gap.types), "why": gap.why.value} for gap in found.gaps],
        "unclear": found.unclear,
    }


def place_of(refused) -> str:
    with pytest.raises(Malformed) as refusal:
        refused()
    return refusal.value.at


def rule_vectors() -> dict[str, Any]:
    return {
        "now": NOW,
        "held": [write_held(one) for one in HELD],
        "evaluate": [
            {
                "name": name,
                "rule": rule,
                "held": [one.candidate.id for one in held],
                "today": today,
                "expected": judge(rule, held, today),
            }
            for name, rule, held, today in RULES
        ],
        "refuse": [
            {
                "name": name,
                "rule": rule,
                "at": place_of(lambda rule=rule: read_rule(Fields({"eligible": rule}, "service"), "eligible")),
            }
            for name, rule in BROKEN_RULES
        ],
    }


def catalogue_vectors() -> dict[str, Any]:
    # Certificates are numbered, so those that were published stay; all else is the same in every run
    known = read_published("catalogue.json").get("document", {})
    x5c = known.get("x5c") or [*REGISTRAR.x5c]
    made = ServiceCatalogue.from_fields(Fields(CLAIMS, "catalogue"))
    return {
        "services": [FULL, LEAST],
        "refuse": [
            {
                "name": name,
                "service": wire,
                "at": place_of(lambda wire=wire: Service.from_fields(Fields(wire, "service"))),
            }
            for name, wire in BROKEN_SERVICES
        ],
        "document": {
            "claims": made.to_claims(),
            "now": NOW,
            "x5c": x5c,
            "anchor": known.get("anchor") or b64encode(REGISTRAR.root.certificate.der).decode(),
            "token": sign_catalogue(made, RepeatableSigner(REGISTRAR.signer), tuple(x5c)),
        },
    }


def read_published(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / file).read_bytes()) if (FOLDER / file).exists() else {}
    return found


def play(journey: Journey, held: list[HeldCredential], services: list[Service]) -> dict[str, Any]:
    plan = plan_journey(journey, services, Holdings(held, now=NOW, today=TODAY))
    return {
        "gone": list(plan.gone),
        "steps": [
            {
                "service": step.service.id,
                "at_hand": list(step.at_hand),
                "fetched": [one._asdict() for one in step.fetched],
                "awaited": [one._asdict() for one in step.awaited],
                "elsewhere": [want.query_id for want in step.elsewhere],
                "asks": [field.name for field in step.asks],
                "known": [field.name for field in step.known],
            }
            for step in plan.steps
        ],
    }


def rank(held: list[HeldCredential], services: list[Service]) -> list[dict[str, Any]]:
    return [
        {
            "service": found.service.id,
            "rank": found.rank.name.lower(),
            "missing": [
                {"any": write_types(proof.gap.types), "givers": [giver.id for giver in proof.givers]}
                for proof in found.missing
            ],
        }
        for found in suggest(services, Holdings(held, now=NOW, today=TODAY))
    ]


def journey_vectors() -> dict[str, Any]:
    return {
        "now": NOW,
        "today": TODAY.isoformat(),
        "held": [write_held(one) for one in (ERIKA, CERTIFICATE)],
        "services": [one.to_dict() for one in TOWN],
        "suggest": [
            {"held": [one.candidate.id for one in held], "expected": rank(held, TOWN)}
            for held in ([], [ERIKA], [ERIKA, CERTIFICATE])
        ],
        "plan": [
            {
                "name": name,
                "journey": journey.to_dict(),
                "held": [one.candidate.id for one in held],
                "expected": play(journey, held, TOWN),
            }
            for name, journey, held in JOURNEYS
        ],
    }


@pytest.mark.parametrize(
    ("file", "made"),
    [("rules.json", rule_vectors), ("journeys.json", journey_vectors), ("catalogue.json", catalogue_vectors)],
    ids=["rules", "journeys", "catalogue"],
)
def test_what_is_published_is_current(file, made):
    check_current(file, made())


def test_whoever_has_only_the_vectors_comes_to_the_same():
    rules = read_published("rules.json")
    held = {one["id"]: read_held(one) for one in rules["held"]}
    for case in rules["evaluate"]:
        found = judge(case["rule"], [held[id_] for id_ in case["held"]], case["today"])
        assert found == case["expected"], case["name"]
    journeys = read_published("journeys.json")
    held = {one["id"]: read_held(one) for one in journeys["held"]}
    services = [Service.from_fields(Fields(wire, "service")) for wire in journeys["services"]]
    for case in journeys["suggest"]:
        assert rank([held[id_] for id_ in case["held"]], services) == case["expected"]
    for case in journeys["plan"]:
        found = play(Journey.from_dict(case["journey"]), [held[id_] for id_ in case["held"]], services)
        assert found == case["expected"], case["name"]


def test_the_published_token_holds_and_is_not_gone_back_from():
    document = read_published("catalogue.json")["document"]
    anchor = TrustAnchor(Certificate.from_der(b64decode(document["anchor"])), Role.REGISTRATION_PROVIDER, "Registrar")
    anchors = TrustAnchors([anchor])
    verified = verify_catalogue(document["token"], anchors=anchors, now=document["now"], known_seq=None)
    assert verified.says.to_claims() == document["claims"]
    with pytest.raises(Flaw):
        verify_catalogue(
            document["token"], anchors=anchors, now=document["now"], known_seq=document["claims"]["seq"] + 1
        )
