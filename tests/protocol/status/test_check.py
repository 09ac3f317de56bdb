"""Asking for a status: fresh lists are reused, stale ones fetched, and whatever goes wrong is a report, never an error."""

import os

import pytest

from protocol.credential import StatusReference
from protocol.encoding import encode_json
from protocol.errors import Malformed, NotAuthentic, NotTrusted, ProtocolError, TooLarge, Unavailable, Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.jws import sign_jws
from protocol.keys import P256Key
from protocol.status.bits import StatusList
from protocol.status.check import KnownList, Status, StatusReport, check_status
from protocol.status.token import MEDIA_TYPE, peek_status_list_token, sign_status_list_token, verify_status_list_token

KEY = P256Key.generate(os.urandom)
OTHER = P256Key.generate(os.urandom)
URI = "https://issuer.example/status/1"
NOW = 1_800_000_000
MAX_AGE = 3600
ENTRIES = {1: 1, 2: 2, 3: 3}
SIZE = 64


class Server:
    """Hands out the given answers one after the other and remembers what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, effect):
        self.asked.append(effect)
        answer = self.answers.pop(0)
        if isinstance(answer, ProtocolError):
            raise answer
        return answer


def token(entries=None, *, uri=URI, iat=NOW, exp=NOW + 900, ttl=300, key=KEY, bits=2):
    statuses = StatusList.from_entries(SIZE, bits, ENTRIES if entries is None else entries)
    return sign_status_list_token(statuses, uri=uri, issued_at=iat, expires_at=exp, ttl=ttl, signer=key, x5c=())


def served(body, status=200, media_type=MEDIA_TYPE):
    headers = (("content-type", media_type),) if media_type else ()
    return HttpResponse(status, headers, body.encode() if isinstance(body, str) else body)


def check(idx, known=None, *answers, now=NOW, max_age=MAX_AGE, find_key=None, uri=URI):
    server = Server(*answers)
    checked = run(
        check_status(
            StatusReference(uri, idx),
            known,
            find_key=find_key or (lambda jws: KEY.public_key),
            now=now,
            max_age=max_age,
        ),
        server,
    )
    assert server.answers == []
    return checked, server.asked


def fetched(text, *, at=NOW):
    """The list that a caller holds after it was fetched."""
    checked, _ = check(0, None, served(text), now=at)
    assert checked.known is not None
    return checked.known


def is_unknown(checked, *, known=None, now=NOW):
    report = checked.report
    assert (report.status, report.value, report.checked_at, report.fresh_until) == (Status.UNKNOWN, None, now, now)
    assert report.reason
    assert checked.known is known
    return True


def test_a_list_is_asked_for_once_without_credentials():
    checked, asked = check(0, None, served(token()))
    assert asked == [
        HttpRequest(
            "GET",
            URI,
            (("accept", "application/statuslist+jwt, application/statuslist+cwt;q=0.9"),),
            max_bytes=16 << 20,
        )
    ]
    assert checked.report == StatusReport(Status.VALID, 0, NOW, NOW + 300, "the credential is valid")
    verified = verify_status_list_token(token(), uri=URI, key=KEY.public_key, now=NOW, max_age=MAX_AGE)
    assert checked.known == KnownList(verified, NOW, peek_status_list_token(token()).header, KEY.public_key)
    assert checked.rolled_back is False


@pytest.mark.parametrize(
    ("idx", "status"),
    [(0, Status.VALID), (1, Status.INVALID), (2, Status.SUSPENDED), (3, Status.UNKNOWN), (63, Status.VALID)],
)
def test_every_value_has_its_meaning(idx, status):  # T073
    checked, _ = check(idx, None, served(token()))
    assert (checked.report.status, checked.report.value) == (status, ENTRIES.get(idx, 0))


@pytest.mark.parametrize("value", range(3, 256))
def test_no_value_of_the_issuers_own_counts_as_valid(value):  # T073
    report = check(5, None, served(token({5: value}, bits=8)))[0].report
    assert (report.status, report.value) == (Status.UNKNOWN, value)


@pytest.mark.parametrize("idx", [SIZE, SIZE + 1, -1, 2**31, 2**63])
def test_an_index_beyond_the_list_is_unknown(idx):  # T067
    checked, _ = check(idx, None, served(token()))
    assert (checked.report.status, checked.report.value) == (Status.UNKNOWN, None)
    assert checked.known is not None  # the list is good for other credentials


@pytest.mark.parametrize("seconds", [0, 1, 299])
def test_a_fresh_list_is_reused(seconds):
    known = fetched(token())
    checked, asked = check(1, known, now=NOW + seconds)
    assert asked == []
    assert checked.known is known
    assert (checked.report.status, checked.report.checked_at, checked.report.fresh_until) == (
        Status.INVALID,
        NOW,
        NOW + 300,
    )


@pytest.mark.parametrize(
    ("ttl", "exp", "max_age", "seconds"),
    [
        (300, 900, 3600, 300),
        (300, 100, 3600, 100),  # exp comes before ttl
        (300, 900, 60, 60),  # our own limit comes first
        (315_360_000, 315_360_000, 3600, 3600),  # ten years
        (9 * 10**18, 900, 3600, 900),
        (None, 900, 3600, 900),
        (None, None, 3600, 3600),
        (300, None, 3600, 300),
        (0, 900, 3600, 0),
        (1, 900, 3600, 1),
    ],
)
def test_a_list_is_kept_no_longer_than_the_shortest_limit(ttl, exp, max_age, seconds):  # T076
    text = raw_token(ttl, None if exp is None else NOW + exp)
    checked, _ = check(0, None, served(text), max_age=max_age)
    assert checked.report.fresh_until == NOW + seconds
    if seconds:
        assert check(0, checked.known, now=NOW + seconds - 1, max_age=max_age)[1] == []
    again, asked = check(
        0, checked.known, served(token(iat=NOW + 1, exp=NOW + 10**9)), now=NOW + seconds, max_age=max_age
    )
    assert len(asked) == 1
    assert again.known.fetched_at == NOW + seconds


def raw_token(ttl, exp):
    claims = b'{"sub":"%s","iat":%d' % (URI.encode(), NOW)
    claims += b',"ttl":%d' % ttl if ttl is not None else b""
    claims += b',"exp":%d' % exp if exp is not None else b""
    statuses = encode_json(StatusList.from_entries(SIZE, 2, ENTRIES).to_dict())
    return sign_jws({"typ": "statuslist+jwt"}, claims + b',"status_list":' + statuses + b"}", KEY)


@pytest.mark.parametrize("ttl", [-1, -(9 * 10**18)])
def test_a_negative_lifetime_keeps_nothing(ttl):  # T076
    checked, _ = check(1, None, served(raw_token(ttl, NOW + 900)))
    assert (checked.report.status, checked.report.fresh_until) == (Status.INVALID, NOW)
    assert len(check(1, checked.known, served(token()))[1]) == 1


def test_the_age_of_a_list_without_end_counts_from_its_making():  # T070
    checked, _ = check(0, None, served(token(iat=NOW - 3000, exp=None, ttl=None)))
    assert checked.report.fresh_until == NOW + 600
    assert is_unknown(check(0, None, served(token(iat=NOW - 3601, exp=None, ttl=None)))[0])


def test_a_list_from_before_the_clock_was_set_back_is_fetched_again():
    known = fetched(token())
    checked, asked = check(0, known, served(token(iat=NOW)), now=NOW - 1)
    assert len(asked) == 1
    assert checked.known.fetched_at == NOW - 1


def test_a_stale_list_is_replaced_by_what_is_fetched():
    known = fetched(token({}))
    checked, _ = check(4, known, served(token({4: 1}, iat=NOW + 200, exp=NOW + 2000)), now=NOW + 301)
    assert checked.report.status is Status.INVALID
    assert (checked.known.token.issued_at, checked.known.fetched_at) == (NOW + 200, NOW + 301)


def test_the_same_list_again_is_no_rollback():
    known = fetched(token())
    checked, _ = check(0, known, served(token()), now=NOW + 301)
    assert (checked.report.status, checked.rolled_back) == (Status.VALID, False)
    assert checked.known.fetched_at == NOW + 301


FAILURES = {
    "timeout": Unreachable("no answer in time"),
    "unavailable": Unavailable("later"),
    "gzip bomb": TooLarge("response", "is larger than 16777216 bytes"),
    "not found": served(token(), 404),
    "server error": served(token(), 500),
    "no content": served(b"", 204),
    "not modified": served(b"", 304),
    "redirect": HttpResponse(302, (("location", URI), ("content-type", MEDIA_TYPE)), token().encode()),
    "partial": served(token(), 206),
    "no content type": served(token(), media_type=None),
    "json": served(token(), media_type="application/json"),
    "plain jwt": served(token(), media_type="application/jwt"),
    "cwt": served(token(), media_type="application/statuslist+cwt"),
    "empty": served(b""),
    "web page": served(b"<html>"),
    "no ascii": served(b"\xff" + token().encode()),
    "cut": served(token()[:-10]),
    "typ": served(sign_jws({"typ": "JWT"}, peek_status_list_token(token()).payload, KEY)),
    "other key": served(token(key=OTHER)),
    "other address": served(token(uri=URI + "2")),
    "expired": served(token(iat=NOW - 1000, exp=NOW)),
    "future": served(token(iat=NOW + 61)),
    "no list": served(sign_jws({"typ": "statuslist+jwt"}, encode_json({"sub": URI, "iat": NOW}), KEY)),
}


@pytest.mark.parametrize("name", FAILURES)
def test_whatever_goes_wrong_is_unknown(name):  # T069, T070, T074, T075
    checked, asked = check(0, None, FAILURES[name])
    assert is_unknown(checked)
    assert len(asked) == 1  # T074: tried once, not for ever


@pytest.mark.parametrize("name", FAILURES)
def test_whatever_goes_wrong_makes_no_stale_list_good_again(name):  # T074, T076
    known = fetched(token(iat=NOW - 2000, exp=NOW - 1000, ttl=300), at=NOW - 2000)
    assert is_unknown(check(0, known, FAILURES[name])[0], known=known)


def test_a_failed_look_up_does_not_use_a_list_past_its_ttl():  # T076
    known = fetched(token())
    checked, _ = check(0, known, Unreachable("no answer in time"), now=NOW + 301)
    assert is_unknown(checked, known=known, now=NOW + 301)


def test_the_reason_is_told_in_words():
    assert "no answer in time" in check(0, None, FAILURES["timeout"])[0].report.reason
    assert "404" in check(0, None, FAILURES["not found"])[0].report.reason
    assert "moved" in check(0, None, FAILURES["redirect"])[0].report.reason
    assert "not served" in check(0, None, FAILURES["json"])[0].report.reason


def test_parameters_and_case_of_the_content_type_do_not_matter():
    answer = served(token(), media_type="Application/StatusList+JWT; charset=utf-8")
    assert check(0, None, answer)[0].report.status is Status.VALID


@pytest.mark.parametrize("refusal", [NotTrusted("nobody"), NotAuthentic("another"), Malformed("x5c", "is broken")])
def test_a_key_that_nobody_vouches_for_is_unknown(refusal):  # T069
    def refuse(jws):
        raise refusal

    assert is_unknown(check(0, None, served(token()), find_key=refuse)[0])


def test_the_key_is_found_by_the_header():
    seen = []

    def find(jws):
        seen.append(jws)
        return KEY.public_key

    text = token()
    known = check(0, None, served(text), find_key=find)[0].known
    check(0, known, find_key=find)
    assert seen[0] == peek_status_list_token(text)
    assert (seen[1].header, seen[1].payload) == (seen[0].header, b"")


def test_a_known_list_answers_only_for_credentials_whose_list_its_signer_may_sign():  # T069
    known = fetched(token(key=KEY))
    newer = token({}, key=OTHER, iat=NOW - 50)
    checked, asked = check(1, known, served(newer), find_key=lambda jws: OTHER.public_key)
    assert len(asked) == 1
    # the other signer's list answers, and its age is not held against a list that was never its own
    assert (checked.report.status, checked.rolled_back, checked.known.key) == (
        Status.VALID,
        False,
        OTHER.public_key,
    )


def test_a_known_list_whose_signer_is_no_longer_trusted_answers_nothing():  # T069
    def refuse(jws):
        raise NotTrusted("the anchor is gone")

    checked, asked = check(0, fetched(token()), served(token()), find_key=refuse)
    assert len(asked) == 1
    assert is_unknown(checked)


def test_a_known_list_of_another_address_answers_nothing():  # T068
    other = check(0, None, served(token(uri=URI + "2")), uri=URI + "2")[0].known
    checked, asked = check(1, other, served(token({})))
    assert len(asked) == 1
    assert (checked.report.status, checked.known.token.uri) == (Status.VALID, URI)


def test_an_older_list_never_replaces_a_newer_one():  # T071
    known = fetched(token({7: 1}, iat=NOW, exp=NOW + 900))
    older = token({}, iat=NOW - 1, exp=NOW + 5000)
    checked, _ = check(7, known, served(older), now=NOW + 301)
    assert checked.rolled_back is True
    assert checked.known is known
    report = checked.report
    assert (report.status, report.value) == (Status.INVALID, 1)
    assert (report.checked_at, report.fresh_until) == (NOW, NOW + 301)
    assert "older" in report.reason


@pytest.mark.parametrize(("exp", "max_age"), [(NOW + 400, 3600), (NOW + 4000, 400), (None, 400)])
def test_after_a_rollback_the_newer_list_answers_only_in_its_lifetime(exp, max_age):  # T071, T076
    known = fetched(token({}, exp=exp))
    older = served(token({}, iat=NOW - 1, exp=NOW + 5000))
    inside, _ = check(0, known, older, now=NOW + 399, max_age=max_age)
    assert (inside.report.status, inside.rolled_back) == (Status.VALID, True)
    outside, _ = check(0, known, older, now=NOW + 400, max_age=max_age)
    assert outside.rolled_back is True
    assert is_unknown(outside, known=known, now=NOW + 400)
    assert "older" in outside.report.reason


def test_after_a_rollback_a_list_from_the_future_does_not_answer():  # T071
    known = fetched(token({}))
    checked, _ = check(0, known, served(token({}, iat=NOW - 1)), now=NOW - 1)
    assert checked.rolled_back is True
    assert is_unknown(checked, known=known, now=NOW - 1)
