"""The stages and steps of a verifier's conversation."""

from dataclasses import replace

import pytest

from capabilities.cockpit.records import IssuedReceipt
from protocol.errors import InvalidRequest, NotFound
from runtime.conversation import SessionKey
from tests.support.receipts import log_with
from verifier.given import Given
from verifier.keeping import forget, forget_in_browser, look, shows_to_browser, shows_to_owner
from verifier.session import (
    MAX_HANDED,
    RESPONSE_CODE,
    Answered,
    Asked,
    Declined,
    Forgotten,
    Line,
    Opened,
    Received,
    Requested,
    Session,
    Terms,
    Verdict,
    answer,
    await_another,
    collect,
    decline,
    open_request,
    receive,
    renew,
    waiting,
)
from verifier.usage import By, Gone

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
RECEIVED = Received(ASKED, TERMS, NOW + 1, NOW + 2)
ACCEPTED = Verdict(True, (Line("authentic", True, ""),))
REFUSED = Verdict(False, (Line("authentic", False, "the signature does not hold"),))
ANSWERED = Answered(ASKED, NOW + 2, ACCEPTED, "sealed", "cc", False, NOW + 602)
DECLINED = Declined(ASKED, NOW + 2, "access_denied")
FORGOTTEN = Forgotten("r1", "aa", "bb")
REFERENCE = SessionKey("request_uri", "dd")
CODE = SessionKey(RESPONSE_CODE, "cc")
HANDED = "hash of what was handed out"


def given(session, verdict=ACCEPTED, now=NOW + 2):
    return answer(session, verdict, "sealed", response_code="cc", references=(REFERENCE,), now=now)


def test_the_first_wallet_opens_the_request_and_the_next_find_it_open():
    opened = open_request(REQUESTED, HANDED, now=NOW + 1)
    assert opened.next == handed(OPENED)
    assert [event.action for event in opened.events] == ["request opened"]
    again = open_request(OPENED, HANDED, now=NOW + 2)
    assert again.next == handed(OPENED)
    assert again.events == ()
    assert open_request(RECEIVED, HANDED, now=NOW + 3).next == handed(RECEIVED)


def handed(stage, *hashes):
    return replace(stage, terms=replace(TERMS, handed=hashes or (HANDED,)))


def test_the_latest_that_were_handed_out_are_remembered():
    stage: Session = REQUESTED
    for number in range(MAX_HANDED + 2):
        stage = open_request(stage, str(number), now=NOW + 1).next
    assert stage == handed(OPENED, *map(str, range(2, MAX_HANDED + 2)))


@pytest.mark.parametrize("stage", [ANSWERED, DECLINED, FORGOTTEN])
def test_a_finished_request_is_not_handed_out(stage):
    """T185."""
    with pytest.raises(NotFound):
        open_request(stage, HANDED, now=NOW + 3)


@pytest.mark.parametrize("stage", [REQUESTED, OPENED, RECEIVED])
def test_a_request_ends_at_its_time(stage):
    """T196: one second before it is good, at its time it is over."""
    assert waiting(stage, now=NOW + 299) is stage
    with pytest.raises(NotFound):
        open_request(stage, HANDED, now=NOW + 300)
    with pytest.raises(InvalidRequest):
        waiting(stage, now=NOW + 300)
    with pytest.raises(InvalidRequest):
        given(stage, now=NOW + 300)


@pytest.mark.parametrize("stage", [REQUESTED, OPENED, RECEIVED])
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
        lambda: decline(stage, "access_denied", response_code="", references=(REFERENCE,), now=NOW + 3),
    ):
        with pytest.raises(InvalidRequest) as refusal:
            step()
        assert refusal.value.description == "state: belongs to no open request"


def test_a_wallet_may_decline():
    """T193: of the wallet's words only the known code is kept."""
    change = decline(OPENED, "access_denied", response_code="cc", references=(REFERENCE,), now=NOW + 2)
    assert change.next == DECLINED
    assert change.keys == (CODE,)
    assert change.drop == (REFERENCE,)
    assert [(event.action, event.detail) for event in change.events] == [("declined", "access_denied")]


def test_a_declined_request_needs_no_code_across_devices():
    assert decline(OPENED, "other", response_code="", references=(REFERENCE,), now=NOW + 2).keys == ()


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


@pytest.mark.parametrize("stage", [REQUESTED, OPENED, RECEIVED, FORGOTTEN])
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


@pytest.mark.parametrize("stage", [REQUESTED, OPENED, RECEIVED, ANSWERED, DECLINED])
def test_forgetting_leaves_an_id_alone(stage):
    """T261."""
    change = forget(stage, "aa", references=(REFERENCE,), now=NOW)
    assert change.next == FORGOTTEN
    assert REFERENCE in change.drop
    assert (CODE in change.drop) == (stage is ANSWERED)


LOGGED = log_with({"pid": (("name",),)}, until=NOW + 9_000_000, language="en")
ISSUED = IssuedReceipt(LOGGED.receipt, "{}", "token", "key", "", NOW, LOGGED.log_until)
GIVEN = Given(ISSUED, LOGGED, "what it says")


def logged_uses(change):
    told = [one for one in change.records if not isinstance(one, IssuedReceipt)]
    uses = [used for one in told for used in (one.uses(()) if isinstance(one, Gone) else (one,))]
    return [(used.receipt, used.use.action.value, used.use.at) for used in uses]


