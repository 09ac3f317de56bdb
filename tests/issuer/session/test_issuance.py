"""Credentials are recorded with the request that spends its values; a repetition replaces, an acceptance closes."""

from dataclasses import replace

import pytest

from issuer.records import CredentialState, StateChanged, Superseded
from issuer.session.issuance import MAX_BATCHES, MAX_REQUESTS, check_may_issue, issue, notify
from issuer.session.stages import Ended, Issuing
from protocol.errors import CredentialRequestDenied, InvalidNotificationId, InvalidToken
from runtime.conversation import Change
from tests.issuer.session.samples import BATCH, ISSUING, OFFERED, SPEND, credential
from tests.support.pki import NOW

ISSUED = (credential("c3", 3), credential("c4", 4))
SECOND = replace(BATCH, credential_ids=("c3", "c4"), notification="notification 2")
REVOKED = (StateChanged("c1", CredentialState.REVOKED), StateChanged("c2", CredentialState.REVOKED))


def issued(session=ISSUING, access="access", key="key", batch=SECOND, now=NOW):
    return issue(session, access, dpop_key=key, batch=batch, credentials=ISSUED, spend=SPEND, now=now)


def test_credentials_are_recorded_with_what_the_request_spends():
    change = issued()
    assert isinstance(change, Change)
    assert change.next == replace(ISSUING, batches=(SECOND,), requests=1)
    assert change.records == ISSUED
    assert change.spend == SPEND
    assert [(event.action, event.detail) for event in change.events] == [("credential issued", "member")]


@pytest.mark.parametrize(
    ("session", "access", "key", "at"),
    [
        (ISSUING, "other", "key", 0),
        (ISSUING, "access", "other", 0),
        (ISSUING, "access", "key", 600),
        (OFFERED, "access", "key", 0),
        (Ended("o", "code used twice"), "access", "key", 0),
    ],
)
def test_the_token_is_looked_at_again_in_the_step(session, access, key, at):
    """T104: it may have ended while the credentials were signed"""
    with pytest.raises(InvalidToken):
        issued(session, access, key, now=NOW + at)


def test_a_repeated_request_replaces_what_was_not_accepted():
    """T143: never two valid batches for one"""
    change = issued(replace(ISSUING, batches=(BATCH,), requests=1))
    assert isinstance(change, Change)
    assert isinstance(change.next, Issuing)
    assert change.next.batches == (SECOND,)
    assert change.records == (*REVOKED, *ISSUED)
    assert [event.action for event in change.events] == ["credential replaced", "credential issued"]


@pytest.mark.parametrize(
    "kept",
    [replace(BATCH, configuration_id="badge"), replace(BATCH, token="an older token")],
    ids=["another type", "before a renewal"],
)
def test_other_batches_stay(kept):
    change = issued(replace(ISSUING, batches=(kept,)))
    assert isinstance(change.next, Issuing)
    assert change.next.batches == (kept, SECOND)
    assert change.records == ISSUED


def test_after_acceptance_nothing_more_is_issued_on_this_token():
    session = replace(ISSUING, batches=(replace(BATCH, event="credential_accepted"),))
    with pytest.raises(CredentialRequestDenied):
        issued(session)
    with pytest.raises(CredentialRequestDenied):
        check_may_issue(session, "member", "access", now=NOW)
    check_may_issue(session, "badge", "access", now=NOW)
    check_may_issue(session, "member", "a newer token", now=NOW)


def test_a_token_may_not_ask_for_ever():
    assert isinstance(issued(replace(ISSUING, requests=MAX_REQUESTS - 1)), Change)
    with pytest.raises(CredentialRequestDenied):
        issued(replace(ISSUING, requests=MAX_REQUESTS))


def test_a_conversation_remembers_only_its_newest_batches():
    old = tuple(replace(BATCH, notification=str(n), token=str(n)) for n in range(MAX_BATCHES))
    change = issued(replace(ISSUING, batches=old))
    assert isinstance(change.next, Issuing)
    assert change.next.batches == (*old[1:], SECOND)


def told(event, session=None, *, access="access", key="key", notification="notification", now=NOW):
    session = session or replace(ISSUING, batches=(BATCH,))
    return notify(session, access, notification, event, dpop_key=key, spend=SPEND, now=now)


def test_an_acceptance_is_noted():
    """T135"""
    change = told("credential_accepted")
    assert isinstance(change, Change)
    assert change.next == replace(ISSUING, batches=(replace(BATCH, event="credential_accepted"),))
    assert change.records == (Superseded("o", "member", ("c1", "c2")),)
    assert change.spend == SPEND


@pytest.mark.parametrize(
    ("event", "left"), [("credential_failure", ("member", "badge")), ("credential_deleted", ("badge",))]
)
def test_what_a_wallet_does_not_have_is_revoked(event, left):
    """After a deletion nobody goes on fetching it; after a failure the wallet tries again."""
    change = told(event)
    gone = () if "member" in left else ("member",)
    batches = (replace(BATCH, event=event),)
    assert change.next == replace(ISSUING, batches=batches, configuration_ids=left, ended=gone)
    assert isinstance(change, Change)
    assert change.records == REVOKED


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("credential_accepted", "credential_accepted"),
        ("credential_accepted", "credential_failure"),
        ("credential_failure", "credential_accepted"),
        ("credential_deleted", "credential_accepted"),
    ],
)
def test_a_later_event_changes_nothing(first, then):
    """T135: repeats do not flip the state"""
    session = replace(ISSUING, batches=(replace(BATCH, event=first),))
    change = told(then, session)
    assert isinstance(change, Change)
    assert change.next == session
    assert (change.records, change.events) == ((), ())
    assert change.spend == SPEND


def test_a_deletion_may_follow_an_acceptance():
    change = told("credential_deleted", replace(ISSUING, batches=(replace(BATCH, event="credential_accepted"),)))
    assert isinstance(change, Change)
    assert change.records == REVOKED


def test_an_unknown_notification_is_refused():
    """T135"""
    with pytest.raises(InvalidNotificationId):
        told("credential_accepted", notification="other")


@pytest.mark.parametrize(("access", "key", "at"), [("other", "key", 0), ("access", "other", 0), ("access", "key", 600)])
def test_a_notification_needs_the_token_of_its_conversation(access, key, at):
    """T135"""
    with pytest.raises(InvalidToken):
        told("credential_accepted", access=access, key=key, now=NOW + at)
