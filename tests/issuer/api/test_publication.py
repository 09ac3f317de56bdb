"""What an issuer publishes or keeps for others to fetch: pushed requests, offers, metadata, keys, status lists."""

import json

import pytest

from issuer.records import CredentialState
from protocol.oid4vci.metadata import CredentialIssuerMetadata, verify_signed_metadata
from protocol.status.token import verify_status_list_token
from tests.issuer.api.calls import is_error, par_form
from tests.support.issuer import ACTOR, IDENTIFIER, TestWallet, make_issuer
from tests.support.pki import NOW

ISSUER_METADATA = "/.well-known/openid-credential-issuer"


@pytest.fixture
def desk():
    return make_issuer()


@pytest.fixture
def wallet(desk):
    return TestWallet(desk)


@pytest.fixture
def http(desk):
    with desk.browser() as client:
        yield client


def test_a_request_is_pushed(http):
    response = http.post("/par", data=par_form())
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    assert set(response.json()) == {"request_uri", "expires_in"}
    assert type(response.json()["expires_in"]) is int
    assert response.json()["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert len(response.json()["request_uri"].rpartition(":")[2]) == 43


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "x" * 10}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"client_id": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"issuer_state": "x"}, "invalid_request"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        (
            {"authorization_details": json.dumps([{"type": "openid_credential", "credential_configuration_id": "x"}])},
            "invalid_authorization_details",
        ),
    ],
)
def test_bad_pushed_requests_have_their_codes(http, changes, code):
    """T094, T096, T097, T098, T116"""
    assert is_error(http.post("/par", data=par_form(**changes)), code)


def test_a_pushed_proof_is_answered_with_a_nonce(http, wallet):
    """RFC 9449 §10.1"""
    answer = http.post("/par", data=par_form(), headers={"dpop": wallet.dpop(f"{IDENTIFIER}/par", nonce=None)})
    assert is_error(answer, "use_dpop_nonce")
    proof = wallet.dpop(f"{IDENTIFIER}/par", nonce=answer.headers["dpop-nonce"])
    assert http.post("/par", data=par_form(), headers={"dpop": proof}).status_code == 201


@pytest.mark.parametrize("end", ["redeemed", "expired", "withdrawn", "unknown"])
def test_an_offer_by_reference_ends_with_404(http, desk, wallet, end):
    """T137"""
    made = desk.offer()
    path = made.page.removeprefix(IDENTIFIER).removesuffix("/page")
    for _ in range(3):
        assert http.get(path).json() == made.offer.to_dict()
    assert http.head(path).status_code == 405
    match end:
        case "redeemed":
            wallet.redeem(made)
        case "expired":
            desk.clock.move(600)
        case "withdrawn":
            desk.run(desk.issuer.offers.withdraw(made.id, ACTOR))
        case _:
            path = f"{path[:-1]}!"
    assert is_error(http.get(path), "not_found", 404)


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/turtle", "application/json, */*;q=0.1"])
def test_metadata_is_json_unless_a_jwt_is_asked_for(http, accept):
    """T139"""
    response = http.get(ISSUER_METADATA, headers={"accept": accept} if accept else {})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.headers["vary"] == "accept"
    assert CredentialIssuerMetadata.from_dict(response.json()).credential_issuer == IDENTIFIER


def test_metadata_is_signed_where_that_is_asked_for(http, desk):
    """T139"""
    response = http.get(ISSUER_METADATA, headers={"accept": "application/jwt, application/json;q=0.9"})
    assert response.headers["content-type"] == "application/jwt"
    metadata, _ = verify_signed_metadata(
        response.text, identifier=IDENTIFIER, anchors=desk.pki.anchors, now=desk.clock.now
    )
    assert metadata.credential_issuer == IDENTIFIER


def test_metadata_of_an_issuer_with_a_path_stands_between_host_and_path():
    """T139: and nowhere else"""
    desk = make_issuer(identifier="https://agency.example/tenant")
    with desk.browser() as http:
        for name in ("openid-credential-issuer", "oauth-authorization-server", "jwt-vc-issuer"):
            found = http.get(f"/.well-known/{name}/tenant")
            assert found.status_code == 200
            said = found.json().get("credential_issuer") or found.json()["issuer"]
            assert said == "https://agency.example/tenant"
            for elsewhere in (f"/.well-known/{name}", f"/.well-known/{name}/", f"/.well-known/{name}/tenant/",
                              f"/.well-known/{name}/other", f"/tenant/.well-known/{name}"):  # fmt: skip
                assert http.get(elsewhere).status_code == 404
        assert http.post("/tenant/nonce").status_code == 200
        assert http.post("/nonce").status_code == 404


def test_the_server_and_its_keys_are_published(http):
    server = http.get("/.well-known/oauth-authorization-server")
    assert server.json()["issuer"] == IDENTIFIER
    keys = http.get("/.well-known/jwt-vc-issuer")
    assert keys.json()["issuer"] == IDENTIFIER
    for response in (server, keys):
        assert response.headers["cache-control"] == "public, max-age=300"


@pytest.fixture
def issued(desk, wallet):
    wallet.issue(wallet.redeem(desk.offer()))
    return desk.store.credentials_of("anna")[0]


def test_a_status_list_is_served_with_a_tag_and_a_lifetime(http, desk, issued):
    """T077, T257"""
    path = f"/status/{issued.status_list}"
    first = http.get(path)
    assert (first.status_code, first.headers["content-type"]) == (200, "application/statuslist+jwt")
    assert first.headers["cache-control"] == "public, max-age=300"
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        unchanged = http.get(path, headers={"if-none-match": known})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == tag
    desk.run(desk.issuer.status.change(issued.id, CredentialState.REVOKED, ACTOR))
    changed = http.get(path, headers={"if-none-match": tag})
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)
    token = verify_status_list_token(
        changed.text, uri=f"{IDENTIFIER}{path}", key=desk.pki.public_key, now=NOW, max_age=600
    )
    assert token.statuses.get(issued.status_index) == 1
    assert token.ttl == 300


@pytest.mark.parametrize("list_id", ["x", "%00", "..%2f", "a" * 5000])
def test_an_unknown_status_list_is_not_found(http, list_id):
    assert http.get(f"/status/{list_id}").status_code in (400, 404)
