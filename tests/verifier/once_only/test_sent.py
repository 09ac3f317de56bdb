"""What an agency may say of a case, and what was sent as it is kept."""

import pytest

from protocol.errors import Malformed, TooLarge
from protocol.fields import Fields
from verifier.once_only.case import CaseState
from verifier.once_only.sent import Decision, Told, read_told, write_told

OFFER = "openid-credential-offer://?credential_offer_uri=https://office.example/offer"


def read(**members):
    return Decision.from_fields(Fields(members, "decision"))


def test_whoever_grants_may_say_nothing_and_may_offer_a_document():
    assert read(state="granted") == Decision(CaseState.GRANTED, Told())
    assert read(state="granted", offer=OFFER).told == Told("", OFFER)
    assert read(state="granted", offer="https://office.example/offer").told.offer == "https://office.example/offer"
    assert read(state="refused", text=" Too late.\r\n ").told == Told("Too late.")


@pytest.mark.parametrize(
    ("members", "at"),
    [
        ({"state": "received"}, "state"),
        ({"state": "lost", "text": "x"}, "state"),
        ({"state": "refused"}, "text"),
        ({"state": "needs_more", "text": " \n"}, "text"),
        ({"state": "refused", "text": "no", "offer": OFFER}, "offer"),
        ({"state": "granted", "offer": "javascript:alert(1)"}, "offer"),
        ({"state": "granted", "offer": "http://office.example/offer"}, "offer"),
        ({"state": "granted", "offer": "https://"}, "offer"),
        ({"state": "granted", "text": "<b>yes</b>"}, "text"),
    ],
)
def test_what_no_citizen_could_be_told_is_refused_with_its_place(members, at):
    with pytest.raises(Malformed) as refused:
        read(**members)
    assert refused.value.at == f"decision.{at}"


def test_an_offer_that_is_no_link_is_told_so_in_its_own_words():
    for offer in ("javascript:alert(1)", "http://office.example/offer"):
        with pytest.raises(Malformed, match="must be the link of a credential offer"):
            read(state="granted", offer=offer)


def test_words_and_offer_together_fit_into_what_a_wallet_fetches():
    offer = f"{OFFER}/{'a' * 3000}"
    assert read(state="granted", text="ä" * 900, offer=offer).told.offer == offer
    with pytest.raises(TooLarge):
        read(state="granted", text="ä" * 1100, offer=offer)


def test_what_is_told_reads_back_as_it_was():
    for told in (Told(), Told("Granted"), Told("", OFFER)):
        assert read_told(write_told(told)) == told
