"""A clerk's session: it ends by itself, a form of it counts once, and signing out leaves nothing to be found."""

import pytest

from capabilities.accounts.session import DESK, NotSignedIn, SignedIn, check_still_there, sign_out, stay, use_once
from runtime.conversation import Change, Event, SessionKey
from tests.support.pki import NOW

IDLE = 1800
OTHER = "another kind of conversation"
THERE = SignedIn("s", "Frau Berg", "code", NOW, NOW + 36_000)
KEY = SessionKey.of(DESK, "secret")


@pytest.mark.parametrize("now", [NOW, NOW + IDLE - 1])
def test_a_clerk_is_there_until_they_are_away_for_too_long(now):
    assert check_still_there(THERE, now=now, idle=IDLE) is THERE


@pytest.mark.parametrize(
    ("session", "now"),
    [
        (THERE, NOW + IDLE),
        (SignedIn("s", "Frau Berg", "code", NOW + 35_999, NOW + 36_000), NOW + 36_000),
        (OTHER, NOW),
    ],
)
def test_nobody_is_there_when_the_session_is_over_or_is_none(session, now):
    for step in (
        lambda: check_still_there(session, now=now, idle=IDLE),
        lambda: stay(session, now=now, idle=IDLE),
        lambda: use_once(session, "form", now=now, idle=IDLE),
    ):
        with pytest.raises(NotSignedIn):
            step()


def test_being_there_is_noted_and_never_runs_back():
    assert stay(THERE, now=NOW + 100, idle=IDLE).next.seen_at == NOW + 100
    assert stay(THERE, now=NOW - 100, idle=IDLE).next.seen_at == NOW
    assert stay(THERE, now=NOW + 100, idle=IDLE).next.ends_at == THERE.ends_at


def test_a_form_is_spent_for_its_session_alone():
    """T119"""
    [spent] = use_once(THERE, "form", now=NOW, idle=IDLE).spend
    other = SignedIn("t", "Frau Berg", "code", NOW, NOW + 36_000)
    assert spent.expires_at == THERE.ends_at
    assert spent.key != use_once(other, "form", now=NOW, idle=IDLE).spend[0].key
    assert spent.key != use_once(THERE, "form 2", now=NOW, idle=IDLE).spend[0].key


def test_signing_out_drops_the_key_and_says_who_left():
    """T236"""
    change = sign_out(THERE, KEY, now=NOW)
    assert (change.drop, change.expires_at) == ((KEY,), NOW)
    assert change.events == (Event("clerk signed out", "s", actor="Frau Berg"),)
    assert sign_out(OTHER, KEY, now=NOW) == Change(OTHER, drop=(KEY,), expires_at=NOW)
