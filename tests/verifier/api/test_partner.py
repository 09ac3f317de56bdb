"""The API for a partner's programs: its shape, who may call it, and what it tells."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.asgi import MAX_BODY
from tests.support.cases import cases
from tests.support.verifier import (
    HOST,
    IDENTIFIER,
    QUERY,
    answer_form,
    answer_link,
    answers,
    form_body,
    present,
    reference_of,
    request_of,
    wallet_drive,
)
from tests.support.web import api_routes

CHECKS = ["authentic", "holder_bound", "this_request", "trusted_issuer", "valid_now", "status", "query_complete"]


def test_a_partner_asks_watches_and_forgets(counter, held):
    """The whole story in four calls, in the shape that is promised."""
    made = counter.api("POST", "/api/requests", json={"use_case": "family-name"})
    assert made.status_code == 201
    body = made.json()
    assert set(body) == {"id", "uri", "request_uri", "qr_svg_url", "expires_at"}
    assert body["uri"].startswith("openid4vp://?client_id=x509_hash%3A")
    assert body["request_uri"].startswith(f"{IDENTIFIER}/requests/")
    assert body["expires_at"] == counter.clock.now + 300
    assert counter.http("GET", body["qr_svg_url"].removeprefix(IDENTIFIER)).status_code == 200
    path = f"/api/requests/{body['id']}"
    assert counter.api("GET", path).json() == {
        "id": body["id"],
        "use_case": "family-name",
        "state": "requested",
        "verdict": None,
        "claims": None,
        "error": "",
        "expires_at": body["expires_at"],
        "receipt_id": None,
        "receipt": None,
    }
    exchange = answer_link(body["uri"], held, anchors=counter.wallet_anchors, now=counter.clock.now)
    wallet_drive(exchange, {HOST: counter.app})
    told = counter.api("GET", path)
    assert told.headers["cache-control"] == "no-store"
    assert told.json()["state"] == "accepted"
    assert told.json()["claims"] == {"pid": [{"family_name": "Mustermann"}]}
    assert told.json()["verdict"] == {
        "accepted": True,
        "checks": [{"check": name, "passed": True, "reason": "", "as_of": None} for name in CHECKS],
        "issuers": {"pid": ["Residents' office"]},
        "disclosed_more_than_asked": [],
        "holders": 1,
        "acting": None,
    }
    assert counter.api("DELETE", path).status_code == 204
    assert counter.api("GET", path).status_code == 404
    assert counter.api("DELETE", path).status_code == 204


def test_a_refusal_says_in_plain_words_what_is_wrong(counter, held):
    made = counter.ask()
    request = request_of(counter, made)
    form = answer_form(request, {"pid": [present(request, held, audience="x509_hash:other")]})
    counter.http("POST", f"/responses/{reference_of(made)}", **form_body(form))
    told = counter.api("GET", f"/api/requests/{made.id}").json()
    assert (told["state"], told["claims"]) == ("refused", None)
    checks = {line["check"]: (line["passed"], line["reason"]) for line in told["verdict"]["checks"]}
    assert checks == {
        "authentic": (True, ""),
        "holder_bound": (True, ""),
        "this_request": (False, "key binding: is meant for somebody else"),
        "trusted_issuer": (True, ""),
        "valid_now": (True, ""),
        "status": (None, "was not reached"),
        "query_complete": (None, "was not reached"),
    }


def test_a_no_is_told(counter):
    """T193: the wallet's own text is not."""
    made = counter.ask()
    form = {"error": "access_denied", "error_description": "<script>alert(1)</script>"}
    counter.http("POST", f"/responses/{reference_of(made)}", **form_body(form))
    told = counter.api("GET", f"/api/requests/{made.id}")
    assert (told.json()["state"], told.json()["error"]) == ("declined", "access_denied")
    assert "script" not in told.text


def test_a_question_of_ones_own_is_asked_by_any_prefix_and_mode(counter):
    for prefix in ("x509_hash", "x509_san_dns", "decentralized_identifier", "redirect_uri"):
        for mode in ("direct_post", "direct_post.jwt"):
            body = {"dcql_query": QUERY, "client_id_prefix": prefix, "response_mode": mode, "same_device": True}
            made = counter.api("POST", "/api/requests", json=body).json()
            assert f"client_id={prefix}%3A" in made["uri"]
            assert (made["request_uri"] is None) == (prefix == "redirect_uri")


def test_a_program_leads_back_to_its_own_page(counter, held):
    """T183: the result is told with the code from there, and with no other."""
    body = {"use_case": "family-name", "same_device": True, "redirect_uri": "https://shop.example/back"}
    made = counter.api("POST", "/api/requests", json=body).json()
    exchange = answer_link(made["uri"], held, anchors=counter.wallet_anchors, now=counter.clock.now)
    address, _, code = wallet_drive(exchange, {HOST: counter.app}).redirect_uri.partition("?response_code=")
    assert address == "https://shop.example/back"
    path = f"/api/requests/{made['id']}"
    waits = counter.api("GET", path).json()
    assert (waits["state"], waits["verdict"], waits["claims"]) == ("answered", None, None)
    assert counter.api("GET", f"{path}?response_code=wrong").status_code == 404
    assert counter.api("GET", f"{path}?response_code={code}").json()["claims"]


@cases("verifier/request_body.json", "refuse")
def test_a_body_that_asks_nothing_sensible_is_refused_by_name(counter, case):
    """T197, T259: 400 with the place, and none of the values."""
    response = counter.api("POST", "/api/requests", json=case["body"])
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert case["says"] in response.json()["error_description"]
    assert "MARKER" not in response.text


