"""Links and JSON messages: offers, requests, metadata, answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from hoheit.inspect.report import Report
from hoheit.inspect.surroundings import Surroundings
from hoheit.inspect.tokens import explain_jws
from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, JsonValue, read_json, read_json_object
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.jwe import MAX_JWE
from protocol.keys import PublicKey
from protocol.oauth.metadata import AuthorizationServerMetadata
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse
from protocol.oid4vci.metadata import CredentialIssuerMetadata
from protocol.oid4vci.offer import CredentialOffer, is_offer_link
from protocol.oid4vci.token import TokenResponse
from protocol.oid4vp.link import PlainRequest, RequestByReference, RequestByValue, read_link
from protocol.oid4vp.request import AuthorizationRequest
from protocol.oid4vp.response import AuthorizationResponse


@dataclass(frozen=True, slots=True)
class Shape:
    """A message that is known by its members."""

    names: frozenset[str]
    kind: str
    specification: str
    read: Callable[[JsonObject], object]


OFFER = Shape(
    frozenset(("credential_issuer", "credential_configuration_ids")),
    "Credential offer",
    "OpenID4VCI 1.0 §4.1",
    CredentialOffer.from_dict,
)
# The first whose members are all there says what it is
SHAPES = (
    OFFER,
    Shape(
        frozenset(("credential_issuer", "credential_endpoint")),
        "Metadata of a credential issuer",
        "OpenID4VCI 1.0 §12.2",
        CredentialIssuerMetadata.from_dict,
    ),
    Shape(
        frozenset(("issuer", "token_endpoint")),
        "Metadata of an authorization server",
        "RFC 8414",
        AuthorizationServerMetadata.from_dict,
    ),
    Shape(
        frozenset(("client_id", "dcql_query")),
        "Authorization request: what a verifier asks",
        "OpenID4VP 1.0 §5",
        AuthorizationRequest.from_dict,
    ),
    Shape(frozenset(("vp_token",)), "Answer to a verifier", "OpenID4VP 1.0 §8", AuthorizationResponse.from_dict),
    Shape(frozenset(("access_token", "token_type")), "Token response", "OpenID4VCI 1.0 §6.2", TokenResponse.from_dict),
    Shape(frozenset(("proofs",)), "Credential request", "OpenID4VCI 1.0 §8.2", CredentialRequest.from_dict),
    Shape(
        frozenset(("credentials", "notification_id")),
        "Credential response",
        "OpenID4VCI 1.0 §8.3",
        CredentialResponse.from_dict,
    ),
    Shape(frozenset(("credentials",)), "DCQL query", "OpenID4VP 1.0 §6", DcqlQuery.from_dict),
    Shape(frozenset(("kty",)), "Public key (JWK)", "RFC 7517", PublicKey.from_jwk),
    Shape(
        frozenset(("error",)),
        "Error answer",
        "RFC 6749 §5.2",
        lambda members: Fields(members, "error").text("error"),
    ),
)


def explain_json(text: str, around: Surroundings) -> Report:
    """A JSON message, known by its members.

    Raises:
        ProtocolError: not JSON, or no object.
    """
    del around  # no message carries a time that would be compared
    members = Fields(read_json(text.encode("utf-8", "surrogatepass"), "input", max_bytes=MAX_JWE), "input").members
    shape = next((shape for shape in SHAPES if shape.names <= members.keys()), None)
    if shape is not None:
        return _explain_message(members, shape)
    report = Report("JSON of a kind that is not known here", "RFC 8259")
    report.content["message"] = members
    report.note(None, "whether it is right: its members tell of no message that is known here")
    return report


def _explain_message(members: JsonObject, shape: Shape) -> Report:
    report = Report(shape.kind, shape.specification)
    report.content["message"] = members
    report.check("has the shape that the specification wants", lambda: shape.read(members))
    return report


def explain_link(link: str, around: Surroundings) -> Report:
    """The link or the text of a QR code.

    Raises:
        ProtocolError: it cannot be read.
    """
    if is_offer_link(link):
        return _explain_offer_link(link)
    report = Report("Link that begins a presentation", "OpenID4VP 1.0 §5")
    found = read_link(link)
    match found:
        case RequestByReference():
            report.content = {
                "who asks (client_id)": str(found.client_id),
                "the request is fetched from": found.request_uri,
                "by": found.request_uri_method.value.upper(),
            }
            report.note(None, "what is asked: the request is not in the link, and nothing is fetched here")
        case RequestByValue():
            report.content["who asks (client_id)"] = str(found.client_id)
            report.inside.append(explain_jws(found.request_object, around))
        case PlainRequest():
            report.content = {"who asks (client_id)": str(found.request.client_id), "request": found.request.to_dict()}
            report.note(None, "who really asks: cannot be told, the request is not signed")
    return report


def _explain_offer_link(link: str) -> Report:
    report = Report("Link to a credential offer", "OpenID4VCI 1.0 §4.1")
    try:
        parameters: dict[str, JsonValue] = dict(parse_qsl(urlsplit(link).query, strict_parsing=True, max_num_fields=16))
    except ValueError as error:
        raise Malformed("link", "cannot be read") from error
    fields = Fields(parameters, "link")
    if "credential_offer_uri" in fields:
        report.content["the offer is fetched from"] = fields.https_url("credential_offer_uri")
        report.note(None, "what is offered: the offer is not in the link, and nothing is fetched here")
    else:
        text = fields.text("credential_offer").encode("utf-8", "surrogatepass")
        report.inside.append(_explain_message(read_json_object(text, "credential_offer"), OFFER))
    return report
