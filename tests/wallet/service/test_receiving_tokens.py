"""The code that the user types, and the tokens that the wallet gets for it."""

from urllib.parse import parse_qsl

import pytest

from protocol.encoding import read_json
from protocol.errors import InvalidRequest, Unreachable
from protocol.jws import Jws
from protocol.oid4vci.client import IssuerRefused
from protocol.oid4vci.credential import CredentialRequest
from protocol.oid4vci.offer import TxCode
from tests.wallet.counterpart_agency import AGENCY, Agency, answer
from tests.wallet.counterparts import World
from tests.wallet.service.asked import paths


def test_the_code_that_came_on_another_way_goes_to_the_issuer(vault):
    world = World(vault, Agency(tx_code="1234"))
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    assert seen.consent.tx_code == TxCode(length=4)
    world.receive(tx_code=" 1234 ")
    form = dict(parse_qsl(next(r for r in world.agency.seen if r.url.endswith("/token")).body.decode()))
    assert form["tx_code"] == "1234"
    assert "client_id" not in form


@pytest.mark.parametrize("typed", [None, "", "   ", "123", "12345"])
def test_a_code_that_cannot_be_right_is_not_sent(vault, typed):
    """T157: neither silently nor to count as a try."""
    world = World(vault, Agency(tx_code="1234"))
    with pytest.raises(InvalidRequest, match="nothing was sent"):
        world.receive(tx_code=typed)
    assert "/token" not in paths(world.agency)


def test_a_code_that_nobody_asked_for_is_not_sent(world):
    """T157"""
    world.receive(tx_code="1234")
    form = dict(parse_qsl(next(r for r in world.agency.seen if r.url.endswith("/token")).body.decode()))
    assert "tx_code" not in form


def test_a_wrong_code_is_refused_and_the_right_one_still_works(vault):
    world = World(vault, Agency(tx_code="1234"))
    with pytest.raises(IssuerRefused) as refusal:
        world.receive(tx_code="9999")
    assert refusal.value.reason == "invalid_grant"
    assert world.vault.pending() == ()
    world.receive(tx_code="1234")
    assert world.actions() == [("failed", "the issuer refused: invalid_grant"), ("received", "done")]


def test_what_is_pending_holds_no_code_that_was_spent(vault):
    """T158: only what is needed to go on."""
    world = World(vault, Agency(tx_code="1234"))
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen, "1234"))
    assert "code-1" not in pending.offer
    assert "1234" not in pending.offer
    assert pending.read_offer().credential_issuer == AGENCY


def test_a_server_that_wants_to_know_the_wallet_is_told(vault):
    world = World(vault, Agency(server_changes={"pre-authorized_grant_anonymous_access_supported": False}))
    world.receive()
    form = dict(parse_qsl(next(r for r in world.agency.seen if r.url.endswith("/token")).body.decode()))
    assert form["client_id"] == "test-wallet"
    request = read_json(next(r for r in world.agency.seen if r.url.endswith("/credential")).body, "request")
    proof = Jws.from_compact(CredentialRequest.from_dict(request).proofs[0], "proof").peek_claims("proof")
    assert "iss" not in proof.members


# Tokens


@pytest.mark.parametrize(
    "changes", [{"token_type": "Bearer"}, {"token_type": None}, {"expires_in": -1}, {"access_token": ""}]
)
def test_a_token_that_anybody_could_use_is_refused(vault, changes):
    """T153"""
    world = World(vault, Agency(token_changes=changes))
    with pytest.raises(InvalidRequest):
        world.receive()
    assert "/credential" not in paths(world.agency)
    assert world.vault.pending() == ()


def test_the_type_of_a_token_is_read_without_case(vault):
    """T153"""
    world = World(vault, Agency(token_changes={"token_type": "dpop"}))
    assert len(world.receive()) == 1


def test_a_server_that_asks_for_nonces_for_ever_is_left(vault):
    """T154"""
    again = answer({"error": "use_dpop_nonce"}, 400, ("dpop-nonce", "n"))
    world = World(vault, Agency(refuse={"/token": again}))
    with pytest.raises(Unreachable):
        world.receive()
    assert paths(world.agency).count("/token") == 3


def test_a_token_that_expired_is_renewed_once(vault):
    expired = answer({"error": "invalid_token"}, 401)
    world = World(vault, Agency(refresh_token="refresh-1", refuse={"/credential": [expired]}))
    world.receive()
    forms = [dict(parse_qsl(r.body.decode())) for r in world.agency.seen if r.url.endswith("/token")]
    assert [form["grant_type"] for form in forms][1:] == ["refresh_token"]
    assert forms[1]["refresh_token"] == "refresh-1"
    world.agency.refuse = {"/credential": expired}
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    arrived = world.run(world.wallet.receiving.fetch(pending))
    assert arrived.failed[0].reason == "the issuer refused: invalid_token"


def test_renewed_tokens_are_remembered_before_they_are_used(vault):
    """T158: a refresh token that was used up is worth nothing, so the new ones are sealed first."""
    expired = answer({"error": "invalid_token"}, 401)
    world = World(vault, Agency(refresh_token="refresh-1", refuse={"/credential": [expired, Unreachable("away")]}))
    seen = world.run(world.wallet.receiving.look(world.agency.offer()))
    pending = world.run(world.wallet.receiving.take(seen))
    world.agency.refresh_token = None
    world.agency.token_changes = {"access_token": "token-2"}
    with pytest.raises(Unreachable):
        world.run(world.wallet.receiving.fetch(pending))
    [left] = world.vault.pending()
    assert left.read_tokens().access_token == "token-2"
    assert left.read_tokens().refresh_token == "refresh-1"
