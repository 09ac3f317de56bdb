"""A wallet that authenticates by attestation: each try has its own proofs, and nothing is tried for ever."""

from dataclasses import replace
from functools import cache

import pytest

from protocol.errors import InvalidRequest, Unreachable
from protocol.jws import Jws
from protocol.oauth.client_attestation import (
    METHOD,
    METHOD_DPOP,
    ClientAttestation,
    check_dpop_is_pop,
    sign_client_attestation,
    verify_attestation_pop,
)
from protocol.oauth.dpop import verify_dpop_proof
from protocol.oid4vci.client import IssuerRefused
from protocol.oid4vci.client_authentication import AttestedClient, attestation_method, attestation_required
from protocol.oid4vci.obtain import IssuerContact, fetch_tokens, push_request
from protocol.trust.anchors import Role
from tests.protocol.oid4vci.peer import Peer, answer, client, form, header, refusal
from tests.protocol.oid4vci.samples import DPOP, ISSUER, METADATA, SERVER
from tests.protocol.oid4vci.test_obtain import REQUEST, ask
from tests.support.pki import NOW, make_pki

PROVIDER = make_pki(role=Role.WALLET_PROVIDER)
SAYS = ClientAttestation("wallet", DPOP.public_key, NOW + 3600)
ATTESTING = replace(SERVER, token_endpoint_auth_methods_supported=(METHOD,))
CONTACT = IssuerContact(METADATA, ATTESTING, None)
TOKENS = answer({"access_token": "t0ken", "token_type": "DPoP"})
CHALLENGES = f"{ISSUER}/challenge"


@cache
def attestation(number=0):
    return sign_client_attestation(replace(SAYS, expires_at=NOW + 3600 + number), PROVIDER.signer, PROVIDER.x5c)


class Provider:
    """Hands out attestations that can be told apart."""

    def __init__(self):
        self.made = 0

    def attest(self):
        yield from ()
        self.made += 1
        return attestation(self.made)


def attested(server=ATTESTING, provider=None):
    method = attestation_method(server)
    assert method is not None
    return AttestedClient(client(), server, method, (provider or Provider()).attest, attestation())


def pops(requests):
    """The proofs of possession of these requests, verified as a server does."""
    return [
        verify_attestation_pop(header(request, "oauth-client-attestation-pop"), SAYS, audience=ISSUER, now=NOW)
        for request in requests
    ]


def tokens(peer, found=None):
    return peer.run(fetch_tokens(CONTACT, REQUEST, found or attested()))


def test_a_token_request_carries_attestation_proof_and_dpop():
    peer = Peer(token=[TOKENS])
    assert tokens(peer).access_token == "t0ken"
    (request,) = peer.asked("token")
    assert header(request, "oauth-client-attestation") == attestation()
    (pop,) = pops([request])
    assert pop.challenge is None
    proof = verify_dpop_proof(header(request, "dpop"), method="POST", url=f"{ISSUER}/token", access_token=None, now=NOW)
    assert proof.key == DPOP.public_key


def test_a_pushed_request_carries_attestation_and_proof():
    peer = Peer(par=[answer({"request_uri": "urn:x", "expires_in": 60}, 201)])
    url = peer.run(push_request(CONTACT, ask(), attested()))
    assert url.endswith("request_uri=urn%3Ax")
    (request,) = peer.asked("par")
    assert pops([request])
    assert header(request, "dpop") is None
    assert form(request)["client_id"] == "wallet"


@pytest.mark.parametrize("name", ["par", "token"])
def test_one_proof_is_enough_where_the_server_takes_dpop_for_it(name):
    server = replace(SERVER, token_endpoint_auth_methods_supported=(METHOD_DPOP,))
    contact = IssuerContact(METADATA, server, None)
    peer = Peer(par=[answer({"request_uri": "urn:x", "expires_in": 60}, 201)], token=[TOKENS])
    exchanges = {
        "par": lambda: push_request(contact, ask(), attested(server)),
        "token": lambda: fetch_tokens(contact, REQUEST, attested(server)),
    }
    peer.run(exchanges[name]())
    (request,) = peer.asked(name)
    assert header(request, "oauth-client-attestation") == attestation()
    assert header(request, "oauth-client-attestation-pop") is None
    proof = verify_dpop_proof(
        header(request, "dpop"), method="POST", url=f"{ISSUER}/{name}", access_token=None, now=NOW
    )
    assert check_dpop_is_pop(SAYS, proof).challenge is None


