"""A complaint is about one partner, of a size that an authority takes, and made of what can be read."""

from dataclasses import replace

import pytest

from protocol.encoding import encode_base64url, encode_json
from protocol.errors import Conflict, TooLarge
from protocol.sovereignty.complaint import MAX_RECEIPTS, read_complaint
from protocol.sovereignty.receipt_check import Finding
from protocol.trust.registration import sign_registration
from tests.protocol.sovereignty.disclosures import RECEIPT, REGISTRATION, signed
from tests.support.partners import AGENCY, BANK, TOWN, known_partners
from tests.support.pki import NOW
from tests.wallet.counterparts import dcql
from tests.wallet.disclosures import disclosure
from wallet.disclosure_records import KeptReceipt
from wallet.policy.cockpit.complaining import MAX_OWN_WORDS, Ground, asked_by_disclosure, complain

GIVEN = disclosure(receipt=KeptReceipt(signed(), NOW + 1, ()))
CLAIMS = {"dcql_query": {"credentials": [dcql(("birthdate",))]}}
ASKS_FOR_A_BIRTHDATE = ".".join(
    encode_base64url(part) for part in (b'{"alg":"ES256"}', encode_json(CLAIMS), b"signature")
)
SAID = Ground("purpose", "It is used for something else.", GIVEN)


def complains(*about, grounds=(SAID,), own_words="", asked=None):
    """Put it together."""
    about = about or (GIVEN,)
    asked = asked or asked_by_disclosure(about[0])
    return complain(asked, about, grounds, number=1, language="en", own_words=own_words, now=NOW)


def test_who_asked_for_themselves_asked_through_nobody():
    asked = asked_by_disclosure(GIVEN)
    assert (asked.partner, asked.through, asked.through_name) == (AGENCY, None, "")


def test_a_complaint_has_the_receipt_and_what_is_wrong_with_it():
    made = complains()
    complaint = read_complaint(made.file)
    assert complaint == made.complaint
    assert [one.receipt for one in complaint.receipts] == [GIVEN.receipt.raw]
    assert [(one.rule, one.receipt) for one in complaint.findings] == [("purpose", RECEIPT.id)]


def test_a_receipt_that_is_not_theirs_or_never_came_is_not_in_it():
    """What nobody signed would be held against them."""
    strange = replace(GIVEN, receipt=KeptReceipt(signed(), NOW + 1, (Finding.SIGNER,)))
    for about in (strange, disclosure()):
        complaint = complains(about, grounds=(replace(SAID, disclosure=about),)).complaint
        assert complaint.receipts == ()
        assert [one.receipt for one in complaint.findings] == [None]


def test_what_was_asked_beyond_a_registration_is_told_where_there_was_one():
    town = known_partners()[TOWN]
    registration = sign_registration(REGISTRATION, town.signer, town.x5c)
    about = replace(GIVEN, sent=replace(GIVEN.sent, request=ASKS_FOR_A_BIRTHDATE))
    complaint = complains(about).complaint
    assert (complaint.registration, complaint.authority, complaint.beyond) == (None, None, None)
    shown = replace(about, sent=replace(about.sent, registration=registration))
    complaint = complains(shown).complaint
    assert (complaint.registration, complaint.authority) == (registration, REGISTRATION.supervisory_authority)
    assert complaint.beyond == {"pid": ()}  # nothing of this document was registered
    # A request that cannot be read asks for nothing that anybody could name
    unread = replace(shown, sent=replace(shown.sent, request=GIVEN.sent.request))
    assert complains(unread).complaint.beyond is None


def test_it_is_about_one_partner():
    other = disclosure("other", requesters=((BANK.identifier, BANK.country),))
    for about in ((GIVEN, other), (other, GIVEN)):
        with pytest.raises(Conflict, match="one partner"):
            complains(*about)


@pytest.mark.parametrize("words", ["", " \n\t\n"])
def test_about_nothing_there_is_none(words):
    with pytest.raises(Conflict, match="nothing to complain about"):
        complains(grounds=(), own_words=words)
    with pytest.raises(Conflict, match="nothing to complain about"):
        complains(grounds=(replace(SAID, text=" "),), own_words=words)


def test_words_and_answers_have_their_bounds():
    assert complains(own_words="x" * MAX_OWN_WORDS)
    with pytest.raises(TooLarge):
        complains(own_words="x" * (MAX_OWN_WORDS + 1))
    several = [disclosure(f"d{number}") for number in range(MAX_RECEIPTS + 1)]
    assert complains(*several[1:])
    with pytest.raises(TooLarge):
        complains(*several)


def test_a_file_that_no_authority_would_read_is_not_made(monkeypatch):
    size = len(complains().file)
    monkeypatch.setattr("wallet.policy.cockpit.complaining.MAX_BUNDLE", size)
    assert len(complains().file) == size
    monkeypatch.setattr("wallet.policy.cockpit.complaining.MAX_BUNDLE", size - 1)
    with pytest.raises(TooLarge):
        complains()
