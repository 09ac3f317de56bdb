"""HAIP 1.0 §4, §4.2, §4.3: the authorization code flow with PAR, PKCE and `iss`, DPoP with nonces, scopes, and offers."""

from urllib.parse import parse_qs, urlsplit

import pytest

from issuer.policy import IssuerPolicy
from issuer.service.offers import GrantKind
from protocol.errors import InvalidCredentialRequest, InvalidToken
from protocol.oauth.pkce import code_challenge
from protocol.oid4vci.token import TokenResponse
from tests.issuer.api.calls import is_error, par_form, token_form
from tests.issuer.service.haip.asking import log_in, metadata, push, redeem, server, shown, without_haip
from tests.support.issuer import IDENTIFIER, REDIRECT_URI, VERIFIER
from tests.support.pki import seeded_key
from tests.support.wallet_provider import CLIENT, AttestedWallet


def test_the_authorization_code_flow_from_request_to_credential(http, desk, wallet):
    pushed = push(http, wallet, code_challenge=code_challenge(VERIFIER))
    assert pushed.status_code == 201, pushed.text
    request_uri = pushed.json()["request_uri"]
    code = parse_qs(urlsplit(log_in(desk, request_uri)).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": VERIFIER,
        "redirect_uri": REDIRECT_URI,
        "client_id": CLIENT,
    }
    answer = http.post("/token", data=form, headers={**shown(wallet), "dpop": wallet.token_dpop()})
    assert answer.status_code == 200, answer.text
    tokens = TokenResponse.from_dict(answer.json())
    assert (tokens.token_type, tokens.authorization_details) == ("DPoP", ())
    assert wallet.issue_attested(tokens).credentials


def test_what_was_not_pushed_is_no_request(http):
    """§4: PAR is required where the authorization endpoint is used"""
    assert server(http)["require_pushed_authorization_requests"] is True
    answer = http.get("/authorize", params=par_form(client_id=CLIENT))
    assert answer.status_code == 400


@pytest.mark.parametrize("changes", [{"code_challenge": None}, {"code_challenge_method": "plain"}])
def test_pkce_with_s256_is_needed(http, wallet, *, changes):
    assert server(http)["code_challenge_methods_supported"] == ["S256"]
    assert is_error(push(http, wallet, **changes), "invalid_request")
    assert push(http, wallet).status_code == 201


def test_the_answer_says_who_gives_it(http, desk, wallet):
    """RFC 9207"""
    assert server(http)["authorization_response_iss_parameter_supported"] is True
    request_uri = push(http, wallet).json()["request_uri"]
    assert parse_qs(urlsplit(log_in(desk, request_uri)).query)["iss"] == [IDENTIFIER]


def test_a_no_says_who_gives_it_too(http, desk, wallet):
    """RFC 9207"""
    request_uri = push(http, wallet).json()["request_uri"]
    desk.run(desk.issuer.authorization.visit(CLIENT, request_uri, "browser"))
    said = parse_qs(urlsplit(desk.run(desk.issuer.authorization.cancel(request_uri, "browser"))).query)
    assert (said["error"], said["iss"]) == (["access_denied"], [IDENTIFIER])
    assert "code" not in said


def test_a_token_is_bound_to_a_key(http, desk, wallet):
    made = desk.offer("badge")
    assert is_error(redeem(http, wallet, made, dpop=False), "invalid_dpop_proof")
    assert redeem(http, wallet, made).json()["token_type"] == "DPoP"


def test_a_bearer_token_opens_nothing(http, wallet, tokens):
    """Not even where the settings of before allowed it"""
    body = {"credential_configuration_id": "badge", "proofs": {"jwt": wallet.proofs([wallet.new_key()])}}
    answer = http.post("/credential", json=body, headers={"authorization": f"Bearer {tokens.access_token}"})
    assert is_error(answer, "invalid_token", 401)
    assert not IssuerPolicy(require_dpop=False).dpop_is_needed
    assert IssuerPolicy(require_dpop=False, haip=True).dpop_is_needed


def test_every_endpoint_has_a_nonce_for_dpop(http, desk, wallet, tokens):
    assert http.post("/nonce").headers["dpop-nonce"]
    made = desk.offer("badge")
    headers = {**shown(wallet), "dpop": wallet.dpop(f"{IDENTIFIER}/token", nonce=None)}
    refused = http.post("/token", data=token_form(made), headers=headers)
    assert is_error(refused, "use_dpop_nonce")
    headers = {**shown(wallet), "dpop": wallet.dpop(f"{IDENTIFIER}/token", nonce=refused.headers["dpop-nonce"])}
    assert http.post("/token", data=token_form(made), headers=headers).headers["dpop-nonce"]
    url = f"{IDENTIFIER}/credential"
    proof = wallet.dpop(url, access_token=tokens.access_token, nonce=None)
    headers = {"authorization": f"DPoP {tokens.access_token}", "dpop": proof}
    refused = http.post("/credential", json={"credential_configuration_id": "badge"}, headers=headers)
    assert is_error(refused, "use_dpop_nonce", 401)
    assert refused.headers["dpop-nonce"]


