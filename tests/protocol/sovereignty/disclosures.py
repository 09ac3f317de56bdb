"""One disclosure as both sides know it, to make receipts of and to tell lies about."""

from dataclasses import replace
from typing import Any

from protocol.credential import StatusReference
from protocol.dcql.query import DcqlQuery
from protocol.fields import Fields
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.receipt import TYP, LegalBasis, Outcome, Receipt, sign_receipt
from protocol.sovereignty.receipt_check import Sent, judge_receipt
from protocol.sovereignty.receipt_evidence import evidence_of_answer
from protocol.sovereignty.receipt_parties import Controller, Recipient
from protocol.sovereignty.signing import sign_as_organisation
from protocol.trust.registration import SERVICE_PROVIDER, Contact, Intermediary, Registration
from tests.support.partners import AGENCY, BANK, COCKPIT, COCKPIT_KEY, TOWN, both, known_partners, partner_anchors
from tests.support.pki import DAY, NOW

CLIENT = "x509_hash:Zm9yIHRoZSB0ZXN0cyBvbmx5LCBub3QgYSByZWFsIG9uZQ"
REQUEST = "eyJhbGciOiJFUzI1NiJ9.eyJub25jZSI6ImEifQ.c2lnbmF0dXJl"
PID = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln~WyJzYWx0IiwiZmFtaWx5X25hbWUiLCJNdXN0ZXJtYW5uIl0~"
SECRET = "Mustermann-4711"  # a value that must never be found in anything that was written
QUERY = DcqlQuery.from_dict(
    {
        "credentials": [
            {
                "id": "pid",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": ["urn:eudi:pid:1"]},
                "claims": [
                    {"path": ["nationalities", None]},
                    {"path": ["family_name"]},
                    {"path": ["address", "locality"]},
                ],
            },
            {"id": "card", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:card:1"]}},
        ]
    },
    "dcql_query",
)
VP_TOKEN: dict[str, Any] = {"pid": (PID,), "card": ("eyJ9.e30.c2ln~", {"payload": "e30", "signatures": []})}
SHOWN: dict[str, Any] = {"pid": ({"family_name": SECRET, "nationalities": [SECRET]},), "card": ({"number": SECRET}, {})}
EVIDENCE = evidence_of_answer(REQUEST, QUERY, VP_TOKEN, SHOWN)
REGISTRATION = Registration(
    name="Family Office",
    identifier=AGENCY.identifier,
    country=AGENCY.country,
    registry_uri="https://registrar.example",
    entitlements=(SERVICE_PROVIDER,),
    privacy_policy="https://agency.example/privacy",
    issued_at=NOW - DAY,
    status=StatusReference("https://registrar.example/status/1", 7),
    legal_name="Family Office of the Town",
    purpose=both("Kindergeld berechnen", "To work out child benefit"),
    support_uri="data@agency.example",
    supervisory_authority=Contact("dpa@example.org", "+49 123", "https://dpa.example"),
)
ASKED_FOR_THE_BANK = replace(
    REGISTRATION, identifier=BANK.identifier, country=BANK.country, intermediary=Intermediary(AGENCY.identifier)
)
RECEIPT = Receipt(
    issuer=CLIENT,
    id="AAECAwQFBgcICQoLDA0ODw",
    issued_at=NOW,
    request=EVIDENCE.request,
    presentations=EVIDENCE.presentations,
    claims=EVIDENCE.claims,
    outcome=Outcome.ACCEPTED,
    purpose=REGISTRATION.purpose,
    legal_basis=LegalBasis.PUBLIC_TASK,
    retention=Retention.from_fields(Fields({"retention": "P1Y"}, "receipt"), "retention"),
    log_until=NOW + 500 * DAY,
    controller=Controller.from_registration(REGISTRATION, dpo=Contact("dpo@agency.example")),
    key=COCKPIT_KEY.public_key.thumbprint(),
    service="child-benefit",
    recipients=(Recipient("Town", TOWN.identifier, both("Meldung", "Notice")),),
    represented=("card",),
    cockpit_endpoint=COCKPIT,
)
LEAST = replace(RECEIPT, key=None, service=None, recipients=(), represented=(), cockpit_endpoint=None)
SENT = Sent(
    evidence=EVIDENCE,
    requesters=(AGENCY,),
    client_id=CLIENT,
    registration=REGISTRATION,
    key=RECEIPT.key,
    announced=COCKPIT,
    sent_at=NOW - 2,
)


def signed(receipt=RECEIPT, organisation=AGENCY):
    """A receipt that our own side makes."""
    pki = known_partners()[organisation]
    return sign_receipt(receipt, pki.signer, pki.x5c)


def forged(organisation=AGENCY, typ=TYP, **changes):
    """A receipt with members that our own side does not make; `...` takes one away."""
    claims = {name: value for name, value in {**RECEIPT.to_claims(), **changes}.items() if value is not ...}
    pki = known_partners()[organisation]
    return sign_as_organisation(typ, claims, pki.signer, pki.x5c)


def judge(text, sent=SENT, *, anchors=None, arrived_at=NOW + 1):
    """What the wallet makes of a receipt."""
    return judge_receipt(text, sent, anchors=partner_anchors() if anchors is None else anchors, arrived_at=arrived_at)