def test_an_answer_with_a_receipt_is_received_in_its_log():
    change = answer(OPENED, ACCEPTED, "sealed", response_code="cc", references=(), now=NOW + 2, given=GIVEN)
    assert change.next.logged == LOGGED
    assert logged_uses(change) == [(LOGGED.receipt, "received", NOW + 2)]
    assert change.records[0] == ISSUED
    assert change.records[1].use.claims == {"pid": (("name",),)}
    assert change.next.receipt == GIVEN.shown
    assert given(OPENED).records == ()


def test_of_an_answer_that_was_refused_the_log_says_that_nothing_is_kept():
    change = answer(OPENED, REFUSED, "sealed", response_code="cc", references=(), now=NOW + 2, given=GIVEN)
    assert (change.next.disclosed, change.next.logged) == ("", None)
    assert [action for _, action, _ in logged_uses(change)] == ["received", "erased"]


def test_looking_and_forgetting_are_in_the_log():
    stage = replace(ANSWERED, logged=LOGGED)
    looked = look(stage, By.COUNTER, now=NOW + 9)
    assert looked.next is stage
    assert logged_uses(looked) == [(LOGGED.receipt, "viewed", NOW + 9)]
    assert looked.records[0].use.by == "counter"
    gone = forget(stage, "aa", references=(), now=NOW + 10)
    assert logged_uses(gone) == [(LOGGED.receipt, "erased", NOW + 10)]


@pytest.mark.parametrize("stage", [ANSWERED, DECLINED, FORGOTTEN])
def test_what_has_no_receipt_or_is_gone_has_no_log(stage):
    assert look(stage, By.PAGE, now=NOW).records == ()
    assert forget(stage, "aa", references=(), now=NOW).records == ()


def test_forgetting_twice_is_forgetting_once():
    change = forget(FORGOTTEN, "aa", references=(REFERENCE,), now=NOW)
    assert change.next is FORGOTTEN
    assert change.events == ()


@pytest.mark.parametrize("stage", [REQUESTED, OPENED, RECEIVED, ANSWERED, DECLINED, FORGOTTEN])
def test_nobody_forgets_what_is_somebody_elses(stage):
    """T184, T237."""
    with pytest.raises(NotFound):
        forget(stage, "other", references=(REFERENCE,), now=NOW)


FRESH = replace(TERMS, nonce="fresh nonce", state="fresh state", encryption_key="fresh key", renewals=1)


def renewed(session, now=NOW + 240, terms=FRESH):
    return renew(session, terms, expires_at=now + 300, keep_until=now + 900, reference=REFERENCE, drop=(CODE,), now=now)


def test_a_code_that_nobody_opened_is_made_anew():
    """T191: with a nonce, a state and a key of its own; the former one leads here until its own end."""
    change = renewed(REQUESTED)
    assert change.next == Requested(replace(ASKED, expires_at=NOW + 540), replace(FRESH, former_until=ASKED.expires_at))
    assert (change.keys, change.drop, change.expires_at) == ((REFERENCE,), (CODE,), NOW + 1140)
    assert [event.action for event in change.events] == ["request renewed"]


@pytest.mark.parametrize("stage", [OPENED, RECEIVED, ANSWERED, DECLINED, FORGOTTEN])
def test_what_a_wallet_opened_is_not_changed_under_its_feet(stage):
    change = renewed(stage)
    assert change.next is stage
    assert change.keys == ()


def test_two_looks_renew_once():
    first = renewed(REQUESTED).next
    assert renewed(first, now=NOW + 241).next is first


def test_what_is_over_is_not_renewed():
    """T196."""
    assert renewed(REQUESTED, now=NOW + 300).next is REQUESTED
    assert renewed(REQUESTED, now=NOW + 299).next is not REQUESTED


def test_that_an_answer_is_here_is_noted_before_it_is_checked():
    assert receive(OPENED, now=NOW + 2).next == RECEIVED
    assert receive(REQUESTED, now=NOW + 2).next == Received(ASKED, TERMS, NOW + 2, NOW + 2)
    assert receive(RECEIVED, now=NOW + 3).next is RECEIVED
    with pytest.raises(InvalidRequest):
        receive(OPENED, now=NOW + 300)
    with pytest.raises(InvalidRequest):
        receive(ANSWERED, now=NOW + 3)


def test_what_was_no_answer_leaves_the_request_open():
    """T178: whoever posts nonsense ends nothing."""
    assert await_another(RECEIVED).next == OPENED
    assert await_another(ANSWERED).next is ANSWERED


@pytest.mark.parametrize("stage", [REQUESTED, OPENED, RECEIVED, ANSWERED, DECLINED, FORGOTTEN])
def test_the_browser_that_began_forgets_and_no_other(stage):
    """T237, T261."""
    assert forget_in_browser(stage, "bb", references=(REFERENCE,), now=NOW).next == FORGOTTEN
    for other in ("other", ""):
        with pytest.raises(NotFound):
            forget_in_browser(stage, other, references=(REFERENCE,), now=NOW)


@pytest.mark.parametrize("stage", [replace(ANSWERED, asked=replace(ASKED, browser="")), replace(FORGOTTEN, browser="")])
def test_what_a_program_asked_no_browser_forgets(stage):
    """T237: a browser without a secret is not the browser of a program's request."""
    with pytest.raises(NotFound):
        forget_in_browser(stage, "", references=(), now=NOW)
