"""HAIP 1.0 §4.4.1, §4.5.1: wallets show who they are, and keys are attested where the type asks for it."""

from dataclasses import replace

import pytest

from protocol.errors import InvalidProof
from protocol.oauth.client_attestation import CHALLENGE_HEADER, HEADER, POP_HEADER
from tests.issuer.api.calls import is_error, par_form
from tests.issuer.service.haip.asking import push, redeem, server, shown, without_haip
from tests.support.issuer import IDENTIFIER, make_issuer
from tests.support.pki import seeded_key
from tests.support.wallet_provider import CLIENT, AttestedWallet


@pytest.mark.parametrize("combined", [False, True], ids=["own proof", "DPoP combined"])
def test_a_wallet_shows_who_it_is(http, desk, provider, *, combined):
    key = seeded_key(6)
    wallet = AttestedWallet(desk, provider=provider, client_id=CLIENT, combined=combined, key=key, instance=key)
    headers = shown(wallet)
    if combined:
        headers["dpop"] = wallet.dpop(f"{IDENTIFIER}/par")
    assert push(http, wallet, headers).status_code == 201
    assert redeem(http, wallet, desk.offer("member")).status_code == 200


def test_nobody_is_served_who_does_not(http, desk, wallet):
    made = desk.offer("member")
    assert is_error(push(http, wallet, {}), "invalid_client", 401)
    assert is_error(redeem(http, wallet, made, {}), "invalid_client", 401)
    assert is_error(push(http, wallet, shown(wallet, **{HEADER: "x"})), "invalid_client", 401)
    assert redeem(http, wallet, made).status_code == 200


def test_not_even_with_a_refresh_token(http, wallet, tokens):
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    dpop = {"dpop": wallet.token_dpop()}
    assert is_error(http.post("/token", data=form, headers=dpop), "invalid_client", 401)
    dpop = {"dpop": wallet.token_dpop()}
    assert http.post("/token", data=form, headers={**dpop, **shown(wallet)}).status_code == 200


def test_without_haip_anybody_is_served(provider):
    with without_haip(provider) as (desk, wallet, http):
        assert http.post("/par", data=par_form()).status_code == 201
        assert redeem(http, wallet, desk.offer("badge"), {}).status_code == 200


def test_a_challenge_is_given_and_has_to_be_used(http, desk, wallet):
    """The draft's §6 and §8.4"""
    assert server(http)["challenge_endpoint"] == f"{IDENTIFIER}/challenge"
    given = http.post("/challenge")
    assert given.headers["cache-control"] == "no-store"
    challenge = given.json()["attestation_challenge"]
    refused = push(http, wallet, shown(wallet, **{POP_HEADER: wallet.pop(challenge=None)}))
    assert is_error(refused, "use_attestation_challenge")
    assert push(http, wallet, shown(wallet, **{POP_HEADER: wallet.pop(challenge=challenge)})).status_code == 201
    again = refused.headers[CHALLENGE_HEADER]
    assert push(http, wallet, shown(wallet, **{POP_HEADER: wallet.pop(challenge=again)})).status_code == 201


def test_an_old_attestation_is_told_apart(http, desk, wallet, provider):
    old = provider.attest(wallet.instance)
    desk.clock.move(3660)
    assert is_error(push(http, wallet, shown(wallet, **{HEADER: old})), "use_fresh_attestation")


def test_the_attestation_is_signed_below_an_anchor_and_not_by_one(http, wallet, provider):
    """§4.4.1: x5c without the anchor"""
    anchor = provider.pki.root.certificate
    pki = provider.pki
    with_anchor = replace(provider, pki=replace(pki, chain=(*pki.chain, pki.root)))
    assert anchor.to_x5c() in with_anchor.pki.x5c
    refused = push(http, wallet, shown(wallet, **{HEADER: with_anchor.attest(wallet.instance)}))
    assert is_error(refused, "invalid_client", 401)


def test_how_wallets_show_themselves_stands_in_the_metadata(http, provider):
    methods = ["attest_jwt_client_auth_dpop", "attest_jwt_client_auth"]
    assert server(http)["token_endpoint_auth_methods_supported"] == methods
    assert server(http)["client_attestation_signing_alg_values_supported"] == ["ES256", "ES384", "ES512"]
    assert server(http)["client_attestation_pop_signing_alg_values_supported"] == ["ES256"]
    assert "ES256" in server(http)["dpop_signing_alg_values_supported"]
    with without_haip(provider) as (_, _, open_to_all):
        assert server(open_to_all)["token_endpoint_auth_methods_supported"] == [*methods, "none"]
    with make_issuer().browser() as trusting_nobody:
        assert server(trusting_nobody)["token_endpoint_auth_methods_supported"] == ["none"]
        assert "challenge_endpoint" not in server(trusting_nobody)


def test_attested_keys_are_asked_for_where_the_type_does(desk, wallet, tokens):
    with pytest.raises(InvalidProof):
        wallet.issue(tokens, "member")
    assert wallet.issue_attested(tokens).credentials
    assert wallet.issue(tokens, "badge").credentials
