"""HAIP 1.0 on the wallet's side of issuance: for every rule something that is received and something that is refused."""

from dataclasses import replace

import pytest

from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest
from protocol.jws import Jws
from protocol.oauth.client_attestation import METHOD, METHOD_DPOP
from protocol.sdjwt.issue import Frame, issue_sd_jwt
from protocol.trust.anchors import Role, TrustAnchors, TrustedIdentifier
from tests.support.pki import NOW, make_pki, seeded, seeded_key
from tests.support.provider import make_provider
from tests.wallet.counterpart_agency import AGENCY, PID, VCT, Agency, answer
from tests.wallet.counterparts import World
from tests.wallet.vetting import ATTESTED, vetted_world
from wallet.keys import SealedKeys
from wallet.policy.haip import NotHaip
from wallet.policy.vouching import NotVouched
from wallet.provider.policy import ProviderPolicy
from wallet.service import Wallet


@pytest.fixture
def office(tmp_path):
    """A provider that takes whoever comes."""
    made = make_provider(f"sqlite:///{tmp_path}/provider.db", policy=ProviderPolicy(open_enrolment=True))
    yield made
    made.close()


@pytest.fixture
def make(vault, office):
    """A wallet that is told to insist on HAIP, between its provider and an agency that does all of it."""

    def made(**changes):
        return vetted_world(vault, office, haip=True, **changes)

    return made


def look(world):
    return world.run(world.wallet.receiving.look(world.agency.offer()))


def tokens_were_asked_for(world):
    return any(request.url.startswith((f"{AGENCY}/token", f"{AGENCY}/par")) for request in world.agency.seen)


LOGIN = {"pre_authorized_code": None, "authorization_code": True}


def log_in(world):
    seen = world.run(world.wallet.receiving.look(world.agency.offer(**LOGIN)))
    return seen, world.run(world.wallet.login.begin(seen, "http://localhost/cb"))


def test_whoever_does_all_of_it_is_dealt_with(make):
    world = make()
    [kept] = world.receive()
    assert len(kept.copies) == 3


@pytest.mark.parametrize("method", [METHOD, METHOD_DPOP])
def test_both_ways_to_authenticate_are_good(make, method):
    world = make(methods=(method,))
    world.receive()
    assert len(world.agency.wallets) == 1


@pytest.mark.parametrize(
    ("rule", "server"),
    [
        (
            "authorization code flow",
            {"grant_types_supported": ["urn:ietf:params:oauth:grant-type:pre-authorized_code"]},
        ),
        ("authorization endpoint", {"authorization_endpoint": None}),
        ("pushed authorization requests", {"pushed_authorization_request_endpoint": None}),
        ("PKCE with S256", {"code_challenge_methods_supported": ["plain"]}),
        ("PKCE with S256", {"code_challenge_methods_supported": None}),
        ("who answers", {"authorization_response_iss_parameter_supported": False}),
        ("DPoP", {"dpop_signing_alg_values_supported": None}),
        ("DPoP", {"dpop_signing_alg_values_supported": ["RS256"]}),
        ("attested wallet", {"token_endpoint_auth_methods_supported": ["none"]}),
        ("attested wallet", {"token_endpoint_auth_methods_supported": ["none", METHOD]}),
        ("attested wallet", {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}),
        ("attested wallet", {"token_endpoint_auth_methods_supported": None}),
    ],
)
def test_a_server_that_does_less_is_refused(make, rule, server):
    """§4, §4.1, §4.4.1; FAPI 2.0 §5.3.2. Nothing is asked for in the user's name."""
    world = make(server_changes=server)
    with pytest.raises(NotHaip, match=rule):
        look(world)
    assert not tokens_were_asked_for(world)


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("signed", {"signed": False}),
        ("scope", {"configurations": {"pid": ATTESTED, "other": replace(ATTESTED, scope=None)}}),
    ],
)
def test_an_issuer_that_does_less_is_refused(make, rule, changes):
    """§4.1."""
    world = make(**changes)
    with pytest.raises(NotHaip, match=rule):
        look(world)
    assert not tokens_were_asked_for(world)


def test_metadata_that_is_signed_by_a_stranger_is_unsigned(make):
    world = make()
    world.trusted = False
    with pytest.raises(NotHaip, match="signed"):
        look(world)


def test_metadata_may_be_signed_with_an_access_certificate(make):
    """The document itself needs somebody who is trusted to issue it, all the same."""
    world = make()
    world.agency.pki = make_pki(key=seeded_key(5), role=Role.VERIFIER)
    assert look(world).consent.issuer.trusted_by == "Test authority"
    assert world.receive() == ()


def test_keys_that_are_bound_need_a_nonce(make):
    """§4.1."""
    world = make()
    metadata = replace(world.agency.metadata, nonce_endpoint=None)
    type(world.agency).metadata, before = property(lambda _: metadata), type(world.agency).metadata
    try:
        with pytest.raises(NotHaip, match="nonces"):
            look(world)
    finally:
        type(world.agency).metadata = before
    look(world)


