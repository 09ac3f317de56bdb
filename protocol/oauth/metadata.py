"""What an authorization server says about itself (RFC 8414), as far as wallets need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields, read_https_url

WELL_KNOWN = "oauth-authorization-server"
DETAIL_TYPE = "openid_credential"  # what our authorization_details are about (OID4VCI 1.0 §5.1.1)


def read_identifier(value: object, at: str) -> str:
    """Check the name of an issuer or authorization server: an https URL without query (RFC 8414 §2, OID4VCI 1.0 §12.2.1).

    Raises:
        Malformed: anything else.
    """
    identifier = read_https_url(value, at)
    if "?" in identifier:
        raise Malformed(at, "must not have a query")
    return identifier


def well_known_url(identifier: str, name: str) -> str:
    """Where metadata of an identifier stands: the well-known part goes between host and path (RFC 8414 §3.1)."""
    parts = urlsplit(identifier)
    return f"{parts.scheme}://{parts.netloc}/.well-known/{name}{parts.path.rstrip('/')}"


@dataclass(frozen=True, slots=True)
class AuthorizationServerMetadata:
    """The members that a wallet acts on."""

    issuer: str
    token_endpoint: str
    authorization_endpoint: str | None = None
    pushed_authorization_request_endpoint: str | None = None
    require_pushed_authorization_requests: bool = False
    code_challenge_methods_supported: tuple[str, ...] = ()
    dpop_signing_alg_values_supported: tuple[str, ...] = ()
    grant_types_supported: tuple[str, ...] = ("authorization_code", "implicit")  # RFC 8414 §2: the default
    scopes_supported: tuple[str, ...] = ()
    authorization_details_types_supported: tuple[str, ...] = (DETAIL_TYPE,)  # RFC 9396 §10
    pre_authorized_grant_anonymous_access_supported: bool = False  # OID4VCI 1.0 §12.3
    authorization_response_iss_parameter_supported: bool = False  # RFC 9207 §3
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("none",)  # empty: it does not say
    client_attestation_signing_alg_values_supported: tuple[str, ...] = ()
    client_attestation_pop_signing_alg_values_supported: tuple[str, ...] = ()
    challenge_endpoint: str | None = None  # gives challenges for proofs of client attestations

    @classmethod
    def from_dict(cls, value: object, at: str = "authorization_server") -> Self:
        """Read the wire form; unknown members are ignored. That `issuer` is the one asked for is for the caller to check.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        server = Fields(value, at)
        return cls(
            issuer=read_identifier(server.required("issuer"), server.path("issuer")),
            token_endpoint=server.https_url("token_endpoint"),
            authorization_endpoint=server.optional_https_url("authorization_endpoint"),
            pushed_authorization_request_endpoint=server.optional_https_url("pushed_authorization_request_endpoint"),
            require_pushed_authorization_requests=server.boolean(
                "require_pushed_authorization_requests", default=False
            ),
            code_challenge_methods_supported=_names(server, "code_challenge_methods_supported"),
            dpop_signing_alg_values_supported=_names(server, "dpop_signing_alg_values_supported"),
            grant_types_supported=_names(server, "grant_types_supported") or ("authorization_code", "implicit"),
            scopes_supported=_names(server, "scopes_supported"),
            authorization_details_types_supported=_names(server, "authorization_details_types_supported"),
            pre_authorized_grant_anonymous_access_supported=server.boolean(
                "pre-authorized_grant_anonymous_access_supported", default=False
            ),
            authorization_response_iss_parameter_supported=server.boolean(
                "authorization_response_iss_parameter_supported", default=False
            ),
            token_endpoint_auth_methods_supported=_names(server, "token_endpoint_auth_methods_supported"),
            client_attestation_signing_alg_values_supported=_names(
                server, "client_attestation_signing_alg_values_supported"
            ),
            client_attestation_pop_signing_alg_values_supported=_names(
                server, "client_attestation_pop_signing_alg_values_supported"
            ),
            challenge_endpoint=server.optional_https_url("challenge_endpoint"),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        optional: dict[str, JsonValue] = {
            "authorization_endpoint": self.authorization_endpoint,
            "pushed_authorization_request_endpoint": self.pushed_authorization_request_endpoint,
            "code_challenge_methods_supported": list(self.code_challenge_methods_supported) or None,
            "dpop_signing_alg_values_supported": list(self.dpop_signing_alg_values_supported) or None,
            "scopes_supported": list(self.scopes_supported) or None,
            "authorization_details_types_supported": list(self.authorization_details_types_supported) or None,
            "token_endpoint_auth_methods_supported": list(self.token_endpoint_auth_methods_supported) or None,
            "client_attestation_signing_alg_values_supported": list(
                self.client_attestation_signing_alg_values_supported
            )
            or None,
            "client_attestation_pop_signing_alg_values_supported": list(
                self.client_attestation_pop_signing_alg_values_supported
            )
            or None,
            "challenge_endpoint": self.challenge_endpoint,
        }
        return {
            "issuer": self.issuer,
            "token_endpoint": self.token_endpoint,
            "grant_types_supported": list(self.grant_types_supported),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "require_pushed_authorization_requests": self.require_pushed_authorization_requests,
            "pre-authorized_grant_anonymous_access_supported": self.pre_authorized_grant_anonymous_access_supported,
            "authorization_response_iss_parameter_supported": self.authorization_response_iss_parameter_supported,
            **{name: value for name, value in optional.items() if value is not None},
        }


def _names(server: Fields, name: str) -> tuple[str, ...]:
    """A list of names; an empty one says nothing, although RFC 8414 §3.2 wants it left out."""
    return () if server.members.get(name) == [] else server.optional_texts(name)
