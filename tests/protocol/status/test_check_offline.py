"""Without a network: the last list answers for as long as whoever asks lets it, and no longer."""

import pytest

from protocol.credential import StatusReference
from protocol.errors import Malformed, NotAuthentic, NotValidNow, ProtocolError, Unreachable
from protocol.exchange import run
from protocol.status.check import KeptList, Status, check_status, read_kept_list
from protocol.status.token import CWT_MEDIA_TYPE, MEDIA_TYPE
from tests.protocol.status.test_check import KEY, MAX_AGE, NOW, OTHER, URI, Server, fetched, served, token

AWAY = Unreachable("nobody is there")
OFFLINE = 4 * 3600
LONG = {"exp": NOW + 10 * OFFLINE}


def offline(idx, known, now, *, age=OFFLINE, answer=AWAY, max_age=MAX_AGE, key=KEY):
    exchange = check_status(
        StatusReference(URI, idx),
        known,
        find_key=lambda jws: key.public_key,
        now=now,
        max_age=max_age,
        offline_age=age,
    )
    return run(exchange, Server(answer))


def test_the_last_list_answers_and_says_how_old_it_is():
    known = fetched(token(**LONG))
    later = NOW + MAX_AGE + 1
    good, revoked = (offline(index, known, later) for index in (0, 1))
    assert (good.report.status, good.report.checked_at, good.report.fresh_until) == (Status.VALID, NOW, later)
    assert revoked.report.status is Status.INVALID
    assert (good.known, good.fetched) == (known, None)


@pytest.mark.parametrize("answer", [served("", 500), served("a page", media_type="text/html"), served("x.y.z")])
def test_whatever_comes_in_its_place_counts_as_no_network(answer):
    """Whoever can put a page in our way can cut the wire just as well."""
    assert offline(0, fetched(token(**LONG)), NOW + 301, answer=answer).report.status is Status.VALID


@pytest.mark.parametrize(
    ("times", "age", "seconds"),
    [
        (LONG, OFFLINE, OFFLINE),
        (LONG, 600, 600),
        ({"exp": NOW + 1000}, OFFLINE, 1000),
        # Without an `exp`: from when it was issued, not from when it was fetched
        ({"exp": None, "iat": NOW - 500}, OFFLINE, OFFLINE - 500),
    ],
)
def test_it_answers_to_the_second_and_never_past_its_own_end(times, age, seconds):
    """T070, T076."""
    known = fetched(token(ttl=10, **times))
    assert offline(0, known, NOW + seconds - 1, age=age).report.status is Status.VALID
    over = offline(0, known, NOW + seconds, age=age).report
    assert over.status is Status.UNKNOWN
    assert over.reason == "the status could not be looked up: nobody is there; what was known of it is too old"


def test_without_leave_it_does_not_answer():
    """T074: the default refuses."""
    report = offline(0, fetched(token(**LONG)), NOW + 301, age=0).report
    assert (report.status, report.reason) == (Status.UNKNOWN, "the status could not be looked up: nobody is there")


def test_it_does_not_answer_for_a_time_before_it_came():
    assert offline(0, fetched(token(**LONG)), NOW - 1).report.status is Status.UNKNOWN


def test_it_does_not_answer_for_somebody_elses_credential():
    """T069: the key that may sign this credential's list is another one."""
    assert offline(0, fetched(token(**LONG)), NOW + 301, key=OTHER).report.status is Status.UNKNOWN


def test_with_a_network_a_fresh_list_answers():
    fresh = served(token({0: 1}, iat=NOW + 301, **LONG))
    checked = offline(0, fetched(token(**LONG)), NOW + 301, answer=fresh)
    assert checked.report.status is Status.INVALID
    assert checked.fetched == KeptList(URI, MEDIA_TYPE, fresh.body, NOW + 301)


def test_a_list_that_was_served_is_read_back_as_it_was():
    kept = KeptList(URI, MEDIA_TYPE, token(**LONG).encode(), NOW)
    assert read_kept_list(kept, find_key=lambda jws: KEY.public_key, max_age=MAX_AGE) == fetched(token(**LONG))


@pytest.mark.parametrize(
    ("kept", "refused"),
    [
        (KeptList(URI + "2", MEDIA_TYPE, token(**LONG).encode(), NOW), NotAuthentic),
        (KeptList(URI, MEDIA_TYPE, token(key=OTHER).encode(), NOW), NotAuthentic),
        (KeptList(URI, MEDIA_TYPE, token().encode(), NOW + 900), NotValidNow),
        (KeptList(URI, MEDIA_TYPE, token(iat=NOW + 61).encode(), NOW), NotValidNow),
        (KeptList(URI, CWT_MEDIA_TYPE, token().encode(), NOW), ProtocolError),
        (KeptList(URI, "text/html", token().encode(), NOW), Malformed),
        (KeptList(URI, MEDIA_TYPE, b"\xff", NOW), Malformed),
    ],
    ids=["address", "signer", "expired", "future", "other kind", "no list", "no text"],
)
def test_what_is_read_back_is_verified_anew(kept, refused):
    """T068, T069, T070, T075."""
    with pytest.raises(refused):
        read_kept_list(kept, find_key=lambda jws: KEY.public_key, max_age=MAX_AGE)
