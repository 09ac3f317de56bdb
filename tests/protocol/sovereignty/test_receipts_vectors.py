"""The vectors of docs/sovereignty/receipts.md: current, and each with what its reader has to find."""

import json
from dataclasses import replace
from typing import Any

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, JsonValue, encode_base64url
from protocol.errors import Malformed, ProtocolError
from protocol.fields import Fields
from protocol.formats import format_of
from protocol.keys import PublicKey
from protocol.oauth.dpop import sign_dpop_proof
from protocol.oid4vci.credential import CredentialRequest, hash_request
from protocol.sovereignty.calls import verify_call
from protocol.sovereignty.claims import write_claims_by_query
from protocol.sovereignty.cockpit import (
    CockpitKey,
    issuance_member,
    key_field,
    key_member,
    read_cockpit_endpoint,
    read_key_field,
    read_key_member,
)
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.in_person import derive_claim, hash_claim
from protocol.sovereignty.receipt import TYP, Receipt
from protocol.sovereignty.receipt_27560 import write_27560
from protocol.sovereignty.receipt_check import Finding, judge_receipt
from protocol.sovereignty.receipt_evidence import evidence_of_answer, evidence_of_issuance
from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.signing import sign_as_organisation
from protocol.sovereignty.unlinkable import MustNotCall, Place, check_callable
from tests.protocol.sovereignty.disclosures import (
    ASKED_FOR_THE_BANK,
    CLIENT,
    EVIDENCE,
    LEAST,
    QUERY,
    RECEIPT,
    REGISTRATION,
    REQUEST,
    SENT,
    SHOWN,
    VP_TOKEN,
)
from tests.protocol.sovereignty.test_cockpit import MALFORMED
from tests.support.partners import AGENCY, BANK, COCKPIT, COCKPIT_KEY, OTHER_KEY
from tests.support.pki import NOW, seeded_key
from tests.support.sovereignty_vectors import (
    FOLDER,
    RepeatableSigner,
    check_current,
    private_jwk,
    published_anchors,
    published_partners,
)

FILE = "receipts.json"
PARTNERS = published_partners(FILE)
ANCHORS = published_anchors(PARTNERS)
PUBLIC = COCKPIT_KEY.public_key
OF_ONE = CockpitKey(PUBLIC, RECEIPT.request)
URL = f"{COCKPIT}/receipt"
OTHER = OTHER_KEY.public_key.thumbprint()
WIRE: dict[str, Any] = RECEIPT.to_claims()
SENT_AS = {
    "direct": SENT,
    "without key": replace(SENT, key=None, announced=None),
    "behind an intermediary": replace(SENT, registration=ASKED_FOR_THE_BANK),
    "in person": replace(SENT, client_id=None),
}


def token(organisation=AGENCY, typ=TYP, base=RECEIPT, **changes):
    claims = {name: value for name, value in {**base.to_claims(), **changes}.items() if value is not ...}
    partner = PARTNERS[organisation]
    return sign_as_organisation(typ, claims, partner.signer, partner.x5c)


def receipts() -> list[JsonObject]:
    behind = replace(RECEIPT, controller=Controller.from_registration(ASKED_FOR_THE_BANK))
    rejected = {"outcome": "rejected", "retention": "P1D"}
    made: list[tuple[str, str, str]] = [
        ("all members", "direct", token()),
        ("the least", "without key", token(base=LEAST)),
        ("rejected, with fewer claims", "direct", token(**rejected, claims={"pid": []})),
        ("of an intermediary", "behind an intermediary", token(base=behind)),
        ("of the party behind an intermediary", "behind an intermediary", token(BANK, base=behind)),
        ("in person", "in person", token(iss=AGENCY.identifier)),
        ("another client", "direct", token(iss="x509_hash:another")),
        ("no key", "direct", token(key=...)),
        ("a swapped key", "direct", token(key=OTHER)),
        ("a key that was not sent", "without key", token(cockpit_endpoint=...)),
        ("another request", "direct", token(request=OTHER)),
        ("another presentation", "direct", token(presentations={**WIRE["presentations"], "pid": [OTHER]})),
        ("a claim that was not sent", "direct", token(claims={**WIRE["claims"], "card": [["number"]]})),
        ("a claim left out", "direct", token(claims={**WIRE["claims"], "pid": [["family_name"]]})),
        ("paths out of order", "direct", token(claims={**WIRE["claims"], "pid": WIRE["claims"]["pid"][::-1]})),
        ("another controller", "direct", token(controller={**WIRE["controller"], **BANK.to_dict()})),
        ("another purpose", "direct", token(purpose={"en": "Advertising"})),
        ("a purpose with markup", "direct", token(purpose={"en": "<b>free</b>"})),
        ("from before", "direct", token(iat=SENT.sent_at - 301)),
        ("from the future", "direct", token(iat=NOW + 302)),
        ("another endpoint", "direct", token(cockpit_endpoint=f"{COCKPIT}/7")),
        ("rejected and kept", "direct", token(outcome="rejected")),
        ("a log that ends early", "direct", token(log_until=NOW)),
        ("somebody else's", "direct", token(BANK)),
        ("another type", "direct", token(typ="usage-report+jwt")),
        ("no legal basis", "direct", token(legal_basis=...)),
    ]
    return [{"name": name, "sent": sent, "token": text, "findings": [*found(text, sent)]} for name, sent, text in made]


