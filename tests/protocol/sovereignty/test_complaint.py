"""A complaint: about one partner, with what was signed as it was signed, and no value that the citizen did not add."""

from dataclasses import replace

import pytest
from hypothesis import given

from protocol.encoding import encode_json
from protocol.errors import Malformed, NotAuthentic, ProtocolError, TooLarge
from protocol.jws import sign_jws
from protocol.sovereignty.complaint import (
    MAX_BUNDLE,
    Complaint,
    Finding,
    ReceiptEvidence,
    ReportedParty,
    read_complaint,
    write_complaint,
)
from protocol.sovereignty.contact import Letter
from protocol.sovereignty.signing import sign_as_organisation
from protocol.trust.registration import Contact
from tests.support.partners import AGENCY, BANK, RECEIPT, known_partners
from tests.support.pki import NOW
from tests.support.strategies import almost


def signed(typ, organisation=BANK, **claims):
    pki = known_partners()[organisation]
    return sign_as_organisation(typ, {"iat": NOW, **claims}, pki.signer, pki.x5c)


DISCLOSURE = signed("disclosure-receipt+jwt", jti=RECEIPT)
REPORT = signed("usage-report+jwt", receipt=RECEIPT)
STATUS = signed("rights-status+jwt", state="refused")
LEAST = Complaint(
    NOW,
    ReportedParty(BANK, "Muster Bank"),
    "de",
    Letter("Beschwerde", "Guten Tag"),
    request="eyJhbGciOiJFUzI1NiJ9.e30.AA",
)
WHOLE = replace(
    LEAST,
    through=ReportedParty(AGENCY, "Relay"),
    authority=Contact("post@aufsicht.example", None, "https://aufsicht.example"),
    certificates=known_partners()[BANK].x5c,
    registration="eyJ0eXAiOiJyYy13cnArand0In0.e30.AA",
    beyond={"pid": (("birthdate",), ("nationalities", None))},
    receipts=(ReceiptEvidence(DISCLOSURE, (REPORT, signed("usage-report+jwt", AGENCY, receipt=RECEIPT)), (STATUS,)),),
    findings=(Finding("erased_in_time", "Die Frist ist vorbei.", RECEIPT), Finding("over_asking", "Zu viel gefragt.")),
    added={"presentation": "was ich selbst beilege"},
)


@pytest.mark.parametrize("complaint", [LEAST, WHOLE], ids=["least", "whole"])
def test_a_complaint_is_read_as_it_was_written(complaint):
    assert read_complaint(write_complaint(complaint)) == complaint


def test_a_request_that_was_refused_is_enough_and_nothing_is_not():
    assert read_complaint(write_complaint(LEAST)).receipts == ()
    with pytest.raises(ValueError, match="request or a receipt"):
        write_complaint(replace(LEAST, request=None))


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(ReceiptEvidence(signed("disclosure-receipt+jwt", AGENCY, jti=RECEIPT)), id="another's receipt"),
        pytest.param(ReceiptEvidence(DISCLOSURE, (signed("usage-report+jwt", AGENCY, receipt=RECEIPT),)), id="report"),
        pytest.param(ReceiptEvidence(DISCLOSURE, (), (signed("rights-status+jwt", AGENCY),)), id="another's status"),
        pytest.param(ReceiptEvidence(DISCLOSURE, (signed("usage-report+jwt", receipt="other"),)), id="other receipt"),
        pytest.param(ReceiptEvidence(DISCLOSURE, (), (signed("rights-answer+jwt"),)), id="an answer with values"),
        pytest.param(ReceiptEvidence(signed("vp+jwt", jti=RECEIPT)), id="a presentation"),
        pytest.param(ReceiptEvidence("a.b.c"), id="no token"),
    ],
)
def test_nothing_of_another_partner_and_no_value_gets_in(evidence):
    with pytest.raises(ValueError):  # noqa: PT011  # each has its own words
        write_complaint(replace(LEAST, receipts=(evidence,)))
    with pytest.raises(ProtocolError):
        Complaint.from_dict(replace(LEAST, receipts=(evidence,)).to_dict())


def test_evidence_says_by_certificate_who_signed_it():
    bare = sign_jws({"typ": "disclosure-receipt+jwt"}, encode_json({"jti": RECEIPT}), known_partners()[BANK].signer)
    with pytest.raises(NotAuthentic):
        Complaint.from_dict(replace(LEAST, receipts=(ReceiptEvidence(bare),)).to_dict())


def test_a_receipt_is_there_once_and_findings_are_about_those():
    one = ReceiptEvidence(DISCLOSURE)
    with pytest.raises(Malformed, match="twice"):
        Complaint.from_dict(replace(LEAST, receipts=(one, one)).to_dict())
    with pytest.raises(Malformed, match="not among"):
        Complaint.from_dict(replace(LEAST, findings=(Finding("r", "t", RECEIPT),)).to_dict())


def test_another_format_is_refused():
    with pytest.raises(Malformed, match="format"):
        Complaint.from_dict({**LEAST.to_dict(), "format": "hoheit-complaint-2"})
    with pytest.raises(TooLarge):
        read_complaint(bytes(MAX_BUNDLE + 1))


@given(almost(WHOLE.to_dict()))
def test_no_input_escapes_the_error_family(file):
    try:
        complaint = Complaint.from_dict(file)
    except ProtocolError:
        return
    assert Complaint.from_dict(complaint.to_dict()) == complaint
