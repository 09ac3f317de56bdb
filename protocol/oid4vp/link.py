"""The link or QR code that begins a presentation: by reference, by value or plain (OID4VP 1.0 §5, RFC 9101 §5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json
from protocol.errors import InvalidRequest, InvalidRequestUriMethod, Malformed, TooLarge, raised_as
from protocol.fields import MAX_URL, Fields, is_local, read_https_url
from protocol.oid4vp.client_id import ClientId
from protocol.oid4vp.request import JSON_PARAMETERS, AuthorizationRequest

SCHEME = "openid4vp://"
SCHEMES = ("openid4vp", "haip-vp", "eu-eaap", "https")
MAX_LINK = 64 * 1024  # characters
MAX_PARAMETERS = 64


class RequestUriMethod(StrEnum):
    """How the wallet fetches the request object (OID4VP 1.0 §5.1)."""

    GET = "get"
    POST = "post"


@dataclass(frozen=True, slots=True)
class RequestByReference:
    """A link that says where the signed request is; nothing else in it counts."""

    client_id: ClientId
    request_uri: str
    request_uri_method: RequestUriMethod = RequestUriMethod.GET

    def to_link(self, wallet: str = SCHEME) -> str:
        """The link for a wallet's scheme or its https address."""
        parameters = {"client_id": str(self.client_id), "request_uri": self.request_uri}
        if self.request_uri_method is RequestUriMethod.POST:
            parameters["request_uri_method"] = self.request_uri_method
        return _join(wallet, parameters)


@dataclass(frozen=True, slots=True)
class RequestByValue:
    """A link that carries the signed request itself."""

    client_id: ClientId
    request_object: str  # compact JWS

    def to_link(self, wallet: str = SCHEME) -> str:
        """The link for a wallet's scheme or its https address."""
        return _join(wallet, {"client_id": str(self.client_id), "request": self.request_object})


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """A link that carries unsigned parameters; only the prefix `redirect_uri` may be asked like that."""

    request: AuthorizationRequest

    @classmethod
    def from_parameters(cls, parameters: dict[str, str]) -> Self:
        """Read parameters as they stand in a query; objects and arrays come as JSON text (OID4VP 1.0 §5.1).

        Raises:
            Malformed: a parameter is missing or has the wrong shape.
            InvalidRequest: the client must sign its requests (T160).
        """
        members: JsonObject = dict(parameters)
        for name in JSON_PARAMETERS & parameters.keys():
            members[name] = read_json(parameters[name].encode("utf-8", "surrogatepass"), name)
        request = AuthorizationRequest.from_dict(members)
        if request.client_id.is_signed:
            raise InvalidRequest("this client identifier demands a signed request")
        return cls(request)

    def to_link(self, wallet: str = SCHEME) -> str:
        """The link for a wallet's scheme or its https address.

        A client that must sign, and what `check_sendable` finds, are the caller's mistakes and a ValueError.
        """
        if self.request.client_id.is_signed:
            raise ValueError("this client identifier demands a signed request")
        self.request.check_sendable()
        members = self.request.to_dict().items()
        return _join(wallet, {name: _as_parameter(name, value) for name, value in members})


RequestLink = RequestByReference | RequestByValue | PlainRequest


def read_link(link: str) -> RequestLink:
    """Read what a link or QR code says; a parameter given twice is refused, unknown ones are ignored (T205).

    Raises:
        InvalidRequest: another scheme, broken parameters, an unknown client identifier prefix, or an unsigned request
            of a client that must sign.
        InvalidRequestUriMethod: neither get nor post.
        TooLarge: over 64 KiB.
    """
    with raised_as(InvalidRequest):
        parameters = _parameters(link)
        fields = Fields(dict[str, object](parameters), "link")
        client_id = ClientId.from_text(fields.required("client_id"))
        if "request_uri" in parameters and "request" in parameters:
            raise Malformed("link", "must not have both request and request_uri")
        if "request_uri" in parameters:
            return RequestByReference(
                client_id, read_https_url(parameters["request_uri"], "link.request_uri"), _method(parameters)
            )
        if "request_uri_method" in parameters:
            raise Malformed("link.request_uri_method", "needs a request_uri")
        if "request" in parameters:
            return RequestByValue(client_id, fields.text("request"))
        return PlainRequest.from_parameters(parameters)


def _method(parameters: dict[str, str]) -> RequestUriMethod:
    try:
        return RequestUriMethod(parameters.get("request_uri_method", RequestUriMethod.GET))
    except ValueError as error:
        raise InvalidRequestUriMethod("request_uri_method: must be get or post") from error


def _parameters(link: str) -> dict[str, str]:
    if len(link) > MAX_LINK:
        raise TooLarge("link", f"is larger than {MAX_LINK} characters")
    try:
        parts = urlsplit(link)
        pairs = parse_qsl(
            parts.query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
        host = parts.hostname or ""
    except ValueError as error:
        raise Malformed("link", "cannot be read") from error
    if parts.scheme not in SCHEMES and not (parts.scheme == "http" and is_local(host)):
        raise Malformed("link", "is not a link for wallets")
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise Malformed("link", "has a parameter twice")
    return parameters


def _as_parameter(name: str, value: JsonValue) -> str:
    return encode_json(value).decode("utf-8") if name in JSON_PARAMETERS else str(value)


def _join(wallet: str, parameters: dict[str, str]) -> str:
    if len(wallet) > MAX_URL:
        raise ValueError("the wallet's address is too long")
    return f"{wallet}{'&' if '?' in wallet else '?'}{urlencode(parameters, quote_via=quote)}"
