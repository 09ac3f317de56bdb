"""The wallet's way to a credential, written straight down the specification (OID4VCI 1.0 §3.4, §3.5).

`fetch_issuer` finds out whom the wallet deals with; the user decides; then `fetch_tokens` and `fetch_credentials`. What
comes back is not believed here: verifying and keeping it is the wallet's own work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from protocol.encoding import encode_json
from protocol.errors import (
    InvalidCredentialRequest,
    InvalidRequest,
    Malformed,
    NotAuthentic,
    NotTrusted,
    Unsupported,
    raised_as,
)
from protocol.exchange import Exchange, HttpRequest, HttpResponse, send
from protocol.fields import Fields
from protocol.keys import PublicKey, Signer
from protocol.oauth.authorization import AuthorizationRequest, CredentialDetail
from protocol.oauth.metadata import DETAIL_TYPE, AuthorizationServerMetadata, well_known_url
from protocol.oauth.metadata import WELL_KNOWN as SERVER_WELL_KNOWN
from protocol.oauth.par import PushedAuthorizationResponse
from protocol.oauth.pkce import METHOD, code_challenge
from protocol.oid4vci.client import (
    MAX_CREDENTIALS_BYTES,
    MAX_NONCE,
    MAX_RETRIES,
    DpopClient,
    IssuanceDeferred,
    check_works,
    error_code,
    read_published,
    read_success,
)
from protocol.oid4vci.client_authentication import AttestedClient
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse, DeferredIssuance
from protocol.oid4vci.encryption import Envelope, can_encrypt
from protocol.oid4vci.metadata import (
    WELL_KNOWN,
    CredentialIssuerMetadata,
    check_metadata,
    verify_signed_metadata,
)
from protocol.oid4vci.notification import NotificationRequest
from protocol.oid4vci.offer import AUTHORIZATION_CODE_GRANT, PRE_AUTHORIZED_CODE_GRANT, CredentialOffer
from protocol.oid4vci.prove import KeyProver, Proofs, Prover
from protocol.oid4vci.token import TokenRequest, TokenResponse
from protocol.trust.anchors import TrustAnchors, TrustedParty

FORM = "application/x-www-form-urlencoded"
MAX_METADATA = 1 << 20  # bytes
MAX_SERVERS = 4  # asked until one takes the grant


@dataclass(frozen=True, slots=True)
class IssuerContact:
    """Whom the wallet deals with; `party` only where signed metadata said so."""

    issuer: CredentialIssuerMetadata
    server: AuthorizationServerMetadata
    party: TrustedParty | None


def fetch_issuer(offer: CredentialOffer, anchors: TrustAnchors, *, now: int) -> Exchange[IssuerContact]:
    """Find out about the issuer of an offer and the server that gives its tokens.

    Metadata that somebody signed whom we do not trust is refused, and asked for again without a signature (§12.2.3):
    then nobody vouches for it but the host it came from.

    Raises:
        InvalidRequest: what they say of themselves does not fit together (T148), breaks its shape, or cannot be done here.
        Unreachable: they cannot be reached.
    """
    identifier = offer.credential_issuer
    url = well_known_url(identifier, WELL_KNOWN)
    response = yield from _get(url, "application/jwt, application/json;q=0.9", "credential_issuer_metadata")
    with raised_as(InvalidRequest):
        found = _read_issuer(response, identifier, anchors, now)
    if found is None:
        response = yield from _get(url, "application/json", "credential_issuer_metadata")
        with raised_as(InvalidRequest):
            found = _read_plain_issuer(response, identifier), None
    issuer, party = found
    with raised_as(InvalidRequest):
        unknown = [name for name in offer.credential_configuration_ids if name not in issuer.configurations]
        if unknown:
            raise Malformed("credential_configuration_ids", "names something that this issuer does not offer")
        if not can_encrypt(issuer.request_encryption, issuer.response_encryption):
            raise Unsupported("this issuer wants its messages encrypted in a way that is not possible here")
        servers = _possible_servers(offer, issuer)
    server = yield from _fetch_server(servers, offer)
    return IssuerContact(issuer, server, party)


def request_credentials(
    contact: IssuerContact,
    configuration_ids: Sequence[str],
    *,
    client_id: str,
    redirect_uri: str,
    code_verifier: str,
    state: str,
    issuer_state: str | None = None,
) -> AuthorizationRequest:
    """The authorization request for some credentials, to be pushed (OID4VCI 1.0 §5.1).

    They are asked for by scope where all of them have one (HAIP 1.0 §4.2), else by `authorization_details`.

    Raises:
        InvalidRequest: the server can be asked in neither way.
    """
    issuer, server = contact.issuer, contact.server
    scopes = [issuer.configurations[name].scope for name in configuration_ids]
    by_scope = all(scopes)
    if not by_scope and DETAIL_TYPE not in server.authorization_details_types_supported:
        raise InvalidRequest("this issuer says of no way to ask for this credential")
    # §5.1.1, §5.1.2: a server that works for several issuers has to be told for which
    for_whom = (issuer.credential_issuer,) if issuer.authorization_servers else ()
    return AuthorizationRequest(
        client_id=client_id,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge(code_verifier),
        state=state,
        scope=" ".join(dict.fromkeys(scope for scope in scopes if scope)) if by_scope else None,
        authorization_details=()
        if by_scope
        else tuple(CredentialDetail(name, locations=for_whom) for name in configuration_ids),
        issuer_state=issuer_state,
        resource=for_whom[0] if for_whom else None,
    )


def push_request(
    contact: IssuerContact, request: AuthorizationRequest, authentication: AttestedClient | None = None
) -> Exchange[str]:
    """Push an authorization request; the address to open in the user's browser (RFC 9126 §4).

    With `authentication` the wallet shows that its provider vouches for it (HAIP 1.0 §4.3).

    Raises:
        IssuerRefused: the server's own reason.
        InvalidRequest: the server cannot do that, or its answer breaks its shape.
        Unreachable: it cannot be reached, or is out of order.
    """
    server = contact.server
    endpoint, page = server.pushed_authorization_request_endpoint, server.authorization_endpoint
    if endpoint is None or page is None or METHOD not in server.code_challenge_methods_supported:
        raise InvalidRequest("this issuer offers no login that is safe enough")
    body = urlencode(request.to_form()).encode("ascii")
    headers = (("content-type", FORM), ("accept", "application/json"))
    if authentication is None:
        response = yield from send(HttpRequest("POST", endpoint, headers, body))
    else:
        response = yield from authentication.push(endpoint, headers, body)
    check_works(response, "pushed_authorization_response")
    with raised_as(InvalidRequest):
        pushed = PushedAuthorizationResponse.from_dict(read_success(response, "pushed_authorization_response"))
    query = urlencode({"client_id": request.client_id, "request_uri": pushed.request_uri}, quote_via=quote)
    return f"{page}{'&' if '?' in page else '?'}{query}"


def fetch_tokens(
    contact: IssuerContact, request: TokenRequest, client: DpopClient | AttestedClient
) -> Exchange[TokenResponse]:
    """Trade a grant for tokens that are bound to the client's key.

    Raises:
        IssuerRefused: the server's own reason, such as `invalid_grant`.
        InvalidRequest: an answer that breaks its shape, or a token that anybody could use (T153).
        Unreachable: it cannot be reached, or is out of order.
    """
    body = urlencode(request.to_form()).encode("ascii")
    headers = (("content-type", FORM), ("accept", "application/json"))
    response = yield from client.post(contact.server.token_endpoint, headers, body)
    check_works(response, "token_response")
    with raised_as(InvalidRequest):
        tokens = TokenResponse.from_dict(read_success(response, "token_response"))
        if tokens.token_type != "DPoP":
            raise NotTrusted("token_response: the token is not bound to our key")
    return tokens


def fetch_nonce(contact: IssuerContact, client: DpopClient) -> Exchange[str | None]:
    """A fresh c_nonce (OID4VCI 1.0 §7); None where the issuer wants none.

    A DPoP nonce that comes with it is for the credential endpoint (§7.2); the client keeps it.

    Raises:
        IssuerRefused: the issuer's own reason.
        InvalidRequest: an answer that breaks its shape.
        Unreachable: it cannot be reached, or is out of order.
    """
    endpoint = contact.issuer.nonce_endpoint
    if endpoint is None:
        return None
    response = yield from send(HttpRequest("POST", endpoint, (("accept", "application/json"),)))
    check_works(response, "nonce_response")
    client.take_nonce(contact.issuer.credential_endpoint, response)
    with raised_as(InvalidRequest):
        return Fields(read_success(response, "nonce_response"), "nonce_response").text("c_nonce", max_length=MAX_NONCE)


def fetch_credentials(
    contact: IssuerContact,
    tokens: TokenResponse,
    configuration_id: str,
    keys: Sequence[Signer],
    client: DpopClient,
    *,
    credential_identifier: str | None = None,
    client_id: str | None = None,
) -> Exchange[CredentialResponse]:
    """Ask for one credential for each of these keys; see `fetch_proven`.

    `client_id` goes into the proofs, and must be left out when the token was given to nobody in particular (App. F.1).
    Keys beyond the issuer's batch size are left out.

    Raises:
        IssuanceDeferred, IssuerRefused, InvalidRequest, InvalidCredentialRequest, Unreachable: as `fetch_proven`.
    """
    proven = keys[: contact.issuer.batch_size or 1]
    prover = KeyProver(proven, contact.issuer.credential_issuer, client.now, client_id)
    return (
        yield from fetch_proven(
            contact, tokens, configuration_id, prover, client, credential_identifier=credential_identifier
        )
    )


def fetch_proven(
    contact: IssuerContact,
    tokens: TokenResponse,
    configuration_id: str,
    prover: Prover,
    client: DpopClient,
    *,
    credential_identifier: str | None = None,
) -> Exchange[CredentialResponse]:
    """Ask for credentials with these proofs; see `fetch_receipted`, which says by what request they came."""
    answered = yield from fetch_receipted(
        contact, tokens, configuration_id, prover, client, credential_identifier=credential_identifier
    )
    return answered.response


@dataclass(frozen=True, slots=True)
class Answered:
    """What came, and the request that it answers: a receipt names it by its hash."""

    request: CredentialRequest
    response: CredentialResponse


def fetch_receipted(
    contact: IssuerContact,
    tokens: TokenResponse,
    configuration_id: str,
    prover: Prover,
    client: DpopClient,
    *,
    credential_identifier: str | None = None,
    cockpit_key: PublicKey | None = None,
) -> Exchange[Answered]:
    """Ask for credentials with these proofs; with a fresh nonce again if the issuer wants one, at most twice.

    `credential_identifier` picks one of several that the token response has for this configuration; else it is the first.
    `cockpit_key` is for an issuer that announces a cockpit, and for one document alone.
    What comes back may be fewer credentials than keys, or more: whose they are, the wallet finds out when it verifies them
    (T150, T151).

    Raises:
        IssuanceDeferred: the issuer will have it later.
        IssuerRefused: the issuer's own reason.
        InvalidRequest: an answer that breaks its shape.
        InvalidCredentialRequest: the token does not cover this credential.
        Unreachable: it cannot be reached, or is out of order.
    """
    names = _names(tokens, configuration_id, credential_identifier)
    issuer = contact.issuer
    envelope = Envelope.of(issuer.request_encryption, issuer.response_encryption, client.random_bytes)
    retries_left = MAX_RETRIES
    while True:
        nonce = (yield from fetch_nonce(contact, client)) if prover.needed else None
        proofs = (yield from prover.prove(nonce)) if prover.needed else Proofs()
        request = CredentialRequest(*names, proofs.texts, envelope.wanted, proofs.type, cockpit_key)
        media_type, body = envelope.seal(request.to_dict(), client.random_bytes)
        response = yield from client.post(
            issuer.credential_endpoint,
            (("content-type", media_type), ("accept", "application/jwt, application/json")),
            body,
            access_token=tokens.access_token,
            max_bytes=MAX_CREDENTIALS_BYTES,
        )
        if not retries_left or response.status != 400 or error_code(response) != "invalid_nonce":
            break
        retries_left -= 1
    check_works(response, "credential_response")
    with raised_as(InvalidRequest):
        answer = read_success(response, "credential_response", envelope)
        if response.status == 202:
            raise IssuanceDeferred(DeferredIssuance.from_dict(answer))
        return Answered(request, CredentialResponse.from_dict(answer))


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
    return 200 <= response.status < 300


def _get(url: str, accept: str, at: str) -> Exchange[HttpResponse]:
    response = yield from send(HttpRequest("GET", url, (("accept", accept),), max_bytes=MAX_METADATA))
    check_works(response, at)
    return response


def _read_issuer(
    response: HttpResponse, identifier: str, anchors: TrustAnchors, now: int
) -> tuple[CredentialIssuerMetadata, TrustedParty | None] | None:
    """None: it is signed by somebody whom we do not trust."""
    if response.status != 200 or response.media_type() != "application/jwt":
        return _read_plain_issuer(response, identifier), None
    try:
        text = response.body.decode("ascii", "replace")
        return verify_signed_metadata(text, identifier=identifier, anchors=anchors, now=now)
    except NotTrusted:
        return None


def _read_plain_issuer(response: HttpResponse, identifier: str) -> CredentialIssuerMetadata:
    metadata = CredentialIssuerMetadata.from_dict(read_published(response, "credential_issuer_metadata"))
    return check_metadata(metadata, identifier)


def _possible_servers(offer: CredentialOffer, issuer: CredentialIssuerMetadata) -> tuple[str, ...]:
    servers = issuer.authorization_servers or (issuer.credential_issuer,)
    if offer.authorization_server is None:
        return servers[:MAX_SERVERS]
    if offer.authorization_server not in servers:
        raise Malformed("authorization_server", "is not one of this issuer's")
    return (offer.authorization_server,)


def _fetch_server(names: tuple[str, ...], offer: CredentialOffer) -> Exchange[AuthorizationServerMetadata]:
    """The first server that says it takes the offer's grant; where none says so, the issuer's first (§12.2.4)."""
    wanted = AUTHORIZATION_CODE_GRANT if offer.pre_authorized_code is None else PRE_AUTHORIZED_CODE_GRANT
    servers: list[AuthorizationServerMetadata] = []
    for name in names:
        at = "authorization_server"
        response = yield from _get(well_known_url(name, SERVER_WELL_KNOWN), "application/json", at)
        with raised_as(InvalidRequest):
            server = AuthorizationServerMetadata.from_dict(read_published(response, at))
            # RFC 8414 §3.3
            if server.issuer != name:
                raise NotAuthentic(f"{at}.issuer: is another one than was asked for")
        if wanted in server.grant_types_supported:
            return server
        servers.append(server)
    return servers[0]


def _names(
    tokens: TokenResponse, configuration_id: str, credential_identifier: str | None
) -> tuple[str | None, str | None]:
    """OID4VCI 1.0 §8.2: with credential identifiers in the token response, they must be used."""
    details = [d for d in tokens.authorization_details if d.credential_configuration_id == configuration_id]
    identifiers = [identifier for detail in details for identifier in detail.credential_identifiers]
    uncovered = tokens.authorization_details and not details
    if uncovered or (credential_identifier is not None and credential_identifier not in identifiers):
        raise InvalidCredentialRequest("the token does not cover this credential")
    if identifiers:
        return None, credential_identifier or identifiers[0]
    return configuration_id, None
