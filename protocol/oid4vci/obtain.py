"""The wallet's way to a credential, written straight down the specification (OID4VCI 1.0 §3.4, §3.5).

`fetch_issuer` finds out whom the wallet deals with; the user decides; then `fetch_tokens` and `fetch_credentials`. What
comes back is not believed here: verifying and keeping it is the wallet's own work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from protocol.encoding import JsonObject, encode_base64url, encode_json
from protocol.errors import (
    InvalidCredentialRequest,
    InvalidRequest,
    Malformed,
    NotAuthentic,
    NotTrusted,
    Unreachable,
    raised_as,
)
from protocol.exchange import Exchange, HttpRequest, HttpResponse, send
from protocol.fields import Fields
from protocol.keys import RandomBytes, Signer
from protocol.oauth.authorization import AuthorizationRequest
from protocol.oauth.dpop import sign_dpop_proof
from protocol.oauth.metadata import WELL_KNOWN as SERVER_WELL_KNOWN
from protocol.oauth.metadata import AuthorizationServerMetadata, well_known_url
from protocol.oauth.par import PushedAuthorizationResponse
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse
from protocol.oid4vci.metadata import (
    WELL_KNOWN,
    CredentialIssuerMetadata,
    check_metadata,
    verify_signed_metadata,
)
from protocol.oid4vci.notification import NotificationRequest
from protocol.oid4vci.offer import CredentialOffer
from protocol.oid4vci.proof import sign_proof
from protocol.oid4vci.token import TokenRequest, TokenResponse
from protocol.trust.anchors import TrustAnchors, TrustedParty

FORM = "application/x-www-form-urlencoded"
MAX_RETRIES = 2  # a server that never has enough of asking again is left (T154)
MAX_METADATA = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class IssuerContact:
    """Whom the wallet deals with; `party` only where signed metadata said so."""

    issuer: CredentialIssuerMetadata
    server: AuthorizationServerMetadata
    party: TrustedParty | None


class IssuerRefused(InvalidRequest):
    """The issuer said no; `reason` is its own error code, of bounded length and plain characters."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(f"the issuer refused: {reason}")
        self.reason = reason
        self.http_status = status


@dataclass(slots=True)
class DpopClient:
    """Sends requests with DPoP proofs, and remembers the servers' nonces (RFC 9449 §8)."""

    signer: Signer
    random_bytes: RandomBytes
    now: Callable[[], int]
    _nonces: dict[str, str] = field(default_factory=dict)

    def post(
        self, url: str, headers: tuple[tuple[str, str], ...], body: bytes, *, access_token: str | None = None
    ) -> Exchange[HttpResponse]:
        """Post, and again with the nonce that the server asks for, at most twice."""
        for _ in range(MAX_RETRIES + 1):
            proof = sign_dpop_proof(
                self.signer,
                method="POST",
                url=url,
                jti=encode_base64url(self.random_bytes(16)),
                issued_at=self.now(),
                access_token=access_token,
                nonce=self._nonces.get(url),
            )
            authorization = (("authorization", f"DPoP {access_token}"),) if access_token else ()
            request = HttpRequest("POST", url, (*headers, *authorization, ("dpop", proof)), body)
            response = yield from send(request)
            nonce = response.header("dpop-nonce")
            if nonce is not None and len(nonce) <= 1024:
                self._nonces[url] = nonce
            if nonce is None or not _asks_for_nonce(response):
                return response
        raise Unreachable("the server asked for a new nonce again and again")


