"""The signed request: made by the verifier, verified by the wallet before it believes who asks (OID4VP 1.0 §5)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace

from protocol.did import resolve_did
from protocol.encoding import JsonObject, encode_json
from protocol.errors import (
    Flaw,
    InvalidRequest,
    Malformed,
    NotAuthentic,
    NotValidNow,
    ProtocolError,
    Unreachable,
    Unsupported,
    raised_as,
)
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.jws import Jws, check_typ, sign_jws, verify_signature
from protocol.keys import PublicKey, Signer
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.request import MAX_NONCE, SELF_ISSUED, AuthorizationRequest, without_cockpit
from protocol.trust.anchors import Role, TrustAnchors, TrustedParty
from protocol.x509 import read_x5c

TYP = "oauth-authz-req+jwt"
MEDIA_TYPE = f"application/{TYP}"
CLOCK_SKEW = 60  # seconds that a verifier's clock may be ahead of ours

_AT = "request object"


class UnusableRequest(InvalidRequest):
    """An authenticated verifier asked in a way that cannot be answered; it may be told so at `response_uri` (§8.5)."""

    def __init__(self, description: str, response_uri: str, state: str | None) -> None:
        super().__init__(description)
        self.response_uri = response_uri
        self.state = state


@dataclass(frozen=True, slots=True)
class Unauthenticated:
    """Nobody vouches for who asks; all that is known is where the answer goes (prefix `redirect_uri`)."""

    host: str


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """A request that holds together, and who asks. Whether it may be answered is the user's and policy's decision."""

    request: AuthorizationRequest
    party: TrustedParty | Unauthenticated
    # As it was signed, for whoever has to prove what was asked; empty: nobody signed it
    raw: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ExpectedRequest:
    """What the link and the wallet's own question fix before the request object is read."""

    client_id: ClientId  # as in the link
    audiences: tuple[str, ...] = (SELF_ISSUED,)
    wallet_nonce: str | None = None  # what we sent


def sign_request_object(
    request: AuthorizationRequest,
    signer: Signer,
    *,
    x5c: tuple[str, ...] = (),
    kid: str | None = None,
    issued_at: int,
    expires_at: int,
) -> str:
    """A request object (§5), signed by the key that its client identifier names.

    `x5c` is base64 DER, leaf first, without the anchor, for certificates; `kid` the DID URL of the key, for DIDs. The
    prefix `redirect_uri` cannot sign; that, the wrong header and what `check_sendable` finds are the caller's mistakes and
    a ValueError.
    """
    request.check_sendable()
    header = proof_header(request.client_id, x5c, kid)
    claims = {**request.to_dict(), "aud": SELF_ISSUED, "iat": issued_at, "exp": expires_at}
    return sign_jws(header, encode_json(claims), signer)


def proof_header(client_id: ClientId, x5c: tuple[str, ...], kid: str | None) -> JsonObject:
    """The header that says which key proves a client identifier (§5.9.3); what does not fit it is a ValueError."""
    match client_id.prefix:
        case Prefix.X509_HASH | Prefix.X509_SAN_DNS if x5c and kid is None:
            return {"typ": TYP, "x5c": list(x5c)}
        case Prefix.DECENTRALIZED_IDENTIFIER if kid and not x5c:
            return {"typ": TYP, "kid": kid}
        case _:
            raise ValueError("this client identifier is not proven like that")


def peek_client_id(text: str) -> ClientId:
    """Who a request object says it is from, where no link said so before; `verify_request_object` proves it.

    Raises:
        InvalidRequest: it cannot be read.
    """
    with raised_as(InvalidRequest):
        return ClientId.from_text(Jws.from_compact(text, _AT).peek_claims(_AT).required("client_id"))


def verify_request_object(
    text: str, expected: ExpectedRequest, *, anchors: TrustAnchors, now: int
) -> Exchange[VerifiedRequest]:
    """Verify a request object in the order of the specification, and find out who asks (§5.10.1, T159).

    The key is found by the link's client identifier alone. Nothing in the request is used before its signature held.

    Raises:
        UnusableRequest: who asks is known, and what they ask cannot be answered: they may be told.
        InvalidRequest: any other check failed. Nobody may be told but the user: where to is not known.
        Unreachable: a DID document could not be had.
    """
    with raised_as(InvalidRequest):
        if text.count(".") == 4:
            # Encryption says nothing about who sent it (T014); we never offered a key for it
            raise Unsupported(f"{_AT}: is encrypted, and that was not offered")
        jws = Jws.from_compact(text, _AT)
        check_typ(jws.header, TYP, _AT)
        if not expected.client_id.is_signed:
            raise NotAuthentic(f"{_AT}: this client identifier cannot sign")
        claims = jws.peek_claims(_AT)
        # Compared before the key is looked for: a signer for one client must not speak for another
        if claims.text("client_id") != str(expected.client_id):
            raise NotAuthentic(f"{_AT}: client_id is another one than in the link")
    party = yield from verify_client(jws, expected.client_id, anchors=anchors, now=now)
    with raised_as(InvalidRequest):
        _check_audience(claims, expected.audiences)
        check_times(claims, now)
        if expected.wallet_nonce is not None and not hmac.compare_digest(
            claims.text("wallet_nonce").encode(), expected.wallet_nonce.encode()
        ):
            raise NotAuthentic(f"{_AT}: wallet_nonce is not the one that was sent")
    return VerifiedRequest(_read_request(claims, expected.client_id, party), party, text)