@pytest.mark.parametrize(
    ("methods", "changes", "chosen", "required"),
    [
        ((), {}, None, False),
        (("none",), {}, None, False),
        (("private_key_jwt",), {}, None, False),
        (("none", METHOD), {}, METHOD, False),
        ((METHOD,), {}, METHOD, True),
        ((METHOD, METHOD_DPOP), {}, METHOD, True),
        ((METHOD_DPOP, METHOD), {}, METHOD_DPOP, True),
        ((METHOD,), {"client_attestation_pop_signing_alg_values_supported": ("ES256",)}, METHOD, True),
        ((METHOD,), {"client_attestation_pop_signing_alg_values_supported": ("ES512",)}, None, True),
        ((METHOD_DPOP,), {"dpop_signing_alg_values_supported": ("ES512",)}, None, True),
        (
            (METHOD, METHOD_DPOP),
            {"client_attestation_pop_signing_alg_values_supported": ("ES512",)},
            METHOD_DPOP,
            True,
        ),
    ],
)
def test_the_first_method_that_is_named_and_possible_is_taken(methods, changes, chosen, required):
    server = replace(SERVER, token_endpoint_auth_methods_supported=methods, **changes)
    assert attestation_method(server) == chosen
    assert attestation_required(server) is required


# Challenges


def test_a_challenge_that_is_asked_for_is_given_once():
    """T106: a proof is never sent twice, and a server that never has enough is left."""
    wanted = refusal("use_attestation_challenge", 401, oauth_client_attestation_challenge="ch1")
    peer = Peer(token=[wanted, TOKENS])
    tokens(peer)
    first, second = pops(peer.asked("token"))
    assert (first.challenge, second.challenge) == (None, "ch1")
    assert first.jti != second.jti
    greedy = Peer(token=[wanted])
    with pytest.raises(IssuerRefused) as refused:
        tokens(greedy)
    assert refused.value.reason == "use_attestation_challenge"
    assert len(greedy.asked("token")) == 2


def test_a_challenge_that_came_with_an_answer_is_for_the_next_request():
    found = attested()
    pushed = answer({"request_uri": "urn:x", "expires_in": 60}, 201, oauth_client_attestation_challenge="next")
    peer = Peer(par=[pushed], token=[TOKENS])
    peer.run(push_request(CONTACT, ask(), found))
    tokens(peer, found)
    tokens(peer, found)
    assert [pop.challenge for pop in pops(peer.asked("token"))] == ["next", None]


def test_a_server_with_an_endpoint_for_challenges_is_asked_for_one_first():
    server = replace(ATTESTING, challenge_endpoint=CHALLENGES)
    found = attested(server)
    peer = Peer(
        token=[TOKENS],
        challenge=[answer({"attestation_challenge": "ch1"}), answer({"attestation_challenge": "ch2"})],
    )
    tokens(peer, found)
    tokens(peer, found)
    assert [pop.challenge for pop in pops(peer.asked("token"))] == ["ch1", "ch2"]
    assert [request.method for request in peer.asked("challenge")] == ["POST", "POST"]


def test_an_endpoint_is_asked_again_where_no_challenge_comes_with_the_refusal():
    server = replace(ATTESTING, challenge_endpoint=CHALLENGES)
    peer = Peer(
        token=[refusal("use_attestation_challenge"), TOKENS],
        challenge=[answer({"attestation_challenge": "ch1"}), answer({"attestation_challenge": "ch2"})],
    )
    tokens(peer, attested(server))
    assert [pop.challenge for pop in pops(peer.asked("token"))] == ["ch1", "ch2"]