def found(text, sent):
    return map(str, judge_receipt(text, SENT_AS[sent], anchors=ANCHORS, arrived_at=NOW + 1).findings)


def calls() -> list[JsonObject]:
    signer, other = RepeatableSigner(COCKPIT_KEY), RepeatableSigner(OTHER_KEY)

    def proof(key=signer, *, method="POST", url=URL, jti="AAECAwQFBgcICQoLDA0ODw", issued_at=NOW, nonce=None):
        return sign_dpop_proof(key, method=method, url=url, jti=jti, issued_at=issued_at, nonce=nonce)

    return [
        {"name": "good", "proof": proof(), "thumbprint": PUBLIC.thumbprint()},
        {"name": "with a nonce", "proof": proof(nonce="n-1"), "thumbprint": PUBLIC.thumbprint()},
        {"name": "of another receipt", "proof": proof(other), "thumbprint": OTHER},
        {"name": "a minute old", "proof": proof(issued_at=NOW - 60), "thumbprint": PUBLIC.thumbprint()},
        {"name": "older", "proof": proof(issued_at=NOW - 61), "thumbprint": None},
        {"name": "from the future", "proof": proof(issued_at=NOW + 61), "thumbprint": None},
        {"name": "another method", "proof": proof(method="GET"), "thumbprint": None},
        {"name": "another path", "proof": proof(url=f"{COCKPIT}/usage"), "thumbprint": None},
        {"name": "a jti that can be guessed", "proof": proof(jti="1"), "thumbprint": None},
    ]


def places() -> list[JsonObject]:
    listed = Place(COCKPIT, COCKPIT, COCKPIT, None)
    unlisted = Place(COCKPIT, COCKPIT, None, "https://agency.example/answers")
    other = f"{COCKPIT}7"
    made = [
        listed,
        unlisted,
        unlisted._replace(elsewhere=(COCKPIT,)),
        listed._replace(matches=False),
        listed._replace(endpoint=f"{COCKPIT}?c=7", announced=f"{COCKPIT}?c=7"),
        listed._replace(endpoint=other),
        listed._replace(endpoint=other, announced=other),
        unlisted._replace(answered_at=None),
        unlisted._replace(answered_at="https://www.agency.example/answers"),
        unlisted._replace(elsewhere=(other,)),
    ]
    return [{**place._asdict(), "elsewhere": [*place.elsewhere], "not_called": not_called(place)} for place in made]


def not_called(place):
    try:
        check_callable(place)
    except MustNotCall as refusal:
        return str(refusal.reason)
    return None


def in_person() -> JsonObject:
    reader, device = seeded_key(6301), seeded_key(6302)
    transcript = bytes.fromhex("d81845") + b"\x83\xf6\xf6\x61x"
    claim = derive_claim(reader.agree(device.public_key), transcript)
    return {
        "reader_key": private_jwk(reader),
        "device_key": private_jwk(device),
        "session_transcript_bytes": encode_base64url(transcript),
        "claim": encode_base64url(claim),
        "kept_by_the_reader": hash_claim(claim),
    }


def retentions() -> list[JsonObject]:
    values: list[Any] = ["none", "P1D", "P1M", "P1Y2M10DT2H30M", "P4W", {"from": {"en": "the end"}, "for": "P10Y"}]
    made = []
    for value in values:
        retention = Retention.from_fields(Fields({"retention": value}, "receipt"), "retention")
        made.append({"retention": value, "ends": retention.ends(NOW), "ends_earliest": retention.ends_earliest(NOW)})
    return [*made, *[{"retention": value, "ends": "refused"} for value in ("", "P", "P1DT", "P1W1D", "-P1D", "P1.5D")]]


def made() -> JsonObject:
    full = token()
    return {
        "about": "Vectors of docs/sovereignty/receipts.md. Keys are published: never use them.",
        "time": NOW,
        "arrived_at": NOW + 1,
        "partners": {each.organisation.identifier: each.to_dict() for each in PARTNERS.values()},
        "cockpit_key": private_jwk(COCKPIT_KEY),
        "endpoints": {"good": [COCKPIT], "ignored": [value for value in MALFORMED if len(str(value)) < 100]},
        "key": {"member": key_member(OF_ONE), "field": key_field(OF_ONE), "thumbprint": PUBLIC.thumbprint()},
        "calls": {"method": "POST", "url": URL, "proofs": calls()},
        "unlinkable": places(),
        "in_person": in_person(),
        "evidence": {
            "request": REQUEST,
            "dcql_query": QUERY.to_dict(),
            "vp_token": {id_: [*presentations] for id_, presentations in VP_TOKEN.items()},
            "shown": {id_: [*shown] for id_, shown in SHOWN.items()},
            "hashes": {
                "request": EVIDENCE.request,
                "presentations": WIRE["presentations"],
                "claims": WIRE["claims"],
            },
        },
        "documents": documents(),
        "registration": REGISTRATION.to_claims(),
        "registration_behind_an_intermediary": ASKED_FOR_THE_BANK.to_claims(),
        "sent": {"client_id": CLIENT, "requester": AGENCY.to_dict(), "announced": COCKPIT, "sent_at": SENT.sent_at},
        "retentions": retentions(),
        "receipt": {"claims": RECEIPT.to_claims(), "iso_27560": write_27560(RECEIPT, full, "en")},
        "receipts": receipts(),
    }


