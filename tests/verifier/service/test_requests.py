"""Making requests and handing them out."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.did import DidDocument
from protocol.errors import InvalidRequest, NotFound, Unavailable
from protocol.formats import IssuerSigner
from protocol.jws import Jws
from protocol.keys import P256Key
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.link import PlainRequest, RequestByReference, RequestUriMethod, read_link
from protocol.oid4vp.request_object import ExpectedRequest, verify_request_object
from runtime.seal import DamagedError
from tests.support.verifier import HOST, IDENTIFIER, QUERY, reference_of, request_of
from verifier.service import Verifier
from verifier.session import Opened, Requested
from wallet.policy.presenting import purpose_of

SIGNED = [prefix for prefix in Prefix if prefix is not Prefix.REDIRECT_URI]


def opened(counter, made, wallet_nonce=None):
    return counter.run(counter.verifier.requests.open(reference_of(made), wallet_nonce))


@pytest.mark.parametrize("prefix", SIGNED)
def test_a_link_leads_to_a_request_that_wallets_believe(counter, prefix):
    counter.publish_did()
    made = counter.ask(prefix=prefix)
    link = read_link(made.uri)
    assert isinstance(link, RequestByReference)
    assert (link.request_uri, link.request_uri_method) == (made.request_uri, RequestUriMethod.POST)
    assert link.client_id.prefix is prefix
    request = request_of(counter, made)
    assert request.client_id == link.client_id
    assert request.response_uri.startswith(f"{IDENTIFIER}/responses/")


def test_names_follow_from_the_public_url_and_the_certificate(counter):
    context = counter.verifier.context
    assert str(context.client_id(Prefix.X509_SAN_DNS, "x")) == f"x509_san_dns:{HOST}"
    assert str(context.client_id(Prefix.DECENTRALIZED_IDENTIFIER, "x")) == f"decentralized_identifier:did:web:{HOST}"
    assert str(context.client_id(Prefix.REDIRECT_URI, "x")) == f"redirect_uri:{IDENTIFIER}/responses/x"
    context.client_id(Prefix.X509_HASH, "x").check_certificate(counter.access.leaf.certificate)


def test_an_unsigned_request_travels_in_its_link(counter):
    made = counter.ask(prefix=Prefix.REDIRECT_URI)
    assert isinstance(read_link(made.uri), PlainRequest)
    assert made.request_uri == ""
    with pytest.raises(NotFound):
        opened(counter, made)
    assert isinstance(counter.stage(made), Requested)


def test_a_question_too_long_for_a_link_is_asked_by_reference_only(counter):
    claims = [{"path": [f"claim_{i:03}_{'x' * 40}"]} for i in range(60)]
    query = DcqlQuery.from_dict({"credentials": [{**QUERY["credentials"][0], "claims": claims}]})
    with pytest.raises(InvalidRequest, match="too long for a link"):
        counter.ask(use_case=None, query=query, prefix=Prefix.REDIRECT_URI)
    assert counter.ask(use_case=None, query=query).uri
    with pytest.raises(InvalidRequest, match="for_another goes with"):
        counter.ask(use_case=None, query=query, for_another=True)


def test_the_wallets_nonce_comes_back_signed(counter):
    """T185."""
    made = counter.ask()
    link = read_link(made.uri)
    expected = ExpectedRequest(link.client_id, wallet_nonce="fresh")
    exchange = verify_request_object(
        opened(counter, made, "fresh"), expected, anchors=counter.wallet_anchors, now=counter.clock.now
    )
    assert counter.run(exchange).request.wallet_nonce == "fresh"
    assert request_of(counter, made).wallet_nonce is None


def test_a_request_is_fetched_as_often_as_a_wallet_likes(counter):
    """T185: the same question every time."""
    made = counter.ask()
    first, second = (Jws.from_compact(opened(counter, made), "request").payload for _ in range(2))
    assert first == second
    assert isinstance(counter.stage(made), Opened)


def test_a_request_object_ends_with_its_request(counter):
    made = counter.ask()
    claims = json.loads(Jws.from_compact(opened(counter, made), "request").payload)
    assert (claims["iat"], claims["exp"]) == (counter.clock.now, made.expires_at)
    assert made.expires_at == counter.clock.now + 300


def test_a_request_that_is_over_is_not_fetched(counter):
    """T185, T196: neither the object nor the code."""
    made = counter.ask()
    counter.clock.forward(300)
    with pytest.raises(NotFound):
        opened(counter, made)
    with pytest.raises(NotFound):
        counter.run(counter.verifier.requests.link_of_reference(reference_of(made)))


def test_a_guessed_reference_leads_nowhere(counter):
    """T185: not even the id that a program knows."""
    made = counter.ask()
    for guess in (made.id, "", "x" * 10_000, reference_of(made)[:-1]):
        with pytest.raises(NotFound):
            counter.run(counter.verifier.requests.open(guess, None))


def test_every_request_has_secrets_of_its_own(counter):
    """T191, T192: no nonce, state, key or address twice, and none shorter than 128 bits."""
    requests = [request_of(counter, counter.ask()) for _ in range(50)]
    for secret in (
        [request.nonce for request in requests],
        [request.state for request in requests],
        [request.response_uri for request in requests],
        [request.client_metadata.encryption_keys[0].key for request in requests],
        [request.client_metadata.encryption_keys[0].kid for request in requests],
    ):
        assert len(set(secret)) == 50
    assert min(len(request.nonce) for request in requests) >= 43


def test_keys_are_sealed_for_their_request_alone(counter):
    """T192: the store holds no private key, and none can be moved to another request."""
    first, second = counter.stage(counter.ask()), counter.stage(counter.ask())
    scalar = counter.verifier.requests.decryption_key(first).to_scalar()
    assert scalar.hex() not in first.terms.encryption_key
    with pytest.raises(DamagedError):
        counter.verifier.requests.decryption_key(replace(second, terms=first.terms))


@pytest.mark.parametrize("response_mode", ["direct_post", "direct_post.jwt"])
def test_only_what_will_be_encrypted_has_a_key(counter, response_mode):
    request = request_of(counter, counter.ask(response_mode=response_mode))
    assert bool(request.client_metadata.encryption_keys) == (response_mode == "direct_post.jwt")
    assert request.client_metadata.vp_formats.keys() == {"dc+sd-jwt", "mso_mdoc"}


@pytest.mark.parametrize(
    "order",
    [
        {"use_case": "unknown"},
        {"use_case": None},
        {"query": DcqlQuery.from_dict(QUERY)},
        {"redirect_uri": "https://shop.example/back"},
        {"redirect_uri": "http://shop.example/back", "same_device": True},
        {"redirect_uri": "javascript:alert(1)", "same_device": True},
        {"redirect_uri": "https://shop.example/back#here", "same_device": True},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(counter, order):
    with pytest.raises(InvalidRequest):
        counter.ask(**order)


def test_the_did_document_names_the_key_that_signs(counter):
    context = counter.verifier.context
    document = DidDocument.from_dict(context.did_document(), context.did)
    assert document.key(context.key_id, "authentication") == context.signing.signer.public_key


def test_a_request_says_what_the_data_is_for(counter):
    """A wallet shows it beside the question; a query of a program's own has no purpose that we know."""
    use_case = counter.verifier.context.use_cases["family-name"]
    request = request_of(counter, counter.ask())
    for language in ("de", "en"):
        assert purpose_of(request, language) == use_case.purpose_in(language)
    assert request_of(counter, counter.ask(use_case=None, query=use_case.query)).verifier_info == ()


