"""The credential endpoint opens to a token of this issuer, with a proof of its key, for what it covers."""

import pytest

from protocol.errors import (
    InsufficientScope,
    InvalidDpopProofAtResource,
    InvalidRequest,
    InvalidToken,
    ProtocolError,
    UnknownCredentialConfiguration,
    UnknownCredentialIdentifier,
    UseDpopNonceAtResource,
)
from protocol.oid4vci.credential import CredentialRequest
from tests.issuer.service.issuing import untouched
from tests.support.issuer import TestWallet, make_issuer
from tests.support.pki import NOW, seeded_key


def issue_with(desk, wallet, tokens, authorization, dpop):
    request = CredentialRequest("member", None, tuple(wallet.proofs([wallet.new_key()])))
    return desk.run(desk.issuer.credentials.issue(request, authorization, dpop))


@pytest.mark.parametrize(
    "scheme", ["", "DPoP", "DPoP ", "Bearer {token}", "Basic {token}", "DPoP {token}x", "{token}", "DPoP  {token}"]
)
def test_only_a_dpop_token_opens_the_door(desk, wallet, tokens, scheme):
    """T100, T104"""
    authorization = scheme.format(token=tokens.access_token)
    presented = authorization.partition(" ")[2] or tokens.access_token
    dpop = wallet.dpop(desk.issuer.context.endpoints.credential, access_token=presented)
    with pytest.raises(InvalidToken) as refusal:
        issue_with(desk, wallet, tokens, authorization or None, dpop)
    assert refusal.value.status == 401
    assert untouched(desk)


def test_an_expired_token_is_refused(wallet, desk, tokens):
    """T104"""
    desk.clock.move(599)
    wallet.issue(tokens)
    desk.clock.move(1)
    with pytest.raises(InvalidToken):
        wallet.issue(tokens)


def test_a_token_of_another_issuer_is_refused(wallet, tokens):
    """T104"""
    with pytest.raises(InvalidToken):
        TestWallet(make_issuer(identifier="https://other.example")).issue(tokens)


def test_a_token_needs_its_own_key(desk, tokens):
    """T104"""
    with pytest.raises(InvalidToken):
        TestWallet(desk, seeded_key(99)).issue(tokens)


def test_a_bad_proof_at_the_resource_is_a_matter_of_authentication(desk, wallet, tokens):
    """T100, T101, T102"""
    url, token = desk.issuer.context.endpoints.credential, tokens.access_token
    authorization = f"DPoP {token}"
    bad = {
        "missing": None,
        "no token hash": wallet.dpop(url),
        "hash of another token": wallet.dpop(url, access_token="x"),
        "another method": wallet.dpop(url, access_token=token, method="GET"),
        "another address": wallet.dpop(desk.issuer.context.endpoints.token, access_token=token),
        "too old": wallet.dpop(url, access_token=token, issued_at=NOW - 301),
        "garbage": "x",
    }
    for reason, dpop in bad.items():
        with pytest.raises(InvalidDpopProofAtResource) as refusal:
            issue_with(desk, wallet, tokens, authorization, dpop)
        assert refusal.value.status == 401, reason
    with pytest.raises(UseDpopNonceAtResource) as nonce_refusal:
        issue_with(desk, wallet, tokens, authorization, wallet.dpop(url, access_token=token, nonce=None))
    assert nonce_refusal.value.status == 401
    assert untouched(desk)
    good = wallet.dpop(url, access_token=token, nonce=nonce_refusal.value.nonce)
    assert issue_with(desk, wallet, tokens, authorization, good).credentials
    with pytest.raises(ProtocolError, match="used before"):
        issue_with(desk, wallet, tokens, authorization, good)


def test_a_token_in_an_address_is_refused_and_ends(desk, wallet, tokens):
    """T103"""
    desk.run(desk.issuer.credentials.refuse_token_in_address(None))
    for token in ("x", tokens.access_token):
        with pytest.raises(InvalidRequest):
            desk.run(desk.issuer.credentials.refuse_token_in_address(token))
    with pytest.raises(InvalidToken):
        wallet.issue(tokens)


def test_only_what_the_token_covers_is_issued(wallet, tokens, desk):
    """T127, T128"""
    for configuration, identifier, kind, status in (
        ("diploma", None, UnknownCredentialConfiguration, 400),
        ("badge", None, InsufficientScope, 403),
        (None, "member", UnknownCredentialIdentifier, 400),
        (None, "diploma", UnknownCredentialIdentifier, 400),
    ):
        with pytest.raises(kind) as refusal:
            wallet.issue(tokens, configuration, identifier=identifier)
        assert refusal.value.status == status
    assert untouched(desk)
