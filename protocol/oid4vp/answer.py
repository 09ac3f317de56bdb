"""The wallet's side of a presentation: fetch and verify the request, then answer or refuse (OID4VP 1.0 §5, §8).

Nothing is ever posted to a response URI before the request that names it was verified (T159).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from protocol.encoding import JsonObject, encode_json
from protocol.errors import Flaw, InvalidRequest, Malformed, ProtocolError, raised_as
from protocol.exchange import Exchange, HttpRequest, HttpResponse, send
from protocol.jwe import ENCRYPTIONS, KEY_AGREEMENT
from protocol.jws import MAX_TOKEN
from protocol.keys import SIGNATURE_ALGORITHMS, RandomBytes
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.link import PlainRequest, RequestByReference, RequestByValue, RequestLink, RequestUriMethod
from protocol.oid4vp.request import SELF_ISSUED, AuthorizationRequest
from protocol.oid4vp.request_object import (
    MEDIA_TYPE,
    ExpectedRequest,
    Unauthenticated,
    VerifiedRequest,
    accept_plain_request,
    verify_request_object,
)
from protocol.oid4vp.response import AuthorizationResponse, ErrorResponse, Presentation, ResponseAccepted
from protocol.oid4vp.transaction_data import TransactionData, TypeRule, read_transaction_data
from protocol.trust.anchors import TrustAnchors

FORM = "application/x-www-form-urlencoded"
MAX_ANSWER = 64 * 1024  # bytes of what a verifier says to an answer


@dataclass(frozen=True, slots=True)
class RequestPolicy:
    """Which requests this wallet takes; the defaults are the strict choice."""

    prefixes: frozenset[Prefix] = frozenset((Prefix.X509_HASH, Prefix.X509_SAN_DNS, Prefix.DECENTRALIZED_IDENTIFIER))
    accept_request_uri_as_audience: bool = False  # some verifiers write it into `aud`; never under HAIP
    transaction_data_types: Mapping[str, TypeRule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The verifier has the answer; the user goes on at `redirect_uri`, if there is one."""

    redirect_uri: str | None


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The answer was sent, and what became of it is not known: the data has to count as seen (T172)."""

    reason: str


Delivery = Delivered | Uncertain


def wallet_metadata(vp_formats: JsonObject, prefixes: Collection[Prefix]) -> JsonObject:
    """What the wallet tells a verifier that asks by `request_uri_method=post` (§5.10, §10.1)."""
    metadata: JsonObject = {
        "vp_formats_supported": vp_formats,
        "client_id_prefixes_supported": [str(prefix) for prefix in sorted(prefixes)],
        "authorization_encryption_alg_values_supported": [KEY_AGREEMENT],
        "authorization_encryption_enc_values_supported": list(ENCRYPTIONS),
    }
    if any(prefix is not Prefix.REDIRECT_URI for prefix in prefixes):
        metadata["request_object_signing_alg_values_supported"] = list(SIGNATURE_ALGORITHMS)
    return metadata


def fetch_request(
    link: RequestLink,
    *,
    anchors: TrustAnchors,
    policy: RequestPolicy,
    wallet_nonce: str,
    metadata: JsonObject,
    now: int,
) -> Exchange[VerifiedRequest]:
    """Get the request that a link stands for and verify it, in the order of the specification.

    `wallet_nonce` is fresh, and `metadata` comes from `wallet_metadata`; both travel only if the verifier asks by POST.
    What is wrong before the verifier is known, the user alone is told. What is wrong after it (transaction data that we
    do not know, no way to encrypt), a verifier that was authenticated is told too.

    Raises:
        InvalidRequest: the request is not to be answered.
        InvalidTransactionData: it asks to authorise something that we do not understand (T166).
        Unreachable: the request or a DID document could not be had.
    """
    client_id = _client_id(link)
    if client_id.prefix not in policy.prefixes:
        raise InvalidRequest("client_id: this client identifier prefix is not accepted")
    match link:
        case PlainRequest():
            verified = accept_plain_request(link.request)
        case RequestByValue():
            expected = ExpectedRequest(client_id)
            verified = yield from verify_request_object(link.request_object, expected, anchors=anchors, now=now)
        case _:
            posts = link.request_uri_method is RequestUriMethod.POST
            text = yield from _fetch_request_object(link, wallet_nonce, metadata)
            audiences = (SELF_ISSUED, link.request_uri) if policy.accept_request_uri_as_audience else (SELF_ISSUED,)
            expected = ExpectedRequest(client_id, audiences, wallet_nonce if posts else None)
            verified = yield from verify_request_object(text, expected, anchors=anchors, now=now)
    try:
        verified.request.choose_encryption()
        transaction_data_of(verified.request, policy)
    except ProtocolError as error:
        if not isinstance(verified.party, Unauthenticated):
            yield from send_error(verified, error)
        raise
    return verified


def transaction_data_of(request: AuthorizationRequest, policy: RequestPolicy) -> tuple[TransactionData, ...]:
    """What the user is asked to authorise.

    Raises:
        InvalidTransactionData: one item is not understood (T166).
    """
    bound_ids = [asked.id for asked in request.dcql_query.credentials if asked.holder_binding]
    return read_transaction_data(request.transaction_data, bound_ids=bound_ids, types=policy.transaction_data_types)


def send_answer(
    verified: VerifiedRequest, vp_token: Mapping[str, tuple[Presentation, ...]], *, random_bytes: RandomBytes
) -> Exchange[Delivery]:
    """Post the presentations, encrypted if that was asked (§8.2, §8.3). From here on the data counts as given away.

    An answer without presentations, or to a query that was not asked, is the caller's mistake and a ValueError (T168).

    Raises:
        InvalidRequest: encryption is asked and impossible; nothing was sent (T165).
    """
    request = verified.request
    if (
        not vp_token
        or not all(vp_token.values())
        or not vp_token.keys() <= {q.id for q in request.dcql_query.credentials}
    ):
        raise ValueError("an answer has presentations, and only for what was asked")
    answer = AuthorizationResponse(vp_token, request.state)
    encryption = request.choose_encryption()
    form = answer.to_form() if encryption is None else answer.to_encrypted_form(*encryption, random_bytes)
    return (yield from _post(request, form))


def send_error(verified: VerifiedRequest, error: ProtocolError) -> Exchange[Delivery]:
    """Tell the verifier that, and why, nothing is presented (§8.5): `AccessDenied` when the user says no."""
    answer = ErrorResponse(error.code, error.to_dict()["error_description"], verified.request.state)
    return (yield from _post(verified.request, answer.to_form()))


def _client_id(link: RequestLink) -> ClientId:
    if isinstance(link, PlainRequest):
        return link.request.client_id
    if not link.client_id.is_signed:
        raise InvalidRequest("client_id: this client identifier prefix cannot sign a request")
    return link.client_id


def _fetch_request_object(link: RequestByReference, wallet_nonce: str, metadata: JsonObject) -> Exchange[str]:
    accept = ("accept", MEDIA_TYPE)
    if link.request_uri_method is RequestUriMethod.GET:
        request = HttpRequest("GET", link.request_uri, (accept,), max_bytes=MAX_TOKEN)
    else:
        form = {"wallet_nonce": wallet_nonce, "wallet_metadata": encode_json(metadata).decode("utf-8")}
        headers = (accept, ("content-type", FORM))
        request = HttpRequest("POST", link.request_uri, headers, urlencode(form).encode("ascii"), max_bytes=MAX_TOKEN)
    response = yield from send(request)
    with raised_as(InvalidRequest):
        return _read_request_object(response)


def _read_request_object(response: HttpResponse) -> str:
    # §5.10.2, §14.7: a redirect is an error like any other
    if response.status != 200:
        raise Malformed("request_uri", f"answered with status {response.status}")
    if response.media_type() != MEDIA_TYPE:
        raise Malformed("request_uri", f"must answer with {MEDIA_TYPE}")
    try:
        return response.body.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed("request_uri", "does not answer with a request object") from error


def _post(request: AuthorizationRequest, form: Mapping[str, str]) -> Exchange[Delivery]:
    headers = (("content-type", FORM), ("accept", "application/json"))
    body = urlencode(form).encode("ascii")
    try:
        response = yield from send(HttpRequest("POST", request.response_uri, headers, body, max_bytes=MAX_ANSWER))
        if response.status != 200:
            return Uncertain(f"the verifier answered with status {response.status}")
        answer = ResponseAccepted.from_dict(response.json("verifier's answer"))
    except Flaw as flaw:
        return Uncertain(flaw.description)
    return Delivered(answer.redirect_uri)
