"""The protocol endpoints as wallets and verifiers meet them: status, headers, error objects."""

import pytest

from protocol.oid4vci.encryption import EncryptionKey, WantedEncryption
from protocol.oid4vci.offer import PRE_AUTHORIZED_CODE_GRANT
from protocol.oid4vci.token import TokenResponse
from tests.issuer.api.calls import FORM, ask_credential, ask_token, is_error, par_form, token_form
from tests.support.issuer import IDENTIFIER, TestWallet, make_issuer
from tests.support.pki import seeded_key

ISSUER_METADATA = "/.well-known/openid-credential-issuer"
WANTED = WantedEncryption(EncryptionKey(seeded_key(7).public_key, "1"), "A256GCM")
POSTS = ["/token", "/par", "/nonce", "/credential", "/notification"]


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


@pytest.fixture
def tokens(http, desk, wallet):
    return TokenResponse.from_dict(ask_token(http, wallet, token_form(desk.offer())).json())


def test_the_whole_way_over_http(http, desk, wallet):
    """T115: nothing of it may be kept by a cache"""
    made = desk.offer(tx_code=True)
    offer = http.get(made.uri.split("credential_offer_uri=")[1].replace("%3A", ":").replace("%2F", "/"))
    assert (offer.status_code, offer.headers["cache-control"]) == (200, "no-store")
    assert offer.json() == made.offer.to_dict()
    answer = ask_token(http, wallet, token_form(made, tx_code=made.tx_code))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json()["token_type"] == "DPoP"
    assert answer.headers["dpop-nonce"]
    tokens = TokenResponse.from_dict(answer.json())
    nonce = http.post("/nonce")
    assert (nonce.status_code, nonce.headers["cache-control"]) == (200, "no-store")
    proofs = wallet.proofs([wallet.new_key(), wallet.new_key()], nonce=nonce.json()["c_nonce"])
    body = {"credential_configuration_id": "member", "proofs": {"jwt": proofs}}
    issued = ask_credential(http, wallet, tokens, body)
    assert (issued.status_code, issued.headers["cache-control"]) == (200, "no-store")
    assert issued.headers["dpop-nonce"]
    assert [set(credential) for credential in issued.json()["credentials"]] == [{"credential"}] * 2
    told = {"notification_id": issued.json()["notification_id"], "event": "credential_accepted"}
    for _ in range(2):
        noted = ask_credential(http, wallet, tokens, told, path="/notification")
        assert (noted.status_code, noted.content) == (204, b"")


def test_unknown_members_are_ignored_everywhere(http, desk, wallet):
    """T141"""
    made = desk.offer(tx_code=True)
    form = token_form(made, tx_code=made.tx_code, user_pin=made.tx_code, resource=IDENTIFIER, x="1")
    tokens = TokenResponse.from_dict(ask_token(http, wallet, form, params={"y": "2"}).json())
    proofs = wallet.proofs([wallet.new_key()])
    body = {"credential_configuration_id": "member", "proofs": {"jwt": proofs}, "x": {"y": [1]}, "vct": "x"}
    issued = ask_credential(http, wallet, tokens, body)
    assert issued.status_code == 200
    told = {"notification_id": issued.json()["notification_id"], "event": "credential_accepted", "x": 1}
    assert ask_credential(http, wallet, tokens, told, path="/notification").status_code == 204
    assert http.post("/par", data={**par_form(), "x": "1", "resource": IDENTIFIER}).status_code == 201
    assert http.post("/nonce", json={"x": 1}).status_code == 200
    assert http.get(ISSUER_METADATA, params={"x": "1"}).status_code == 200


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "HEAD"])
def test_only_post_is_answered(http, path, method):
    """T136, T140"""
    response = http.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        *(("/token", kind) for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain", None)),
        *(("/par", kind) for kind in ("application/json", "text/plain", None)),
        *(("/credential", kind) for kind in (FORM, "text/plain", "application/jwt", None)),
        *(("/notification", kind) for kind in (FORM, "text/plain", None)),
    ],
)
def test_another_media_type_is_not_read(http, path, content_type):
    """T113, T140"""
    headers = {"content-type": content_type} if content_type else {}
    assert is_error(http.post(path, content=b"{}", headers=headers), "invalid_request", 415)


@pytest.mark.parametrize("path", ["/token", "/par"])
def test_a_large_form_is_not_read(http, path):
    """T113"""
    response = http.post(path, content=b"a=" + b"x" * 65_536, headers={"content-type": FORM})
    assert is_error(response, "invalid_request", 413)


