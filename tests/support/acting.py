"""People who act for others at a verifier: a parent, a guardian, an employee; and what asks them for a proof of it."""

from collections.abc import Mapping
from typing import Any

from protocol.encoding import JsonObject
from protocol.exchange import Exchange
from protocol.keys import P256Key
from protocol.oid4vp.answer import Delivery, RequestPolicy, fetch_request, send_answer, wallet_metadata
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.link import read_link
from protocol.oid4vp.request import AuthorizationRequest
from protocol.sovereignty.representation import TYPE
from protocol.trust.anchors import TrustAnchors
from tests.support.pki import Template, make_pki, seeded, seeded_key
from tests.support.verifier import PID, Counter, Held, answer_form, issue_held, present, request_of
from verifier.service.requests import MadeRequest

SCHOOL_TYPE = "urn:lindenau:school:1"
ERIKA: JsonObject = {"family_name": "Mustermann", "given_name": "Erika", "birthdate": "1990-03-07"}
MIA: JsonObject = {"family_name": "Mustermann", "given_name": "Mia", "birthdate": "2018-05-03"}
HELGA: JsonObject = {"family_name": "Schablone", "given_name": "Helga", "birthdate": "1948-04-17"}
FIRM: JsonObject = {"name": "Muster GmbH", "register_number": "HRB 1", "country": "DE"}
PROOF: JsonObject = {
    **ERIKA, "relation": "parent", "represented": MIA, "areas": ["school"], "alone": True, "until": "2036-05-02",
}  # fmt: skip
OFFICE = make_pki(Template(common_name="Registry office"), types=frozenset({PID, TYPE, SCHOOL_TYPE}))
HOLDER = seeded_key(12)

PERSON_CLAIMS = '{ path = ["family_name"] }, { path = ["given_name"] }, { path = ["birthdate"] }'
PROOF_QUERY = f"""{{ id = "proof", format = "dc+sd-jwt", meta = {{ vct_values = ["{TYPE}"] }}, claims = [
    {PERSON_CLAIMS}, {{ path = ["relation"] }}, {{ path = ["represented"] }}, {{ path = ["areas"] }},
    {{ path = ["alone"] }}, {{ path = ["until"] }},
  ] }}"""
PID_QUERY = f'{{ id = "pid", format = "dc+sd-jwt", meta = {{ vct_values = ["{PID}"] }}, claims = [{PERSON_CLAIMS}] }}'
SCHOOL_QUERY = f"""{{ id = "school", format = "dc+sd-jwt", meta = {{ vct_values = ["{SCHOOL_TYPE}"] }}, claims = [
    {PERSON_CLAIMS}
  ] }}"""
