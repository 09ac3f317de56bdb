"""A register's program puts people in, changes them and takes them out; their documents follow."""

import pytest

from issuer.records import CredentialState
from tests.support.issuer import TestWallet, make_issuer


@pytest.fixture
def desk():
    return make_issuer()


@pytest.fixture
def issued(desk):
    """Anna has a document."""
    wallet = TestWallet(desk)
    wallet.issue(wallet.redeem(desk.offer()))


@pytest.fixture
def http(desk):
    with desk.browser() as browser:
        browser.headers["authorization"] = f"Bearer {desk.api_key()}"
        yield browser


def test_a_change_says_what_becomes_of_the_documents_and_never_a_value(http, desk, issued):
    body = {"subject": "anna", "record": {"points": 8}, "preview": True}
    told = http.patch("/api/people", json=body).json()
    [line] = told
    assert (line["credential_configuration_id"], line["fate"], line["changed"]) == ("member", "replaced", [["points"]])
    assert desk.register.read("anna")["points"] == 7
    assert http.patch("/api/people", json={**body, "preview": False}).json() == told
    assert desk.register.read("anna") == {"given_name": "Anna", "points": 8}


def test_people_are_put_in_and_those_who_are_as_before_are_not_named(http, desk):
    people = {"anna": {"given_name": "Anna", "points": 7}, "cleo": {"given_name": "Cleo"}}
    assert http.post("/api/people", json={"people": people}).json() == {"changed": ["cleo"]}
    assert desk.register.read("cleo") == {"given_name": "Cleo"}


def test_who_is_gone_is_gone(http, desk, issued):
    preview = http.post("/api/people/gone", json={"subject": "anna", "preview": True}).json()
    assert [line["fate"] for line in preview] == ["ended"]
    assert desk.store.credentials_of("anna")[0].state is CredentialState.VALID
    assert http.post("/api/people/gone", json={"subject": "anna"}).json() == preview
    assert desk.store.credentials_of("anna")[0].state is CredentialState.REVOKED
    assert http.post("/api/people/gone", json={"subject": "anna"}).status_code == 400


def test_somebody_tells_about_whom_a_register_changed(http, desk):
    assert http.post("/api/people/changed", json={"subjects": ["anna"]}).status_code == 202
    now = desk.clock.now
    assert [one.subject for one in desk.store.due_changes(now=now, again_at=now + 1, limit=9)] == ["anna"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/people", {"people": {}}),
        ("POST", "/api/people", {"people": {"a b": {}}}),
        ("POST", "/api/people", {"people": {"anna": []}}),
        ("POST", "/api/people", {"people": {f"p{number}": {} for number in range(1001)}}),
        ("PATCH", "/api/people", {"subject": "anna"}),
        ("PATCH", "/api/people", {"subject": "anna", "record": {"big": "x" * 263_000}}),
        ("PATCH", "/api/people", {"subject": "nobody", "record": {}}),
        ("PATCH", "/api/people", {"subject": "an\0na", "record": {}}),
        ("POST", "/api/people/gone", {}),
        ("POST", "/api/people/changed", {"subjects": []}),
        ("POST", "/api/people/changed", {"subjects": ["a b"]}),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(http, desk, method, path, body):
    answer = http.request(method, path, json=body)
    assert answer.status_code in (400, 413)
    assert desk.register.subjects(9) == ("anna", "bodo")
    assert desk.register.read("anna") == {"given_name": "Anna", "points": 7}
