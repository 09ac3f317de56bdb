"""Wallets that show who they are (OID4VCI 1.0 App. E, HAIP 1.0 §4.4.1): what holds binds the conversation to the instance."""

from dataclasses import replace

import pytest

from issuer.records import WalletStatus
from issuer.service.clients import AttestationHeaders
from issuer.session.stages import ACCESS_TOKEN, Issuing
from protocol.errors import (
    ClientNotAuthenticated,
    InvalidGrant,
    Unavailable,
    UseAttestationChallenge,
    UseFreshAttestation,
)
from protocol.oauth.authorization import AuthorizationRequest
from protocol.oauth.pkce import code_challenge
from protocol.oid4vci.token import PreAuthorizedCodeGrant, RefreshTokenGrant, TokenRequest
from protocol.trust.anchors import Role
from runtime.conversation import Load, SessionKey
from tests.support.issuer import REDIRECT_URI, VERIFIER, Clock, TestWallet, make_issuer
from tests.support.pki import DAY, Template, make_pki, seeded_key
from tests.support.wallet_provider import CLIENT, LIST, WALLET_PLACE, AttestedWallet, WalletProvider

INVALID, SUSPENDED = 1, 2


@pytest.fixture
def provider():
    return WalletProvider(Clock())


@pytest.fixture
def desk(provider):
    return make_issuer(clock=provider.clock, outside=provider, anchors=provider.anchors)


@pytest.fixture
def wallet(desk, provider):
    return AttestedWallet(desk, provider=provider)


@pytest.fixture(params=[False, True], ids=["own proof", "DPoP combined"])
def either(request, desk, provider):
    """A wallet that proves itself in one of the two ways."""
    if request.param:
        return AttestedWallet(desk, provider=provider, combined=True, key=seeded_key(6))
    return AttestedWallet(desk, provider=provider)


def redeem(desk, wallet, headers, *, made=None, client_id=None, dpop=True):
    """Ask for the tokens of an offer."""
    made = made or desk.offer()
    grant = PreAuthorizedCodeGrant(made.offer.pre_authorized_code)
    proof = wallet.token_dpop() if dpop else None
    return desk.run(desk.issuer.tokens.redeem(TokenRequest(grant, client_id), proof, headers))


def push(desk, wallet, headers, *, client_id=CLIENT, dpop=False):
    """Push an authorization request."""
    asked = AuthorizationRequest(client_id, REDIRECT_URI, code_challenge(VERIFIER), scope="member")
    proof = wallet.dpop(desk.issuer.context.endpoints.pushed_authorization_request) if dpop else None
    return desk.run(desk.issuer.authorization.push(asked, proof, headers))


def log_in(desk, pushed, client_id=CLIENT):
    """Have Anna log in for a pushed request; the code."""
    authorization = desk.issuer.authorization
    desk.run(authorization.visit(client_id, pushed.request_uri, "browser"))
    letter = desk.run(authorization.write_letter("anna", "clerk"))
    return desk.run(authorization.log_in(pushed.request_uri, "browser", letter)).split("code=")[1].split("&")[0]


def stage(desk, tokens):
    found = desk.store.load(Load(SessionKey.of(ACCESS_TOKEN, tokens.access_token), InvalidGrant("missing")))
    assert isinstance(found, Issuing)
    return found


def test_the_conversation_belongs_to_the_wallet_that_its_provider_attests(desk, either, provider):
    tokens = either.redeem(desk.offer())
    found = stage(desk, tokens)
    assert found.client_id == CLIENT
    assert found.wallet is not None
    assert found.wallet.key == either.instance.public_key.thumbprint()
    kept_until = provider.status(0).expires_at
    assert found.wallet.status == WalletStatus(LIST, WALLET_PLACE, kept_until, "CN=Wallet provider", "Test authority")
    assert either.issue(tokens).credentials


def test_the_whole_login_is_one_wallet_s(desk, either):
    pushed = push(desk, either, either.headers(), dpop=either.combined)
    tokens = replace_client(either).redeem_authorization_code(log_in(desk, pushed))
    assert either.issue(tokens).credentials
    assert stage(desk, either.renew(tokens)).wallet is not None


