"""The addresses that wallets call: one proof, one body of its kind, and an answer that nobody keeps."""

from contextlib import asynccontextmanager

import pytest
from fastapi.testclient import TestClient

from capabilities.cockpit.api import CALLS_AT_ONCE, MAX_CALL, add_cockpit
from protocol.encoding import encode_base64url, sha256
from protocol.oauth.dpop import sign_dpop_proof
from protocol.sovereignty.calls import CallPath, call_url
from protocol.sovereignty.receipt_travel import MEDIA_TYPE
from runtime.asgi import create_application
from runtime.driver import Driver
from runtime.endpoints import Endpoints
from tests.issuer.service.asking import Citizen
from tests.support.partners import COCKPIT_KEY
from tests.support.verifier import Addresses

NUMBERS = iter(range(1_000_000))
JSON = {"content-type": "application/json"}


@asynccontextmanager
async def nothing(_):
    yield


@pytest.fixture
def citizen():
    return Citizen()


@pytest.fixture
def client(citizen):
    endpoints, driver = Endpoints(), Driver(None, Addresses())
    add_cockpit(endpoints, citizen.office.desk.issuer.cockpit, driver, "/cockpit", lambda: 0.0)
    yield TestClient(create_application(title="party", secure=True, lifespan=nothing, endpoints=endpoints))
    driver.close()


@pytest.fixture
def proof(citizen, client):
    """Makes proofs that are good, each once."""
    desk = citizen.office.desk
    url = call_url(desk.issuer.context.endpoints.cockpit, CallPath.USAGE)

    def made(nonce=None):
        jti = encode_base64url(sha256(f"proof {next(NUMBERS)}".encode())[:16])
        return sign_dpop_proof(COCKPIT_KEY, method="POST", url=url, jti=jti, issued_at=desk.clock.now, nonce=nonce)

    challenged = usage(client, made())
    assert (challenged.status_code, error_of(challenged)) == (401, "use_dpop_nonce")
    return lambda: made(challenged.headers["dpop-nonce"])


def usage(client, *proofs, body=b"{}", headers=JSON):
    """Ask what was done."""
    sent = [*headers.items(), *[("dpop", one) for one in proofs]]
    return client.post("/cockpit/usage", content=body, headers=sent)


def error_of(answer):
    found = answer.headers.get("www-authenticate", "")
    return found.partition('error="')[2].partition('"')[0] or answer.json()["error"]


def test_what_was_signed_for_whoever_calls_is_kept_by_nobody(client, proof):
    answer = usage(client, proof())
    assert answer.status_code == 200
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (MEDIA_TYPE, "no-store")
    assert "set-cookie" not in answer.headers


def test_a_call_has_one_proof_and_two_are_none(client, proof):
    """Which of two counts, each side could take otherwise."""
    for proofs in ((), (proof(), proof()), (proof(), "")):
        answer = usage(client, *proofs)
        assert (answer.status_code, error_of(answer)) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize("body", [b"", b"{", b"[1,", b"\xff", b'{"after": 1, "after": 2}', b'{"after": "all"}', b"7"])
def test_what_is_no_question_is_told_so(client, proof, body):
    answer = usage(client, proof(), body=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_body_has_its_kind_and_its_size(client, proof):
    assert usage(client, proof(), headers={"content-type": "text/plain"}).status_code == 415
    assert usage(client, proof(), body=b"{}" + b" " * MAX_CALL).status_code == 413


def test_whoever_calls_too_often_waits(client):
    answers = [usage(client).status_code for _ in range(CALLS_AT_ONCE + 1)]
    assert answers == [401] * CALLS_AT_ONCE + [429]
