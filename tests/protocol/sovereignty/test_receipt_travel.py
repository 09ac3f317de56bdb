"""How a receipt reaches the wallet."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import encode_base64url
from protocol.errors import Malformed, Unreachable
from protocol.exchange import HttpResponse, run
from protocol.oid4vp.response import ResponseAccepted
from protocol.sovereignty.calls import Caller, verify_call
from protocol.sovereignty.receipt_travel import (
    DEFAULT_WAIT,
    MAX_WAIT,
    Collected,
    NoReceipt,
    NotYet,
    carried_receipt,
    carry_receipt,
    collect_receipt,
    read_collected,
)
from tests.protocol.sovereignty.disclosures import signed
from tests.support.partners import COCKPIT, COCKPIT_KEY
from tests.support.pki import NOW, seeded
from tests.support.strategies import json_values

RECEIPT = signed()
JWT = (("content-type", "application/jwt"),)


def collect(response, claim=None):
    asked: list[Any] = []
    caller = Caller(COCKPIT_KEY, seeded(1), lambda: NOW)

    def perform(request):
        asked.append(request)
        return response

    found = run(collect_receipt(caller, COCKPIT, claim), perform)
    (request,) = asked
    verify_call(dict(request.headers)["dpop"], method="POST", url=f"{COCKPIT}/receipt", now=NOW)
    return found, request


def test_it_comes_with_the_answer_and_wallets_that_do_not_know_it_lose_nothing():
    accepted = ResponseAccepted("https://agency.example/done").to_dict()
    answer = carry_receipt(accepted, RECEIPT)
    assert carried_receipt(answer) == RECEIPT
    assert ResponseAccepted.from_dict(answer) == ResponseAccepted("https://agency.example/done", RECEIPT)
    assert ResponseAccepted.from_dict(answer).to_dict() == answer
    assert ResponseAccepted.from_dict({**answer, "receipt": 7}).to_dict() == accepted
    assert carried_receipt(carry_receipt({"error": "invalid_request"}, RECEIPT)) == RECEIPT


@given(json_values)
def test_what_is_no_token_is_no_receipt(value):
    assert carried_receipt({"receipt": value}) is None
    assert carried_receipt({}) is None


def test_a_receipt_over_its_cap_is_none():
    assert carried_receipt({"receipt": f"a.{'b' * 65_536}.c"}) is None


def test_it_is_collected():
    found, request = collect(HttpResponse(200, JWT, RECEIPT.encode()))
    assert found == Collected(RECEIPT)
    assert json.loads(request.body) == {}


def test_the_first_call_after_a_session_in_person_has_the_claim():
    found, request = collect(HttpResponse(200, JWT, RECEIPT.encode()), claim=bytes(32))
    assert found == Collected(RECEIPT)
    assert json.loads(request.body) == {"claim": encode_base64url(bytes(32))}


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("5", 5),
        ("999999", MAX_WAIT),
        ("soon", DEFAULT_WAIT),
        (None, DEFAULT_WAIT),
        ("-1", DEFAULT_WAIT),
        ("1" * 10, 60),
    ],
)
def test_it_may_take_a_while(said, seconds):
    headers = () if said is None else (("retry-after", said),)
    assert collect(HttpResponse(202, headers, b""))[0] == NotYet(seconds)


def test_there_may_be_none():
    assert collect(HttpResponse(404, (), b""))[0] == NoReceipt()


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (HttpResponse(500, (), b""), Unreachable),
        (HttpResponse(503, (), b""), Unreachable),
        (HttpResponse(429, (), b""), Unreachable),
        (HttpResponse(302, (("location", "https://x.example"),), b""), Malformed),
        (HttpResponse(200, (), RECEIPT.encode()), Malformed),
        (HttpResponse(200, (("content-type", "text/html"),), RECEIPT.encode()), Malformed),
        (HttpResponse(200, JWT, b"<html>"), Malformed),
        (HttpResponse(200, JWT, b"\xff.\xff.\xff"), Malformed),
        (HttpResponse(400, (), b""), Malformed),
    ],
)
def test_anything_else_is_no_answer(response, error):
    with pytest.raises(error):
        read_collected(response)


@given(st.binary(max_size=60))
def test_no_body_leaves_the_error_family(body):
    with contextlib.suppress(Malformed):
        read_collected(HttpResponse(200, JWT, body))