@dataclass
class Signer:
    """A signer in a token, that can be away, and tells whoever waits for it."""

    key: P256Key
    away: bool = False
    meanwhile: Callable[[], object] = lambda: None
    signed: int = 0

    @property
    def public_key(self):
        return self.key.public_key

    def sign(self, data):
        if self.away:
            raise Unavailable("the key is away")
        self.signed += 1
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return self.key.sign(data)


@pytest.fixture
def signer(counter):
    return Signer(counter.access.signer)


def with_signer(counter, signer):
    context = replace(counter.verifier.context, signing=IssuerSigner(signer, counter.access.x5c))
    return replace(counter, verifier=Verifier.of(context))


def test_a_key_that_is_away_opens_nothing(counter, signer):
    """T146"""
    made, distant = counter.ask(), with_signer(counter, signer)
    signer.away = True
    with pytest.raises(Unavailable):
        opened(distant, made)
    assert isinstance(counter.stage(made), Requested)
    signer.away = False
    assert request_of(distant, made).nonce
    assert isinstance(counter.stage(made), Opened)


def test_a_request_that_was_renewed_while_it_was_signed_is_signed_as_it_is_now(counter, signer):
    """What a wallet is handed holds the nonce that its answer is held against."""
    made, distant = counter.ask(), with_signer(counter, signer)
    before = counter.stage(made)

    def renew():
        counter.clock.forward(counter.verifier.context.lifetimes.request - 1)
        counter.run(counter.verifier.requests.renewed(before))

    signer.meanwhile = renew
    request = request_of(distant, made)
    after = counter.stage(made)
    assert (before.terms.nonce == after.terms.nonce, request.nonce) == (False, after.terms.nonce)
    assert signer.signed == 2
