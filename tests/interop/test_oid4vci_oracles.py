"""An issuer's library that is not ours reads our offers, metadata, requests and proofs; the two agree on what is bad."""

import datetime

import pytest
from openvc.errors import OpenvcError
from openvc.openid4vci import (
    parse_credential_issuer_metadata,
    parse_credential_offer,
    verify_credential_request_proofs,
)

from protocol.encoding import encode_json
from protocol.errors import ProtocolError
from protocol.jws import sign_jws
from protocol.oauth.dpop import sign_dpop_proof
from protocol.oid4vci.credential import CredentialRequest
from protocol.oid4vci.metadata import CredentialIssuerMetadata
from protocol.oid4vci.offer import CredentialOffer
from protocol.oid4vci.proof import sign_proof, verify_proof
from tests.protocol.oid4vci.samples import HOLDER, ISSUER, METADATA, OFFER, STRANGER
from tests.support.cases import read_cases
from tests.support.pki import NOW

HEADER = {"typ": "openid4vci-proof+jwt", "jwk": HOLDER.public_key.to_jwk()}
CLAIMS = {"aud": ISSUER, "iat": NOW, "nonce": "n0nce"}


def their_verdict(*proofs):
    """The keys that openvc takes as proven."""
    verified = verify_credential_request_proofs(
        CredentialRequest("pid", None, proofs).to_dict(),
        credential_issuer=ISSUER,
        check_nonce=lambda nonce: nonce == "n0nce",
        now=datetime.datetime.fromtimestamp(NOW, datetime.UTC),
        batch_size=10,
    )
    return [proof.public_jwk for proof in verified]


def proof(*, signer=HOLDER, header=(), **changes):
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    head = {name: value for name, value in {**HEADER, **dict(header)}.items() if value is not ...}
    return sign_jws(head, encode_json(claims), signer)


def test_they_take_our_proofs():
    proofs = [sign_proof(key, audience=ISSUER, nonce="n0nce", issued_at=NOW) for key in (HOLDER, STRANGER)]
    assert their_verdict(*proofs) == [HOLDER.public_key.to_jwk(), STRANGER.public_key.to_jwk()]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(proof(aud=...), id="T122 no audience"),
        pytest.param(proof(aud="https://evil.example"), id="T122 another audience"),
        pytest.param(proof(iat=NOW - 1000), id="old"),
        pytest.param(proof(iat=NOW + 1000), id="of tomorrow"),
        pytest.param(proof(iat=True), id="T017 time that is true"),
        pytest.param(proof(header={"typ": "JWT"}), id="T122 another type"),
        pytest.param(proof(header={"typ": ...}), id="T122 no type"),
        pytest.param(proof(header={"kid": "1"}), id="T123 jwk and kid"),
        pytest.param(proof(header={"jwk": ...}), id="T123 no key"),
        pytest.param(proof(header={"jwk": {**HOLDER.public_key.to_jwk(), "d": "AA"}}), id="T009 private key"),
        pytest.param(proof(signer=STRANGER), id="T122 signed by a stranger"),
        pytest.param(proof(header={"alg": "none"}), id="T001 none"),
        pytest.param(proof(header={"crit": ["x"]}), id="T003 crit"),
        pytest.param(
            sign_dpop_proof(HOLDER, method="POST", url=ISSUER, jti="j", issued_at=NOW), id="T007 a DPoP proof"
        ),
    ],
)
def test_we_refuse_the_same_proofs(text):
    with pytest.raises((OpenvcError, ValueError)):
        their_verdict(text)
    with pytest.raises(ProtocolError):
        verify_proof(text, audience=ISSUER, now=NOW)


def test_they_read_our_metadata():
    read = parse_credential_issuer_metadata(METADATA.to_dict())
    assert (read.credential_issuer, read.credential_endpoint, read.nonce_endpoint, read.notification_endpoint) == (
        METADATA.credential_issuer,
        METADATA.credential_endpoint,
        METADATA.nonce_endpoint,
        METADATA.notification_endpoint,
    )
    assert read.batch_size == METADATA.batch_size
    assert CredentialIssuerMetadata.from_dict(dict(read.raw)) == METADATA


def test_they_read_our_offer():
    read = parse_credential_offer(OFFER.to_dict())
    assert (read.credential_issuer, tuple(read.credential_configuration_ids)) == (ISSUER, ("pid",))
    assert CredentialOffer.from_dict(dict(read.raw)) == OFFER


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case["wire"], id=case["name"])
        for case in read_cases("oid4vci/offer.json", "keep")
        if not case["wire"]["credential_issuer"].startswith("http://")
    ],
)
def test_they_take_every_offer_that_we_take(case):
    """But for issuers on this machine, which are for tests alone."""
    assert parse_credential_offer(case).credential_issuer == case["credential_issuer"]
