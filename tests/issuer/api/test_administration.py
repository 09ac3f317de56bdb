"""The administration API: for programs with a key, strict about what comes in, and without a word about strangers."""

import pytest

from issuer.records import CredentialState
from tests.issuer.api.calls import is_error
from tests.support.issuer import TestWallet, make_issuer
from tests.support.web import api_routes

OFFER = {"credential_configuration_ids": ["member"], "subject": "anna"}


@pytest.fixture
def desk():
    return make_issuer()


@pytest.fixture
def wallet(desk):
    return TestWallet(desk)


@pytest.fixture
def http(desk):
    with desk.browser() as client:
        client.headers["authorization"] = f"Bearer {desk.api_key()}"
        yield client


@pytest.fixture
def issued(desk, wallet):
    wallet.issue(wallet.redeem(desk.offer()))
    return desk.store.credentials_of("anna")[0]


def test_every_route_asks_for_a_key(desk, issued):
    """T230: without a key, with a wrong, a revoked or an oddly spelled one; and no route is forgotten."""
    key, revoked = desk.api_key(), desk.api_key("revoked")
    desk.store.api_keys.revoke("revoked")
    found = api_routes(desk.app()) - {("GET", "/api/openapi.json"), ("HEAD", "/api/openapi.json")}
    assert found == {
        ("POST", "/api/offers"),
        ("GET", "/api/offers/{offer_id}"),
        ("DELETE", "/api/offers/{offer_id}"),
        ("POST", "/api/letters"),
        ("POST", "/api/people"),
        ("PATCH", "/api/people"),
        ("POST", "/api/people/gone"),
        ("POST", "/api/people/changed"),
        ("POST", "/api/usage"),
        ("GET", "/api/rights"),
        ("GET", "/api/rights/{request}"),
        ("POST", "/api/rights/{request}/files"),
        ("DELETE", "/api/rights/{request}/files/{file}"),
        ("GET", "/api/credentials"),
        ("POST", "/api/credentials/{credential_id}/revoke"),
        ("POST", "/api/credentials/{credential_id}/suspend"),
        ("POST", "/api/credentials/{credential_id}/reinstate"),
    }
    with desk.browser() as http:
        for method, path in sorted(found):
            address = path.format(offer_id="x", credential_id=issued.id, request="x", file="x") if "{" in path else path
            for wrong in ("", "Bearer", "Bearer wrong", f"Bearer {revoked}", f"Basic {key}", key, f"Bearer {key}x"):
                answer = http.request(
                    method, address, params={"subject": "anna"}, json=OFFER, headers={"authorization": wrong}
                )
                assert is_error(answer, "unauthorized", 401)
                assert answer.headers["www-authenticate"] == "Bearer"
        assert desk.store.credentials_of("anna")[0].state is CredentialState.VALID


def test_an_offer_is_made_watched_and_taken_back(http):
    made = http.post("/api/offers", json=OFFER)
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    offer = made.json()
    assert offer["tx_code"]
    assert offer["tx_code"] not in offer["uri"]
    assert http.get(f"/api/offers/{offer['id']}").json() == {"id": offer["id"], "state": "offered"}
    assert http.delete(f"/api/offers/{offer['id']}").json()["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"subject": ""}, "body.subject"),
        ({"subject": "a\x00b"}, "body.subject"),
        ({"subject": 7}, "body.subject"),
        ({"subject": None}, "body.subject"),
        ({"credential_configuration_ids": []}, "body.credential_configuration_ids"),
        ({"credential_configuration_ids": ["member"] * 21}, "body.credential_configuration_ids"),
        ({"grant": "password"}, "body.grant"),
        ({"tx_code": "yes"}, "body.tx_code"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_by_name(http, change, at):
    """T145, T224, T259"""
    answer = http.post("/api/offers", json={**OFFER, **change})
    assert is_error(answer, "invalid_request")
    assert answer.json()["error_description"].startswith(at)


def test_what_a_program_must_not_set_is_ignored(http):
    """T238"""
    made = http.post("/api/offers", json={**OFFER, "id": "mine", "expires_at": 1, "actor": "root", "role": "admin"})
    assert made.status_code == 201
    assert made.json()["id"] != "mine"
    assert made.json()["expires_at"] != 1


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'{"subject":"a","subject":"b"}', b"[" * 10_000])
def test_other_json_is_refused(http, body):
    """T016"""
    answer = http.post("/api/offers", content=body, headers={"content-type": "application/json"})
    assert is_error(answer, "invalid_request")


def test_a_body_has_a_type_and_a_size(http):
    """T140, T247"""
    plain = http.post("/api/offers", content=b"{}", headers={"content-type": "text/plain"})
    assert plain.status_code == 415
    large = http.post("/api/offers", json={**OFFER, "more": "x" * 70_000})
    assert large.status_code == 413


def test_a_person_s_credentials_are_listed_without_their_claims(http, issued):
    """T243"""
    [line] = http.get("/api/credentials", params={"subject": "anna"}).json()
    assert set(line) == {"id", "credential_configuration_id", "subject", "state", "issued_at", "expires_at"}
    assert (line["id"], line["state"]) == (issued.id, "valid")
    assert http.get("/api/credentials", params={"subject": "nobody"}).json() == []
    assert is_error(http.get("/api/credentials"), "invalid_request")


def test_a_credential_rests_holds_again_and_ends(http, issued):
    """T080"""
    for deed, state in (("suspend", "suspended"), ("reinstate", "valid"), ("revoke", "revoked"), ("revoke", "revoked")):
        assert http.post(f"/api/credentials/{issued.id}/{deed}").json()["state"] == state
    assert http.post(f"/api/credentials/{issued.id}/reinstate").status_code == 409


@pytest.mark.parametrize("address", ["/api/offers/%s", "/api/credentials/%s"])
@pytest.mark.parametrize("name", ["unknown", "%27%20OR%201=1", "..%2f..%2fetc", "x" * 5_000])
def test_what_is_not_there_is_not_found(http, address, name):
    """T224, T237"""
    path = address % name
    answer = http.get(path) if "offers" in path else http.post(path + "/revoke")
    assert answer.status_code == 404
    assert name not in answer.text


def test_a_letter_opens_the_login_once(http):
    letter = http.post("/api/letters", json={"subject": "anna"})
    assert letter.status_code == 201
    assert set(letter.json()) == {"letter_code"}
    assert is_error(http.post("/api/letters", json={"subject": ""}), "invalid_request")


def test_every_route_says_that_a_key_is_needed(http):
    document = http.get("/api/openapi.json").json()
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["security"]
            assert operation["description"]
    file = document["paths"]["/api/rights/{request}/files"]["post"]["requestBody"]["content"]
    assert list(file) == ["multipart/form-data"]
