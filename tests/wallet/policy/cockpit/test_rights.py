"""What is asked of a partner has its bounds, stands once in what is kept, and is shown again to nobody else."""

from dataclasses import replace

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.errors import Conflict, Malformed, NotForThisRequest, TooLarge
from protocol.oid4vp.link import read_link
from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.rights import MAX_OWN_WORDS, Right
from protocol.sovereignty.rights_status import Presentation, RightsStatus, State
from tests.protocol.sovereignty.disclosures import RECEIPT, signed
from tests.support.partners import AGENCY, BANK, COCKPIT, COCKPIT_KEY, ENC_KEY
from tests.support.pki import NOW
from tests.wallet.counterparts import dcql
from tests.wallet.disclosures import disclosure
from wallet.disclosure_records import KeptReceipt, RightsAsked
from wallet.policy.cockpit.rights import (
    MAX_ASKED,
    Wish,
    check_again,
    link_to_present,
    make_request,
    request_of,
    with_asked,
)

PID, CLIENT = "urn:eudi:pid:1", f"x509_hash:{'A' * 43}"
NAME = {"pid": (("family_name",),)}
GIVEN = disclosure(receipt=KeptReceipt(signed(), NOW + 1, ()))
AGAIN = Presentation("https://agency.example/request/1", CLIENT)
STATUS = RightsStatus("i" * 22, "A" * 43, Right.ACCESS, State.PRESENT_AGAIN, first_due(NOW), NOW, presentation=AGAIN)


def asks(wish, about=GIVEN):
    """What is sent."""
    key = ENC_KEY.to_scalar().hex()
    return make_request(about, RECEIPT, wish, COCKPIT_KEY, endpoint=COCKPIT, id_="j" * 22, key=key, now=NOW)


def asked(id_):
    return RightsAsked(id_, "erasure", NOW, "a.b.c", "")


def test_a_wish_travels_as_it_was_said():
    says = request_of(asks(Wish(Right.ACCESS, NAME, "x" * MAX_OWN_WORDS)))
    assert (says.right, says.claims, says.text) == (Right.ACCESS, NAME, "x" * MAX_OWN_WORDS)
    assert says.enc_key == ENC_KEY.public_key
    says = request_of(asks(Wish(Right.ERASURE)))
    assert (says.claims, says.text, says.enc_key) == (None, None, None)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (Wish(Right.ERASURE, text="x" * (MAX_OWN_WORDS + 1)), TooLarge),
        (Wish(Right.ERASURE, {}), Malformed),
        (Wish(Right.ERASURE, {"pid": (("birthdate",),)}), Malformed),
    ],
    ids=["words", "nothing", "not-given"],
)
def test_a_wish_about_nothing_or_other_data_or_with_too_many_words_is_none(wish, error):
    with pytest.raises(error):
        asks(wish)


def test_so_much_is_asked_about_one_answer_and_no_more():
    several = [asked(f"{number:022}") for number in range(MAX_ASKED)]
    assert asks(Wish(Right.ERASURE), replace(GIVEN, rights=tuple(several[1:])))
    with pytest.raises(Conflict):
        asks(Wish(Right.ERASURE), replace(GIVEN, rights=tuple(several)))


def test_what_is_known_of_a_request_takes_its_place_and_a_new_one_comes_last():
    first, second = asked("first"), asked("second")
    both = with_asked(with_asked(GIVEN, first), second)
    assert both.rights == (first, second)
    answered = replace(first, looked_at=NOW + 1)
    assert with_asked(both, answered).rights == (answered, second)


def test_a_partner_who_wants_the_data_again_says_where():
    link = read_link(link_to_present(STATUS))
    assert (str(link.client_id), link.request_uri) == (CLIENT, AGAIN.request_uri)


@pytest.mark.parametrize("state", [one for one in State if one is not State.PRESENT_AGAIN])
def test_a_partner_who_does_not_want_them_again_has_no_link(state):
    # Also where the place is still there
    for changed in (replace(STATUS, state=state, presentation=None), replace(STATUS, state=state)):
        with pytest.raises(Conflict):
            link_to_present(changed)


def test_what_was_given_is_shown_again_to_whom_it_was_given_and_no_more_of_it():
    same, more = (
        DcqlQuery.from_dict({"credentials": [dcql((name,), vct=PID)]}) for name in ("family_name", "birthdate")
    )
    check_again(GIVEN, same, (AGENCY,))
    check_again(disclosure(), same, (BANK, AGENCY))
    for asks_again in ((), (BANK,)):
        with pytest.raises(NotForThisRequest, match="somebody else"):
            check_again(GIVEN, same, asks_again)
    with pytest.raises(NotForThisRequest, match="more than the receipt"):
        check_again(GIVEN, more, (AGENCY,))
