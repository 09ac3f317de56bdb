"""What is kept of an answer, in the words of the protocol: who asked, which claims, and whether a receipt is theirs."""

import pytest

from protocol.oid4vp.request_object import Unauthenticated
from protocol.sovereignty.receipt_check import PROMISED_WITHIN, Absence, Finding
from protocol.trust.anchors import TrustedParty
from protocol.trust.registration import sign_registration
from tests.protocol.sovereignty.disclosures import ASKED_FOR_THE_BANK, RECEIPT, signed
from tests.support.partners import AGENCY, BANK, TOWN, known_partners
from tests.support.pki import NOW, make_pki
from tests.wallet.disclosures import disclosure
from wallet.disclosure_records import KeptReceipt
from wallet.policy.cockpit.disclosed import absence_of, partner_of, path_text, read_path, receipt_of, requesters_of


def party(*chain):
    return TrustedParty("Agency", "Test authority", "CN=Agency", (), (), (), chain, ())


def kept(*findings):
    return KeptReceipt(signed(), NOW + 1, findings)


def test_who_asks_is_whom_the_certificate_names_and_nobody_without_one():
    assert requesters_of(party(known_partners()[AGENCY].leaf.certificate)) == (AGENCY,)
    # Known by an identifier, known by nothing, and a certificate that names nobody who is registered
    for unknown in (party(), Unauthenticated("shop.example"), party(make_pki().leaf.certificate)):
        assert requesters_of(unknown) == ()


def test_the_data_are_of_whoever_is_registered_for_them_and_else_of_whoever_asked():
    assert partner_of(disclosure().sent) == AGENCY
    town = known_partners()[TOWN]
    registration = sign_registration(ASKED_FOR_THE_BANK, town.signer, town.x5c)
    assert partner_of(disclosure(registration=registration).sent) == BANK


@pytest.mark.parametrize("path", [("family_name",), ("nationalities", None), ("children", 0, "name")])
def test_a_path_is_kept_as_it_was(path):
    assert read_path(path_text(path)) == path


@pytest.mark.parametrize("text", ["{}", '"family_name"', "null", "7"])
def test_what_is_no_path_was_not_written_here(text):
    with pytest.raises(TypeError):
        read_path(text)


def test_a_receipt_says_something_where_it_is_theirs():
    assert receipt_of(disclosure(receipt=kept())) == RECEIPT
    # It differs from what was sent, and is theirs all the same
    assert receipt_of(disclosure(receipt=kept(Finding.PURPOSE))) == RECEIPT
    for findings in ((Finding.SIGNER,), (Finding.UNREADABLE,), (Finding.PURPOSE, Finding.SIGNER)):
        assert receipt_of(disclosure(receipt=kept(*findings))) is None
    assert receipt_of(disclosure()) is None


def test_a_receipt_that_came_is_missed_no_more_whatever_is_wrong_with_it():
    late = NOW + PROMISED_WITHIN
    assert absence_of(disclosure(), NOW) is Absence.AWAITED
    assert absence_of(disclosure(), late) is Absence.PROMISED
    for findings in ((), (Finding.SIGNER,)):
        assert absence_of(disclosure(receipt=kept(*findings)), late) is None
