"""The token endpoint's messages: three grants in, one answer out (OID4VCI 1.0 §6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import InvalidGrant, InvalidRequest, Malformed, UnsupportedGrantType, raised_as
from protocol.fields import MAX_URL, Fields
from protocol.oauth.authorization import CredentialDetail, encode_details, read_details
from protocol.oauth.metadata import DETAIL_TYPE
from protocol.oauth.pkce import read_code_verifier
from protocol.oid4vci.offer import PRE_AUTHORIZED_CODE_GRANT

MAX_SECRET = 4096  # characters of a code or token
MAX_TX_CODE = 100  # characters

_TOKEN_TYPES = {"dpop": "DPoP", "bearer": "Bearer"}
_HEADER_TOKEN = re.compile(r"[!-~]+")  # RFC 6749 App. A.12, without the blank that no header could carry


@dataclass(frozen=True, slots=True)
class PreAuthorizedCodeGrant:
    """The code of an offer, with the transaction code that the user typed (OID4VCI 1.0 §6.1)."""

    pre_authorized_code: str = field(repr=False)
    tx_code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AuthorizationCodeGrant:
    """A code that the user's login gave (RFC 6749 §4.1.3, RFC 7636 §4.5)."""

    code: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str | None


@dataclass(frozen=True, slots=True)
class RefreshTokenGrant:
    """A refresh token (RFC 6749 §6)."""

    refresh_token: str = field(repr=False)


Grant = PreAuthorizedCodeGrant | AuthorizationCodeGrant | RefreshTokenGrant


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A grant, and who presents it. `authorization_details` may ask for less than the grant covers (RFC 9396 §6.1)."""

    grant: Grant
    client_id: str | None = None
    authorization_details: tuple[CredentialDetail, ...] = ()

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> Self:
        """Read the form; unknown fields are ignored.

        Raises:
            InvalidRequest: a field is missing or wrong.
            InvalidGrant: no code verifier (T094).
            UnsupportedGrantType: another grant.
            InvalidAuthorizationDetails: details that are no credentials.
        """
        with raised_as(InvalidRequest):
            request = Fields(dict(form), "token_request")
            details = request.optional_text("authorization_details")
            return cls(
                grant=_read_grant(request),
                client_id=request.optional_text("client_id", max_length=MAX_URL),
                authorization_details=read_details(details, request.path("authorization_details")) if details else (),
            )

    def to_form(self) -> dict[str, str]:
        """The form to post."""
        match self.grant:
            case PreAuthorizedCodeGrant(code, tx_code):
                form = {"grant_type": PRE_AUTHORIZED_CODE_GRANT, "pre-authorized_code": code}
                if tx_code is not None:
                    form["tx_code"] = tx_code
            case AuthorizationCodeGrant(code, verifier, redirect_uri):
                form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
                if redirect_uri is not None:
                    form["redirect_uri"] = redirect_uri
            case _:
                form = {"grant_type": "refresh_token", "refresh_token": self.grant.refresh_token}
        if self.client_id is not None:
            form["client_id"] = self.client_id
        if self.authorization_details:
            form["authorization_details"] = encode_details(self.authorization_details)
        return form


def _read_grant(request: Fields) -> Grant:
    grant_type = request.text("grant_type")
    if grant_type == PRE_AUTHORIZED_CODE_GRANT:
        return PreAuthorizedCodeGrant(
            request.text("pre-authorized_code", max_length=MAX_SECRET),
            request.optional_text("tx_code", max_length=MAX_TX_CODE),
        )
    if grant_type == "authorization_code":
        code = request.text("code", max_length=MAX_SECRET)
        with raised_as(InvalidGrant):
            verifier = read_code_verifier(request.text("code_verifier"), request.path("code_verifier"))
        return AuthorizationCodeGrant(code, verifier, request.optional_text("redirect_uri", max_length=MAX_URL))
    if grant_type == "refresh_token":
        return RefreshTokenGrant(request.text("refresh_token", max_length=MAX_SECRET))
    raise UnsupportedGrantType("grant_type: is not offered here")


@dataclass(frozen=True, slots=True)
class CredentialAuthorization:
    """What may be asked for with a token, for wallets that asked with `authorization_details` (OID4VCI 1.0 §6.2).

    A server that gives no identifiers, although it must, is asked by configuration (§8.2).
    """

    credential_configuration_id: str
    credential_identifiers: tuple[str, ...] = ()

    @classmethod
    def from_fields(cls, detail: Fields) -> Self:
        """Read one element; members that we do not know are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        return cls(detail.text("credential_configuration_id"), detail.optional_texts("credential_identifiers"))

    def to_dict(self) -> dict[str, JsonValue]:
        """The wire form."""
        identifiers: JsonObject = {"credential_identifiers": list(self.credential_identifiers)}
        return {
            "type": DETAIL_TYPE,
            "credential_configuration_id": self.credential_configuration_id,
            **(identifiers if self.credential_identifiers else {}),
        }


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """Tokens, and what they are good for."""

    access_token: str = field(repr=False)
    token_type: str  # DPoP or Bearer
    expires_in: int | None = None  # seconds
    refresh_token: str | None = field(default=None, repr=False)
    authorization_details: tuple[CredentialAuthorization, ...] = ()

    @classmethod
    def from_dict(cls, value: object, at: str = "token_response") -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape (T153).
        """
        response = Fields(value, at)
        token_type = response.text("token_type", max_length=32).lower()
        if token_type not in _TOKEN_TYPES:
            raise Malformed(response.path("token_type"), "must be DPoP or Bearer")
        access_token = response.text("access_token")
        if not _HEADER_TOKEN.fullmatch(access_token):
            raise Malformed(response.path("access_token"), "has characters that a token cannot have")
        return cls(
            access_token=access_token,
            token_type=_TOKEN_TYPES[token_type],
            expires_in=response.optional_integer("expires_in"),
            refresh_token=response.optional_text("refresh_token"),
            authorization_details=tuple(
                CredentialAuthorization.from_fields(detail)
                for detail in response.optional_objects("authorization_details")
                if detail.members.get("type") == DETAIL_TYPE
            ),
        )

    def to_dict(self) -> JsonObject:
        """The wire form; it must never be cached."""
        optional: dict[str, JsonValue] = {
            "expires_in": self.expires_in,
            "refresh_token": self.refresh_token,
            "authorization_details": [detail.to_dict() for detail in self.authorization_details] or None,
        }
        return {
            "access_token": self.access_token,
            "token_type": self.token_type,
            **{name: value for name, value in optional.items() if value is not None},
        }