def fetch_issuer(offer: CredentialOffer, anchors: TrustAnchors, *, now: int) -> Exchange[IssuerContact]:
    """Find out about the issuer of an offer and the server that gives its tokens.

    Raises:
        InvalidRequest: what they say of themselves does not fit together (T148), or breaks its shape.
        Unreachable: they cannot be reached.
    """
    identifier = offer.credential_issuer
    accept = (("accept", "application/jwt, application/json;q=0.9"),)
    request = HttpRequest("GET", well_known_url(identifier, WELL_KNOWN), accept, max_bytes=MAX_METADATA)
    response = yield from send(request)
    with raised_as(InvalidRequest):
        issuer, party = _read_issuer(response, identifier, anchors, now)
        unknown = [name for name in offer.credential_configuration_ids if name not in issuer.configurations]
        if unknown:
            raise Malformed("credential_configuration_ids", "names something that this issuer does not offer")
        server_url = _choose_server(offer, issuer)
    request = HttpRequest("GET", well_known_url(server_url, SERVER_WELL_KNOWN), (("accept", "application/json"),))
    response = yield from send(request)
    with raised_as(InvalidRequest):
        server = AuthorizationServerMetadata.from_dict(_json(response, "authorization_server"))
        # RFC 8414 §3.3
        if server.issuer != server_url:
            raise NotAuthentic("authorization_server.issuer: is another one than was asked for")
    return IssuerContact(issuer, server, party)


def push_request(contact: IssuerContact, request: AuthorizationRequest, client: DpopClient) -> Exchange[str]:
    """Push an authorization request; the address to open in the user's browser (RFC 9126 §4).

    Raises:
        InvalidRequest: the server cannot do that, or refused.
    """
    server = contact.server
    endpoint, page = server.pushed_authorization_request_endpoint, server.authorization_endpoint
    if endpoint is None or page is None or "S256" not in server.code_challenge_methods_supported:
        raise InvalidRequest("this issuer offers no login that is safe enough")
    body = urlencode(request.to_form()).encode("ascii")
    response = yield from client.post(endpoint, (("content-type", FORM), ("accept", "application/json")), body)
    with raised_as(InvalidRequest):
        pushed = PushedAuthorizationResponse.from_dict(_success(response, "pushed_authorization_response", (200, 201)))
    query = urlencode({"client_id": request.client_id, "request_uri": pushed.request_uri}, quote_via=quote)
    return f"{page}{'&' if '?' in page else '?'}{query}"


def fetch_tokens(contact: IssuerContact, request: TokenRequest, client: DpopClient) -> Exchange[TokenResponse]:
    """Trade a grant for tokens that are bound to the client's key.

    Raises:
        IssuerRefused: the server's own reason, such as `invalid_grant`.
        InvalidRequest: an answer that breaks its shape, or a token that anybody could use (T153).
    """
    body = urlencode(request.to_form()).encode("ascii")
    headers = (("content-type", FORM), ("accept", "application/json"))
    response = yield from client.post(contact.server.token_endpoint, headers, body)
    with raised_as(InvalidRequest):
        tokens = TokenResponse.from_dict(_success(response, "token_response", (200,)))
        if tokens.token_type != "DPoP":
            raise NotTrusted("token_response: the token is not bound to our key")
    return tokens


def fetch_nonce(contact: IssuerContact) -> Exchange[str | None]:
    """A fresh c_nonce (OID4VCI 1.0 §7); None where the issuer wants none.

    Raises:
        InvalidRequest: an answer that breaks its shape.
    """
    endpoint = contact.issuer.nonce_endpoint
    if endpoint is None:
        return None
    response = yield from send(HttpRequest("POST", endpoint, (("accept", "application/json"),)))
    with raised_as(InvalidRequest):
        return Fields(_success(response, "nonce_response", (200,)), "nonce_response").text("c_nonce", max_length=1024)


