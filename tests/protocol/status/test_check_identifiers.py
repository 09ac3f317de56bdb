"""Looking up a status by identifier: the same rules of age and of whose list it is as for a row of states, and both at once."""

import pytest

from protocol.credential import IdentifierReference, StatusReference
from protocol.errors import NotAuthentic, Unreachable
from protocol.exchange import HttpResponse, run
from protocol.status.bits import StatusList
from protocol.status.check import Status, StatusReport, check_every_status, check_status
from protocol.status.identifier_list import MAX_LIST, MEDIA_TYPE, sign_identifier_list
from protocol.status.token import CWT_MEDIA_TYPE, MAX_STATUS_TOKEN, StatusListToken, sign_status_list_cwt
from protocol.x509 import read_x5c
from tests.support.pki import make_pki, seeded_key
from tests.support.strategies import flip

PKI = make_pki()
URI = "https://issuer.example/identifiers/1"
NOW = 1_800_000_000
MAX_AGE = 3600
REVOKED, GOOD = b"\1" * 16, b"\3" * 16
PLACES = (StatusReference("https://issuer.example/status/1", 7), IdentifierReference(URI, GOOD))


def listed(*, uri=URI, signer=PKI.signer, now=NOW, exp=600, ttl: int | None = 300, revoked=(REVOKED,)):
    return sign_identifier_list(
        frozenset(revoked), uri=uri, issued_at=now, expires_at=now + exp, ttl=ttl, signer=signer, chain=PKI.certificates
    )


def by_certificate(jws):
    return read_x5c(jws.header.x5c)[0].public_key


def nobody(jws):
    raise NotAuthentic("status list: is signed by somebody else")


def looked_up(id_, *bodies, known=None, media_type=MEDIA_TYPE, status=200, find_key=by_certificate, now=NOW, uri=URI):
    """The answer, and the requests for it."""
    answers, asked = list(bodies), []

    def serve(effect):
        asked.append(effect)
        return HttpResponse(status, (("content-type", media_type),), answers.pop(0))

    reference = IdentifierReference(uri, id_) if isinstance(id_, bytes) else StatusReference(uri, id_)
    exchange = check_status(reference, known, find_key=find_key, now=now, max_age=MAX_AGE)
    checked = run(exchange, serve)
    assert answers == []
    return checked, asked


def known_list(**changes):
    return looked_up(GOOD, listed(**changes))[0].known


@pytest.mark.parametrize(("id_", "status", "value"), [(GOOD, Status.VALID, 0), (REVOKED, Status.INVALID, 1)])
def test_who_is_named_was_revoked(id_, status, value):
    checked, [request] = looked_up(id_, listed())
    report = checked.report
    assert (report.status, report.value, report.checked_at, report.fresh_until) == (status, value, NOW, NOW + 300)
    assert (request.url, request.headers, request.max_bytes) == (URI, (("accept", MEDIA_TYPE),), MAX_LIST)


def test_a_list_is_kept_until_it_is_stale():  # T076
    known = known_list()
    checked, asked = looked_up(REVOKED, known=known, now=NOW + 299)
    assert (checked.report.status, asked, checked.known) == (Status.INVALID, [], known)
    assert len(looked_up(REVOKED, listed(now=NOW + 300), known=known, now=NOW + 300)[1]) == 1


@pytest.mark.parametrize(
    ("changes", "seconds"), [({"ttl": None}, 600), ({"ttl": 10**9}, 600), ({"ttl": None, "exp": 10**9}, MAX_AGE)]
)
def test_nothing_is_kept_longer_than_it_holds_or_than_we_want(changes, seconds):  # T076
    assert looked_up(GOOD, listed(**changes))[0].report.fresh_until == NOW + seconds


def test_a_kept_list_of_somebody_else_is_fetched_anew():  # T069
    checked, asked = looked_up(GOOD, listed(), known=known_list(), find_key=nobody)
    assert (checked.report.status, len(asked), checked.known) == (Status.UNKNOWN, 1, None)


def test_an_older_list_does_not_bring_a_document_back():  # T071
    known = known_list(ttl=10)
    old = listed(now=NOW - 100, revoked=(), exp=10_000)
    checked, _ = looked_up(REVOKED, old, known=known, now=NOW + 20)
    assert (checked.report.status, checked.rolled_back, checked.known) == (Status.INVALID, True, known)


