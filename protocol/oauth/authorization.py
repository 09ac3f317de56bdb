"""The authorization request as a wallet pushes it, and the answer that its user's browser brings back (RFC 6749 §4.1)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json
from protocol.errors import (
    InvalidAuthorizationDetails,
    InvalidRequest,
    Malformed,
    UnsupportedResponseType,
    raised_as,
)
from protocol.fields import MAX_URL, Fields
from protocol.oauth.metadata import DETAIL_TYPE
from protocol.oauth.pkce import METHOD, read_code_challenge

MAX_DETAILS = 32
MAX_STATE = 1024  # characters

_CODE = re.compile(r"[ -~]+")  # RFC 6749 App. A.11
_ERROR_CODE = re.compile(r"[ -!#-\[\]-~]{1,100}")  # RFC 6749 §4.1.2.1


@dataclass(frozen=True, slots=True)
class CredentialDetail:
    """One element of `authorization_details`: which credential is wanted (OID4VCI 1.0 §5.1.1).

    `claims`, by which a wallet may ask for some claims only, is checked and not kept: a credential is issued whole.
    """

    credential_configuration_id: str
    locations: tuple[str, ...] = ()  # the credential issuer, where its authorization server is another one

    @classmethod
    def from_fields(cls, detail: Fields) -> Self:
        """Read one element.

        Raises:
            Malformed: another type, or a member is missing or has the wrong shape (RFC 9396 §5).
        """
        if detail.text("type") != DETAIL_TYPE:
            raise Malformed(detail.path("type"), f"must be {DETAIL_TYPE}")
        for claim in detail.optional_objects("claims"):
            claim.array("path")
        return cls(detail.text("credential_configuration_id"), detail.optional_texts("locations", max_items=16))

    def to_dict(self) -> dict[str, JsonValue]:
        """The wire form."""
        locations: JsonObject = {"locations": list(self.locations)} if self.locations else {}
        return {"type": DETAIL_TYPE, **locations, "credential_configuration_id": self.credential_configuration_id}


def read_details(text: str, at: str) -> tuple[CredentialDetail, ...]:
    """Read `authorization_details` as a form carries them: JSON text.

    Raises:
        InvalidAuthorizationDetails: no JSON, or something that is no credential (RFC 9396 §5).
    """
    with raised_as(InvalidAuthorizationDetails):
        value = read_json(text.encode("utf-8", "surrogatepass"), at)
        items = Fields({"details": value}, at).objects("details", max_items=MAX_DETAILS)
        return tuple(map(CredentialDetail.from_fields, items))


def encode_details(details: tuple[CredentialDetail, ...]) -> str:
    """The text for a form; see `read_details`."""
    return encode_json([detail.to_dict() for detail in details]).decode("utf-8")


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
    resource: str | None = None  # the credential issuer, where its authorization server is another one (RFC 8707 §2)
    dpop_jkt: str | None = None  # thumbprint of the one key that the code may be redeemed with (RFC 9449 §10)

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
            details = request.optional_text("authorization_details")
            return cls(
                client_id=request.text("client_id", max_length=MAX_URL),
                redirect_uri=request.text("redirect_uri", max_length=MAX_URL),
                code_challenge=challenge,
                state=request.optional_text("state", max_length=MAX_STATE),
                scope=request.optional_text("scope", max_length=MAX_URL),
                authorization_details=read_details(details, request.path("authorization_details")) if details else (),
                issuer_state=request.optional_text("issuer_state", max_length=MAX_STATE * 4),
                resource=request.optional_text("resource", max_length=MAX_URL),
                dpop_jkt=request.optional_text("dpop_jkt", max_length=64),
            )

    def to_form(self) -> dict[str, str]:
        """The form to push."""
        optional = {
            "state": self.state,
            "scope": self.scope,
            "issuer_state": self.issuer_state,
            "resource": self.resource,
            "dpop_jkt": self.dpop_jkt,
        }
        form = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": self.code_challenge,
            "code_challenge_method": METHOD,
            **{name: value for name, value in optional.items() if value is not None},
        }
        if self.authorization_details:
            form["authorization_details"] = encode_details(self.authorization_details)
        return form


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """What the authorization server answers by redirect: a code, or an error. It always says who answers (RFC 9207)."""

    issuer: str
    state: str | None
    code: str | None = field(default=None, repr=False)
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
            if not hmac.compare_digest(answer.text("state").encode("utf-8", "surrogatepass"), state.encode()):
                raise Malformed(answer.path("state"), "is of another request")
            code, refusal = answer.optional_text("code"), answer.optional_text("error")
            if (code is None) == (refusal is None):
                raise Malformed(answer.at, "must have either a code or an error")
            if code is not None and not _CODE.fullmatch(code):
                raise Malformed(answer.path("code"), "has characters that a code cannot have")
            if refusal is not None and not _ERROR_CODE.fullmatch(refusal):
                raise Malformed(answer.path("error"), "is not an error code")
            return cls(issuer, state, code, refusal)
