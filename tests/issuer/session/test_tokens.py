"""Tokens: one pair is alive, bound to one key; what was rotated away must not come back."""

from dataclasses import replace

import pytest

from issuer.session.stages import Ended, Issuing, Session
from issuer.session.tokens import MAX_SPENT_REFRESH, check_access, end_tokens, renew
from protocol.errors import CredentialRequestDenied, InvalidAuthorizationDetails, InvalidGrant, InvalidToken
from runtime.conversation import Change, Refused, SessionKey
from tests.issuer.session.samples import GRANTED, ISSUING, NEXT, OFFERED, SPEND, TOKENS
from tests.support.pki import NOW


def test_the_token_and_its_key_open_the_conversation():
    assert check_access(ISSUING, "access", dpop_key="key", now=NOW + 599) == ISSUING


@pytest.mark.parametrize(
    ("session", "access", "key", "at"),
    [
        (ISSUING, "other", "key", 0),
        (ISSUING, "access", "other", 0),
        (ISSUING, "access", "", 0),
        (ISSUING, "access", "key", 600),
        (OFFERED, "access", "key", 0),
        (Ended("o", "code used twice"), "access", "key", 0),
    ],
    ids=["token", "key", "bearer", "expired", "stage", "ended"],
)
def test_everything_else_is_an_invalid_token(session, access, key, at):
    """T104"""
    with pytest.raises(InvalidToken):
        check_access(session, access, dpop_key=key, now=NOW + at)


def test_the_token_of_a_withdrawn_offer_is_told_that_asking_is_in_vain():
    """T142"""
    with pytest.raises(CredentialRequestDenied):
        check_access(Ended("o", "withdrawn"), "access", dpop_key="key", now=NOW)


def renewed(session: Session = ISSUING, refresh="refresh", tokens=NEXT, *, client_id="", details=(), now=NOW):
    return renew(session, refresh, tokens, client_id=client_id, details=details, spend=SPEND, now=now)


def test_a_refresh_token_gives_the_next_pair_and_ends_the_old_access_token():
    change = renewed(replace(ISSUING, requests=7))
    assert isinstance(change, Change)
    assert isinstance(change.next, Issuing)
    assert change.next.tokens == replace(NEXT, refresh_expires_at=TOKENS.refresh_expires_at)
    assert change.next.requests == 0
    assert change.next.spent_refresh == ("refresh",)
    assert change.keys == NEXT.keys()
    assert change.drop == (SessionKey("access_token", "access"),)
    assert change.spend == SPEND


def test_renewing_does_not_make_a_family_live_longer():
    assert isinstance(renewed(now=TOKENS.refresh_expires_at - 1), Change)
    with pytest.raises(InvalidGrant):
        renewed(now=TOKENS.refresh_expires_at)


def test_a_refresh_token_that_was_rotated_away_ends_the_family():
    """T114"""
    change = renewed()
    assert isinstance(change, Change)
    refused = renewed(change.next, "refresh", replace(NEXT, access="access 3"))
    assert isinstance(refused, Refused)
    assert isinstance(refused.next, Ended)
    assert refused.error.code == "invalid_grant"
    assert refused.drop == NEXT.keys()


def test_a_refresh_token_that_is_given_again_goes_on_being_good():
    """HAIP 1.0 §4: no rotation. The access token of before is over all the same."""
    change = renewed(tokens=replace(NEXT, refresh="refresh"))
    assert isinstance(change, Change)
    assert isinstance(change.next, Issuing)
    assert (change.next.tokens.refresh, change.next.spent_refresh) == ("refresh", ())
    assert change.keys == (SessionKey("access_token", NEXT.access),)
    assert change.drop == (SessionKey("access_token", "access"),)
    assert isinstance(renewed(change.next, "refresh", replace(NEXT, access="access 3", refresh="refresh")), Change)


def test_a_refresh_token_with_another_key_ends_the_family():
    """T114"""
    refused = renewed(tokens=replace(NEXT, dpop_key="another"))
    assert isinstance(refused, Refused)
    assert isinstance(refused.next, Ended)
    assert refused.drop == TOKENS.keys()


@pytest.mark.parametrize("session", [OFFERED, GRANTED, Ended("o", "credential revoked")])
def test_a_refresh_token_of_an_ended_family_is_refused(session):
    """T114"""
    with pytest.raises(InvalidGrant):
        renewed(session)


@pytest.mark.parametrize(
    ("known", "named", "good"),
    [("wallet", "wallet", True), ("wallet", "", True), ("", "wallet", True), ("wallet", "other", False)],
)
def test_a_client_that_names_itself_must_be_the_one(known, named, good):
    session = replace(ISSUING, client_id=known)
    if good:
        assert isinstance(renewed(session, client_id=named), Change)
        return
    with pytest.raises(InvalidGrant):
        renewed(session, client_id=named)


def test_only_the_newest_spent_refresh_tokens_are_remembered():
    spent = tuple(f"old {number}" for number in range(MAX_SPENT_REFRESH))
    change = renewed(replace(ISSUING, spent_refresh=spent))
    assert isinstance(change, Change)
    assert isinstance(change.next, Issuing)
    assert change.next.spent_refresh == (*spent[1:], "refresh")
    assert SessionKey("refresh_token", "old 0") in change.drop


def test_details_at_a_renewal_are_answered_and_widen_nothing():
    change = renewed(replace(ISSUING, by_details=("member",)), details=("badge", "member"))
    assert isinstance(change.next, Issuing)
    assert change.next.by_details == ("member", "badge")
    assert change.next.configuration_ids == ISSUING.configuration_ids
    with pytest.raises(InvalidAuthorizationDetails):
        renewed(details=("diploma",))


def test_tokens_can_be_ended():
    change = end_tokens(ISSUING, "credential revoked", "clerk")
    assert isinstance(change, Change)
    assert change.next == Ended("o", "credential revoked")
    assert change.drop == TOKENS.keys()
    assert [event.actor for event in change.events] == ["clerk"]


def test_where_no_tokens_are_nothing_is_ended():
    assert end_tokens(OFFERED, "credential revoked") == Change(OFFERED)
