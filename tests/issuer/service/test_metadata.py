"""What is announced is what is done."""

from dataclasses import replace

import pytest

from issuer.app import SHIPPED_TYPES
from issuer.credential_types import read_types
from issuer.service.metadata import MetadataService
from protocol.dcql.query import CredentialMeta
from protocol.formats import IssuerSigner
from protocol.oauth.metadata import AuthorizationServerMetadata
from protocol.oid4vci.metadata import CredentialIssuerMetadata, verify_signed_metadata
from protocol.oid4vci.proof import ALGORITHMS
from protocol.trust.anchors import Role
from protocol.trust.carried import carried_registration
from protocol.trust.registration import RegisteredCredential, sign_registration
from runtime.registrations import OwnRegistration
from tests.protocol.trust.test_registration import LEAST, PROVIDER
from tests.support.issuer import IDENTIFIER, make_issuer
from tests.support.pki import NOW, Template, make_pki


def test_the_issuer_names_itself_and_its_endpoints(desk):
    """T139"""
    metadata = CredentialIssuerMetadata.from_dict(desk.issuer.metadata.issuer.to_dict())
    assert metadata.credential_issuer == IDENTIFIER
    assert metadata.credential_endpoint == f"{IDENTIFIER}/credential"
    assert metadata.nonce_endpoint == f"{IDENTIFIER}/nonce"
    assert metadata.notification_endpoint == f"{IDENTIFIER}/notification"
    assert metadata.batch_size == 10
    assert set(metadata.configurations) == {"member", "badge", "ticket"}
    assert [(display.locale, display.name) for display in metadata.display] == [("de", "Amt"), ("en", "Agency")]


def test_an_issuer_without_batches_announces_none(desk):
    """OID4VCI 1.0 §12.2.4: batch_size is 2 or more"""
    types = {"badge": replace(desk.issuer.context.types["badge"], batch_size=1)}
    assert "batch_credential_issuance" not in make_issuer(types=types).issuer.metadata.issuer.to_dict()


@pytest.mark.parametrize("types", ["small", "shipped"])
def test_announced_proof_algorithms_are_those_that_are_accepted(types):
    desk = make_issuer(types=read_types(SHIPPED_TYPES) if types == "shipped" else None)
    for configuration in desk.issuer.metadata.issuer.configurations.values():
        assert configuration.bound
        assert tuple(configuration.proof_algorithms) == tuple(ALGORITHMS)


def test_signed_metadata_says_the_same(desk):
    token = desk.run(desk.issuer.metadata.signed_issuer())
    metadata, _ = verify_signed_metadata(token, identifier=IDENTIFIER, anchors=desk.pki.anchors, now=NOW)
    assert metadata == CredentialIssuerMetadata.from_dict(desk.issuer.metadata.issuer.to_dict())


def test_signed_metadata_is_signed_once_and_renewed_in_time(desk):
    first = desk.run(desk.issuer.metadata.signed_issuer())
    desk.clock.move(12 * 3600 - 1)
    assert desk.run(desk.issuer.metadata.signed_issuer()) == first
    desk.clock.move(1)
    second = desk.run(desk.issuer.metadata.signed_issuer())
    assert second != first
    verify_signed_metadata(second, identifier=IDENTIFIER, anchors=desk.pki.anchors, now=desk.clock.now + 12 * 3600)


def test_the_server_announces_what_it_insists_on(desk):
    server = AuthorizationServerMetadata.from_dict(desk.issuer.metadata.server().to_dict())
    assert server.issuer == IDENTIFIER
    assert server.token_endpoint == f"{IDENTIFIER}/token"
    assert server.authorization_endpoint == f"{IDENTIFIER}/authorize"
    assert server.pushed_authorization_request_endpoint == f"{IDENTIFIER}/par"
    assert server.require_pushed_authorization_requests
    assert server.code_challenge_methods_supported == ("S256",)
    assert "ES256" in server.dpop_signing_alg_values_supported
    assert server.authorization_response_iss_parameter_supported
    assert server.pre_authorized_grant_anonymous_access_supported
    assert server.scopes_supported == ("member", "badge", "ticket")


def test_the_published_key_is_the_signing_key(desk):
    published = desk.issuer.metadata.published_keys()
    key = desk.pki.public_key
    assert published == {
        "issuer": IDENTIFIER,
        "jwks": {"keys": [{**key.to_jwk(), "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}]},
    }


def test_an_access_certificate_signs_what_the_issuer_says_of_itself(desk):
    """ETSI TS 119 472-3 §4.2: and with it goes what the issuer is registered for."""
    registered = make_pki(Template(common_name="Agency by register"), role=Role.VERIFIER)
    says = replace(LEAST, provides=(RegisteredCredential("dc+sd-jwt", CredentialMeta(("urn:x:member",))),))
    certificate = sign_registration(says, PROVIDER.signer, PROVIDER.x5c)
    asking_only = OwnRegistration("ask.jwt", "not this one", LEAST)
    issuing = OwnRegistration("all.jwt", certificate, says)
    context = replace(
        desk.issuer.context,
        access=IssuerSigner(registered.signer, registered.x5c),
        registrations=(asking_only, issuing),
    )
    service = MetadataService.of(context)
    metadata, party = verify_signed_metadata(
        desk.run(service.signed_issuer()), identifier=IDENTIFIER, anchors=registered.anchors, now=NOW
    )
    assert party.name == "Agency by register"
    assert carried_registration(metadata.issuer_info, "issuer_info") == certificate


def test_a_registration_that_has_ended_is_not_shown(desk):
    says = replace(
        LEAST,
        provides=(RegisteredCredential("dc+sd-jwt", CredentialMeta(("urn:x:member",))),),
        expires_at=NOW - 1,
    )
    context = replace(desk.issuer.context, registrations=(OwnRegistration("all.jwt", "x", says),))
    assert MetadataService.of(context).issuer.issuer_info == ()