@pytest.mark.parametrize("extra", ["id", "owner", "tenant_id", "created_at", "role", "expires_at", "nonce", "state"])
def test_nobody_sets_what_is_ours_to_set(counter, extra):
    """T238: ignored."""
    made = counter.api("POST", "/api/requests", json={"use_case": "family-name", extra: "chosen"})
    assert made.status_code == 201
    assert "chosen" not in made.text


@pytest.mark.parametrize(
    ("content", "status"), [(b"{", 400), (b"[" * 100_000, 400), (b"\xff", 400), (b"x" * (MAX_BODY + 1), 413)]
)
def test_a_body_that_is_no_json_is_refused(counter, content, status):
    """T016, T247."""
    headers = {"authorization": f"Bearer {counter.api_key}", "content-type": "application/json"}
    response = counter.http("POST", "/api/requests", content=content, headers=headers)
    assert (response.status_code, response.json()["error"]) == (status, "invalid_request")


def test_every_route_asks_for_a_key(counter):
    """T230: without a key, with a wrong, a revoked or an oddly spelled one; and no route is forgotten."""
    made = counter.ask()
    place = counter.run(counter.verifier.counters.add("Entrance", ["family-name"], counter.owner))
    revoked = counter.new_api_key("revoked")
    counter.store.api_keys.revoke("revoked")
    found = api_routes(counter.app) - {("GET", "/api/openapi.json"), ("HEAD", "/api/openapi.json")}
    assert found == {
        ("POST", "/api/requests"),
        ("GET", "/api/requests/{request_id}"),
        ("DELETE", "/api/requests/{request_id}"),
        ("POST", "/api/requests/{request_id}/meeting"),
        ("POST", "/api/requests/{request_id}/meeting/answer"),
        ("POST", "/api/usage"),
        ("POST", "/api/counters"),
        ("GET", "/api/counters"),
        ("DELETE", "/api/counters/{counter}"),
        ("POST", "/api/counters/{counter}/pairing"),
        ("DELETE", "/api/counters/{counter}/browsers"),
        ("GET", "/api/cases"),
        ("GET", "/api/cases/{case}"),
        ("DELETE", "/api/cases/{case}"),
        ("POST", "/api/cases/{case}/decision"),
        ("GET", "/api/rights"),
        ("GET", "/api/rights/{request}"),
        ("POST", "/api/rights/{request}/extension"),
        ("POST", "/api/rights/{request}/refusal"),
        ("POST", "/api/rights/{request}/done"),
        ("POST", "/api/rights/{request}/answer"),
        ("POST", "/api/rights/{request}/files"),
        ("DELETE", "/api/rights/{request}/files/{file}"),
    }
    keys = ["", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {revoked}", f"Basic {counter.api_key}", counter.api_key]
    keys += [f"Bearer {counter.api_key}x", f"Bearer {counter.owner}"]
    for method, path in found:
        for key in keys:
            address = path.replace("{request_id}", made.id).replace("{counter}", place.id)
            response = counter.http(method, address, headers={"authorization": key}, json={"use_case": "family-name"})
            assert (response.status_code, response.json()["error"]) == (401, "unauthorized")
            assert response.headers["www-authenticate"] == "Bearer"
    assert counter.result(made).state == "requested"
    assert counter.run(counter.verifier.counters.all()) == (place,)


def test_another_key_finds_nothing(counter, held):
    """T184, T237: what is somebody else's looks like what was never there."""
    made = counter.ask()
    counter.receive(made, answers(counter, made, held))
    mine = counter.api_key
    for request_id in (made.id, "guess", "x" * 3000, "..", "%2e%2e", "'--"):
        for method in ("GET", "DELETE"):
            counter.api_key = counter.new_api_key()
            response = counter.api(method, f"/api/requests/{request_id}")
            assert response.status_code == 404
            assert response.json()["error"] == "not_found"
            if request_id in (made.id, "guess"):
                assert response.json()["error_description"] == "no such request"
    counter.api_key = mine
    assert counter.result(made).state == "accepted"


def test_a_result_is_over_at_its_time(counter, held):
    """T184, T261."""
    made = counter.ask()
    counter.receive(made, answers(counter, made, held))
    counter.clock.forward(600)
    assert counter.api("GET", f"/api/requests/{made.id}").status_code == 404


def test_the_shape_is_published(counter):
    """Programs are written against this: models for every body, and the key as a bearer scheme."""
    document = counter.http("GET", "/api/openapi.json").json()
    one = "/api/requests/{request_id}"
    requests = {"/api/requests", one, f"{one}/meeting", f"{one}/meeting/answer"}
    counters = {f"/api/counters{below}" for below in ("", "/{counter}", "/{counter}/pairing", "/{counter}/browsers")}
    cases = {f"/api/cases{below}" for below in ("", "/{case}", "/{case}/decision")}
    rights = {f"/api/rights{below}" for below in ("", "/{request}")}
    rights |= {f"/api/rights/{{request}}/{deed}" for deed in ("extension", "refusal", "done", "answer", "files")}
    rights |= {"/api/rights/{request}/files/{file}"}
    assert set(document["paths"]) == requests | counters | cases | rights | {"/api/usage"}
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["security"]
            assert "4XX" in operation["responses"]
            assert operation["description"]
    [scheme] = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    body = document["components"]["schemas"]["RequestBody"]["properties"]
    assert set(body) == {
        "use_case",
        "dcql_query",
        "response_mode",
        "client_id_prefix",
        "same_device",
        "redirect_uri",
        "for_another",
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(body=st.fixed_dictionaries({}, optional={"use_case": json_values, "dcql_query": json_values, "x": json_values}))
@settings(max_examples=40, deadline=None)
def test_no_body_is_answered_with_a_fault_of_ours(shared_counter, body):
    response = shared_counter.api("POST", "/api/requests", content=json.dumps(body))
    assert response.status_code == 400
