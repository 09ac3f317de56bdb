"""The token endpoint: grants in, bound tokens out, and no second use of anything."""

import pytest

from issuer.policy import Lifetimes
from protocol.encoding import decode_base64url
from protocol.errors import (
    InvalidAuthorizationDetails,
    InvalidDpopProof,
    InvalidGrant,
    InvalidRequest,
    InvalidToken,
    ProtocolError,
    UseDpopNonce,
)
from protocol.jws import sign_jws
from protocol.oauth.authorization import CredentialDetail
from protocol.oid4vci.credential import CredentialRequest
from protocol.oid4vci.token import PreAuthorizedCodeGrant, RefreshTokenGrant, TokenRequest
from tests.support.issuer import TestWallet, make_issuer
from tests.support.pki import NOW, seeded_key


def redeem(desk, grant, dpop, **members):
    return desk.run(desk.issuer.tokens.redeem(TokenRequest(grant, **members), dpop))


def test_tokens_are_bound_to_the_key_that_was_shown(wallet, desk):
    """T115"""
    tokens = wallet.redeem(desk.offer())
    assert tokens.token_type == "DPoP"
    assert tokens.expires_in == 600
    assert tokens.authorization_details == ()
    with pytest.raises(InvalidToken):
        TestWallet(desk, seeded_key(99)).issue(tokens)
    assert wallet.issue(tokens).credentials


def test_a_code_is_used_once(wallet, desk):
    """T107"""
    made = desk.offer()
    tokens = wallet.redeem(made)
    with pytest.raises(InvalidGrant):
        wallet.redeem(made)
    assert wallet.issue(tokens).credentials, "the first token stays good"


def test_an_unknown_code_is_refused(wallet):
    with pytest.raises(InvalidGrant):
        wallet.redeem_code("x" * 43)


def test_honest_mistakes_leave_the_code_good(wallet, desk):
    """T109, T110"""
    made = desk.offer(tx_code=True)
    wrong = "000000" if made.tx_code != "000000" else "111111"
    with pytest.raises(InvalidRequest):
        wallet.redeem(made)
    for _ in range(4):
        with pytest.raises(InvalidGrant):
            wallet.redeem(made, tx_code=wrong)
    assert wallet.redeem(made, tx_code=made.tx_code)


def test_an_unexpected_transaction_code_leaves_the_code_good(wallet, desk):
    """T109"""
    made = desk.offer(tx_code=False)
    with pytest.raises(InvalidRequest):
        wallet.redeem(made, tx_code="123456")
    assert wallet.redeem(made)


def test_after_five_wrong_codes_the_offer_is_dead(wallet, desk):
    """T111: whoever tries"""
    made = desk.offer(tx_code=True)
    wrong = "000000" if made.tx_code != "000000" else "111111"
    for number in range(5):
        with pytest.raises(InvalidGrant):
            TestWallet(desk, seeded_key(number + 20)).redeem(made, tx_code=wrong)
    for tx_code in (made.tx_code, wrong, None):
        with pytest.raises(InvalidGrant):
            wallet.redeem(made, tx_code=tx_code)


def test_what_an_unknown_a_wrong_and_a_dead_code_are_told_is_the_same_kind(wallet, desk):
    """T118"""
    made = desk.offer(tx_code=True)
    told = set()
    for tx_code in ["000000" if made.tx_code != "000000" else "111111"] * 6:
        with pytest.raises(ProtocolError) as refusal:
            wallet.redeem(made, tx_code=tx_code)
        told.add((refusal.value.code, refusal.value.status))
    with pytest.raises(ProtocolError) as refusal:
        wallet.redeem_code("x" * 43, tx_code="000000")
    told.add((refusal.value.code, refusal.value.status))
    assert told == {("invalid_grant", 400)}