def test_credentials_are_asked_for_by_scope(http, desk, wallet):
    details = '[{"type": "openid_credential", "credential_configuration_id": "member"}]'
    for scope in (None, "member"):
        refused = push(http, wallet, scope=scope, authorization_details=details)
        assert is_error(refused, "invalid_authorization_details")
    made = desk.offer("member")
    refused = redeem(http, wallet, made, authorization_details=details)
    assert is_error(refused, "invalid_authorization_details")
    assert "authorization_details_types_supported" not in server(http)
    assert is_error(push(http, wallet, scope="unknown"), "invalid_scope")
    assert push(http, wallet, scope="member").status_code == 201
    assert redeem(http, wallet, made).status_code == 200


def test_without_haip_details_are_taken(provider):
    details = '[{"type": "openid_credential", "credential_configuration_id": "badge"}]'
    with without_haip(provider) as (_, _, http):
        assert http.post("/par", data=par_form(scope=None, authorization_details=details)).status_code == 201


@pytest.mark.parametrize("grant", list(GrantKind))
def test_every_offer_has_a_scope_behind_it(http, desk, *, grant):
    """§4.2: a wallet finds the scope by the configuration that is offered"""
    offered = desk.offer("member", grant=grant).offer
    configurations = metadata(http)["credential_configurations_supported"]
    assert all(configurations[name]["scope"] for name in offered.credential_configuration_ids)


def test_an_invitation_to_log_in_is_taken_up_by_the_scope_behind_it_and_no_other(http, desk, wallet):
    """§4.2, §4.3"""
    made = desk.offer("member", grant=GrantKind.AUTHORIZATION_CODE)
    state = made.offer.issuer_state
    assert is_error(push(http, wallet, scope="badge", issuer_state=state), "invalid_request")
    assert is_error(push(http, wallet, scope=None, issuer_state=state), "invalid_scope")
    assert push(http, wallet, scope="member", issuer_state=state).status_code == 201


def test_nothing_is_offered_that_has_no_scope(desk):
    """§4.2: what the metadata does not name has none"""
    with pytest.raises(InvalidCredentialRequest):
        desk.offer("unknown", grant=GrantKind.AUTHORIZATION_CODE)


def test_a_refresh_token_stays_good_and_none_is_given_in_its_place(http, desk, wallet, tokens):
    """§4, FAPI 2.0 §5.3.2.1: no rotation; without the profile a refresh token is good once"""
    renewed = [renew(http, wallet, tokens.refresh_token) for _ in range(3)]
    assert [answer.status_code for answer in renewed] == [200, 200, 200]
    told = [TokenResponse.from_dict(answer.json()) for answer in renewed]
    assert {one.refresh_token for one in told} == {tokens.refresh_token}
    with pytest.raises(InvalidToken):
        wallet.issue(told[1], "badge")
    assert wallet.issue(told[2], "badge").credentials


def test_a_refresh_token_of_somebody_else_is_refused(http, desk, provider, wallet, tokens):
    """T114: it is good in the hands of one key alone, and of one wallet"""
    other = AttestedWallet(desk, seeded_key(98), provider=provider, client_id=CLIENT)
    assert is_error(renew(http, other, tokens.refresh_token), "invalid_grant")
    assert is_error(renew(http, wallet, tokens.refresh_token), "invalid_grant"), "the whole family is over"


def renew(http, wallet, refresh_token):
    """Trade a refresh token for the next tokens as this wallet."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return http.post("/token", data=form, headers={**shown(wallet), "dpop": wallet.token_dpop()})


def test_an_invitation_of_the_desk_is_taken_up_by_an_attested_wallet(http, desk, wallet):
    """§4.3 forbids no pre-authorized code: it needs no PAR, and everything else (docs/decisions/0017)"""
    made = desk.offer("member")
    assert is_error(redeem(http, wallet, made, {}), "invalid_client", 401)
    assert server(http)["pre-authorized_grant_anonymous_access_supported"] is False
    tokens = TokenResponse.from_dict(redeem(http, wallet, made).json())
    assert wallet.issue_attested(tokens).credentials