def documents() -> list[JsonValue]:
    """What both sides know of a document that an issuer gave, in either format; `says` is without technical members."""
    asked: JsonObject = {
        "credential_configuration_id": "card",
        "proofs": {"jwt": ["eyJhbGciOiJFUzI1NiJ9.e30.c2ln"]},
        **issuance_member(COCKPIT_KEY.public_key),
    }
    of_person: JsonObject = {"given_name": "Erika", "address": {"locality": "Köln"}, "nationalities": ["DE"]}
    found: list[JsonValue] = []
    for format_id, says in (
        ("dc+sd-jwt", of_person),
        ("mso_mdoc", {"org.example.1": of_person, "org.example.2": {"a": 1}}),
    ):
        copies = (f"{format_id} copy 1", f"{format_id} copy 2")
        evidence = evidence_of_issuance(hash_request(asked), "card", copies, says, depth=format_of(format_id).depth)
        found.append(
            {
                "format": format_id,
                "credential_request": asked,
                "credentials": [*copies],
                "says": says,
                "hashes": {
                    "request": evidence.request,
                    "presentations": {id_: [*hashes] for id_, hashes in evidence.presentations.items()},
                    "claims": write_claims_by_query(evidence.claims),
                },
            }
        )
    return found


def test_the_vectors_are_current():
    check_current(FILE, made())


VECTORS: dict[str, Any] = json.loads((FOLDER / FILE).read_bytes()) if (FOLDER / FILE).exists() else made()


def named(vectors):
    return pytest.mark.parametrize("vector", vectors, ids=lambda vector: str(vector.get("name", "")))


@named(VECTORS["receipts"])
def test_a_receipt_has_its_findings(vector):
    assert [*found(vector["token"], vector["sent"])] == vector["findings"]


def test_every_finding_that_there_is_has_a_vector():
    assert {finding for vector in VECTORS["receipts"] for finding in vector["findings"]} == set(map(str, Finding))


@named(VECTORS["calls"]["proofs"])
def test_a_proof_is_taken_or_refused(vector):
    if vector["thumbprint"] is None:
        with pytest.raises(ProtocolError):
            verify_call(vector["proof"], method="POST", url=URL, now=NOW)
    else:
        assert verify_call(vector["proof"], method="POST", url=URL, now=NOW).thumbprint == vector["thumbprint"]


def test_endpoints_are_read_or_ignored():
    for endpoint in VECTORS["endpoints"]["good"]:
        assert read_cockpit_endpoint(endpoint, "x") == endpoint
    for endpoint in VECTORS["endpoints"]["ignored"]:
        with pytest.raises(Malformed):
            read_cockpit_endpoint(endpoint, "x")


def test_the_key_is_read_in_both_forms():
    key = PublicKey.from_jwk({name: value for name, value in VECTORS["cockpit_key"].items() if name != "d"})
    found = read_key_member(VECTORS["key"]["member"])
    assert (
        found
        == read_key_field(VECTORS["key"]["field"])
        == CockpitKey(key, VECTORS["key"]["member"]["cockpit_key"]["kid"])
    )


def test_the_evidence_is_computed_from_what_was_sent():
    given = VECTORS["evidence"]
    query = DcqlQuery.from_dict(given["dcql_query"], "dcql_query")
    evidence = evidence_of_answer(given["request"], query, given["vp_token"], given["shown"])
    assert evidence == EVIDENCE
    assert evidence.request == given["hashes"]["request"]


@pytest.mark.parametrize("given", VECTORS["documents"], ids=lambda given: given["format"])
def test_the_evidence_of_a_document_is_computed_from_what_was_asked_and_came(given):
    request = CredentialRequest.from_dict(given["credential_request"])
    assert request.hash == given["hashes"]["request"]
    assert request.cockpit_key == COCKPIT_KEY.public_key
    depth = format_of(given["format"]).depth
    evidence = evidence_of_issuance(request.hash, "card", tuple(given["credentials"]), given["says"], depth=depth)
    assert dict(evidence.presentations) == {id_: tuple(one) for id_, one in given["hashes"]["presentations"].items()}
    assert write_claims_by_query(evidence.claims) == given["hashes"]["claims"]


def test_the_receipt_is_read():
    assert Receipt.from_fields(Fields(VECTORS["receipt"]["claims"], "receipt")) == RECEIPT