def test_tokens_are_long_and_fresh(wallet, desk):
    """T117"""
    tokens = [wallet.redeem(desk.offer()) for _ in range(20)]
    secrets = [secret for token in tokens for secret in (token.access_token, token.refresh_token or "")]
    assert len(set(secrets)) == 40
    assert all(len(decode_base64url(secret)) == 32 for secret in secrets)
    with desk.store.database.reading() as connection:
        dump = str([connection.exec_driver_sql(f"SELECT * FROM {t}").all() for t in ("sessions", "session_keys")])
    assert not [secret for secret in secrets if secret in dump]


def test_a_proof_is_needed(desk):
    """T100: no fall-back to bearer"""
    made = desk.offer()
    grant = PreAuthorizedCodeGrant(made.offer.pre_authorized_code or "")
    with pytest.raises(InvalidDpopProof):
        redeem(desk, grant, None)
    assert TestWallet(desk).redeem(made).access_token


def test_bearer_tokens_are_there_where_the_policy_allows_them(desk):
    relaxed = desk.with_policy(require_dpop=False)
    made = desk.offer()
    tokens = redeem(relaxed, PreAuthorizedCodeGrant(made.offer.pre_authorized_code or ""), None)
    assert (tokens.token_type, tokens.refresh_token) == ("Bearer", None)
    wallet = TestWallet(relaxed)
    proofs = tuple(wallet.proofs([wallet.new_key()]))
    request = CredentialRequest("member", None, proofs)
    bearer = f"Bearer {tokens.access_token}"
    with pytest.raises(InvalidToken):
        desk.run(desk.issuer.credentials.issue(request, bearer, None))
    assert relaxed.run(relaxed.issuer.credentials.issue(request, bearer, None)).credentials


def bad_proofs(wallet):
    url = wallet.desk.issuer.context.endpoints.token
    good = wallet.dpop(url)
    head, payload, _ = good.split(".")
    other = wallet.dpop(url)
    yield "another method", wallet.dpop(url, method="GET")
    yield "another address", wallet.dpop(f"{url}/x")
    yield "a signature of another proof", ".".join((head, payload, other.split(".")[2]))
    yield "no signature", f"{head}.{payload}."
    yield "not a token", "x"
    yield "two proofs", f"{good}, {other}"
    yield "another type", sign_jws({"typ": "JWT", "jwk": wallet.key.public_key.to_jwk()}, b"{}", wallet.key)
    yield "too old", wallet.dpop(url, issued_at=NOW - 301)
    yield "from the future", wallet.dpop(url, issued_at=NOW + 61)


def test_a_bad_proof_leaves_the_code_good(wallet, desk):
    """T100, T102"""
    made = desk.offer()
    grant = PreAuthorizedCodeGrant(made.offer.pre_authorized_code or "")
    accepted = []
    for reason, proof in bad_proofs(wallet):
        try:
            redeem(desk, grant, proof)
        except InvalidDpopProof:
            continue
        accepted.append(reason)
    assert accepted == []
    assert wallet.redeem(made)


@pytest.mark.parametrize("offset", [-300, -10, 10, 60])
def test_clocks_may_differ_a_little(wallet, desk, offset):
    """T102"""
    proof = wallet.dpop(desk.issuer.context.endpoints.token, issued_at=NOW + offset)
    assert redeem(desk, PreAuthorizedCodeGrant(desk.offer().offer.pre_authorized_code or ""), proof)


def test_a_proof_without_a_good_nonce_is_answered_with_one(wallet, desk):
    """T102"""
    url = desk.issuer.context.endpoints.token
    made = desk.offer()
    grant = PreAuthorizedCodeGrant(made.offer.pre_authorized_code or "")
    old = desk.issuer.context.dpop_nonce()
    desk.clock.move(desk.issuer.context.policy.lifetimes.dpop_nonce)
    foreign = make_issuer(identifier="https://other.example").issuer.context.dpop_nonce()
    offered = []
    for nonce in (None, "x", old, foreign, desk.issuer.credentials.nonce()):
        with pytest.raises(UseDpopNonce) as refusal:
            redeem(desk, grant, wallet.dpop(url, nonce=nonce))
        assert refusal.value.status == 400
        offered.append(refusal.value.nonce)
    assert redeem(desk, grant, wallet.dpop(url, nonce=offered[-1]))