def verify_client(jws: Jws, client_id: ClientId, *, anchors: TrustAnchors, now: int) -> Exchange[TrustedParty]:
    """Find the key that proves a client identifier, check the signature with it, and say who that is (§5.9.3).

    Raises:
        InvalidRequest: no such key, nobody trusted, or a signature that does not hold.
        Unreachable: a DID document could not be had.
    """
    if client_id.prefix is Prefix.DECENTRALIZED_IDENTIFIER:
        key, party = yield from _did_key(jws, client_id, anchors)
    else:
        with raised_as(InvalidRequest):
            key, party = _certificate_key(jws, client_id, anchors, now)
    with raised_as(InvalidRequest):
        verify_signature(jws, key, _AT)
    return party


def accept_plain_request(request: AuthorizationRequest) -> VerifiedRequest:
    """An unsigned request, as what it is: asked by nobody we know.

    Raises:
        InvalidRequest: its client must sign (T160).
    """
    if request.client_id.is_signed:
        raise InvalidRequest("this client identifier demands a signed request")
    unannounced = replace(request, client_metadata=without_cockpit(request.client_metadata))
    return VerifiedRequest(unannounced, Unauthenticated(request.response_host))


def _certificate_key(jws: Jws, client_id: ClientId, anchors: TrustAnchors, now: int) -> tuple[PublicKey, TrustedParty]:
    chain = read_x5c(jws.header.x5c, f"{_AT} header.x5c")
    client_id.check_certificate(chain[0])
    return chain[0].public_key, anchors.chain(chain, role=Role.VERIFIER, now=now, at=_AT)


def _did_key(jws: Jws, client_id: ClientId, anchors: TrustAnchors) -> Exchange[tuple[PublicKey, TrustedParty]]:
    with raised_as(InvalidRequest):
        kid = jws.header.kid
        # §5.9.3: the kid names the key within this very DID's document
        if kid is None or not kid.startswith(f"{client_id.identifier}#"):
            raise NotAuthentic(f"{_AT}: kid does not name a key of the client's DID")
        party = anchors.identified(client_id.identifier, role=Role.VERIFIER)
    try:
        document = yield from resolve_did(client_id.identifier)
        return document.key(kid, "authentication"), party
    except Unreachable:
        raise
    except Flaw as flaw:
        raise InvalidRequest(flaw.description) from flaw


def _read_request(claims: Fields, client_id: ClientId, party: TrustedParty) -> AuthorizationRequest:
    """The request in authentic claims; where they are no request, whoever asked is told if they say where."""
    try:
        request = AuthorizationRequest.from_dict(claims.members)
        client_id.check_response_uri(request.response_uri, party.dns_names)
    except ProtocolError as error:
        try:
            response_uri = claims.https_url("response_uri")
            client_id.check_response_uri(response_uri, party.dns_names)
            state = claims.optional_text("state", max_length=MAX_NONCE)
        except ProtocolError:
            raise InvalidRequest(error.description) from error
        raise UnusableRequest(error.description, response_uri, state) from error
    return request


def _check_audience(claims: Fields, audiences: tuple[str, ...]) -> None:
    audience = claims.required("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if audience not in audiences:
        raise NotAuthentic(f"{_AT}: is meant for another audience")


def check_times(claims: Fields, now: int) -> None:
    """Check that a request object is of now, as far as it says when it is.

    Raises:
        NotValidNow: over, or not begun.
        Malformed: over before it began.
    """
    expires_at = claims.optional_time("exp")
    if expires_at is not None and now >= expires_at:
        raise NotValidNow(f"{_AT}: has expired")
    for name in ("nbf", "iat"):
        begins_at = claims.optional_time(name)
        if begins_at is not None and begins_at > now + CLOCK_SKEW:
            raise NotValidNow(f"{_AT}: is not valid yet")
    if expires_at is not None and (issued_at := claims.optional_time("iat")) is not None and expires_at <= issued_at:
        raise Malformed(claims.path("exp"), "is not after iat")