def test_without_keys_no_nonce_is_needed(make):
    unbound = replace(PID, binding_methods=(), proof_algorithms=())
    look(make(configurations={"pid": unbound}))


def test_a_wallet_that_nobody_vouches_for_gets_nothing(make):
    """§4.4.1: wallets must authenticate."""
    world = make(provider_url="")
    with pytest.raises(NotVouched):
        look(world)
    assert not tokens_were_asked_for(world)


def test_credentials_are_asked_for_by_scope(make):
    """§4.2, §4.3."""
    world = make()
    log_in(world)
    body = next(r.body for r in world.agency.seen if r.url.endswith("/par"))
    assert b"scope=pid" in body
    assert b"authorization_details" not in body
    assert b"code_challenge_method=S256" in body


@pytest.mark.parametrize("returned", ["code=c&state={state}", "code=c&state={state}&iss=https://other.example"])
def test_an_answer_that_does_not_say_who_answers_is_refused(make, returned):
    """§4, RFC 9207."""
    world = make()
    seen, begun = log_in(world)
    with pytest.raises(InvalidRequest):
        world.run(world.wallet.login.finish(seen, begun, f"http://localhost/cb?{returned.format(state=begun.state)}"))
    good = f"http://localhost/cb?code=c&state={begun.state}&iss={AGENCY}"
    assert world.run(world.wallet.login.finish(seen, begun, good))


def test_a_token_that_is_bound_to_no_key_is_refused(make):
    """§4: DPoP."""
    world = make(token_changes={"token_type": "Bearer"})
    seen = look(world)
    with pytest.raises(InvalidRequest):
        world.run(world.wallet.receiving.take(seen))
    assert world.vault.pending() == ()


def test_nonces_for_dpop_are_taken_from_wherever_they_come(make):
    """§4: the nonce endpoint's among them."""
    world = make()
    world.agency.refuse["/token"] = [answer({"error": "use_dpop_nonce"}, 400, ("dpop-nonce", "n1"))]
    assert len(world.receive()) == 1
    second = [request for request in world.agency.seen if request.url.endswith("/token")][1]
    assert Jws.from_compact(dict(second.headers)["dpop"], "dpop").peek_claims("dpop").text("nonce") == "n1"


def test_keys_are_attested_in_one_attestation(make):
    """§4.5.1."""
    world = make()
    world.receive()
    (proven,) = world.agency.keys
    assert len(proven.keys) == 3


@pytest.mark.parametrize("types", [("ES256", ""), ("", "ES256"), ("ES256", "ES256")])
def test_both_proof_types_are_supported(make, types):
    """§4.5.1."""
    jwt, attestation = ((name,) if name else () for name in types)
    offered = replace(ATTESTED, proof_algorithms=jwt, attestation_algorithms=attestation)
    world = make(configurations={"pid": offered})
    assert len(world.receive()) == 1


def test_an_attestation_in_neither_proof_type_is_not_possible(make):
    offered = replace(ATTESTED, proof_algorithms=("ES512",), attestation_algorithms=("ES512",))
    world = make(configurations={"pid": offered})
    with pytest.raises(InvalidRequest, match="nothing that this wallet can take"):
        look(world)


def by_published_key(world, seed):
    """Have credentials that say by the issuer's address who signed them, which this wallet trusts as well."""
    agency = world.agency
    jwks = {"keys": [agency.pki.signer.public_key.to_jwk()]}
    agency.refuse["/.well-known/jwt-vc-issuer"] = answer({"issuer": AGENCY, "jwks": jwks})
    claims: JsonObject = {"iss": AGENCY, "vct": VCT, "given_name": "Erika"}

    def issue(key, *, seed=20, **_):
        return issue_sd_jwt(
            {**claims, "cnf": {"jwk": key.to_jwk()}, "iat": NOW - 5},
            Frame.of([("given_name",)]),
            header={"typ": "dc+sd-jwt"},
            signer=agency.pki.signer,
            random_bytes=seeded(seed),
        )

    agency.issue = issue
    known = world.agency.pki.anchors.anchors
    trusted = TrustAnchors(known, [TrustedIdentifier(AGENCY, Role.ISSUER, "City of Köln")])
    drawn = seeded(seed)
    context = replace(world.wallet.context, anchors=lambda: trusted, random_bytes=drawn, keys=SealedKeys(drawn))
    world.wallet = Wallet.of(context)


def test_a_credential_says_by_certificate_who_signed_it(vault, office):
    """§6.1.1; without the switch, another way to trust is good as well."""
    strict = vetted_world(vault, office, haip=True)
    by_published_key(strict, 71)
    assert strict.receive() == ()
    assert strict.agency.notifications == [{"notification_id": "notification-1", "event": "credential_failure"}]
    lenient = vetted_world(vault, office)
    by_published_key(lenient, 72)
    assert len(lenient.receive()) == 1


def test_without_the_switch_less_is_enough(vault):
    world = World(vault, Agency(signed=False))
    assert len(world.receive()) == 1
