"""Tokens end and are renewed: for a batch that never came, and for a new one."""

import pytest

from protocol.formats import format_of
from protocol.keys import P256Key
from protocol.oid4vci.client import IssuerRefused
from protocol.oid4vci.obtain import fetch_credentials, fetch_tokens
from protocol.oid4vci.token import RefreshTokenGrant, TokenRequest
from runtime import system
from tests.flows.parties import CITIZEN

pytestmark = pytest.mark.flow


def take(town):
    """The citizen takes an offer; nothing is fetched yet."""
    receiving, run = town.wallet.wallet.receiving, town.wallet.run
    offer = town.offer("pid")
    seen = run(receiving.look(offer["uri"]))
    return seen, run(receiving.take(seen, offer["tx_code"]))


def renew(town, arrived, tokens):
    """Trade a refresh token for the next pair, with the key that the first one was bound to."""
    request = TokenRequest(RefreshTokenGrant(tokens.refresh_token))
    return town.wallet.run(fetch_tokens(arrived.contact, request, arrived.client))


def fetch(town, arrived, tokens):
    """A batch for fresh keys: who each copy is bound to, as verified, and the keys."""
    run = town.wallet.run
    keys = [P256Key.generate(system.random_bytes) for _ in range(3)]
    answer = run(fetch_credentials(arrived.contact, tokens, "pid", keys, arrived.client))
    anchors = town.wallet.wallet.receiving.context.anchors()
    verified = [
        run(format_of("dc+sd-jwt").verify_issued(raw, anchors=anchors, now=town.clock())) for raw in answer.credentials
    ]
    return [copy.holder_key for copy in verified], [key.public_key for key in keys]


def issued_to_citizen(town):
    """The ids of everything that the citizen was issued so far."""
    return {line["id"] for line in town.issuer.get("/api/credentials", subject=CITIZEN).json()}


def test_a_wallet_that_comes_back_late_renews_its_tokens_and_gets_everything(town):
    """T158: the access token is long over when the wallet is opened again."""
    _, pending = take(town)
    town.clock.ahead += pending.read_tokens().expires_in + 1
    [left] = town.wallet.wallet.keeping.pending()
    arrived = town.wallet.run(town.wallet.wallet.receiving.fetch(left))
    assert arrived.failed == ()
    [held] = town.wallet.run(town.wallet.wallet.receiving.keep(arrived))
    assert len(held.copies) == 10
    grants = [b"grant_type=refresh_token" in sent.body for sent in town.tap.sent_to("/token")]
    assert any(grants)
    assert town.wallet.wallet.keeping.pending() == ()


def test_a_refresh_token_brings_a_new_batch_for_new_keys_and_is_good_once(town):
    """T114"""
    seen, pending = take(town)
    receiving, run = town.wallet.wallet.receiving, town.wallet.run
    arrived = run(receiving.fetch(pending, seen.contact))
    run(receiving.keep(arrived))
    town.clock.ahead += 86_400
    with pytest.raises(IssuerRefused, match="invalid_token"):
        fetch(town, arrived, arrived.tokens)
    renewed = renew(town, arrived, arrived.tokens)
    bound_to, keys = fetch(town, arrived, renewed)
    assert bound_to == keys
    with pytest.raises(IssuerRefused, match="invalid_grant"):
        renew(town, arrived, arrived.tokens)
    # Somebody used the old one again, so whoever holds the new one may be the thief: both are over
    with pytest.raises(IssuerRefused, match="invalid_token"):
        fetch(town, arrived, renewed)


def test_revocation_ends_the_tokens_too(town):
    """T114"""
    seen, pending = take(town)
    receiving, run = town.wallet.wallet.receiving, town.wallet.run
    before = issued_to_citizen(town)
    arrived = run(receiving.fetch(pending, seen.contact))
    run(receiving.keep(arrived))
    one, *_ = issued_to_citizen(town) - before
    town.issuer.post(f"/api/credentials/{one}/revoke")
    with pytest.raises(IssuerRefused, match="invalid_grant"):
        renew(town, arrived, arrived.tokens)
