"""The vectors of complaints (docs/sovereignty/rights.md): current, read as they should be, and refused where they should."""

import json
from dataclasses import replace
from typing import Any

import pytest

import protocol.errors
from protocol.encoding import JsonObject, encode_json
from protocol.sovereignty.complaint import (
    Complaint,
    Finding,
    ReceiptEvidence,
    ReportedParty,
    read_complaint,
)
from protocol.sovereignty.contact import Letter, read_ways
from protocol.sovereignty.signing import sign_as_organisation
from protocol.trust.registration import Contact
from tests.support.partners import AGENCY, BANK, RECEIPT
from tests.support.pki import NOW
from tests.support.sovereignty_vectors import FOLDER, check_current, published_partners

FILE = "complaints.json"
PARTNERS = published_partners(FILE)
LETTER = Letter("Beschwerde über Muster Bank", "Guten Tag,\n\n- Die Frist ist vorbei.")


def signed(typ, organisation=BANK, **claims):
    partner = PARTNERS[organisation]
    return sign_as_organisation(typ, {"iat": NOW, **claims}, partner.signer, partner.x5c)


REQUEST = signed("oauth-authz-req+jwt", nonce="nonce-of-the-bank")
EVIDENCE = ReceiptEvidence(
    signed("disclosure-receipt+jwt", jti=RECEIPT),
    (signed("usage-report+jwt", receipt=RECEIPT), signed("usage-report+jwt", AGENCY, receipt=RECEIPT)),
    (signed("rights-status+jwt", state="refused"),),
)
LEAST = Complaint(NOW, ReportedParty(BANK, "Muster Bank"), "de", LETTER, request=REQUEST)
WHOLE = replace(
    LEAST,
    through=ReportedParty(AGENCY, "Relay"),
    authority=Contact("post@aufsicht.example", None, "https://aufsicht.example/beschwerde"),
    certificates=PARTNERS[BANK].x5c,
    registration="eyJ0eXAiOiJyYy13cnArand0In0.e30.AA",
    beyond={"pid": (("birthdate",), ("nationalities", None))},
    receipts=(EVIDENCE,),
    findings=(Finding("not_erased", "Die Frist ist vorbei.", RECEIPT), Finding("over_asking", "Zu viel gefragt.")),
    added={"note": "was ich selbst beilege"},
)
CONTACTS = (
    "https://bank.example/privacy", "mailto:privacy@bank.example", "privacy@bank.example", "+43 (1) 23-456", "tel:+43123456",
    "http://bank.example/", "javascript:alert(1)", "privacy@bank.example?bcc=x@evil.example", "tel:*21*123#", "",
)  # fmt: skip


OWN = replace(EVIDENCE, reports=EVIDENCE.reports[:1])  # nothing through anybody else


def about(*evidence):
    return replace(LEAST, receipts=evidence)


def refused():
    return {
        "neither a request nor a receipt": ("Malformed", replace(LEAST, request=None)),
        "a receipt of another partner": (
            "Malformed",
            about(ReceiptEvidence(signed("disclosure-receipt+jwt", AGENCY, jti=RECEIPT))),
        ),
        "a report about another receipt": (
            "Malformed",
            about(replace(OWN, reports=(signed("usage-report+jwt", receipt="other-0123456789abcdef"),))),
        ),
        "an answer, which has values": (
            "NotAuthentic",
            about(replace(OWN, statuses=(signed("rights-answer+jwt"),))),
        ),
        "a receipt twice": ("Malformed", about(OWN, OWN)),
        "a finding about a receipt that is not there": (
            "Malformed",
            replace(LEAST, findings=(Finding("gap", "Etwas fehlt.", RECEIPT),)),
        ),
    }


def made() -> JsonObject:
    return {
        "about": "Vectors of docs/sovereignty/rights.md: complaints. `flaw` is the kind of error in protocol/errors.py.",
        "now": NOW,
        "partners": {each.organisation.identifier: each.to_dict() for each in PARTNERS.values()},
        "contacts": [{"contact": one, "links": [way.link() for way in read_ways([one])]} for one in CONTACTS],
        "draft": {
            "contact": "privacy@bank.example",
            "subject": LETTER.subject,
            "body": LETTER.body,
            "link": read_ways(["privacy@bank.example"])[0].link(LETTER),
        },
        "complaints": [
            {"name": "the least", "file": LEAST.to_dict()},
            {"name": "everything", "file": WHOLE.to_dict()},
        ],
        "refused_complaints": [
            {"name": name, "flaw": flaw, "file": complaint.to_dict()} for name, (flaw, complaint) in refused().items()
        ],
    }


def test_the_vectors_are_current():
    check_current(FILE, made())


VECTORS: dict[str, Any] = json.loads((FOLDER / FILE).read_bytes()) if (FOLDER / FILE).exists() else made()


def named(vectors):
    return pytest.mark.parametrize("vector", [pytest.param(each, id=each["name"]) for each in vectors])


@named(VECTORS["complaints"])
def test_a_complaint_is_read(vector):
    found = read_complaint(encode_json(vector["file"]))
    assert found == {"the least": LEAST, "everything": WHOLE}[vector["name"]]


@named(VECTORS["refused_complaints"])
def test_a_complaint_is_refused(vector):
    with pytest.raises(getattr(protocol.errors, vector["flaw"])):
        read_complaint(encode_json(vector["file"]))


def test_contacts_lead_to_a_page_a_draft_or_a_call_and_nowhere_else():
    for vector in VECTORS["contacts"]:
        assert [way.link() for way in read_ways([vector["contact"]])] == vector["links"]
    draft = VECTORS["draft"]
    [way] = read_ways([draft["contact"]])
    assert way.link(Letter(draft["subject"], draft["body"])) == draft["link"]
