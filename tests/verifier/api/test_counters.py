"""Counters by API: each belongs to the key that made it, and no key gets what people answer there."""

import pytest

from tests.support.verifier import HOST, IDENTIFIER, answer_link, wallet_drive

BODY = {"name": "Entrance", "use_cases": ["family-name"]}


def add(counter, **changes):
    made = counter.api("POST", "/api/counters", json={**BODY, **changes})
    assert made.status_code == 201
    return made.json()


def test_a_program_makes_lists_and_removes_counters(counter, held):
    made = add(counter)
    [code] = made["codes"]
    assert made["page"] == f"{IDENTIFIER}/counters/{made['id']}"
    assert code["page"] == f"{made['page']}/code/family-name"
    assert code["uri"].startswith("openid4vp://?client_id=x509_hash")
    assert code["good_until"] > counter.clock.now
    assert counter.api("GET", "/api/counters").json() == {"counters": [made]}
    exchange = answer_link(code["uri"], held, anchors=counter.wallet_anchors, now=counter.clock.now)
    assert wallet_drive(exchange, {HOST: counter.app}).redirect_uri.startswith(f"{IDENTIFIER}/number?response_code=")
    assert counter.api("DELETE", f"/api/counters/{made['id']}").status_code == 204
    assert counter.api("GET", "/api/counters").json() == {"counters": []}
    assert counter.http("POST", f"/quick/{made['id']}-0").status_code == 404


def test_a_program_gives_a_link_for_one_more_browser_and_takes_all_back(counter):
    made = add(counter)
    offer = counter.api("POST", f"/api/counters/{made['id']}/pairing")
    assert offer.status_code == 201
    assert offer.json()["url"] == f"{made['page']}/pair#code={offer.json()['code']}"
    assert offer.json()["expires_at"] == counter.clock.now + 900
    secret = counter.run(counter.verifier.counters.pair(made["id"], offer.json()["code"]))
    assert counter.run(counter.verifier.boards.board(made["id"], secret)).record.id == made["id"]
    assert counter.api("DELETE", f"/api/counters/{made['id']}/browsers").status_code == 204
    assert counter.run(counter.verifier.counters.standing(made["id"])).browsers == ()


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/pairing"), ("DELETE", "/browsers")])
def test_no_other_key_has_a_part_in_it(counter, method, path):
    """T184, T237: not by the id, which is printed for everybody, and not by the name."""
    made = add(counter)
    other = {"authorization": f"Bearer {counter.new_api_key('somebody else')}"}
    for name in (made["id"], "Entrance"):
        assert counter.http(method, f"/api/counters/{name}{path}", headers=other).status_code == 404
        assert counter.http(method, f"/api/counters/{name}{path}").status_code == 401
    assert counter.http("GET", "/api/counters", headers=other).json() == {"counters": []}
    assert counter.http("GET", "/api/counters").status_code == 401
    assert len(counter.api("GET", "/api/counters").json()["counters"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**BODY, "name": ""},
        {**BODY, "name": "x" * 61},
        {**BODY, "use_cases": []},
        {**BODY, "use_cases": ["other"]},
        {**BODY, "use_cases": ["family-name"] * 9},
        {**BODY, "use_cases": "family-name"},
    ],
)
def test_a_counter_that_cannot_be_is_not_made(counter, body):
    assert counter.api("POST", "/api/counters", json=body).status_code == 400
    assert counter.api("GET", "/api/counters").json() == {"counters": []}
