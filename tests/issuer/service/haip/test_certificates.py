"""HAIP 1.0 §4.1, §4.4.1, §4.5.1, §6.1, §7: whose signature an issuer takes, and with which certificates it signs itself."""

from dataclasses import dataclass, replace

import pytest

from issuer.service.haip import check_ready
from protocol.encoding import encode_base64url, encode_json
from protocol.errors import InvalidNonce, InvalidProof
from protocol.formats import IssuerSigner
from protocol.jws import Jws
from protocol.keys import P256Key
from protocol.oauth.client_attestation import HEADER, POP_HEADER
from protocol.oid4vci.credential import ProofType
from protocol.trust.anchors import Role
from tests.issuer.api.calls import is_error
from tests.issuer.service.haip.asking import metadata, push, redeem, shown
from tests.issuer.service.issuing import verified
from tests.support.issuer import IDENTIFIER
from tests.support.pki import Template, make_pki, seeded_key, self_signed

BOTH = pytest.mark.parametrize("kind", list(ProofType), ids=str)


@dataclass
class Signs:
    """A key, and the certificates that come with what it signs."""

    signer: P256Key
    x5c: tuple[str, ...]


def without_chain(pki):
    return Signs(pki.signer, ())


def with_the_anchor(pki):
    return Signs(pki.signer, (*pki.x5c, pki.root.certificate.to_x5c()))


def self_made(pki):
    """The provider's own key vouches for itself, under the very same name."""
    return Signs(pki.signer, (self_signed(Template(common_name="Wallet provider"), pki.signer).certificate.to_x5c(),))


def of_a_stranger(_):
    return make_pki(Template(common_name="Wallet provider"), role=Role.WALLET_PROVIDER)


def of_an_issuer(_):
    return make_pki(role=Role.ISSUER)


CHAINS = pytest.mark.parametrize(
    "chain", [without_chain, with_the_anchor, self_made, of_a_stranger, of_an_issuer], ids=lambda made: made.__name__
)


@CHAINS
def test_an_attestation_of_a_wallet_comes_with_a_chain_below_an_anchor(http, desk, wallet, provider, *, chain):
    """§4.4.1"""
    signed = replace(provider, pki=chain(provider.pki))
    bad = shown(wallet, **{HEADER: signed.attest(wallet.instance)})
    made = desk.offer("member")
    assert is_error(push(http, wallet, bad), "invalid_client", 401)
    bad = shown(wallet, **{HEADER: signed.attest(wallet.instance)})
    assert is_error(redeem(http, wallet, made, bad), "invalid_client", 401)
    assert push(http, wallet).status_code == 201
    assert redeem(http, wallet, made).status_code == 200


@CHAINS
@BOTH
def test_an_attestation_of_keys_comes_with_a_chain_below_an_anchor(desk, wallet, provider, tokens, *, kind, chain):
    """§4.5.1"""
    signed = replace(provider, pki=chain(provider.pki))
    key = wallet.new_key()
    nonce = {"nonce": desk.issuer.credentials.nonce()} if kind is ProofType.ATTESTATION else {}
    with pytest.raises(InvalidProof):
        wallet.issue_attested(tokens, [key], kind=kind, attestation=signed.attest_keys([key], **nonce))
    assert len(wallet.issue_attested(tokens, [key], kind=kind).credentials) == 1


def test_the_client_id_is_the_attestation_s_subject(http, wallet):
    """§4.4.1"""
    assert is_error(push(http, wallet, client_id="https://other.example"), "invalid_client", 401)
    assert push(http, wallet).status_code == 201


def weakened(token):
    """The same token with a signature that its header calls HS256."""
    _, body, _ = token.split(".")
    members = dict(Jws.from_compact(token, "token").header.members)
    return f"{encode_base64url(encode_json({**members, 'alg': 'HS256'}))}.{body}.{encode_base64url(b'x' * 32)}"


@pytest.mark.parametrize("header", [HEADER, POP_HEADER])
def test_what_a_wallet_shows_is_signed_with_es256(http, wallet, *, header):
    """§7, T001"""
    good = shown(wallet)
    assert is_error(push(http, wallet, {**good, header: weakened(good[header])}), "invalid_client", 401)
    assert push(http, wallet).status_code == 201


@BOTH
def test_attestations_of_keys_are_signed_with_es256(desk, wallet, provider, tokens, *, kind):
    """§7, T001"""
    key = wallet.new_key()
    nonce = {"nonce": desk.issuer.credentials.nonce()} if kind is ProofType.ATTESTATION else {}
    bad = weakened(provider.attest_keys([key], **nonce))
    with pytest.raises(InvalidProof):
        wallet.issue_attested(tokens, [key], kind=kind, attestation=bad)
    assert wallet.issue_attested(tokens, [key], kind=kind).credentials


def test_keys_are_proven_with_a_nonce_of_the_nonce_endpoint(http, desk, wallet, provider, tokens):
    """§4.1"""
    key = wallet.new_key()
    with pytest.raises(InvalidNonce):
        wallet.issue_attested(
            tokens, [key], kind=ProofType.ATTESTATION, attestation=provider.attest_keys([key], nonce="of-nobody")
        )
    nonce = http.post("/nonce").json()["c_nonce"]
    good = provider.attest_keys([key], nonce=nonce)
    assert wallet.issue_attested(tokens, [key], kind=ProofType.ATTESTATION, attestation=good).credentials


def test_without_a_proof_nothing_that_is_bound_is_given(http, desk, wallet, tokens):
    """§6.1: the key stands in `cnf.jwk`"""
    url = f"{IDENTIFIER}/credential"
    headers = {
        "authorization": f"DPoP {tokens.access_token}",
        "dpop": wallet.dpop(url, access_token=tokens.access_token),
    }
    answer = http.post("/credential", json={"credential_configuration_id": "member"}, headers=headers)
    assert answer.json()["error"] in {"invalid_proof", "invalid_credential_request"}
    key = wallet.new_key()
    [raw] = wallet.issue_attested(tokens, [key]).credentials
    credential = verified(desk, raw)
    assert credential.claims["cnf"] == {"jwk": key.public_key.to_jwk()}
    assert credential.expires_at is not None
    assert credential.claims["status"].keys() == {"status_list"}


def test_every_copy_has_a_place_of_its_own_in_the_list(desk, wallet, tokens):
    """§6.1: nobody guesses which documents came together"""
    keys = [wallet.new_key() for _ in range(10)]
    copies = [verified(desk, raw) for raw in wallet.issue_attested(tokens, keys).credentials]
    places = [place.idx for copy in copies for place in copy.status]
    assert len({copy.status for copy in copies}) == 10
    assert places != sorted(places)


@pytest.mark.parametrize("anchor", [False, True], ids=["alone", "with the anchor"])
def test_an_issuer_whose_certificates_vouch_for_themselves_does_not_start(http, desk, *, anchor):
    """§4.1, §6.1, §6.1.1: what it signs with is the same for metadata, documents and status lists"""
    check_ready(desk.issuer.context)
    assert metadata(http)["credential_issuer"] == IDENTIFIER
    alone = self_signed(key=seeded_key(97))
    own = desk.issuer.context.signing
    x5c = (*own.x5c, desk.pki.root.certificate.to_x5c()) if anchor else (alone.certificate.to_x5c(),)
    signing = IssuerSigner(own.signer if anchor else alone.signer, x5c)
    with pytest.raises(ValueError, match="vouches for itself"):
        check_ready(desk.with_context(signing=signing).issuer.context)
