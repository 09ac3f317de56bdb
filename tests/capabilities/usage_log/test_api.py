"""Heads and growth over HTTP: for everybody, and about nobody."""

import json
from contextlib import asynccontextmanager

import pytest
from fastapi.testclient import TestClient

from capabilities.usage_log.api import add_usage_log
from protocol.sovereignty.log_heads import Growth, verify_usage_head
from protocol.sovereignty.merkle import MAX_SIZE
from protocol.sovereignty.usage import BLOCK, HOUR
from runtime.asgi import create_application
from runtime.driver import Driver
from runtime.endpoints import Endpoints
from tests.support.partners import AGENCY
from tests.support.usage import RECEIVED, anchors
from tests.support.verifier import Addresses


@asynccontextmanager
async def nothing(_):
    yield


@pytest.fixture
def client(party):
    endpoints = Endpoints()
    driver = Driver(None, Addresses())
    add_usage_log(endpoints, party.log, driver, "/agency/cockpit")
    party.use(RECEIVED)
    party.hour()
    party.hour()
    yield TestClient(create_application(title="party", secure=True, lifespan=nothing, endpoints=endpoints))
    driver.close()


def test_everybody_gets_the_signed_head_and_may_keep_it_until_the_next_hour(client, party):
    party.clock.forward(600)
    answer = client.get("/agency/cockpit/head?log=2027")
    assert answer.headers["content-type"] == "application/jwt"
    assert answer.headers["cache-control"] == f"public, max-age={HOUR - 600}"
    head = verify_usage_head(answer.text, log="2027", partner=(AGENCY,), anchors=anchors(), now=party.clock.now)
    assert head.head.tree.size == 2 * BLOCK
    assert client.get("/agency/cockpit/head?log=2027").text == answer.text


def test_everybody_gets_how_a_log_grew(client, party):
    answer = client.get("/agency/cockpit/consistency?log=2027&from=64&to=128")
    assert answer.headers["cache-control"].startswith("public, max-age=")
    before, after = Growth.from_dict(json.loads(answer.text)), party.store.log("2027").head
    assert (before.before, before.after, len(before.consistency)) == (64, after.tree.size, 1)


@pytest.mark.parametrize(
    "query",
    [
        "head",
        "head?log=",
        "head?log=2026",
        "head?log=20277",
        "head?log=２０２７",
        "head?log=2027'--",
        "consistency",
        "consistency?log=2027",
        "consistency?log=2027&from=64",
        "consistency?log=2027&from=064&to=128",
        "consistency?log=2027&from=-64&to=128",
        "consistency?log=2027&from=1&to=128",
        "consistency?log=2027&from=128&to=64",
        "consistency?log=2027&from=64&to=192",
        "consistency?log=2026&from=64&to=128",
        f"consistency?log=2027&from=64&to={MAX_SIZE + 1}",
        f"consistency?log=2027&from=64&to={'9' * 5000}",
        "consistency?log=2027&from=64&to=1e2",
    ],
)
def test_what_is_unknown_and_what_is_no_question_get_one_answer(client, query):
    answer = client.get(f"/agency/cockpit/{query}")
    unknown = client.get("/agency/cockpit/head?log=1999")
    assert answer.status_code == unknown.status_code == 404
    assert (answer.content, answer.headers["cache-control"]) == (unknown.content, unknown.headers["cache-control"])