def test_without_any_challenge_the_refusal_is_the_end():
    peer = Peer(token=[refusal("use_attestation_challenge")])
    with pytest.raises(IssuerRefused):
        tokens(peer)
    assert len(peer.asked("token")) == 1


@pytest.mark.parametrize("broken", [{}, {"attestation_challenge": ""}, {"attestation_challenge": "c" * 1025}, []])
def test_a_challenge_of_the_wrong_shape_is_refused(broken):
    server = replace(ATTESTING, challenge_endpoint=CHALLENGES)
    peer = Peer(token=[TOKENS], challenge=[answer(broken)])
    with pytest.raises(InvalidRequest):
        tokens(peer, attested(server))
    assert peer.asked("token") == []


def test_a_challenge_of_any_length_is_not_taken_from_a_header():
    peer = Peer(token=[refusal("use_attestation_challenge", oauth_client_attestation_challenge="c" * 1025), TOKENS])
    with pytest.raises(IssuerRefused):
        tokens(peer)


def test_with_one_proof_the_challenge_is_its_nonce():
    server = replace(SERVER, token_endpoint_auth_methods_supported=(METHOD_DPOP,), challenge_endpoint=CHALLENGES)
    contact = IssuerContact(METADATA, server, None)
    peer = Peer(token=[TOKENS], challenge=[answer({"attestation_challenge": "ch1"})])
    peer.run(fetch_tokens(contact, REQUEST, attested(server)))
    (request,) = peer.asked("token")
    assert Jws.from_compact(header(request, "dpop"), "dpop").peek_claims("dpop").text("nonce") == "ch1"


# Fresh attestations, nonces


def test_a_fresh_attestation_is_fetched_once():
    wanted = refusal("use_fresh_attestation", 400)
    peer = Peer(token=[wanted, TOKENS])
    provider = Provider()
    tokens(peer, attested(provider=provider))
    assert [header(request, "oauth-client-attestation") for request in peer.asked("token")] == [
        attestation(),
        attestation(1),
    ]
    greedy = Peer(token=[wanted])
    with pytest.raises(IssuerRefused) as refused:
        tokens(greedy)
    assert refused.value.reason == "use_fresh_attestation"
    assert len(greedy.asked("token")) == 2


def test_all_that_a_server_may_want_is_given_in_one_go():
    peer = Peer(
        token=[
            refusal("use_dpop_nonce", dpop_nonce="n1"),
            refusal("use_attestation_challenge", oauth_client_attestation_challenge="ch1"),
            refusal("use_fresh_attestation"),
            TOKENS,
        ]
    )
    tokens(peer)
    requests = peer.asked("token")
    assert [pop.challenge for pop in pops(requests)] == [None, None, "ch1", "ch1"]
    assert len({pop.jti for pop in pops(requests)}) == 4
    nonces = [Jws.from_compact(header(r, "dpop"), "dpop").peek_claims("dpop").optional_text("nonce") for r in requests]
    assert nonces == [None, "n1", "n1", "n1"]


def test_a_server_that_never_has_enough_nonces_is_left():
    """T154."""
    peer = Peer(token=[refusal("use_dpop_nonce", dpop_nonce="n1")])
    with pytest.raises(Unreachable):
        tokens(peer)
    assert len(peer.asked("token")) == 3


@pytest.mark.parametrize("code", ["invalid_client", "invalid_client_attestation", "invalid_grant"])
def test_any_other_refusal_is_final(code):
    """T105"""
    peer = Peer(token=[refusal(code, 401)])
    with pytest.raises(IssuerRefused) as refused:
        tokens(peer)
    assert refused.value.reason == code
    assert len(peer.asked("token")) == 1


def test_a_server_that_is_out_of_order_has_not_said_no():
    with pytest.raises(Unreachable):
        tokens(Peer(token=[answer({}, 503)]))