def test_a_proof_is_remembered_for_as_long_as_it_could_come_again(desk):
    """T101: the sweep does not open the window again"""
    desk = desk.with_policy(lifetimes=Lifetimes(dpop_nonce=1000))
    wallet = TestWallet(desk)
    url = desk.issuer.context.endpoints.token
    proof = wallet.dpop(url, issued_at=NOW + 60)
    redeem(desk, PreAuthorizedCodeGrant(desk.offer().offer.pre_authorized_code or ""), proof)
    for seconds in (299, 60):
        desk.clock.move(seconds)
        desk.sweep()
        with pytest.raises(InvalidDpopProof, match="used before"):
            redeem(desk, PreAuthorizedCodeGrant(desk.offer().offer.pre_authorized_code or ""), proof)


def test_the_same_jti_of_another_key_is_another_proof(wallet, desk):
    url = desk.issuer.context.endpoints.token
    for maker in (wallet, TestWallet(desk, seeded_key(99))):
        proof = maker.dpop(url, jti="same")
        assert redeem(desk, PreAuthorizedCodeGrant(desk.offer().offer.pre_authorized_code or ""), proof)


def test_a_refresh_token_rotates(wallet, desk):
    """T114"""
    first = wallet.redeem(desk.offer())
    second = wallet.renew(first)
    assert second.access_token != first.access_token
    with pytest.raises(InvalidToken):
        wallet.issue(first)
    assert wallet.issue(second).credentials
    with pytest.raises(InvalidGrant):
        wallet.renew(first)
    for again in (lambda: wallet.renew(second), lambda: wallet.issue(second)):
        with pytest.raises((InvalidGrant, InvalidToken)):
            again()


def test_a_refresh_token_with_another_key_ends_the_family(wallet, desk):
    """T114"""
    tokens = wallet.redeem(desk.offer())
    with pytest.raises(InvalidGrant):
        TestWallet(desk, seeded_key(99)).renew(tokens)
    with pytest.raises(InvalidGrant):
        wallet.renew(tokens)
    with pytest.raises(InvalidToken):
        wallet.issue(tokens)


def test_an_unknown_refresh_token_is_refused(wallet, desk):
    tokens = wallet.redeem(desk.offer())
    for token in ("x" * 43, tokens.access_token):
        with pytest.raises(InvalidGrant):
            redeem(desk, RefreshTokenGrant(token), wallet.token_dpop())
    assert wallet.renew(tokens)


def test_a_wallet_that_named_itself_stays_itself(desk):
    named, other = TestWallet(desk, client_id="wallet"), TestWallet(desk, client_id="other")
    tokens = named.redeem(desk.offer())
    with pytest.raises(InvalidGrant):
        other.renew(tokens)
    tokens = named.renew(tokens)
    assert TestWallet(desk).renew(tokens).access_token, "its key says enough"


def test_a_token_request_may_ask_for_less(wallet, desk):
    """RFC 9396 §6.1"""
    made = desk.offer("member", "badge")
    grant = PreAuthorizedCodeGrant(made.offer.pre_authorized_code or "")
    with pytest.raises(InvalidAuthorizationDetails):
        redeem(desk, grant, wallet.token_dpop(), authorization_details=(CredentialDetail("ticket"),))
    tokens = redeem(desk, grant, wallet.token_dpop(), authorization_details=(CredentialDetail("badge"),))
    assert [detail.to_dict() for detail in tokens.authorization_details] == [
        {"type": "openid_credential", "credential_configuration_id": "badge", "credential_identifiers": ["badge"]}
    ]
    assert wallet.issue(tokens, None, identifier="badge").credentials