# What does not hold together: other members of the proof, other documents, and why it is refused
NOT_TOGETHER: list[tuple[JsonObject, dict[str, JsonObject], str]] = [
    ({"areas": ["health"]}, {}, "area"),
    ({"until": "2024-01-01"}, {}, "over"),
    ({"alone": False}, {}, "not_alone"),
    ({"relation": "employee", "represented": FIRM}, {}, "relation"),
    ({"given_name": "Max"}, {}, "another_acts"),
    ({}, {"pid": {**ERIKA, "birthdate": "1990-03-08"}}, "another_acts"),
    ({"represented": HELGA}, {}, "about_another"),
    ({}, {"school": {**MIA, "given_name": "Ben"}}, "about_another"),
    ({"represented": "Mia"}, {}, "no_proof"),
    ({"relation": "friend"}, {}, "no_proof"),
]
SERVICE = f"""
name = {{ de = "Mitglied im Verein", en = "Join the club" }}
summary = {{ de = "Für Sie oder Ihr Kind.", en = "For you or your child." }}
life_events = ["moving"]
purpose = {{ de = "Wir nehmen Sie auf.", en = "We take you in." }}
legal_basis = "GDPR Art. 6 (1) b"
privacy_policy = "https://library.example/privacy"
retention_days = 30

[provider]
identifier = "NTRDE-VR 79"
country = "DE"
name = "Turnverein"

[[needs]]
id = "pid"
name = {{ de = "Ausweis", en = "Identity card" }}
vct = "{PID}"

[[needs]]
id = "proof"
name = {{ de = "Nachweis der elterlichen Sorge", en = "Proof of parental custody" }}
vct = "{TYPE}"
optional = true

[acting]
proof = "proof"
identity = "pid"
relations = ["parent"]
area = "sport"

[[fields]]
name = "family_name"
title = {{ de = "Ihr Nachname", en = "Your last name" }}
type = "string"
from = [{{ document = "pid", path = ["family_name"] }}]

[[fields]]
name = "child"
title = {{ de = "Vornamen des Kindes", en = "First names of the child" }}
type = "string"
optional = true
from = [{{ document = "proof", path = ["represented", "given_name"], optional = true }}]

[outcome]
webhook = "https://system.example/hook"
"""
USE_CASE = f"""
id = "for-a-child"
keep_seconds = 600
max_status_age_seconds = 0
[title]
en = "Sign up for school trips"
[purpose]
en = "We write down who says yes for the child."
[query]
credentials = [
  {PROOF_QUERY},
  {PID_QUERY},
  {SCHOOL_QUERY},
]
[acting]
proof = "proof"
identity = "pid"
about = ["school"]
relations = ["parent", "guardian"]
area = "school"
called = {{ de = "Schule", en = "School" }}
"""
FOR_A_FIRM = f"""
id = "for-a-company"
[title]
en = "Lend a van"
[purpose]
en = "We write down who takes it, and for whom."
[query]
credentials = [
  {PROOF_QUERY},
  {PID_QUERY},
]
[acting]
proof = "proof"
identity = "pid"
relations = ["employee"]
area = "vehicles"
"""


def document(claims: JsonObject, vct: str, **changes: Any) -> Held:
    """A document in somebody's wallet."""
    return issue_held(OFFICE, claims, vct=vct, disclosable=[(name,) for name in claims], holder=HOLDER, **changes)


def wallet(proof: JsonObject | None = None, **others: JsonObject) -> dict[str, Held]:
    """What a parent shows, by query id, with changes."""
    pid, school = others.get("pid", ERIKA), others.get("school", MIA)
    return {
        "proof": document({**PROOF, **(proof or {})}, TYPE),
        "pid": document(pid, PID),
        "school": document(school, SCHOOL_TYPE),
    }


def show(counter: Counter, made: MadeRequest, held: dict[str, Held]) -> dict[str, str]:
    """The form with which a wallet answers that holds this."""
    request = request_of(counter, made)
    return answer_form(request, presentations(request, held, now=counter.clock.now))


def answer(link: str, held: Mapping[str, Held], *, anchors: TrustAnchors, now: int) -> Exchange[Delivery]:
    """The whole of a wallet's work: fetch, verify, present what is asked and held, send."""
    prefixes = frozenset(Prefix)
    verified = yield from fetch_request(
        read_link(link),
        anchors=anchors,
        policy=RequestPolicy(prefixes=prefixes),
        wallet_nonce="fresh-nonce-of-the-wallet",
        metadata=wallet_metadata({"dc+sd-jwt": {}}, prefixes),
        now=now,
    )
    token = presentations(verified.request, held, now=now)
    return (yield from send_answer(verified, token, ephemeral=P256Key.fresh(), random_bytes=seeded(13)))


def presentations(request: AuthorizationRequest, held: Mapping[str, Held], *, now: int) -> dict[str, tuple[str, ...]]:
    """What is shown of what is held."""
    asked = {query.id for query in request.dcql_query.credentials}
    return {id_: (present(request, one, now=now, query_id=id_),) for id_, one in held.items() if id_ in asked}
