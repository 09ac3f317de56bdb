"""What the issuer says about itself, as issuer and as authorization server (OID4VCI 1.0 §12.2, RFC 8414)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from issuer.service.context import IssuerContext, until
from issuer.service.envelopes import request_encryption, response_encryption
from issuer.service.receipts import Receipts, shown_registration
from protocol.encoding import JsonObject
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.keys import SIGNATURE_ALGORITHMS
from protocol.oauth.client_attestation import ALGORITHMS as ATTESTATION_ALGORITHMS
from protocol.oauth.client_attestation import METHOD as POP_METHOD
from protocol.oauth.client_attestation import METHOD_DPOP, POP_ALGORITHMS
from protocol.oauth.metadata import DETAIL_TYPE, AuthorizationServerMetadata
from protocol.oauth.pkce import METHOD
from protocol.oid4vci.metadata import CredentialConfiguration, CredentialIssuerMetadata, Display, sign_metadata
from protocol.oid4vci.offer import AUTHORIZATION_CODE_GRANT, PRE_AUTHORIZED_CODE_GRANT
from protocol.trust.anchors import Role
from protocol.trust.carried import Carried, carry_registration
from runtime.conversation import with_key

SIGNED_LIFETIME = 86_400  # seconds
ATTESTED_METHODS = (METHOD_DPOP, POP_METHOD)  # the first needs one signature less
PUBLIC_CLIENT = "none"


@dataclass(frozen=True, slots=True)
class MetadataService:
    """Metadata is made from the types, so what is announced is what is issued. It is made once, not for each request."""

    context: IssuerContext
    issuer: CredentialIssuerMetadata
    _signed: dict[str, tuple[str, int]] = field(default_factory=dict)  # token, and until when it is handed out

    @classmethod
    def of(cls, context: IssuerContext) -> Self:
        """The metadata of an issuer."""
        endpoints = context.endpoints
        issuer = CredentialIssuerMetadata(
            credential_issuer=context.identifier,
            credential_endpoint=endpoints.credential,
            nonce_endpoint=endpoints.nonce,
            notification_endpoint=endpoints.notification,
            batch_size=context.batch_size if context.batch_size > 1 else None,
            request_encryption=request_encryption(context),
            response_encryption=response_encryption(context),
            preferred_client_status_period=_status_period(context),
            issuer_info=_issuer_info(context),
            cockpit_endpoint=Receipts(context).endpoint,
            display=tuple(Display(name=name, locale=language) for language, name in context.name),
            configurations={
                name: CredentialConfiguration.from_fields(Fields(credential_type.configuration(), name))
                for name, credential_type in context.types.items()
            },
        )
        return cls(context, issuer)

    def signed_issuer(self) -> Exchange[str]:
        """Credential issuer metadata, signed by who we are (§12.2.3).

        Raises:
            Unavailable: the signing key is away or outside its time.
        """
        context = self.context
        now = context.now()
        signing = context.identity
        signing_until = until(signing, now)
        token, good_until = self._signed.get(context.identifier, ("", 0))
        if now >= good_until:
            token = yield from with_key(
                signing.signer,
                lambda: sign_metadata(
                    self.issuer,
                    signing.signer,
                    x5c=signing.x5c,
                    issued_at=now,
                    expires_at=min(now + SIGNED_LIFETIME, signing_until),
                ),
            )
            self._signed[context.identifier] = (token, now + SIGNED_LIFETIME // 2)
        return token

    def server(self) -> AuthorizationServerMetadata:
        """Authorization server metadata: wallets may show who they are where a wallet provider is trusted, and else could not.

        Raises:
            Unavailable: whom to trust cannot be found out.
        """
        context = self.context
        endpoints = context.endpoints
        haip = context.policy.haip
        attested = haip or any(anchor.role is Role.WALLET_PROVIDER for anchor in context.anchors().anchors)
        return AuthorizationServerMetadata(
            issuer=context.identifier,
            token_endpoint=endpoints.token,
            authorization_endpoint=endpoints.authorization,
            pushed_authorization_request_endpoint=endpoints.pushed_authorization_request,
            require_pushed_authorization_requests=True,
            code_challenge_methods_supported=(METHOD,),
            dpop_signing_alg_values_supported=SIGNATURE_ALGORITHMS,
            grant_types_supported=(AUTHORIZATION_CODE_GRANT, PRE_AUTHORIZED_CODE_GRANT, "refresh_token"),
            scopes_supported=tuple(dict.fromkeys(credential_type.scope for credential_type in context.types.values())),
            authorization_details_types_supported=() if haip else (DETAIL_TYPE,),
            pre_authorized_grant_anonymous_access_supported=not haip,
            authorization_response_iss_parameter_supported=True,
            token_endpoint_auth_methods_supported=(
                *(ATTESTED_METHODS if attested else ()),
                *(() if haip else (PUBLIC_CLIENT,)),
            ),
            client_attestation_signing_alg_values_supported=ATTESTATION_ALGORITHMS if attested else (),
            client_attestation_pop_signing_alg_values_supported=POP_ALGORITHMS if attested else (),
            challenge_endpoint=endpoints.challenge if attested else None,
        )

    def published_keys(self) -> JsonObject:
        """JWT VC issuer metadata (SD-JWT VC §4): the key that credentials are signed with."""
        key = self.context.signing.signer.public_key
        jwk: JsonObject = {**key.to_jwk(), "kid": key.thumbprint(), "use": "sig", "alg": key.alg}
        return {"issuer": self.context.identifier, "jwks": {"keys": [jwk]}}


def _issuer_info(context: IssuerContext) -> tuple[Carried, ...]:
    """What a registrar says of what we issue (ETSI TS 119 472-3 §4.2.3); each registration says it, so one is enough."""
    own = shown_registration(context.registrations, context.now())
    return () if own is None else (carry_registration(own.certificate),)


def _status_period(context: IssuerContext) -> int | None:
    """For how many seconds the status of a wallet is wanted: as long as that of its keys, by the type that needs it longest."""
    asked = [kind.key_requirements for kind in context.types.values() if kind.key_requirements is not None]
    return max((one.preferred_status_period for one in asked if one.preferred_status_period is not None), default=None)
