"""A standing order decides when it ends and what it would send; it sends nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, ProtocolError
from protocol.sovereignty.forwarding import Recipient
from protocol.sovereignty.mandate_status import Ending
from protocol.sovereignty.recipient_terms import Change, RecipientTerms
from protocol.sovereignty.standing_order import (
    Ended,
    Held,
    Prepared,
    StandingOrder,
    Waiting,
    decide,
    revoke,
)
from tests.protocol.sovereignty.test_forwarding import ADDRESS, BANK_REGISTRATION, PLACE, STREET
from tests.support.partners import BANK, both
from tests.support.pki import DAY, NOW
from tests.support.strategies import almost

TERMS = RecipientTerms.from_registration(BANK_REGISTRATION, ADDRESS)
ORDER = StandingOrder(
    "order-0123456789abcdef", Recipient(BANK, "account"), ADDRESS, (STREET, PLACE), TERMS, NOW + 90 * DAY, 2
)
OLD = Held("copy-1", {"address": {"street": "Ring 1", "locality": "Köln"}, "since": "2020"})
NEW = Held("copy-2", {"address": {"street": "Markt 2", "locality": "Köln"}, "since": "2027"})


def prepared(order=ORDER, held=OLD, terms=TERMS, now=NOW):
    found = decide(order, held, terms, now=now)
    assert isinstance(found, Prepared)
    return found


def test_what_would_be_sent_is_shown_and_no_more():
    found = prepared()
    assert found.data == {"address": OLD.claims["address"]}
    assert (found.changed, found.missing) == ((STREET, PLACE), ())
    assert (found.order, found.order.sent, found.after.sent) == (ORDER, 0, 1)


def test_deciding_changes_nothing():
    assert prepared() == prepared()


def test_what_was_sent_is_not_sent_again_until_the_credential_is_another():
    sent = prepared().after
    assert decide(sent, OLD, TERMS, now=NOW) is Waiting.UNCHANGED
    found = prepared(sent, NEW)
    assert (found.data, found.changed) == ({"address": NEW.claims["address"]}, (STREET,))


def test_a_renewed_credential_with_the_same_values_says_so():
    found = prepared(prepared().after, Held("copy-2", OLD.claims))
    assert (found.changed, found.after.sent) == ((), 2)


def test_a_claim_that_is_gone_is_named():
    found = prepared(prepared().after, Held("copy-2", {"address": {"street": "Ring 1"}}))
    assert (found.missing, found.changed) == ((PLACE,), (PLACE,))


@pytest.mark.parametrize("held", [None, Held("copy-2", {}), Held("copy-2", {"since": "2027"})])
def test_without_the_data_an_order_waits(held):
    assert decide(ORDER, held, TERMS, now=NOW) is Waiting.NOT_HELD


def test_without_knowing_the_recipient_an_order_waits_and_sends_nothing():
    assert decide(ORDER, OLD, None, now=NOW) is Waiting.RECIPIENT_UNKNOWN
    assert decide(revoke(ORDER), OLD, None, now=NOW) == Ended(Ending.REVOKED)


@pytest.mark.parametrize(
    ("order", "terms", "now", "ended"),
    [
        pytest.param(revoke(ORDER), TERMS, NOW, Ended(Ending.REVOKED), id="revoked"),
        pytest.param(ORDER, TERMS, NOW + 90 * DAY, Ended(Ending.EXPIRED), id="the date has come"),
        pytest.param(replace(ORDER, sent=2), TERMS, NOW, Ended(Ending.USED_UP), id="past its count"),
        pytest.param(
            ORDER,
            replace(TERMS, purpose=both("Werbung", "Advertising"), recipients=("Auskunftei",)),
            NOW,
            Ended(Ending.RECIPIENT_CHANGED, (Change.PURPOSE, Change.RECIPIENTS)),
            id="a recipient that changed its registration",
        ),
    ],
)
def test_an_order_ends(order, terms, now, ended):
    assert decide(order, OLD, terms, now=now) == ended


def test_an_order_lasts_to_its_last_second_and_its_last_time():
    assert prepared(now=NOW + 90 * DAY - 1)
    once_more = prepared(replace(ORDER, sent=1)).after
    assert decide(once_more, NEW, TERMS, now=NOW) == Ended(Ending.USED_UP)


@pytest.mark.parametrize("limit", [{"until": None}, {"at_most": None}])
def test_one_limit_is_enough(limit):
    order = replace(ORDER, **limit)
    assert prepared(order)
    assert StandingOrder.from_dict(order.to_dict()) == order


def test_an_order_without_a_limit_or_claims_is_none():
    with pytest.raises(ValueError, match="limit"):
        replace(ORDER, until=None, at_most=None)
    with pytest.raises(ValueError, match="claims"):
        replace(ORDER, claims=())
    for gone in ({"until", "at_most"}, {"claims"}, {"terms"}, {"sent"}):
        with pytest.raises(Malformed):
            StandingOrder.from_dict({name: value for name, value in ORDER.to_dict().items() if name not in gone})
    with pytest.raises(Malformed, match="null alone"):
        StandingOrder.from_dict({**ORDER.to_dict(), "claims": [["address", 0]]})


def test_an_order_is_kept_as_it_was():
    for order in (ORDER, prepared().after, revoke(prepared(prepared().after, NEW).after)):
        assert StandingOrder.from_dict(order.to_dict()) == order


@given(almost(prepared().after.to_dict()))
def test_no_input_escapes_the_error_family(kept):
    try:
        order = StandingOrder.from_dict(kept)
    except ProtocolError:
        return
    assert StandingOrder.from_dict(order.to_dict()) == order


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=12))
def test_no_more_is_sent_than_was_ordered(steps):
    order, sent = ORDER, 0
    for copy, approved in steps:
        found = decide(order, Held(f"copy-{copy}", OLD.claims), TERMS, now=NOW)
        if isinstance(found, Prepared) and approved:
            order, sent = found.after, sent + 1
    assert order.sent == sent <= 2