def test_a_parameter_that_comes_twice_is_refused(http, desk, wallet):
    """T113: no first and no last value"""
    made = desk.offer()
    code = made.offer.pre_authorized_code
    for twice in ("grant_type=x", "pre-authorized_code=x", "unknown=1&unknown=1"):
        body = f"grant_type={PRE_AUTHORIZED_CODE_GRANT}&pre-authorized_code={code}&{twice}"
        response = http.post("/token", content=body, headers={"content-type": FORM, "dpop": wallet.token_dpop()})
        assert is_error(response, "invalid_request")
    assert ask_token(http, wallet, token_form(made)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
        ({"pre-authorized_code": None}, "invalid_request"),
        ({"pre-authorized_code": "x"}, "invalid_grant"),
        ({"pre-authorized_code": "x" * 5000}, "invalid_request"),
        ({"tx_code": "123456"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x", "code_verifier": "v" * 43}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"authorization_details": "x"}, "invalid_authorization_details"),
    ],
)
def test_bad_token_requests_have_their_codes_and_use_up_nothing(http, desk, wallet, changes, code):
    """T109, T113, T131"""
    made = desk.offer()
    assert is_error(ask_token(http, wallet, token_form(made, **changes)), code)
    assert ask_token(http, wallet, token_form(made)).status_code == 200


def test_dpop_errors_at_the_token_endpoint(http, desk, wallet):
    """T100, T102"""
    made = desk.offer()
    assert is_error(ask_token(http, wallet, token_form(made), dpop=None), "invalid_dpop_proof")
    assert is_error(ask_token(http, wallet, token_form(made), dpop="x"), "invalid_dpop_proof")
    without = wallet.dpop(f"{IDENTIFIER}/token", nonce=None)
    answer = ask_token(http, wallet, token_form(made), dpop=without)
    assert is_error(answer, "use_dpop_nonce")
    again = wallet.dpop(f"{IDENTIFIER}/token", nonce=answer.headers["dpop-nonce"])
    assert ask_token(http, wallet, token_form(made), dpop=again).status_code == 200


def test_two_proofs_are_none(http, desk, wallet):
    """T100, RFC 9449 §4.3: also where one of them is good"""
    made = desk.offer()
    headers = [("dpop", wallet.token_dpop()), ("dpop", wallet.token_dpop())]
    assert is_error(http.post("/token", data=token_form(made), headers=headers), "invalid_dpop_proof")


def test_dpop_errors_at_the_credential_endpoint(http, wallet, tokens):
    """T100, T102: a matter of authentication there, with a challenge that says so"""
    for dpop, code in (
        (None, "invalid_dpop_proof"),
        ("x", "invalid_dpop_proof"),
        (wallet.dpop(f"{IDENTIFIER}/credential"), "invalid_dpop_proof"),
        (wallet.dpop(f"{IDENTIFIER}/credential", access_token=tokens.access_token, nonce=None), "use_dpop_nonce"),
    ):
        answer = ask_credential(http, wallet, tokens, dpop=dpop)
        assert is_error(answer, code, 401)
        assert answer.headers["www-authenticate"].startswith(f'DPoP error="{code}"')
        assert ("dpop-nonce" in answer.headers) == (code == "use_dpop_nonce")
    assert ask_credential(http, wallet, tokens).status_code == 200


def test_a_proof_that_was_used_before_is_challenged_at_the_credential_endpoint(http, wallet, tokens):
    """T101, RFC 9449 §7.1"""
    proof = wallet.dpop(f"{IDENTIFIER}/credential", access_token=tokens.access_token)
    assert ask_credential(http, wallet, tokens, dpop=proof).status_code == 200
    answer = ask_credential(http, wallet, tokens, dpop=proof)
    assert is_error(answer, "invalid_dpop_proof", 401)
    assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_dpop_proof"')


@pytest.mark.parametrize("path", ["/credential", "/notification"])
@pytest.mark.parametrize("authorization", ["DPoP x", "Bearer {token}", "Basic x", "x", "DPoP"])
def test_a_token_that_is_not_good_is_challenged(http, wallet, tokens, path, authorization):
    """T104"""
    body = {"notification_id": "x", "event": "credential_accepted"} if path == "/notification" else None
    presented = authorization.format(token=tokens.access_token)
    dpop = wallet.dpop(f"{IDENTIFIER}{path}", access_token=presented.partition(" ")[2] or "x")
    answer = ask_credential(http, wallet, tokens, body, path=path, authorization=presented, dpop=dpop)
    assert is_error(answer, "invalid_token", 401)
    assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_token"')


@pytest.mark.parametrize("path", ["/credential", "/notification"])
def test_a_token_in_the_address_or_the_body_is_not_taken(http, desk, wallet, path):
    """T103: it counts as leaked"""
    tokens = TokenResponse.from_dict(ask_token(http, wallet, token_form(desk.offer())).json())
    in_body = http.post(path, data={"access_token": tokens.access_token})
    assert is_error(in_body, "invalid_request", 415)
    in_json = http.post(path, json={"access_token": tokens.access_token, "credential_configuration_id": "member"})
    assert in_json.status_code in (400, 401)
    assert wallet.renew(tokens), "a token in a body has not been in a log"
    tokens = TokenResponse.from_dict(ask_token(http, wallet, token_form(desk.offer())).json())
    answer = ask_credential(http, wallet, tokens, path=path, params={"access_token": tokens.access_token})
    assert is_error(answer, "invalid_request")
    assert is_error(ask_credential(http, wallet, tokens), "invalid_token", 401)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"proofs": {"jwt": ["x"]}}, ("invalid_credential_request", 400)),
        ({"credential_configuration_id": "member", "credential_identifier": "x"}, ("invalid_credential_request", 400)),
        ({"format": "dc+sd-jwt", "vct": "urn:test:member:1"}, ("invalid_credential_request", 400)),
        ({"credential_configuration_id": 1}, ("invalid_credential_request", 400)),
        ({"credential_configuration_id": "diploma"}, ("unknown_credential_configuration", 400)),
        ({"credential_identifier": "member"}, ("unknown_credential_identifier", 400)),
        ({"credential_configuration_id": "badge"}, ("insufficient_scope", 403)),
        ({"credential_configuration_id": "member"}, ("invalid_proof", 400)),
        ({"credential_configuration_id": "member", "proofs": {}}, ("invalid_proof", 400)),
        ({"credential_configuration_id": "member", "proofs": {"jwt": []}}, ("invalid_proof", 400)),
        ({"credential_configuration_id": "member", "proofs": {"jwt": ["x"]}}, ("invalid_proof", 400)),
        ({"credential_configuration_id": "member", "proofs": {"cwt": ["x"]}}, ("invalid_proof", 400)),
        (
            {"credential_configuration_id": "member", "proofs": {"jwt": ["x"], "attestation": ["y"]}},
            ("invalid_proof", 400),
        ),
        ({"credential_configuration_id": "member", "proof": {"proof_type": "jwt", "jwt": "x"}}, ("invalid_proof", 400)),
        (
            {"credential_configuration_id": "member", "credential_response_encryption": {}},
            ("invalid_encryption_parameters", 400),
        ),
        (
            {"credential_configuration_id": "member", "credential_response_encryption": WANTED.to_dict()},
            ("invalid_encryption_parameters", 400),
        ),
        ([], ("invalid_credential_request", 400)),
        ("x", ("invalid_credential_request", 400)),
    ],
)
def test_bad_credential_requests_have_their_codes(http, desk, wallet, tokens, *, body, answer):
    """T120, T126, T127, T128, T129, T131"""
    found = ask_credential(http, wallet, tokens, body)
    assert is_error(found, *answer)
    assert ("www-authenticate" in found.headers) == (answer[1] == 403)
    assert desk.store.credentials_of("anna") == ()


