"""Looking up a status where the list is served as CWT: the same answers, and never guessed from the content."""

import pytest

from protocol.credential import StatusReference
from protocol.errors import NotAuthentic
from protocol.exchange import HttpResponse
from protocol.status.bits import StatusList
from protocol.status.check import CheckedStatus, Status, check_status
from protocol.status.token import CWT_MEDIA_TYPE, MEDIA_TYPE, sign_status_list_cwt, sign_status_list_token
from protocol.x509 import read_x5c
from tests.support.pki import make_pki, seeded_key

PKI = make_pki()
URI = "https://issuer.example/status/1"
NOW = 1_800_000_000
STATUSES = StatusList.from_entries(64, 2, {3: 1, 5: 2})


def token(*, uri=URI, signer=PKI.signer, now=NOW):
    return sign_status_list_cwt(
        STATUSES, uri=uri, issued_at=now, expires_at=now + 600, ttl=300, signer=signer, chain=PKI.certificates
    )


def by_certificate(jws):
    return read_x5c(jws.header.x5c)[0].public_key


def nobody(jws):
    raise NotAuthentic("status list: is signed by somebody else")


def looked_up(idx, body, *, known=None, media_type=CWT_MEDIA_TYPE, status=200, find_key=by_certificate, now=NOW):
    """The answer, and whether the list was fetched for it."""
    exchange = check_status(StatusReference(URI, idx), known, find_key=find_key, now=now, max_age=3600)
    try:
        next(exchange)
    except StopIteration as end:
        return end.value, False
    with pytest.raises(StopIteration) as answered:
        exchange.send(HttpResponse(status, (("content-type", media_type),), body))
    answer = answered.value.value
    assert isinstance(answer, CheckedStatus)
    return answer, True


@pytest.mark.parametrize(("idx", "status"), [(0, Status.VALID), (3, Status.INVALID), (5, Status.SUSPENDED)])
def test_a_list_in_cwt_answers(idx, status):
    answer, _ = looked_up(idx, token())
    assert answer.report.status is status


def test_it_is_kept_and_answers_again():
    known = looked_up(0, token())[0].known
    answer, fetched = looked_up(3, b"", known=known, now=NOW + 299)
    assert (answer.report.status, fetched) == (Status.INVALID, False)
    assert looked_up(3, token(now=NOW + 300), known=known, now=NOW + 300)[1]


def test_a_kept_list_of_somebody_else_is_fetched_anew():  # T069
    known = looked_up(0, token())[0].known
    answer, fetched = looked_up(0, token(), known=known, find_key=nobody)
    assert (answer.report.status, fetched) == (Status.UNKNOWN, True)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (token(), MEDIA_TYPE),
        (token(), "application/cbor"),
        (token(signer=seeded_key(9)), CWT_MEDIA_TYPE),
        (token(uri=URI + "2"), CWT_MEDIA_TYPE),
        (token(now=NOW - 600), CWT_MEDIA_TYPE),
        (token()[:-1], CWT_MEDIA_TYPE),
        (b"", CWT_MEDIA_TYPE),
        (
            sign_status_list_token(
                STATUSES, uri=URI, issued_at=NOW, expires_at=None, ttl=None, signer=PKI.signer, x5c=()
            ).encode(),
            CWT_MEDIA_TYPE,
        ),
    ],
    ids=["as jwt", "as cbor", "other key", "other address", "expired", "cut", "empty", "jwt as cwt"],
)
def test_what_does_not_hold_is_no_answer(body, media_type):  # T075
    answer, _ = looked_up(0, body, media_type=media_type)
    assert answer.report.status is Status.UNKNOWN
    assert answer.known is None


def test_an_error_with_a_list_in_it_is_no_answer():
    assert looked_up(0, token(), status=500)[0].report.status is Status.UNKNOWN