def test_a_row_of_states_and_identifiers_do_not_answer_for_each_other():
    """Even at one address."""
    statuses = StatusList.from_entries(64, 2, {})
    row = sign_status_list_cwt(
        statuses, uri=URI, issued_at=NOW, expires_at=NOW + 600, ttl=None, signer=PKI.signer, chain=PKI.certificates
    )
    rows = looked_up(7, row, media_type=CWT_MEDIA_TYPE)[0].known
    checked, asked = looked_up(REVOKED, listed(), known=rows)
    assert (checked.report.status, len(asked)) == (Status.INVALID, 1)
    checked, asked = looked_up(7, row, known=known_list(), media_type=CWT_MEDIA_TYPE)
    assert (checked.report.status, asked[0].max_bytes) == (Status.VALID, MAX_STATUS_TOKEN)
    for media_type in (MEDIA_TYPE, CWT_MEDIA_TYPE):
        for wrong, body in ((REVOKED, row), (7, listed())):
            checked, _ = looked_up(wrong, body, media_type=media_type)
            assert (checked.report.status, checked.known) == (Status.UNKNOWN, None)


def test_a_list_says_nothing_about_what_stands_elsewhere():
    row = StatusListToken(URI, NOW, None, None, StatusList.from_entries(64, 2, {7: 1}))
    assert row.state_of(StatusReference(URI, 7)) == 1
    for other in (StatusReference(URI + "2", 7), StatusReference(URI, 64), IdentifierReference(URI, REVOKED)):
        assert row.state_of(other) is None


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (listed(), CWT_MEDIA_TYPE, 200),
        (listed(), "application/cbor", 200),
        (listed(), MEDIA_TYPE, 404),
        (listed(), MEDIA_TYPE, 302),
        (listed(), MEDIA_TYPE, 201),
        (listed(signer=seeded_key(9)), MEDIA_TYPE, 200),
        (listed(uri=URI + "2"), MEDIA_TYPE, 200),
        (listed(now=NOW - 600), MEDIA_TYPE, 200),
        (listed(now=NOW + 61), MEDIA_TYPE, 200),
        (flip(listed(), -1), MEDIA_TYPE, 200),
        (listed()[:-1], MEDIA_TYPE, 200),
        (b"", MEDIA_TYPE, 200),
    ],
    ids=["as status list", "as cbor", "404", "302", "201", "key", "address", "expired", "future", "flipped", "cut", "empty"],
)  # fmt: skip
def test_what_does_not_hold_is_no_answer(body, media_type, status):  # T069, T072, T075
    known = known_list(ttl=0)
    for before in (None, known):
        checked, _ = looked_up(GOOD, body, known=before, media_type=media_type, status=status)
        assert (checked.report.status, checked.known) == (Status.UNKNOWN, before)


# Several places at once


def report(status, checked_at=NOW, fresh_until=NOW + 10):
    return StatusReport(status, None, checked_at, fresh_until, str(status))


def of_both(first, second):
    """The report on a document that names both places, and how many of them were asked."""
    answers = iter([first, second])
    asked = []

    def look_up(place):
        asked.append(place)
        yield from ()
        return next(answers)

    found = run(check_every_status(PLACES, look_up), lambda effect: effect)
    assert asked == list(PLACES[: len(asked)])
    return found, len(asked)


@pytest.mark.parametrize("other", [Status.VALID, Status.SUSPENDED, Status.UNKNOWN])
def test_either_place_that_says_revoked_revokes(other):
    assert of_both(report(Status.INVALID), report(other)) == (report(Status.INVALID), 1)
    assert of_both(report(other), report(Status.INVALID)) == (report(Status.INVALID), 2)


@pytest.mark.parametrize(
    ("first", "second", "worst"),
    [
        (Status.VALID, Status.SUSPENDED, Status.SUSPENDED),
        (Status.SUSPENDED, Status.UNKNOWN, Status.SUSPENDED),
        (Status.VALID, Status.UNKNOWN, Status.UNKNOWN),
        (Status.UNKNOWN, Status.VALID, Status.UNKNOWN),
    ],
)
def test_the_worse_of_two_counts_and_not_knowing_is_not_made_good(first, second, worst):  # T072
    assert of_both(report(first), report(second)) == (report(worst), 2)


def test_what_is_good_is_as_old_as_the_oldest_and_stale_with_the_first():
    reports = report(Status.VALID, NOW, NOW + 5), report(Status.VALID, NOW - 3, NOW + 50)
    for first, second in (reports, reports[::-1]):
        found, _ = of_both(first, second)
        assert (found.status, found.checked_at, found.fresh_until) == (Status.VALID, NOW - 3, NOW + 5)


def test_what_is_not_good_has_its_own_times():
    suspended = report(Status.SUSPENDED, NOW, NOW + 50)
    assert of_both(report(Status.VALID, NOW - 3, NOW + 5), suspended) == (suspended, 2)


def test_one_place_answers_alone():
    def look_up(place):
        yield from ()
        return report(Status.VALID)

    exchange = check_every_status(PLACES[1:], look_up)
    assert run(exchange, lambda effect: effect) == report(Status.VALID)


def test_a_host_that_is_away_is_no_answer():  # T072
    def away(effect):
        raise Unreachable("nobody is there")

    exchange = check_status(PLACES[1], None, find_key=by_certificate, now=NOW, max_age=MAX_AGE)
    assert run(exchange, away).report.status is Status.UNKNOWN