def test_a_used_nonce_is_told_apart_from_a_broken_proof(http, wallet, tokens):
    """T121"""
    body = {"credential_configuration_id": "member", "proofs": {"jwt": wallet.proofs([wallet.new_key()])}}
    assert ask_credential(http, wallet, tokens, body).status_code == 200
    assert is_error(ask_credential(http, wallet, tokens, body), "invalid_nonce")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"notification_id": "x", "event": "credential_accepted"}, "invalid_notification_id"),
        ({"notification_id": "x", "event": "credential_stolen"}, "invalid_notification_request"),
        ({"event": "credential_accepted"}, "invalid_notification_request"),
        ({"notification_id": "x"}, "invalid_notification_request"),
        ([], "invalid_notification_request"),
    ],
)
def test_bad_notifications_have_their_codes(http, wallet, tokens, body, code):
    """T135"""
    assert is_error(ask_credential(http, wallet, tokens, body, path="/notification"), code)


def test_a_long_description_is_neither_needed_nor_kept(http, wallet, tokens):
    """T135"""
    issued = ask_credential(http, wallet, tokens).json()
    told = {
        "notification_id": issued["notification_id"],
        "event": "credential_failure",
        "event_description": "x" * 900_000,
    }
    assert ask_credential(http, wallet, tokens, told, path="/notification").status_code == 204
    told["event_description"] = "x" * (1 << 20)
    assert is_error(ask_credential(http, wallet, tokens, told, path="/notification"), "invalid_request", 413)


def test_a_stranger_learns_nothing_from_another_s_token(http, desk, tokens):
    """T104"""
    stranger = TestWallet(desk, seeded_key(99))
    assert is_error(ask_credential(http, stranger, tokens), "invalid_token", 401)


def test_errors_repeat_nothing_of_what_was_sent(http, desk, wallet, tokens):
    """T131, T259"""
    marker = "MARKER-4711"
    answers = [
        ask_token(http, wallet, token_form(desk.offer(), **{"pre-authorized_code": marker})),
        ask_token(http, wallet, token_form(desk.offer(), grant_type=marker)),
        ask_token(http, wallet, token_form(desk.offer()), dpop=marker),
        http.post("/par", data=par_form(redirect_uri=f"https://{marker}.example")),
        http.post("/par", data=par_form(scope=marker)),
        ask_credential(http, wallet, tokens, {"credential_configuration_id": marker}),
        ask_credential(http, wallet, tokens, authorization=f"DPoP {marker}"),
        ask_credential(http, wallet, tokens, {"notification_id": marker, "event": marker}, path="/notification"),
        http.get(f"/offers/{marker}"),
        http.get(f"/status/{marker}"),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert marker not in answer.text
        assert marker not in str(answer.headers)
