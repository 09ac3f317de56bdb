"""An offer is redeemed once, survives honest mistakes, and ends when guessed at."""

from dataclasses import replace

import pytest

from issuer.session.offers import open_offer, redeem_offer, state_of, withdraw
from issuer.session.stages import Ended, Issuing, Session
from protocol.errors import Conflict, InvalidAuthorizationDetails, InvalidGrant, InvalidRequest, NotFound
from runtime.conversation import Change, Refused, SessionKey
from tests.issuer.session.samples import (
    BATCH,
    GRANTED,
    INVITED,
    ISSUING,
    OFFERED,
    PUSHED,
    SPEND,
    TOKENS,
    VISITED,
)
from tests.support.pki import NOW


def redeem(session=OFFERED, tx_code="digest", *, client_id="", details=(), now=NOW):
    return redeem_offer(session, TOKENS, tx_code, client_id=client_id, details=details, spend=SPEND, now=now)


def test_the_right_codes_give_tokens_for_everything_that_was_offered():
    change = redeem(client_id="wallet")
    assert isinstance(change, Change)
    assert change.next == Issuing("o", ("member", "badge"), (), "anna", "wallet", TOKENS, began_at=NOW)
    assert change.keys == (SessionKey("access_token", "access"), SessionKey("refresh_token", "refresh"))
    assert change.spend == SPEND
    assert change.expires_at == TOKENS.refresh_expires_at
    assert [event.action for event in change.events] == ["token issued"]


def test_a_bearer_token_comes_without_a_refresh_token():
    assert replace(TOKENS, refresh="").keys() == (SessionKey("access_token", "access"),)


def test_details_narrow_what_the_token_is_for():
    change = redeem(details=("badge",))
    assert isinstance(change.next, Issuing)
    assert (change.next.configuration_ids, change.next.by_details) == (("badge",), ("badge",))


def test_details_may_ask_for_all_of_it():
    change = redeem(details=("badge", "member"))
    assert isinstance(change.next, Issuing)
    assert change.next.by_details == ("badge", "member")


def test_details_never_widen_it():
    with pytest.raises(InvalidAuthorizationDetails):
        redeem(details=("member", "diploma"))


@pytest.mark.parametrize("session", [ISSUING, Ended("o", "withdrawn"), INVITED, PUSHED], ids=lambda s: type(s).__name__)
def test_a_code_is_good_only_while_its_offer_is_open(session):
    """T107, T112"""
    with pytest.raises(InvalidGrant):
        redeem(session)


def test_a_code_ends_with_its_offer():
    """T112"""
    assert isinstance(redeem(now=OFFERED.expires_at - 1), Change)
    with pytest.raises(InvalidGrant):
        redeem(now=OFFERED.expires_at)


def test_a_missing_transaction_code_leaves_the_code_good():
    """T109"""
    with pytest.raises(InvalidRequest, match="missing"):
        redeem(tx_code="")


def test_an_unexpected_transaction_code_leaves_the_code_good():
    """T109"""
    with pytest.raises(InvalidRequest, match="not expected"):
        redeem(replace(OFFERED, tx_code=""))


def test_a_wrong_transaction_code_is_counted():
    """T110"""
    refused = redeem(tx_code="wrong")
    assert isinstance(refused, Refused)
    assert refused.next == replace(OFFERED, tries_left=4)
    assert refused.error.code == "invalid_grant"
    assert [event.action for event in refused.events] == ["wrong transaction code"]
    assert isinstance(redeem(refused.next), Change)


def test_the_last_wrong_transaction_code_ends_the_offer():
    """T111"""
    session: Session = OFFERED
    for _ in range(5):
        refused = redeem(session, tx_code="wrong")
        assert isinstance(refused, Refused)
        session = refused.next
        assert [event.action for event in refused.events] == ["wrong transaction code"]
    assert session == Ended("o", "too many wrong transaction codes")
    with pytest.raises(InvalidGrant):
        redeem(session)


@pytest.mark.parametrize(
    "session", [OFFERED, INVITED, PUSHED, VISITED, GRANTED, ISSUING], ids=lambda s: type(s).__name__
)
def test_an_offer_can_be_taken_back_until_something_was_issued(session):
    """T112, T142"""
    change = withdraw(session, "clerk")
    assert isinstance(change, Change)
    assert isinstance(change.next, Ended)
    assert change.next.reason == "withdrawn"
    assert [(event.action, event.actor) for event in change.events] == [("offer withdrawn", "clerk")]


def test_taking_back_twice_is_the_same_as_once():
    ended = Ended("o", "withdrawn")
    assert withdraw(ended, "clerk") == Change(ended)


def test_what_was_issued_must_be_revoked_instead():
    with pytest.raises(Conflict):
        withdraw(replace(ISSUING, batches=(BATCH,)), "clerk")


INVITED_REQUEST = replace(PUSHED, invited=INVITED)


@pytest.mark.parametrize(
    ("session", "offer"),
    [
        (OFFERED, OFFERED),
        (INVITED, INVITED),
        (INVITED_REQUEST, INVITED),
        (replace(VISITED, request=INVITED_REQUEST), INVITED),
    ],
    ids=["offered", "invited", "pushed", "visited"],
)
def test_an_offer_is_open_until_it_expires(session, offer):
    """T137"""
    assert open_offer(session, now=NOW + 599) == offer
    with pytest.raises(NotFound):
        open_offer(session, now=NOW + 600)


@pytest.mark.parametrize("session", [PUSHED, VISITED, GRANTED, ISSUING, Ended("o", "withdrawn")])
def test_what_is_no_open_offer_is_not_found(session):
    """T137"""
    with pytest.raises(NotFound):
        open_offer(session, now=NOW)


def batches(*events):
    return replace(ISSUING, batches=tuple(replace(BATCH, event=event) for event in events))


@pytest.mark.parametrize(
    ("session", "at", "state"),
    [
        (OFFERED, 0, "offered"),
        (OFFERED, 600, "expired"),
        (INVITED, 0, "offered"),
        (INVITED, 600, "expired"),
        (INVITED_REQUEST, 0, "opened"),
        (INVITED_REQUEST, 300, "offered"),
        (INVITED_REQUEST, 600, "expired"),
        (replace(VISITED, request=INVITED_REQUEST), 0, "opened"),
        (PUSHED, 300, "expired"),
        (GRANTED, 0, "opened"),
        (GRANTED, 60, "failed"),
        (ISSUING, 0, "redeemed"),
        (batches(""), 0, "issued"),
        (batches("", "credential_failure"), 0, "issued"),
        (batches("credential_failure"), 0, "failed"),
        (batches("credential_failure", "credential_accepted"), 0, "accepted"),
        (Ended("o", "withdrawn"), 0, "withdrawn"),
        (Ended("o", "credential revoked"), 0, "revoked"),
        (Ended("o", "code used twice"), 0, "failed"),
    ],
)
def test_what_became_of_an_offer_is_one_word(session, at, state):
    assert state_of(session, now=NOW + at) == state


def test_an_offer_without_a_transaction_code_needs_none():
    assert isinstance(redeem(replace(OFFERED, tx_code=""), tx_code="").next, Issuing)
