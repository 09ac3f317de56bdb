"""Services and catalogues to test with."""

from protocol.encoding import JsonObject, encode_json
from protocol.fields import Fields
from protocol.jws import sign_jws
from protocol.sovereignty.service import Service
from protocol.trust.anchors import Role
from tests.protocol.sovereignty.held import BIRTH, PID
from tests.support.pki import DAY, NOW, Template, make_pki, seeded_key

REGISTRAR = make_pki(Template(common_name="Registrar"), key=seeded_key(906), role=Role.REGISTRATION_PROVIDER)

PERSON: JsonObject = {
    "id": "person",
    "format": "dc+sd-jwt",
    "meta": {"vct_values": [PID]},
    "claims": [
        {"id": "name", "path": ["given_name"]},
        {"id": "born", "path": ["birthdate"]},
        {"id": "also", "path": ["nationalities", None]},
    ],
    "claim_sets": [["name", "born", "also"], ["name", "born"]],
}
BORN: JsonObject = {
    "id": "birth",
    "format": "dc+sd-jwt",
    "meta": {"vct_values": [BIRTH]},
    "claims": [{"path": ["birthdate"]}],
}
NEEDS: JsonObject = {"credentials": [PERSON, BORN]}
ASKS: JsonObject = {
    "type": "object",
    "properties": {
        "iban": {"type": "string", "title": {"de": "Kontonummer", "en": "Account"}, "minLength": 15, "maxLength": 34},
        "since": {"type": "string", "title": {"en": "Since when?"}, "format": "date", "description": {"en": "A day"}},
        "hours": {"type": "number", "title": {"en": "Hours a week"}, "minimum": 0, "maximum": 60.5},
        "children": {"type": "integer", "title": {"en": "Children"}, "enum": [1, 2, 3]},
        "pay": {
            "type": "string",
            "title": {"en": "How often?"},
            "oneOf": [{"const": "m", "title": {"en": "Monthly"}}, {"const": "y", "title": {"en": "Yearly"}}],
        },
        "agreed": {"type": "boolean", "title": {"en": "I agree"}},
    },
    "required": ["iban", "agreed"],
}
LEAST: JsonObject = {
    "id": "child-benefit",
    "provider": {"identifier": "NTRDE-HRB 4711", "country": "DE", "name": "Family office"},
    "name": {"de": "Kindergeld", "en": "Child benefit"},
    "summary": {"de": "Geld für Ihr Kind", "en": "Money for your child"},
    "start": "https://family.example/start",
    "registration": "child-benefit-1",
}
FULL: JsonObject = {
    **LEAST,
    "life_events": ["birth", "moving"],
    "needs": NEEDS,
    "asks": ASKS,
    "eligible": {
        "claim": {"about": "represented", "any": [{"vct": BIRTH, "path": ["birthdate"]}]},
        "is": "age_below",
        "value": 18,
        "because": {"de": "Ihr Kind ist unter 18", "en": "Your child is under 18"},
    },
    "gives": [
        {"issuer": "https://family.example", "credential_configuration_id": "benefit", "vct": "urn:family:benefit:1"},
        {"issuer": "https://family.example", "credential_configuration_id": "card", "doctype": "example.family.card"},
    ],
    "forward": "https://family.example/forward",
}
CLAIMS: JsonObject = {"seq": 7, "iat": NOW, "exp": NOW + DAY, "services": [FULL, {**LEAST, "id": "kita"}]}
HEADER: JsonObject = {"typ": "service-catalogue+jwt", "x5c": list(REGISTRAR.x5c)}


def _types(one):
    return [one] if isinstance(one, str) else [*one]


def service(id_, *, needs=(), gives=(), asks=None, **members):
    """A service that needs credentials of some types and gives others; each may be a type, or several of which one will do."""
    wire = {**LEAST, "id": id_, **members}
    if needs:
        wire["needs"] = {
            "credentials": [
                {
                    "id": f"q{i}",
                    "format": "dc+sd-jwt",
                    "meta": {"vct_values": _types(one)} if one else {},
                }
                for i, one in enumerate(needs)
            ]
        }
    if gives:
        wire["gives"] = [
            {"issuer": "https://a.example", "credential_configuration_id": one, "vct": one} for one in gives
        ]
    if asks:
        wire["asks"] = {"type": "object", "properties": asks}
    return Service.from_fields(Fields(wire, "service"))


def signed(*, signer=REGISTRAR.signer, header=(), **changes):
    """A catalogue as an honest registrar signs it, but for some changes; `...` leaves a member out."""
    head = {name: value for name, value in {**HEADER, **dict(header)}.items() if value is not ...}
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    return sign_jws(head, encode_json(claims), signer)
