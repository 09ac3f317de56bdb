"""A pushed request belongs to one client, one browser, one person and one key, and gives one code once."""

from dataclasses import replace

import pytest

from issuer.session.login import CodeRedemption, WrongLetterCode, grant, push, redeem_code, visit
from issuer.session.stages import Ended, Granted, Issuing, Pushed
from protocol.errors import InvalidAuthorizationDetails, InvalidGrant, InvalidRequest
from runtime.conversation import Change, Refused, SessionKey
from tests.issuer.session.samples import (
    GRANTED,
    INVITED,
    ISSUING,
    LOGIN,
    OFFERED,
    PUSHED,
    SPEND,
    TOKENS,
    VISITED,
)
from tests.support.pki import NOW

REDEMPTION = CodeRedemption("wallet", "http://127.0.0.1:1/", "challenge", ())
INVITED_REQUEST = replace(PUSHED, id="o", invited=INVITED)


def push_to(session, request=PUSHED, *, now=NOW):
    return push(session, request, spend=SPEND, now=now)


def test_a_request_takes_up_its_offer():
    change = push_to(INVITED)
    assert isinstance(change, Change)
    assert change.next == INVITED_REQUEST
    assert change.keys == (SessionKey("request_uri", "uri"),)
    assert change.drop == ()
    assert change.spend == SPEND


@pytest.mark.parametrize("session", [INVITED_REQUEST, replace(VISITED, request=INVITED_REQUEST)])
def test_a_wallet_may_push_again_and_the_request_before_is_worth_nothing(session):
    change = push_to(session, replace(PUSHED, request_uri="uri 2"))
    assert isinstance(change, Change)
    assert isinstance(change.next, Pushed)
    assert change.next.request_uri == "uri 2"
    assert change.drop == (SessionKey("request_uri", "uri"),)


@pytest.mark.parametrize("session", [INVITED, INVITED_REQUEST], ids=["first", "again"])
def test_no_request_asks_for_more_than_was_offered(session):
    """T116: neither the first request of an offer nor a later one"""
    assert isinstance(push_to(session, replace(PUSHED, configuration_ids=("badge", "member"))), Change)
    with pytest.raises(InvalidRequest):
        push_to(session, replace(PUSHED, configuration_ids=("member", "diploma")))


@pytest.mark.parametrize("session", [INVITED, INVITED_REQUEST], ids=["first", "again"])
def test_an_expired_offer_is_not_taken_up(session):
    with pytest.raises(InvalidRequest):
        push_to(session, now=INVITED.expires_at)


@pytest.mark.parametrize("session", [PUSHED, VISITED, GRANTED, ISSUING, OFFERED, Ended("o", "withdrawn")])
def test_an_issuer_state_of_nothing_that_is_open_is_refused(session):
    """T116"""
    with pytest.raises(InvalidRequest):
        push_to(session)


def test_a_browser_takes_a_request():
    change = visit(PUSHED, "wallet", "browser", now=NOW)
    assert isinstance(change, Change)
    assert change.next == VISITED


def test_the_same_browser_may_load_the_page_again():
    seen = replace(VISITED, tries_left=2)
    assert visit(seen, "wallet", "browser", now=NOW) == Change(seen)


@pytest.mark.parametrize(
    ("session", "client_id", "browser", "at"),
    [
        (PUSHED, "wallet", "browser", 300),
        (VISITED, "wallet", "browser", 300),
        (PUSHED, "other", "browser", 0),
        (VISITED, "other", "browser", 0),
        (VISITED, "wallet", "another", 0),
        (GRANTED, "wallet", "browser", 0),
        (ISSUING, "wallet", "browser", 0),
        (Ended("p", "withdrawn"), "wallet", "browser", 0),
    ],
)
def test_a_request_is_not_continued_by_anybody_else_or_later(session, client_id, browser, at):
    """T095, T116"""
    with pytest.raises(InvalidRequest):
        visit(session, client_id, browser, now=NOW + at)


def test_a_login_gives_a_code():
    change = grant(VISITED, LOGIN, spend=SPEND, now=NOW)
    assert isinstance(change, Change)
    assert change.next == GRANTED
    assert change.keys == (SessionKey("code", "code"),)
    assert change.spend == SPEND


def test_a_second_click_gives_the_same_code_and_spends_nothing():
    """T119"""
    assert grant(GRANTED, LOGIN, spend=SPEND, now=NOW) == Change(GRANTED)


@pytest.mark.parametrize(
    "login",
    [
        replace(LOGIN, browser="another"),
        replace(LOGIN, code="another"),
        replace(LOGIN, subject="bodo"),
        replace(LOGIN, subject=None),
    ],
    ids=["browser", "code", "person", "nobody"],
)
def test_nobody_else_gets_the_code_of_a_login(login):
    """T116, T119"""
    with pytest.raises(InvalidRequest):
        grant(GRANTED, login, spend=SPEND, now=NOW)