def replace_client(wallet):
    wallet.client_id = CLIENT
    return wallet


def test_an_anonymous_wallet_is_served_as_before(desk):
    wallet = TestWallet(desk)
    assert stage(desk, wallet.redeem(desk.offer())).wallet is None


def changed(character, text, at):
    return text[:at] + character + text[at + 1 :]


STRANGER = make_pki(Template(common_name="Stranger"), role=Role.WALLET_PROVIDER)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda w: w.headers(replace(w.provider, pki=STRANGER).attest(w.instance)),  # nobody trusts this provider
        lambda w: w.headers(w.provider.attest(seeded_key(9))),  # another wallet's
        lambda w: w.headers("x"),
        lambda w: w.headers(w.provider.attest(w.instance, expires_at=w.desk.clock.now + 2 * DAY)),
        lambda w: w.headers(pop=w.pop(audience="https://other.example")),
        lambda w: w.headers(pop=w.pop(issued_at=w.desk.clock.now - 301)),
        lambda w: w.headers(pop="x"),
        lambda w: replace(w.headers(), attestation=(*w.headers().attestation, *w.headers().attestation)),
        lambda w: replace(w.headers(), pop=(w.pop(), w.pop())),
        lambda w: replace(w.headers(), attestation=()),  # a proof of nothing
        lambda w: replace(w.headers(), pop=()),  # combined, and the DPoP proof is made with another key
    ],
)
def test_what_is_shown_has_to_hold(desk, wallet, *, spoil):
    """T105, T106: never taken for a public client"""
    made = desk.offer()
    with pytest.raises(ClientNotAuthenticated) as refusal:
        redeem(desk, wallet, spoil(wallet), made=made)
    assert (refusal.value.code, refusal.value.status) == ("invalid_client", 401)
    assert redeem(desk, wallet, wallet.headers(), made=made), "the code is as good as before"


def test_a_proof_of_possession_is_needed(desk, provider):
    """T106"""
    bearer = make_issuer(
        clock=provider.clock, outside=provider, anchors=provider.anchors, policy=desk.issuer.context.policy
    ).with_policy(require_dpop=False)
    wallet = AttestedWallet(bearer, provider=provider)
    with pytest.raises(ClientNotAuthenticated):
        redeem(bearer, wallet, replace(wallet.headers(), pop=()), dpop=False)
    assert redeem(bearer, wallet, wallet.headers(), dpop=False).token_type == "Bearer"


def test_a_proof_of_possession_is_used_once(desk, wallet):
    """T106: over all workers, because the store decides"""
    headers = wallet.headers()
    redeem(desk, wallet, headers)
    made = desk.offer()
    with pytest.raises(ClientNotAuthenticated):
        redeem(desk, wallet, headers, made=made)
    assert redeem(desk, wallet, wallet.headers(), made=made)


def test_an_attestation_may_be_shown_again(desk, wallet, provider):
    """The draft's §12.2"""
    attestation = provider.attest(wallet.instance)
    for _ in range(2):
        assert redeem(desk, wallet, wallet.headers(attestation))


@pytest.mark.parametrize("challenge", [None, "x", "stale"])
def test_without_a_fresh_challenge_there_is_one_to_try_again_with(desk, wallet, *, challenge):
    """T106"""
    if challenge == "stale":
        challenge = desk.issuer.context.dpop_nonce()
        desk.clock.move(desk.issuer.context.policy.lifetimes.dpop_nonce)
    made = desk.offer()
    with pytest.raises(UseAttestationChallenge) as refusal:
        redeem(desk, wallet, wallet.headers(pop=wallet.pop(challenge=challenge)), made=made)
    again = wallet.pop(challenge=refusal.value.challenge)
    assert redeem(desk, wallet, wallet.headers(pop=again), made=made)


def test_an_expired_attestation_has_a_code_of_its_own(desk, wallet, provider):
    old = provider.attest(wallet.instance)
    desk.clock.move(3600 + 60)
    with pytest.raises(UseFreshAttestation):
        redeem(desk, wallet, wallet.headers(old))