def fetch_credentials(
    contact: IssuerContact,
    tokens: TokenResponse,
    configuration_id: str,
    keys: Sequence[Signer],
    client: DpopClient,
    *,
    client_id: str | None = None,
) -> Exchange[CredentialResponse]:
    """Ask for one credential for each of these keys; with a fresh nonce again if the issuer wants one.

    Raises:
        IssuerRefused: the issuer's own reason.
        InvalidRequest: an answer that breaks its shape.
    """
    headers = (("content-type", "application/json"), ("accept", "application/json"))
    for attempt in range(MAX_RETRIES + 1):
        nonce = yield from fetch_nonce(contact)
        proofs = tuple(
            sign_proof(
                key,
                audience=contact.issuer.credential_issuer,
                nonce=nonce,
                issued_at=client.now(),
                client_id=client_id,
            )
            for key in keys
        )
        request = _credential_request(tokens, configuration_id, proofs)
        response = yield from client.post(
            contact.issuer.credential_endpoint,
            headers,
            encode_json(request.to_dict()),
            access_token=tokens.access_token,
        )
        if response.status == 400 and attempt < MAX_RETRIES and _error_code(response) == "invalid_nonce":
            continue
        with raised_as(InvalidRequest):
            return CredentialResponse.from_dict(_success(response, "credential_response", (200,)))
    raise Unreachable("the issuer asked for a new nonce again and again")


def send_notification(
    contact: IssuerContact, tokens: TokenResponse, request: NotificationRequest, client: DpopClient
) -> Exchange[bool]:
    """Tell the issuer what became of a batch, if it wants to know; whether it took note.

    Raises:
        Unreachable: it cannot be reached; nothing depends on it.
    """
    endpoint = contact.issuer.notification_endpoint
    if endpoint is None:
        return False
    headers = (("content-type", "application/json"),)
    body = encode_json(request.to_dict())
    response = yield from client.post(endpoint, headers, body, access_token=tokens.access_token)
    return response.status in (200, 204)


def _read_issuer(
    response: HttpResponse, identifier: str, anchors: TrustAnchors, now: int
) -> tuple[CredentialIssuerMetadata, TrustedParty | None]:
    if response.status == 200 and response.media_type() == "application/jwt":
        text = response.body.decode("ascii", "replace")
        return verify_signed_metadata(text, identifier=identifier, anchors=anchors, now=now)
    metadata = CredentialIssuerMetadata.from_dict(_json(response, "credential_issuer_metadata"))
    return check_metadata(metadata, identifier), None


def _choose_server(offer: CredentialOffer, issuer: CredentialIssuerMetadata) -> str:
    servers = issuer.authorization_servers or (issuer.credential_issuer,)
    if offer.authorization_server is None:
        return servers[0]
    if offer.authorization_server not in servers:
        raise Malformed("authorization_server", "is not one of this issuer's")
    return offer.authorization_server


def _credential_request(tokens: TokenResponse, configuration_id: str, proofs: tuple[str, ...]) -> CredentialRequest:
    """OID4VCI 1.0 §8.2: with credential identifiers in the token response, they must be used."""
    for detail in tokens.authorization_details:
        if detail.credential_configuration_id == configuration_id:
            return CredentialRequest(None, detail.credential_identifiers[0], proofs)
    if tokens.authorization_details:
        raise InvalidCredentialRequest("the token does not cover this credential")
    return CredentialRequest(configuration_id, None, proofs)


def _asks_for_nonce(response: HttpResponse) -> bool:
    if response.status == 401:
        return 'error="use_dpop_nonce"' in (response.header("www-authenticate") or "")
    return response.status == 400 and _error_code(response) == "use_dpop_nonce"


def _success(response: HttpResponse, at: str, statuses: tuple[int, ...]) -> object:
    if response.status not in statuses:
        raise IssuerRefused(_error_code(response) or f"status {response.status}", response.status)
    return response.json(at)


def _json(response: HttpResponse, at: str) -> object:
    if response.status != 200:
        raise NotAuthentic(f"{at}: answered with status {response.status}")
    return response.json(at)


def _error_code(response: HttpResponse) -> str:
    """The error code of an answer; empty if it has none that we would show."""
    try:
        answer: JsonObject = Fields(response.json("error"), "error").members
    except Malformed:
        return ""
    code = answer.get("error")
    plain = isinstance(code, str) and len(code) <= 64 and all(c.isascii() and (c.isalnum() or c in "_-.") for c in code)
    return code if plain and isinstance(code, str) else ""
