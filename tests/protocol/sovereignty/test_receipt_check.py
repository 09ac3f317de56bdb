"""Receipts that lie: each lie has its finding, and nothing that a verifier sends raises anything in the wallet."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import decode_base64url, encode_base64url
from protocol.fields import MAX_TIME
from protocol.jws import sign_jws
from protocol.sovereignty.canonical import hash_bytes
from protocol.sovereignty.receipt import TYP, Outcome
from protocol.sovereignty.receipt_check import (
    COLLECTABLE_FOR,
    PROMISED_WITHIN,
    TOLERANCE,
    Absence,
    Finding,
    absence,
    is_collectable,
)
from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.signing import Organisation, hash_text, sign_as_organisation
from protocol.trust.anchors import TrustAnchors
from tests.protocol.sovereignty.disclosures import (
    ASKED_FOR_THE_BANK,
    LEAST,
    RECEIPT,
    REGISTRATION,
    SENT,
    forged,
    judge,
    signed,
)
from tests.support.partners import AGENCY, BANK, COCKPIT, OTHER_KEY, TOWN, known_partners, partner
from tests.support.pki import DAY, NOW
from tests.support.strategies import flip

OTHER = hash_bytes(b"other")


def test_a_true_receipt_has_no_finding():
    judged = judge(signed())
    assert (judged.receipt, judged.findings, judged.problem) == (RECEIPT, (), "")
    assert judged.matches
    assert judged.signed is not None
    assert judged.signed.party.chain == known_partners()[AGENCY].certificates
    assert judged.hash == hash_text(judged.raw)


def test_a_receipt_without_key_is_evidence_of_an_answer_without_one():
    sent = replace(SENT, key=None, announced=None)
    assert judge(signed(LEAST), sent).matches


WIRE: dict[str, Any] = RECEIPT.to_claims()
CONTROLLER, PRESENTATIONS, CLAIMS = WIRE["controller"], WIRE["presentations"], WIRE["claims"]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        pytest.param(forged(iss="x509_hash:another"), Finding.ISSUER, id="another client"),
        pytest.param(forged(key=...), Finding.KEY_ABSENT, id="no key"),
        pytest.param(forged(key=OTHER_KEY.public_key.thumbprint()), Finding.KEY_SWAPPED, id="a swapped key"),
        pytest.param(forged(request=OTHER), Finding.REQUEST, id="another request"),
        pytest.param(forged(presentations={**PRESENTATIONS, "pid": [OTHER]}), Finding.PRESENTATIONS, id="another hash"),
        pytest.param(
            forged(presentations={**PRESENTATIONS, "card": PRESENTATIONS["card"][::-1]}),
            Finding.PRESENTATIONS,
            id="another order",
        ),
        pytest.param(
            forged(presentations={**PRESENTATIONS, "x": [OTHER]}), Finding.PRESENTATIONS, id="one that did not come"
        ),
        pytest.param(
            forged(claims={**CLAIMS, "pid": [["address"], *CLAIMS["pid"]]}), Finding.CLAIMS_NOT_SENT, id="a claim more"
        ),
        pytest.param(forged(claims={**CLAIMS, "x": []}), Finding.CLAIMS_NOT_SENT, id="a query more"),
        pytest.param(forged(claims={**CLAIMS, "pid": [["family_name"]]}), Finding.CLAIMS_LEFT_OUT, id="a claim less"),
        pytest.param(forged(claims={"pid": CLAIMS["pid"]}), Finding.CLAIMS_LEFT_OUT, id="a query less"),
        pytest.param(forged(controller={**CONTROLLER, **BANK.to_dict()}), Finding.CONTROLLER, id="other controller"),
        pytest.param(forged(controller={**CONTROLLER, "country": "AT"}), Finding.CONTROLLER, id="another country"),
        pytest.param(forged(controller={**CONTROLLER, "name": "Nobody"}), Finding.CONTROLLER, id="another name"),
        pytest.param(
            forged(controller={**CONTROLLER, "privacy_policy": "https://x.example"}), Finding.CONTROLLER, id="policy"
        ),
        pytest.param(forged(controller={**CONTROLLER, "contact": {}}), Finding.CONTROLLER, id="no contact"),
        pytest.param(forged(controller={**CONTROLLER, "authority": {}}), Finding.CONTROLLER, id="no authority"),
        pytest.param(forged(purpose={"en": "Advertising"}), Finding.PURPOSE, id="another purpose"),
        pytest.param(forged(purpose={"en": "To work out child benefit"}), Finding.PURPOSE, id="a language less"),
        pytest.param(forged(iat=SENT.sent_at - TOLERANCE - 1), Finding.TIME, id="too early"),
        pytest.param(forged(iat=NOW + 1 + TOLERANCE + 1), Finding.TIME, id="too late"),
        pytest.param(forged(cockpit_endpoint=f"{COCKPIT}/you"), Finding.ENDPOINT, id="another endpoint"),
        pytest.param(forged(cockpit_endpoint=...), Finding.ENDPOINT, id="no endpoint"),
        pytest.param(forged(outcome="rejected"), Finding.RETENTION, id="rejected and kept"),
        pytest.param(forged(log_until=NOW + 100 * DAY), Finding.LOG_UNTIL, id="a log that ends early"),
    ],
)
def test_each_lie_has_its_name(text, finding):
    judged = judge(text)
    assert judged.findings == (finding,)
    assert not judged.matches
    assert judged.raw == text  # it is evidence, as it came
    assert judged.receipt is not None


def test_a_key_that_was_never_sent_is_found():
    assert judge(signed(), replace(SENT, key=None)).findings == (Finding.KEY_SWAPPED,)


def test_several_lies_are_all_found():
    findings = judge(forged(request=OTHER, purpose={"en": "Advertising"})).findings
    assert findings == (Finding.REQUEST, Finding.PURPOSE)


def test_times_at_their_limits():
    for iat in (SENT.sent_at - TOLERANCE, NOW + 1 + TOLERANCE):
        assert judge(forged(iat=iat)).matches


def test_a_rejected_receipt_may_name_fewer_claims_and_no_others():
    kept = {"outcome": "rejected", "retention": "P1D"}
    assert judge(forged(**kept, claims={"pid": []})).matches
    assert judge(forged(**kept, claims={"pid": [["x"]]})).findings == (Finding.CLAIMS_NOT_SENT,)
    assert judge(forged(**kept, presentations={"pid": [OTHER]}, represented=...)).findings == (Finding.PRESENTATIONS,)
    assert Outcome("rejected") is Outcome.REJECTED


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        pytest.param(forged(BANK), Finding.SIGNER, id="somebody else"),
        pytest.param(forged(typ="usage-report+jwt"), Finding.UNREADABLE, id="another type"),
        pytest.param(forged(purpose=...), Finding.UNREADABLE, id="no purpose"),
        pytest.param(forged(legal_basis="because"), Finding.UNREADABLE, id="no legal basis"),
        pytest.param(forged(iat=...), Finding.UNREADABLE, id="no time"),
        pytest.param("", Finding.UNREADABLE, id="nothing"),
        pytest.param("x" * 70_000, Finding.UNREADABLE, id="too much"),
        pytest.param(
            sign_jws({"typ": "disclosure-receipt+jwt"}, b"{}", OTHER_KEY), Finding.SIGNER, id="no certificate"
        ),
    ],
)
def test_what_cannot_be_read_or_believed_is_a_finding_too(text, finding):
    judged = judge(text)
    assert (judged.receipt, judged.signed, judged.findings, judged.raw) == (None, None, (finding,), text)
    assert judged.problem


def test_whoever_is_not_trusted_gives_no_receipt():
    assert judge(signed(), anchors=TrustAnchors()).findings == (Finding.SIGNER,)


def test_a_certificate_has_to_be_valid_when_it_signed():
    leaf = known_partners()[AGENCY].certificates[0]
    late = forged(iat=leaf.not_after)
    assert judge(late, arrived_at=leaf.not_after).findings == (Finding.SIGNER,)
    assert judge(forged(iat=MAX_TIME)).findings == (Finding.SIGNER,)


def test_another_certificate_of_the_same_organisation_signs_as_well():
    renewed = partner(AGENCY, 6201)
    anchors = TrustAnchors([known_partners()[AGENCY].anchor, renewed.anchor])
    claims = RECEIPT.to_claims()
    assert judge(sign_as_organisation(TYP, claims, renewed.signer, renewed.x5c), anchors=anchors).matches


def test_an_identifier_counts_with_its_country_alone():
    other = replace(SENT, requesters=(Organisation(AGENCY.identifier, "AT"),), registration=None)
    assert judge(signed(), other).findings == (Finding.SIGNER,)


def test_behind_an_intermediary_both_may_sign_and_the_controller_is_whom_it_asks_for():
    sent = replace(SENT, registration=ASKED_FOR_THE_BANK)
    receipt = replace(RECEIPT, controller=Controller.from_registration(ASKED_FOR_THE_BANK))
    assert judge(signed(receipt), sent).matches
    assert judge(signed(receipt, BANK), sent).matches
    assert judge(signed(receipt, TOWN), sent).findings == (Finding.SIGNER,)
    assert judge(signed(), sent).findings == (Finding.CONTROLLER,)


def test_a_registration_that_names_another_intermediary_lets_nobody_else_sign():
    stranger = replace(SENT, requesters=(TOWN,), registration=ASKED_FOR_THE_BANK)
    assert judge(signed(organisation=BANK), stranger).findings == (Finding.SIGNER,)


def test_without_a_registration_the_controller_is_who_asked():
    sent = replace(SENT, registration=None)
    assert judge(signed(), sent).matches
    assert judge(forged(controller={**CONTROLLER, **BANK.to_dict()}), sent).findings == (Finding.CONTROLLER,)


def test_without_a_registered_purpose_any_may_be_named():
    sent = replace(SENT, registration=replace(REGISTRATION, purpose=()))
    assert judge(forged(purpose={"en": "Other"}), sent).matches


def test_in_person_the_registered_identifier_stands_for_the_client():
    sent = replace(SENT, client_id=None)
    assert judge(forged(iss=AGENCY.identifier), sent).matches
    assert judge(signed(), sent).findings == (Finding.ISSUER,)


@given(st.integers(0, 10**6), st.sampled_from([0, 1, 2]))
def test_a_flipped_bit_is_found(bit, part):
    parts = signed().split(".")
    parts[part] = encode_base64url(flip(decode_base64url(parts[part]), bit))
    assert not judge(".".join(parts)).matches


@given(st.text(max_size=200))
def test_nothing_raises(text):
    assert not judge(text).matches


def test_a_receipt_that_does_not_come():
    assert absence(None, sent_at=NOW, now=NOW) is Absence.NEVER_ANNOUNCED
    assert absence(COCKPIT, sent_at=NOW, now=NOW + PROMISED_WITHIN - 1) is Absence.AWAITED
    assert absence(COCKPIT, sent_at=NOW, now=NOW + PROMISED_WITHIN) is Absence.PROMISED
    assert is_collectable(NOW, now=NOW + COLLECTABLE_FOR - 1)
    assert not is_collectable(NOW, now=NOW + COLLECTABLE_FOR)
