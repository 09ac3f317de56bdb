"""When a cockpit may be called: an endpoint that could be one citizen's own never is."""

from collections import Counter

import pytest

from protocol.sovereignty.unlinkable import (
    DAY,
    HOUR,
    MustNotCall,
    NotCalled,
    Place,
    check_callable,
    is_refresh_due,
    random_hour,
)
from tests.support.partners import COCKPIT
from tests.support.pki import NOW, seeded

ANSWERED = "https://agency.example/answers/7?x=1"
OTHER = "https://agency.example/cockpit-of-erika"
LISTED = Place(COCKPIT, COCKPIT, COCKPIT, None)
UNLISTED = Place(COCKPIT, COCKPIT, None, ANSWERED)


@pytest.mark.parametrize(
    "place",
    [
        LISTED,
        LISTED._replace(answered_at="https://elsewhere.example/answers"),
        UNLISTED,
        UNLISTED._replace(answered_at="https://agency.example"),
        UNLISTED._replace(answered_at="https://agency.example:443/x"),
        UNLISTED._replace(elsewhere=(COCKPIT, COCKPIT)),
        # the directory has the last word, also where a partner moved since
        LISTED._replace(elsewhere=(OTHER,)),
    ],
)
def test_an_endpoint_that_is_the_same_for_everybody_is_called(place):
    assert check_callable(place) == COCKPIT


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (LISTED._replace(matches=False), NotCalled.RECEIPT_DOES_NOT_MATCH),
        (LISTED._replace(endpoint=f"{COCKPIT}?c=7"), NotCalled.SHAPE),
        (LISTED._replace(endpoint=f"{COCKPIT}#7"), NotCalled.SHAPE),
        (LISTED._replace(endpoint=f"{COCKPIT}/"), NotCalled.SHAPE),
        (LISTED._replace(endpoint=OTHER), NotCalled.OTHER_THAN_ANNOUNCED),
        (LISTED._replace(endpoint=OTHER, announced=OTHER), NotCalled.OTHER_THAN_LISTED),
        (LISTED._replace(endpoint=OTHER, announced=OTHER, answered_at=ANSWERED), NotCalled.OTHER_THAN_LISTED),
        (UNLISTED._replace(answered_at=None), NotCalled.UNLISTED_IN_PERSON),
        (UNLISTED._replace(answered_at="https://www.agency.example/answers"), NotCalled.OTHER_HOST),
        (UNLISTED._replace(answered_at="https://agency.example:8443/answers"), NotCalled.OTHER_HOST),
        (UNLISTED._replace(answered_at="https://elsewhere.example"), NotCalled.OTHER_HOST),
        (UNLISTED._replace(elsewhere=(COCKPIT, OTHER)), NotCalled.DIFFERS_BETWEEN_RECEIPTS),
    ],
)
def test_any_other_is_not_and_the_rule_has_a_name(place, reason):
    with pytest.raises(MustNotCall) as refusal:
        check_callable(place)
    assert refusal.value.reason is reason
    assert "example" not in refusal.value.description


def test_the_hours_of_receipts_are_random_and_alike():
    random_bytes = seeded(3)
    hours = Counter(random_hour(random_bytes) for _ in range(24_000))
    assert sorted(hours) == list(range(24))
    assert all(800 < count < 1200 for count in hours.values())


def test_bytes_that_would_favour_some_hours_are_thrown_away():
    source = iter([bytes((250,)), bytes((240,)), bytes((239,))])
    assert random_hour(lambda _: next(source)) == 239 % 24


def test_a_receipt_is_refreshed_once_in_its_hour():
    midnight = NOW - NOW % DAY
    now = midnight + 5 * HOUR + 60
    assert is_refresh_due(5, last=now - DAY, now=now)
    assert not is_refresh_due(5, last=now - 1, now=now)
    assert not is_refresh_due(6, last=now - DAY, now=now)
    assert not is_refresh_due(4, last=now - DAY, now=now)
