"""The stages and steps of a verifier's conversation."""

from dataclasses import replace

import pytest

from protocol.errors import InvalidRequest, NotFound
from runtime.conversation import SessionKey
from verifier.session import (
    RESPONSE_CODE,
    Answered,
    Asked,
    Declined,
    Forgotten,
    Line,
    Opened,
    Requested,
    Terms,
    Verdict,
    answer,
    collect,
    decline,
    forget,
    open_request,
    shows_to_browser,
    shows_to_owner,
    waiting,
)

NOW = 1000
ASKED = Asked(
    id="r1",
    owner="aa",
    use_case="over-18",
    browser="bb",
    same_device=True,
    redirect_uri="",
    created_at=NOW,
    expires_at=NOW + 300,
    keep=600,
)
TERMS = Terms("{}", "nonce", "state", "direct_post.jwt", "x509_hash", "sealed key", (), 86_400)
REQUESTED = Requested(ASKED, TERMS)
OPENED = Opened(ASKED, TERMS, NOW + 1)
ACCEPTED = Verdict(True, (Line("authentic", True, ""),))
REFUSED = Verdict(False, (Line("authentic", False, "the signature does not hold"),))
ANSWERED = Answered(ASKED, NOW + 2, ACCEPTED, "sealed", "cc", False, NOW + 602)
DECLINED = Declined(ASKED, NOW + 2, "access_denied")
FORGOTTEN = Forgotten("r1", "aa")
REFERENCE = SessionKey("request_uri", "dd")
CODE = SessionKey(RESPONSE_CODE, "cc")


def given(session, verdict=ACCEPTED, now=NOW + 2):
    return answer(session, verdict, "sealed", response_code="cc", reference=REFERENCE, now=now)


def test_the_first_wallet_opens_the_request_and_the_next_find_it_open():
    opened = open_request(REQUESTED, now=NOW + 1)
    assert opened.next == OPENED
    assert [event.action for event in opened.events] == ["request opened"]
    again = open_request(OPENED, now=NOW + 2)
    assert again.next is OPENED
    assert again.events == ()


@pytest.mark.parametrize("stage", [ANSWERED, DECLINED, FORGOTTEN])
def test_a_finished_request_is_not_handed_out(stage):
    """T185."""
    with pytest.raises(NotFound):
        open_request(stage, now=NOW + 3)


@pytest.mark.parametrize("stage", [REQUESTED, OPENED])
def test_a_request_ends_at_its_time(stage):
    """T196: one second before it is good, at its time it is over."""
    assert waiting(stage, now=NOW + 299) is stage
    with pytest.raises(NotFound):
        open_request(stage, now=NOW + 300)
    with pytest.raises(InvalidRequest):
        waiting(stage, now=NOW + 300)
    with pytest.raises(InvalidRequest):
        given(stage, now=NOW + 300)


@pytest.mark.parametrize("stage", [REQUESTED, OPENED])
def test_an_answer_ends_the_request_and_all_its_secrets(stage):
    """T191, T192: neither nonce nor key is in what is kept."""
    change = given(stage)
    assert change.next == ANSWERED
    assert change.keys == (CODE,)
    assert change.drop == (REFERENCE,)
    assert change.expires_at == NOW + 602
    assert not hasattr(change.next, "terms")


def test_a_refused_answer_leaves_neither_data_nor_a_code():
    change = given(OPENED, REFUSED)
    assert isinstance(change.next, Answered)
    assert (change.next.disclosed, change.next.response_code, change.keys) == ("", "", ())
    assert [event.action for event in change.events] == ["answer refused"]


@pytest.mark.parametrize("stage", [ANSWERED, DECLINED, FORGOTTEN])
def test_there_is_one_answer(stage):
    """T179, T178: what comes second is refused in the words for what was never there."""
    for step in (
        lambda: given(stage),
        lambda: decline(stage, "access_denied", response_code="", reference=REFERENCE, now=NOW + 3),
    ):
        with pytest.raises(InvalidRequest) as refusal:
            step()
        assert refusal.value.description == "state: belongs to no open request"


