"""The wallet's own way through an issuer under HAIP 1.0, over HTTP: found, pushed, redeemed, proven, encrypted."""

from urllib.parse import parse_qs, urlsplit

import pytest

from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.oauth.authorization import AuthorizationRequest
from protocol.oauth.client_attestation import METHOD, METHOD_DPOP
from protocol.oauth.pkce import code_challenge
from protocol.oid4vci.attested_proof import sign_attested_proof
from protocol.oid4vci.client import DpopClient, IssuerRefused
from protocol.oid4vci.client_authentication import AttestedClient, attestation_required
from protocol.oid4vci.credential import ProofType
from protocol.oid4vci.obtain import fetch_issuer, fetch_proven, fetch_tokens, push_request
from protocol.oid4vci.prove import Proofs
from protocol.oid4vci.token import AuthorizationCodeGrant, PreAuthorizedCodeGrant, TokenRequest
from tests.issuer.service.haip.asking import log_in
from tests.issuer.service.issuing import verified
from tests.support.issuer import IDENTIFIER, REDIRECT_URI, VERIFIER
from tests.support.pki import seeded, seeded_key
from tests.support.wallet_provider import CLIENT

INSTANCE = seeded_key(6)


class Network:
    """Sends what a wallet's exchange asks for to the issuer, and remembers it."""

    def __init__(self, http):
        self.http = http
        self.requests = []

    def run(self, exchange):
        return run(exchange, self.perform)

    def perform(self, request):
        assert isinstance(request, HttpRequest)
        self.requests.append(request)
        answer = self.http.request(request.method, request.url, headers=dict(request.headers), content=request.body)
        return HttpResponse(answer.status_code, tuple(answer.headers.items()), answer.content)

    def asked(self, name):
        return [request for request in self.requests if urlsplit(request.url).path == f"/{name}"]


class Prover:
    """Has its provider attest three keys, for whatever nonce the issuer gives."""

    needed = True

    def __init__(self, provider, kind):
        self.provider = provider
        self.kind = kind
        self.keys = [seeded_key(700 + number) for number in range(3)]

    def prove(self, nonce):
        yield from ()
        if self.kind is ProofType.ATTESTATION:
            return Proofs((self.provider.attest_keys(self.keys, nonce=nonce),), self.kind)
        attestation = self.provider.attest_keys(self.keys)
        now = self.provider.clock.now
        text = sign_attested_proof(
            self.keys[0], attestation, audience=IDENTIFIER, nonce=nonce, issued_at=now, client_id=CLIENT
        )
        return Proofs((text,), self.kind)


@pytest.fixture
def network(http):
    return Network(http)


def attested(desk, provider, contact, method):
    """This wallet, as it authenticates at the issuer's server."""

    def attest():
        yield from ()
        return provider.attest(INSTANCE)

    dpop = DpopClient(INSTANCE, seeded(8), desk.clock)
    return dpop, AttestedClient(dpop, contact.server, method, attest, provider.attest(INSTANCE))


@pytest.mark.parametrize("kind", list(ProofType))
@pytest.mark.parametrize("method", [METHOD, METHOD_DPOP])
def test_our_wallet_logs_its_user_in_and_gets_what_it_asked_for(desk, provider, network, *, method, kind):
    contact = network.run(fetch_issuer(desk.offer("member").offer, desk.pki.anchors, now=desk.clock.now))
    assert contact.party is not None, "signed metadata"
    assert attestation_required(contact.server)
    dpop, client = attested(desk, provider, contact, method)
    request = AuthorizationRequest(CLIENT, REDIRECT_URI, code_challenge(VERIFIER), scope="member")
    page = network.run(push_request(contact, request, client))
    request_uri = parse_qs(urlsplit(page).query)["request_uri"][0]
    code = parse_qs(urlsplit(log_in(desk, request_uri)).query)["code"][0]
    grant = AuthorizationCodeGrant(code, VERIFIER, REDIRECT_URI)
    tokens = network.run(fetch_tokens(contact, TokenRequest(grant, CLIENT), client))
    prover = Prover(provider, kind)
    answer = network.run(fetch_proven(contact, tokens, "member", prover, dpop))
    keys = {verified(desk, raw).holder_key for raw in answer.credentials}
    assert keys == {key.public_key for key in prover.keys}
    [request] = network.asked("credential")[-1:]
    assert dict(request.headers)["content-type"] == "application/jwt"
    assert all(len(network.asked(name)) == 1 for name in ("par", "token", "nonce")), "nothing had to be tried twice"


def test_our_wallet_takes_up_an_invitation(desk, provider, network):
    made = desk.offer("member")
    contact = network.run(fetch_issuer(made.offer, desk.pki.anchors, now=desk.clock.now))
    dpop, client = attested(desk, provider, contact, METHOD_DPOP)
    grant = PreAuthorizedCodeGrant(made.offer.pre_authorized_code or "")
    with pytest.raises(IssuerRefused, match="invalid_client"):
        network.run(fetch_tokens(contact, TokenRequest(grant), dpop))
    tokens = network.run(fetch_tokens(contact, TokenRequest(grant), client))
    prover = Prover(provider, ProofType.JWT)
    assert len(network.run(fetch_proven(contact, tokens, "member", prover, dpop)).credentials) == 3
