"""A receipt in the member names of ISO/IEC TS 27560."""

import json
from dataclasses import replace

import pytest

from protocol.fields import Fields
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.receipt import LegalBasis
from protocol.sovereignty.receipt_27560 import write_27560
from tests.protocol.sovereignty.disclosures import LEAST, RECEIPT, SECRET, signed
from tests.support.partners import AGENCY, COCKPIT, TOWN


def exported(receipt=RECEIPT, language="en"):
    return write_27560(receipt, signed(receipt), language)


def purpose_of(form):
    (purpose,) = form["receipt_content"]["pii_processing"]["purposes"]
    return purpose


def test_the_form_has_the_sections_and_members_of_the_specification():
    form = exported()
    assert form["receipt_metadata"] == {"schema_version": "ISO/IEC TS 27560:2023", "receipt_id": RECEIPT.id}
    content = form["receipt_content"]
    assert list(content) == ["record_metadata", "pii_processing", "party_identification", "event"]
    assert content["record_metadata"]["record_id"] == RECEIPT.id
    assert content["pii_processing"]["privacy_notice"] == RECEIPT.controller.privacy_policy
    assert purpose_of(form)["pii_information"] == [
        {"pii_type": "family_name", "pii_attribute_id": "pid:family_name"},
        {"pii_type": "nationalities.*", "pii_attribute_id": "pid:nationalities.*"},
    ]
    assert purpose_of(form)["lawful_basis"] == "GDPR Art. 6(1)(e) public_task"
    assert purpose_of(form)["recipient_third_parties"] == [TOWN.identifier]
    assert purpose_of(form)["services"] == ["child-benefit"]
    assert content["event"] == [
        {
            "event_time": "2027-01-15T08:00:00Z",
            "validity_duration": "P1Y",
            "entity_id": content["record_metadata"]["pii_principal_id"],
            "event_type": "explicit",
            "event_state": "accepted",
        }
    ]


def test_every_party_that_is_spoken_of_is_identified():
    parties = {party["party_id"]: party for party in exported()["receipt_content"]["party_identification"]}
    assert list(parties) == [AGENCY.identifier, "dpo", "authority", TOWN.identifier]
    assert parties[AGENCY.identifier]["party_email"] == "data@agency.example"
    assert parties["authority"]["party_phone"] == "+49 123"


def test_consent_is_given_and_can_be_withdrawn():
    form = exported(replace(RECEIPT, legal_basis=LegalBasis.CONSENT))
    assert purpose_of(form)["withdrawal_method"] == COCKPIT
    assert form["receipt_content"]["event"][0]["event_state"] == "given"
    assert "withdrawal_method" not in purpose_of(exported())


def test_the_principal_is_the_key_of_one_response_or_nobody():
    assert RECEIPT.key in exported()["receipt_content"]["record_metadata"]["pii_principal_id"]
    assert exported(LEAST)["receipt_content"]["record_metadata"]["pii_principal_id"] == LEAST.id


@pytest.mark.parametrize(
    ("retention", "said"),
    [("none", "P0D"), ("P1M", "P1M"), ({"from": {"de": "Ende", "en": "the end"}, "for": "P1M"}, "P1M from: the end")],
)
def test_how_long_it_is_kept(retention, said):
    kept = Retention.from_fields(Fields({"r": retention}, "x"), "r")
    assert purpose_of(exported(replace(RECEIPT, retention=kept)))["retention_period"] == said


def test_texts_are_in_the_language_that_is_asked():
    assert purpose_of(exported(language="de"))["purpose"] == "Kindergeld berechnen"
    assert purpose_of(exported(language="fr"))["purpose"] == "To work out child benefit"


@pytest.mark.parametrize("basis", LegalBasis)
def test_every_basis_has_its_article(basis):
    assert str(basis) in purpose_of(exported(replace(RECEIPT, legal_basis=basis)))["lawful_basis"]


def test_the_signed_receipt_goes_along_and_no_value_does():
    raw = signed()
    form = write_27560(RECEIPT, raw, "en")
    assert form["proof"] == raw
    assert SECRET not in json.dumps(form)
