"""Notices of cases: without a value, until they are heard, and what a system answers."""

import re

import pytest

from protocol.exchange import HttpResponse
from tests.support.verifier import Addresses
from tests.verifier.service.office import (
    HOOK,
    ID,
    office,
    sent,
)
from verifier.service.context import webhook_secret
from verifier.service.notices import FIRST_WAIT, LEASE_SECONDS, MAX_ATTEMPTS, signature, wait

__all__ = ["office"]


def hook(office, status=200, body=b""):
    office.network.answers[HOOK] = HttpResponse(status, (("content-type", "application/json"),), body)


def test_a_notice_says_no_value_and_comes_again_until_it_is_heard(office):
    """T194: nothing personal goes to whoever owns the domain now; a redirect is not followed, and is no answer."""
    bodies = []
    network = office.network

    class Watched(Addresses):
        async def send(self, request):
            bodies.append((dict(request.headers), request.body))
            return await network.send(request)

    office.network = Watched()
    case, _ = sent(office)
    deliver = office.verifier.notices.deliver
    assert office.run(deliver()) == 0
    assert office.run(deliver()) == 0
    assert len(bodies) == 1
    office.clock.forward(FIRST_WAIT)
    network.answers[HOOK] = HttpResponse(307, (("location", "https://elsewhere.example/"),), b"")
    office.run(deliver())
    office.clock.forward(2 * FIRST_WAIT)
    network.answers[HOOK] = HttpResponse(204, (), b"")
    assert office.run(deliver()) == 1
    office.clock.forward(LEASE_SECONDS)
    assert office.run(deliver()) == 0
    assert len(bodies) == 3
    headers, body = bodies[-1]
    assert case.encode() in body
    assert b"Planted" not in b"".join(body for _, body in bodies)
    secret = _webhook_secret(office)
    stamp = int(re.match(r"t=(\d+),", headers["hoheit-signature"])[1])
    assert headers["hoheit-signature"] == signature(secret, body, at=stamp)
    assert headers["hoheit-signature"] != signature(secret, body + b" ", at=stamp)


def _webhook_secret(office):
    return webhook_secret(office.verifier.context.secret, ID)


def test_a_notice_is_given_up_after_some_days_and_goes_with_its_case(office):
    sent(office)
    deliver = office.verifier.notices.deliver
    for attempt in range(1, MAX_ATTEMPTS + 1):
        office.run(deliver())
        office.clock.forward(wait(attempt))
    calls = len(office.network.calls)
    assert calls == MAX_ATTEMPTS
    office.clock.forward(wait(99))
    office.run(deliver())
    assert len(office.network.calls) == calls


def test_where_nobody_wants_notices_any_more_they_are_done(office, monkeypatch):
    sent(office)
    deliver = office.verifier.notices.deliver
    with monkeypatch.context() as without:
        without.setattr(type(office.verifier.cases), "webhook", lambda *_: "")
        assert office.run(deliver()) == 0
    hook(office)
    office.clock.forward(wait(99))
    assert office.run(deliver()) == 0
    assert office.network.calls == []


def test_two_workers_never_deliver_the_same_notice(office):
    sent(office)
    hook(office)
    cases = office.store.cases
    now = office.clock.now
    assert len(cases.claim_notices(now=now, until=now + 60, limit=10)) == 1
    assert cases.claim_notices(now=now, until=now + 60, limit=10) == ()


@pytest.mark.parametrize(
    "answer",
    [b"[]", b"{", b'{"state": "received"}', b'{"state": "granted", "offer": "javascript:1"}', b"x" * 70_000, b""],
)
def test_an_answer_of_a_system_that_is_no_decision_changes_nothing(office, answer):
    case, _ = sent(office)
    hook(office, body=answer)
    office.run(office.verifier.notices.deliver())
    assert office.run(office.verifier.cases.open(case, actor="", role="system")).case.state == "received"