def test_client_id_is_the_attestation_s_subject(desk, wallet):
    """HAIP 1.0 §4.4.1"""
    for ask in (redeem, push):
        with pytest.raises(ClientNotAuthenticated):
            ask(desk, wallet, wallet.headers(), client_id="https://other.example")
    assert redeem(desk, wallet, wallet.headers(), client_id=CLIENT)
    assert push(desk, wallet, wallet.headers())


@pytest.mark.parametrize("headers", [lambda w: AttestationHeaders(), lambda w: other(w).headers()])
def test_a_code_is_redeemed_by_the_wallet_that_pushed(desk, wallet, *, headers):
    """The draft's §12.4: not even with its client_id, verifier and DPoP key"""
    code = log_in(desk, push(desk, wallet, wallet.headers()))
    thief = Borrowed(desk, client_id=CLIENT, key=wallet.key, said=headers(wallet))
    with pytest.raises(InvalidGrant):
        thief.redeem_authorization_code(code)
    assert replace_client(wallet).redeem_authorization_code(code)


@pytest.mark.parametrize("headers", [lambda w: AttestationHeaders(), lambda w: other(w).headers()])
def test_tokens_are_renewed_by_the_wallet_that_got_them(desk, wallet, *, headers):
    """The draft's §12.3"""
    tokens = wallet.redeem(desk.offer())
    request = TokenRequest(RefreshTokenGrant(tokens.refresh_token), None)
    with pytest.raises(InvalidGrant):
        desk.run(desk.issuer.tokens.redeem(request, wallet.token_dpop(), headers(wallet)))
    assert wallet.renew(tokens)


def other(wallet):
    """Another instance of the same wallet, attested as well."""
    return AttestedWallet(wallet.desk, provider=wallet.provider, instance=seeded_key(8))


class Borrowed(TestWallet):
    """Somebody with a wallet's keys but for the one that is attested."""

    def __init__(self, desk, *, client_id, key, said):
        super().__init__(desk, key, client_id)
        self.said = said

    def _tokens(self, request):
        return self.desk.run(self.desk.issuer.tokens.redeem(request, self.token_dpop(), self.said))


# Whether the wallet still holds


@pytest.mark.parametrize("value", [INVALID, SUSPENDED])
def test_a_wallet_that_was_revoked_gets_nothing(desk, wallet, provider, *, value):
    tokens = wallet.redeem(desk.offer())
    provider.entries[WALLET_PLACE] = value
    desk.clock.move(301)
    made = desk.offer()
    for ask in (
        lambda: redeem(desk, wallet, wallet.headers(), made=made),
        lambda: push(desk, wallet, wallet.headers()),
        lambda: wallet.renew(tokens),
    ):
        with pytest.raises(ClientNotAuthenticated):
            ask()
    provider.entries.clear()
    desk.clock.move(301)
    assert redeem(desk, wallet, wallet.headers(), made=made)


def test_not_knowing_is_not_enough_and_costs_nothing(desk, wallet, provider):
    provider.reachable = False
    made = desk.offer()
    for _ in range(3):
        with pytest.raises(Unavailable):
            redeem(desk, wallet, wallet.headers(), made=made)
    assert len(provider.fetched) == 1, "whoever does not answer is left alone for a while"
    provider.reachable = True
    desk.clock.move(60)
    assert redeem(desk, wallet, wallet.headers(), made=made)


def test_nobody_else_answers_for_a_provider(desk, wallet, provider):
    """T069"""
    provider.signer = make_pki(Template(common_name="Other"), role=Role.WALLET_PROVIDER)
    with pytest.raises(Unavailable):
        redeem(desk, wallet, wallet.headers())


def test_a_list_is_fetched_once_for_all_wallets(desk, wallet, provider):
    for _ in range(3):
        redeem(desk, wallet, wallet.headers())
    assert provider.fetched == [LIST]


def test_a_wallet_whose_provider_says_nothing_is_believed_for_now(desk, wallet, provider):
    """HAIP asks for no status; a type that needs one says so"""
    tokens = redeem(desk, wallet, wallet.headers(provider.attest(wallet.instance, client_status=None)))
    assert stage(desk, tokens).wallet.status is None
    assert provider.fetched == []
