"""What HAIP 1.0 asks of those who give documents; a wallet that is told to deals with nobody who does less."""

from __future__ import annotations

from protocol.credential import VerifiedCredential
from protocol.device_retrieval.question import VerifiedDeviceRequest
from protocol.errors import InvalidRequest, NotAuthentic
from protocol.oauth.client_attestation import METHOD, METHOD_DPOP
from protocol.oauth.pkce import METHOD as PKCE_METHOD
from protocol.oid4vci.client_authentication import PUBLIC
from protocol.oid4vci.obtain import IssuerContact
from protocol.oid4vci.offer import AUTHORIZATION_CODE_GRANT
from protocol.oid4vp.request_object import Unauthenticated

SIGNATURES = "ES256"


class NotHaip(InvalidRequest):
    """An office does less than HAIP 1.0 asks of it; the description says what."""


def check_haip_issuer(contact: IssuerContact) -> None:
    """Check what an issuer and its server say of themselves (HAIP 1.0 §4, FAPI 2.0 §5.3.2).

    Raises:
        NotHaip: something is missing.
    """
    issuer, server = contact.issuer, contact.server
    methods = server.token_endpoint_auth_methods_supported
    wanted = {
        # §4.1, where an ecosystem wants more than TLS, as the EU does
        "its metadata has to be signed by somebody who is trusted": contact.party is not None,
        "it has to offer the authorization code flow": AUTHORIZATION_CODE_GRANT in server.grant_types_supported,
        "it has to name an authorization endpoint": server.authorization_endpoint is not None,
        "it has to take pushed authorization requests": server.pushed_authorization_request_endpoint is not None,
        "it has to support PKCE with S256": PKCE_METHOD in server.code_challenge_methods_supported,
        "it has to say who answers (iss)": server.authorization_response_iss_parameter_supported,
        "it has to bind tokens with DPoP": SIGNATURES in server.dpop_signing_alg_values_supported,
        # §4.4.1: wallets authenticate, and issuers insist on it
        "it has to ask for an attested wallet": PUBLIC not in methods
        and any(method in methods for method in (METHOD, METHOD_DPOP)),
        "it has to name a scope for everything it offers": all(one.scope for one in issuer.configurations.values()),
        "it has to give nonces": issuer.nonce_endpoint is not None
        or not any(one.binding_methods for one in issuer.configurations.values()),
    }
    missing = next((problem for problem, fulfilled in wanted.items() if not fulfilled), None)
    if missing is not None:
        raise NotHaip(f"this issuer does less than HAIP 1.0 asks for: {missing}")


def check_haip_reader(verified: VerifiedDeviceRequest) -> None:
    """Check how somebody asks in person (ETSI TS 119 472-2 V1.2.1 §5.3, REQ-03 and -04), which HAIP 1.0 says nothing about.

    That a registration certificate comes along (REQ-09) is not checked here: without one nothing is given anyway.

    Raises:
        NotHaip: nobody signed it, or with another key than on P-256.
    """
    if isinstance(verified.party, Unauthenticated):
        raise NotHaip("this request is not signed, which a wallet under HAIP asks for")
    if verified.party.chain[0].public_key.crv != "P-256":
        raise NotHaip("this request is signed with a key on another curve than P-256")


def check_haip_credential(credential: VerifiedCredential) -> None:
    """Check that a credential says by certificate who signed it (HAIP 1.0 §6.1.1).

    Raises:
        NotAuthentic: it does not.
    """
    if not credential.issuer.chain:
        raise NotAuthentic("credential: says by no certificate who signed it, which HAIP 1.0 asks for")
