"""One partner as a whole: what was given and what was got, and where each right and each complaint begins."""

from protocol.sovereignty.partner_directory import Witnessed, WitnessedPartner
from tests.support.partners import AGENCY, COCKPIT
from tests.support.pki import NOW
from tests.wallet.disclosures import disclosure
from tests.wallet.policy.test_timeline import entry
from wallet.disclosure_records import DisclosedDocument, KeptReceipt, KnownFinding, UsageKnown
from wallet.policy.cockpit.partner import (
    RightsAt,
    broken_elsewhere,
    complaint_at,
    documents_of,
    findings_of,
    given_to,
    registered_as,
    rights_at,
)
from wallet.policy.cockpit.timeline import Timelines

RECEIPT = KeptReceipt("a.b.c", NOW, ("unreadable",), "", "good")


def card(number, kind="card", **changes):
    document = DisclosedDocument(kind, kind.title(), f"urn:{kind}:1")
    return disclosure(f"c{number}", log_number=number, issued=True, documents=(document,), **changes)


def given(number, **changes):
    return disclosure(f"g{number}", log_number=number, **changes)


def test_of_a_document_that_was_renewed_the_newest_receipt_counts():
    known = [card(1), given(2), card(3, "pass"), card(4)]
    assert [one.log_number for one in documents_of(known)] == [4, 3]
    assert [one.log_number for one in given_to(known)] == [2]


def test_rights_begin_at_what_was_given_and_at_what_was_got():
    log = (entry(1, "received"), entry(2), entry(3, "declined"), entry(4, "received"), entry(5))
    items = Timelines().of(log, (), NOW).items
    assert rights_at(items, {1, 4}) == RightsAt(given=5, got=4)
    assert rights_at(items, {1}) == RightsAt(given=5, got=1)
    assert rights_at(items[1:2], {4}) == RightsAt(given=0, got=4)
    assert rights_at((), {1}) == RightsAt(0, 0)


def test_a_complaint_begins_at_what_was_found_last_or_else_at_what_was_signed_last():
    usage = UsageKnown(findings=(KnownFinding("gap", NOW + 9),))
    found = (card(1, receipt=RECEIPT, usage=usage), given(2), card(3))
    log = (entry(1, "received"), entry(2), entry(3, "received"))
    findings = findings_of(Timelines().of(log, found, NOW + 10).items)
    assert {item.number for item in findings} == {1}
    assert complaint_at(findings, found) == 1
    # Of a document without a receipt there is nothing that somebody signed
    assert complaint_at((), found) == 2
    assert complaint_at((), (card(3),)) == 0


def test_a_log_that_broke_is_told_once_where_it_is_found_and_else_with_the_partner():
    old = f"{COCKPIT}/old"
    partner = WitnessedPartner(
        AGENCY, (Witnessed(COCKPIT, (), NOW), Witnessed(old, (), NOW), Witnessed(f"{COCKPIT}/2"))
    )
    assert broken_elsewhere(partner, [given(1)]) == (old,)
    assert broken_elsewhere(partner, [given(1, announced="https://agency.example/3")]) == (COCKPIT, old)
    assert broken_elsewhere(None, [given(1)]) == ()


def test_who_showed_no_registration_is_registered_as_nobody_knows_what():
    assert registered_as([given(1), card(2)]) is None
