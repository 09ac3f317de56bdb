"""Steps of a request that is answered in another way than by its code."""

from dataclasses import replace

import pytest

from protocol.errors import InvalidRequest, NotFound
from tests.verifier.test_session import (
    ANSWERED,
    ASKED,
    DECLINED,
    FORGOTTEN,
    NOW,
    OPENED,
    RECEIVED,
    REFERENCE,
    REQUESTED,
    TERMS,
)
from verifier.other_ways import Asker, ask_on_page, meet, note_relayed, waiting_in_meeting, waiting_on_page
from verifier.session import MeetingTerms, Opened, PageTerms, Received, Requested, renew

PAGE = PageTerms("page nonce", "sealed page key")
ON_PAGE = Requested(ASKED, replace(TERMS, page=PAGE))
MEETING = MeetingTerms("engagement", "sealed meeting key", "message")
MET = Requested(ASKED, replace(TERMS, meeting=MEETING))


def test_the_latest_view_of_a_page_is_the_one_that_asks():
    first = ask_on_page(REQUESTED, PAGE, "bb", now=NOW)
    assert first.next == ON_PAGE
    second = PageTerms("another nonce", "another key")
    assert ask_on_page(first.next, second, "bb", now=NOW + 299).next.terms == replace(TERMS, page=second)
    assert (first.keys, first.drop, first.expires_at) == ((), (), None)


@pytest.mark.parametrize(
    ("session", "browser", "now"),
    [
        (REQUESTED, "zz", NOW),
        (REQUESTED, "", NOW),
        (Requested(replace(ASKED, browser=""), TERMS), "", NOW),
        (REQUESTED, "bb", NOW + 300),
        (OPENED, "bb", NOW),
        (RECEIVED, "bb", NOW),
        (ANSWERED, "bb", NOW),
        (DECLINED, "bb", NOW),
        (FORGOTTEN, "bb", NOW),
    ],
)
def test_no_other_page_asks_and_none_when_it_is_too_late(session, browser, now):
    """T237"""
    with pytest.raises(NotFound):
        ask_on_page(session, PAGE, browser, now=now)


def test_an_answer_through_the_browser_is_awaited_for_as_long_as_any():
    awaited = (ON_PAGE, Opened(ASKED, ON_PAGE.terms, NOW), Received(ASKED, ON_PAGE.terms, NOW, NOW))
    for stage in awaited:
        assert waiting_on_page(stage, "bb", now=NOW + 299) == (stage, PAGE)
        for browser, now in (("zz", NOW), ("bb", NOW + 300)):
            with pytest.raises(InvalidRequest, match="no open request"):
                waiting_on_page(stage, browser, now=now)
    for other in (REQUESTED, OPENED, ANSWERED, DECLINED, FORGOTTEN):
        with pytest.raises(InvalidRequest, match="no open request"):
            waiting_on_page(other, "bb", now=NOW)


def test_a_renewed_code_leaves_what_is_asked_in_another_way_as_it_is():
    fresh = replace(TERMS, renewals=1)
    both = replace(ON_PAGE, terms=replace(ON_PAGE.terms, meeting=MEETING))
    renewed = renew(
        both, fresh, expires_at=NOW + 600, keep_until=NOW + 900, reference=REFERENCE, drop=(), now=NOW + 250
    )
    assert renewed.next.terms == replace(fresh, page=PAGE, meeting=MEETING, former_until=NOW + 300)


def test_the_wallet_that_was_met_last_is_the_one_that_is_asked():
    first = meet(REQUESTED, MEETING, Asker("bb"), now=NOW)
    assert first.next == MET
    second = MeetingTerms("another engagement", "another key", "another message")
    assert meet(first.next, second, Asker("bb"), now=NOW + 299).next.terms == replace(TERMS, meeting=second)
    # Somebody who has opened the question by its code as well does not keep others from answering it
    assert meet(OPENED, MEETING, Asker("bb"), now=NOW).next == replace(OPENED, terms=replace(TERMS, meeting=MEETING))


@pytest.mark.parametrize(
    ("session", "browser", "now"),
    [
        (REQUESTED, "zz", NOW),
        (REQUESTED, "", NOW),
        (Requested(replace(ASKED, browser=""), TERMS), "", NOW),
        (REQUESTED, "bb", NOW + 300),
        (RECEIVED, "bb", NOW),
        (ANSWERED, "bb", NOW),
        (DECLINED, "bb", NOW),
        (FORGOTTEN, "bb", NOW),
    ],
)
def test_nobody_else_meets_and_nobody_when_it_is_too_late(session, browser, now):
    """T237"""
    with pytest.raises(NotFound):
        meet(session, MEETING, Asker(browser), now=now)


def test_an_answer_in_person_is_awaited_for_as_long_as_any():
    awaited = (MET, Opened(ASKED, MET.terms, NOW), Received(ASKED, MET.terms, NOW, NOW))
    for stage in awaited:
        assert waiting_in_meeting(stage, Asker("bb"), now=NOW + 299) == (stage, MEETING)
        for browser, now in (("zz", NOW), ("bb", NOW + 300)):
            with pytest.raises(InvalidRequest, match="no open request"):
                waiting_in_meeting(stage, Asker(browser), now=now)
    for other in (REQUESTED, ON_PAGE, OPENED, ANSWERED, DECLINED, FORGOTTEN):
        with pytest.raises(InvalidRequest, match="no open request"):
            waiting_in_meeting(other, Asker("bb"), now=NOW)


def test_t184_the_program_that_asked_meets_and_no_other():
    assert meet(REQUESTED, MEETING, Asker(owner="aa"), now=NOW).next == MET
    assert waiting_in_meeting(MET, Asker(owner="aa"), now=NOW) == (MET, MEETING)
    for other in (Asker(owner="zz"), Asker()):
        with pytest.raises(NotFound):
            meet(REQUESTED, MEETING, other, now=NOW)
        with pytest.raises(InvalidRequest):
            waiting_in_meeting(MET, other, now=NOW)
    # Nobody's key is the same as no key
    with pytest.raises(NotFound):
        meet(Requested(replace(ASKED, owner=""), TERMS), MEETING, Asker(owner=""), now=NOW)


def test_a_meeting_is_noted_as_relayed_while_it_is_the_one():
    assert note_relayed(MET, MEETING, relayed=True).next == Requested(
        ASKED, replace(TERMS, meeting=replace(MEETING, relayed=True))
    )
    for other in (REQUESTED, ANSWERED, Requested(ASKED, replace(TERMS, meeting=replace(MEETING, message="x")))):
        assert note_relayed(other, MEETING, relayed=True).next == other