@pytest.mark.parametrize(
    ("session", "browser", "at"),
    [
        (VISITED, "another", 0),
        (VISITED, "browser", 300),
        (GRANTED, "browser", 60),
        (PUSHED, "browser", 0),
        (ISSUING, "browser", 0),
        (Ended("p", "withdrawn"), "browser", 0),
    ],
)
def test_a_login_needs_the_browser_that_opened_the_page_and_its_time(session, browser, at):
    """T095, T116"""
    with pytest.raises(InvalidRequest):
        grant(session, replace(LOGIN, browser=browser), spend=SPEND, now=NOW + at)


@pytest.mark.parametrize(
    ("session", "subject"),
    [(VISITED, None), (replace(VISITED, request=INVITED_REQUEST), "bodo")],
    ids=["nobody", "another person than invited"],
)
def test_a_wrong_letter_code_is_counted_and_the_last_ends_the_request(session, subject):
    """T116, T232: the code of another person is as wrong as none"""
    for left in (4, 3, 2, 1, 0):
        refused = grant(session, replace(LOGIN, subject=subject), spend=SPEND, now=NOW)
        assert isinstance(refused, Refused)
        assert isinstance(refused.error, WrongLetterCode)
        assert refused.error.tries_left == left
        session = refused.next
    assert isinstance(session, Ended)
    with pytest.raises(InvalidRequest):
        grant(session, LOGIN, spend=SPEND, now=NOW)


def test_the_person_who_was_invited_gets_in():
    change = grant(replace(VISITED, request=INVITED_REQUEST), LOGIN, spend=SPEND, now=NOW)
    assert isinstance(change.next, Granted)


def redeem(session=GRANTED, redemption=REDEMPTION, tokens=TOKENS, *, now=NOW):
    return redeem_code(session, tokens, redemption, spend=SPEND, now=now)


def test_a_code_gives_tokens():
    change = redeem()
    assert isinstance(change, Change)
    assert change.next == Issuing("p", ("member",), (), "anna", "wallet", TOKENS, began_at=NOW)
    assert change.keys == TOKENS.keys()
    assert change.spend == SPEND
    assert change.expires_at == TOKENS.refresh_expires_at


@pytest.mark.parametrize(
    "redemption",
    [
        replace(REDEMPTION, client_id="other"),
        replace(REDEMPTION, client_id=""),
        replace(REDEMPTION, redirect_uri="http://127.0.0.1:2/"),
        replace(REDEMPTION, redirect_uri=""),
        replace(REDEMPTION, challenge="other"),
    ],
    ids=["client", "no client", "redirect URI", "no redirect URI", "verifier"],
)
def test_a_code_belongs_to_its_client_address_and_verifier(redemption):
    """T093, T094"""
    with pytest.raises(InvalidGrant):
        redeem(redemption=redemption)


def test_a_code_that_was_bound_to_a_key_needs_that_key():
    """RFC 9449 §10"""
    bound = replace(GRANTED, request=replace(PUSHED, dpop_key="key"))
    assert isinstance(redeem(bound), Change)
    with pytest.raises(InvalidGrant):
        redeem(bound, tokens=replace(TOKENS, dpop_key="another"))


@pytest.mark.parametrize("session", [PUSHED, VISITED, Ended("p", "code used twice")])
def test_a_code_before_or_after_its_time_is_refused(session):
    with pytest.raises(InvalidGrant):
        redeem(session)


def test_a_code_lives_for_a_minute():
    assert isinstance(redeem(now=NOW + 59), Change)
    with pytest.raises(InvalidGrant):
        redeem(now=NOW + 60)


def test_a_code_that_comes_twice_ends_the_tokens_of_the_first_use():
    """T092"""
    refused = redeem(ISSUING)
    assert isinstance(refused, Refused)
    assert refused.next == Ended("o", "code used twice")
    assert refused.error.code == "invalid_grant"
    assert refused.drop == TOKENS.keys()


def test_what_was_asked_for_by_details_is_told_by_details():
    session = replace(GRANTED, request=replace(PUSHED, configuration_ids=("member", "badge"), by_details=("badge",)))
    change = redeem(session)
    assert isinstance(change.next, Issuing)
    assert (change.next.configuration_ids, change.next.by_details) == (("member", "badge"), ("badge",))
    change = redeem(session, replace(REDEMPTION, details=("member",)))
    assert isinstance(change.next, Issuing)
    assert (change.next.configuration_ids, change.next.by_details) == (("member",), ("member",))


def test_a_token_request_asks_for_no_more_than_was_authorized():
    with pytest.raises(InvalidAuthorizationDetails):
        redeem(redemption=replace(REDEMPTION, details=("badge",)))
