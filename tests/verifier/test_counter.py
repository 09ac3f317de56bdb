"""The steps of a counter: numbers, browsers, and the answers that stand there."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import NotFound, Unavailable
from tests.support.pki import NOW
from verifier.counter import (
    FOREVER,
    MAX_BROWSERS,
    MAX_PLACES,
    MAX_SHOWN_SECONDS,
    NUMBERS,
    PAIRING_SECONDS,
    SHOWN_SECONDS,
    UNSEEN_SECONDS,
    CounterRecord,
    Place,
    Removed,
    Standing,
    clear,
    is_paired,
    leave_places,
    offer_pairing,
    pair,
    remove,
    set_up,
    show,
    shown_until,
    standing_of,
    stays,
    take_place,
    unpair,
)
from verifier.session import Answered, Asked, Declined, Forgotten, Requested, Terms, Verdict

RECORD = CounterRecord("c1", "Entrance", ("over-18",), "somebody", NOW)
STANDING = Standing(RECORD)
ASKED = Asked("r1", "", "over-18", "", False, "", NOW, NOW + 180, UNSEEN_SECONDS, "c1", 47)
ANSWERED = Answered(ASKED, NOW, Verdict(True, ()), "sealed", "code", False, NOW + UNSEEN_SECONDS)
DECLINED = Declined(ASKED, NOW, "access_denied")
REQUESTED = Requested(ASKED, Terms("{}", "n", "s", "direct_post.jwt", "x509_hash", "", (), 0))


def seen_by(stage, browser):
    return is_paired(standing_of(stage), browser)


def ends(session):
    assert isinstance(session, Answered | Declined)
    return shown_until(session, 30)


def test_a_counter_is_in_the_list_from_its_beginning_to_its_end():
    begun = set_up(RECORD)
    assert (begun.next, begun.records) == (STANDING, (RECORD,))
    ended = remove(STANDING, now=NOW)
    assert (ended.next, ended.expires_at, ended.drop) == (Removed("c1"), NOW, begun.keys)
    assert [change.id for change in ended.records] == ["c1"]
    assert FOREVER > NOW + 10**9


@pytest.mark.parametrize(
    "step",
    [
        lambda stage: take_place(stage, "r", chance=0, now=NOW, expires_at=NOW + 1),
        lambda stage: leave_places(stage, ("r",)),
        lambda stage: offer_pairing(stage, "digest", now=NOW),
        lambda stage: pair(stage, "digest", "browser", now=NOW),
        lambda stage: remove(stage, now=NOW),
        unpair,
    ],
)
def test_what_was_removed_does_nothing(step):
    with pytest.raises(NotFound):
        step(Removed("c1"))


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(1, 400)), max_size=60))
def test_no_number_is_out_twice_whatever_the_order(scans):
    stage, now = STANDING, NOW
    for place, (chance, seconds) in enumerate(scans):
        try:
            taken = take_place(stage, f"r{place}", chance=chance, now=now, expires_at=now + seconds)
            stage = standing_of(taken.next)
        except Unavailable:
            assert len([known for known in stage.places if now < known.expires_at]) == MAX_PLACES
        out = [known.number for known in stage.places if now < known.expires_at]
        assert len(out) == len(set(out)) <= MAX_PLACES
        assert all(number in NUMBERS for number in out)
        now += seconds % 5


def test_a_number_is_out_until_its_end_to_the_second():
    taken = take_place(STANDING, "r1", chance=0, now=NOW, expires_at=NOW + 10).next
    assert taken.places == (Place(10, "r1", NOW + 10),)
    assert take_place(taken, "r2", chance=0, now=NOW + 9, expires_at=NOW + 20).next.places[1].number == 11
    assert take_place(taken, "r2", chance=0, now=NOW + 10, expires_at=NOW + 20).next.places == (
        Place(10, "r2", NOW + 20),
    )
    assert leave_places(taken, ("r2",)).next is taken
    assert leave_places(taken, ("r2", "r1")).next == STANDING


def test_a_code_pairs_one_browser_in_its_time():
    offered = offer_pairing(STANDING, "digest", now=NOW).next
    for code, now in (("other", NOW), ("", NOW), ("digest", NOW + PAIRING_SECONDS)):
        with pytest.raises(NotFound):
            pair(offered, code, "browser", now=now)
    paired = pair(offered, "digest", "browser", now=NOW + PAIRING_SECONDS - 1).next
    assert (seen_by(paired, "browser"), seen_by(paired, ""), seen_by(STANDING, "browser")) == (True, False, False)
    for code in ("digest", ""):
        with pytest.raises(NotFound):
            pair(paired, code, "second", now=NOW)
    assert unpair(offer_pairing(paired, "again", now=NOW).next).next == STANDING


def test_the_browser_that_was_paired_first_makes_room():
    full = replace(STANDING, browsers=tuple(str(i) for i in range(MAX_BROWSERS)))
    paired = pair(offer_pairing(full, "digest", now=NOW).next, "digest", "new", now=NOW).next
    assert (len(paired.browsers), seen_by(paired, "0"), seen_by(paired, "new")) == (MAX_BROWSERS, False, True)


@pytest.mark.parametrize("session", [ANSWERED, DECLINED])
def test_an_answer_is_looked_at_first_once(session):
    seen = show(session, "c1", stay=30, now=NOW + 5)
    assert (seen.next.shown_at, ends(seen.next)) == (NOW + 5, NOW + 35)
    assert seen.expires_at == (NOW + 35 if session is ANSWERED else None)
    assert show(seen.next, "c1", stay=30, now=NOW + 20).next is seen.next
    assert ends(session) == NOW + UNSEEN_SECONDS


@pytest.mark.parametrize("session", [ANSWERED, DECLINED, REQUESTED])
def test_no_other_counter_shows_or_erases(session):
    """T183, T184"""
    for counter in ("c2", ""):
        with pytest.raises(NotFound):
            show(session, counter, stay=30, now=NOW)
        with pytest.raises(NotFound):
            clear(session, counter, references=(), now=NOW)


@pytest.mark.parametrize("session", [REQUESTED, Forgotten("r1", "", "")])
def test_what_was_not_answered_is_not_shown(session):
    with pytest.raises(NotFound):
        show(session, "c1", stay=30, now=NOW)


def test_what_is_erased_is_gone_and_stays_so():
    """T261"""
    for session in (ANSWERED, DECLINED, REQUESTED):
        gone = clear(session, "c1", references=(), now=NOW).next
        assert gone == Forgotten("r1", "", "")
        assert clear(gone, "c1", references=(), now=NOW).next is gone


@pytest.mark.parametrize(("keep", "seconds"), [(0, SHOWN_SECONDS), (29, 30), (31, 31), (10**9, MAX_SHOWN_SECONDS)])
def test_how_long_an_answer_is_shown(keep, seconds):
    assert stays(keep) == seconds