def test_a_wallet_may_decline():
    """T193: of the wallet's words only the known code is kept."""
    change = decline(OPENED, "access_denied", response_code="cc", reference=REFERENCE, now=NOW + 2)
    assert change.next == DECLINED
    assert change.keys == (CODE,)
    assert change.drop == (REFERENCE,)
    assert [(event.action, event.detail) for event in change.events] == [("declined", "access_denied")]


def test_a_declined_request_needs_no_code_across_devices():
    assert decline(OPENED, "other", response_code="", reference=REFERENCE, now=NOW + 2).keys == ()


def test_the_browser_that_began_collects_once():
    """T183: the code is gone with its first use."""
    change = collect(ANSWERED, CODE, "bb", now=NOW + 3)
    assert change.next == replace(ANSWERED, collected=True)
    assert change.drop == (CODE,)


def test_the_browser_that_began_comes_back_from_a_no():
    change = collect(DECLINED, CODE, "bb", now=NOW + 3)
    assert change.next is DECLINED
    assert change.drop == (CODE,)


@pytest.mark.parametrize("stage", [ANSWERED, DECLINED])
def test_another_browser_collects_nothing(stage):
    """T183."""
    with pytest.raises(NotFound):
        collect(stage, CODE, "other", now=NOW + 3)


@pytest.mark.parametrize("stage", [REQUESTED, OPENED, FORGOTTEN])
def test_before_and_after_an_answer_there_is_nothing_to_collect(stage):
    with pytest.raises(NotFound):
        collect(stage, CODE, "bb", now=NOW + 3)


def test_an_answer_is_not_collected_after_its_time():
    """T261."""
    with pytest.raises(NotFound):
        collect(ANSWERED, CODE, "bb", now=ANSWERED.keep_until)


def test_a_program_has_no_browser_and_whoever_comes_back_is_let_through():
    stage = replace(ANSWERED, asked=replace(ASKED, browser=""))
    assert collect(stage, CODE, "any", now=NOW + 3).drop == (CODE,)


def test_on_the_same_device_the_page_waits_for_the_code():
    """T183: who begins on their own screen and has another person answer sees nothing of that person."""
    assert not shows_to_browser(ANSWERED)
    assert shows_to_browser(replace(ANSWERED, collected=True))
    assert shows_to_browser(replace(ANSWERED, response_code=""))
    assert not shows_to_browser(OPENED)


def test_a_program_with_a_page_of_its_own_needs_the_code():
    """T183."""
    with_page = replace(ANSWERED, asked=replace(ASKED, redirect_uri="https://shop.example/back"))
    assert not shows_to_owner(with_page, "")
    assert shows_to_owner(with_page, "cc")
    with pytest.raises(NotFound):
        shows_to_owner(with_page, "other")
    assert shows_to_owner(ANSWERED, "")
    assert not shows_to_owner(DECLINED, "")


def test_a_refusal_is_told_to_a_program_without_a_code():
    refused = replace(ANSWERED, asked=replace(ASKED, redirect_uri="https://shop.example/back"), response_code="")
    assert shows_to_owner(refused, "")


@pytest.mark.parametrize("stage", [REQUESTED, OPENED, ANSWERED, DECLINED])
def test_forgetting_leaves_an_id_alone(stage):
    """T261."""
    change = forget(stage, "aa", reference=REFERENCE)
    assert change.next == FORGOTTEN
    assert REFERENCE in change.drop
    assert (CODE in change.drop) == (stage is ANSWERED)


def test_forgetting_twice_is_forgetting_once():
    change = forget(FORGOTTEN, "aa", reference=REFERENCE)
    assert change.next is FORGOTTEN
    assert change.events == ()


@pytest.mark.parametrize("stage", [REQUESTED, OPENED, ANSWERED, DECLINED, FORGOTTEN])
def test_nobody_forgets_what_is_somebody_elses(stage):
    """T184, T237."""
    with pytest.raises(NotFound):
        forget(stage, "other", reference=REFERENCE)
