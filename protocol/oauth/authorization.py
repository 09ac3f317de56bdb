"""The authorization request as a wallet pushes it, and the answer that its user's browser brings back (RFC 6749 §4.1)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from protocol.encoding import JsonValue, encode_json, read_json
from protocol.errors import (
    InvalidAuthorizationDetails,
    InvalidRequest,
    Malformed,
    UnsupportedResponseType,
    raised_as,
)
from protocol.fields import MAX_URL, Fields
from protocol.oauth.pkce import METHOD, read_code_challenge

DETAIL_TYPE = "openid_credential"  # OID4VCI 1.0 §5.1.1
MAX_DETAILS = 32
MAX_STATE = 1024  # characters


@dataclass(frozen=True, slots=True)
class CredentialDetail:
    """One element of `authorization_details`: which credential is wanted (OID4VCI 1.0 §5.1.1)."""

    credential_configuration_id: str

    def to_dict(self) -> dict[str, JsonValue]:
        """The wire form."""
        return {"type": DETAIL_TYPE, "credential_configuration_id": self.credential_configuration_id}


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What a wallet asks on its user's behalf."""

    client_id: str
    redirect_uri: str
    code_challenge: str  # S256
    state: str | None = None
    scope: str | None = None
    authorization_details: tuple[CredentialDetail, ...] = ()
    issuer_state: str | None = None

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> Self:
        """Read a pushed form; unknown fields are ignored.

        Raises:
            InvalidRequest: a field is missing or wrong, no PKCE with S256 (T094), or a `request_uri` inside (T096).
            UnsupportedResponseType: anything but `code` (T098).
            InvalidAuthorizationDetails: details that are no credentials.
        """
        with raised_as(InvalidRequest):
            request = Fields(dict(form), "authorization_request")
            for name in ("request_uri", "request"):
                if name in request:
                    raise Malformed(request.path(name), "must not be pushed")
            if request.text("response_type") != "code":
                raise UnsupportedResponseType("response_type: must be code")
            challenge = read_code_challenge(
                request.text("code_challenge"),
                request.optional_text("code_challenge_method"),
                request.path("code_challenge"),
            )
            return cls(
                client_id=request.text("client_id", max_length=MAX_URL),
                redirect_uri=request.text("redirect_uri", max_length=MAX_URL),
                code_challenge=challenge,
                state=request.optional_text("state", max_length=MAX_STATE),
                scope=request.optional_text("scope", max_length=MAX_URL),
                authorization_details=_details(request),
                issuer_state=request.optional_text("issuer_state", max_length=MAX_URL),
            )

    def to_form(self) -> dict[str, str]:
        """The form to push."""
        optional = {"state": self.state, "scope": self.scope, "issuer_state": self.issuer_state}
        form = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": self.code_challenge,
            "code_challenge_method": METHOD,
            **{name: value for name, value in optional.items() if value is not None},
        }
        if self.authorization_details:
            details = [detail.to_dict() for detail in self.authorization_details]
            form["authorization_details"] = encode_json(details).decode("utf-8")
        return form


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """What the authorization server answers by redirect: a code, or an error. It always says who answers (RFC 9207)."""

    issuer: str
    state: str | None
    code: str | None = None
    error: str | None = None

    def redirect(self, redirect_uri: str) -> str:
        """The address to send the browser to; the wallet's own query stays."""
        members = {"code": self.code, "error": self.error, "state": self.state, "iss": self.issuer}
        query = urlencode({k: v for k, v in members.items() if v is not None}, quote_via=quote)
        return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"

    @classmethod
    def from_redirect(cls, url: str, *, issuer: str, state: str) -> Self:
        """Read the address that the browser came back with (T149).

        Raises:
            InvalidRequest: of another server or another request, a parameter twice, or neither code nor error.
        """
        with raised_as(InvalidRequest):
            try:
                pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, max_num_fields=32)
            except ValueError as error:
                raise Malformed("authorization_response", "cannot be read") from error
            answer = Fields(dict[str, JsonValue](pairs), "authorization_response")
            if len(answer.members) != len(pairs):
                raise Malformed(answer.at, "has a parameter twice")
            # RFC 9207 §2.4: compared before the code is used anywhere (mix-up)
            if answer.text("iss") != issuer:
                raise Malformed(answer.path("iss"), "is another server than the one that was asked")
            if not hmac.compare_digest(answer.text("state").encode(), state.encode()):
                raise Malformed(answer.path("state"), "is of another request")
            code, refusal = answer.optional_text("code"), answer.optional_text("error", max_length=100)
            if (code is None) == (refusal is None):
                raise Malformed(answer.at, "must have either a code or an error")
            return cls(issuer, state, code, refusal)


def _details(request: Fields) -> tuple[CredentialDetail, ...]:
    text = request.optional_text("authorization_details")
    if text is None:
        return ()
    at = request.path("authorization_details")
    with raised_as(InvalidAuthorizationDetails):
        items = Fields({"details": read_json(text.encode("utf-8", "surrogatepass"), at)}, at).objects(
            "details", max_items=MAX_DETAILS
        )
        for item in items:
            if item.text("type") != DETAIL_TYPE:
                raise Malformed(item.path("type"), f"must be {DETAIL_TYPE}")
        return tuple(CredentialDetail(item.text("credential_configuration_id")) for item in items)
