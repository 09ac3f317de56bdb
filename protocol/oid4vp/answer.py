"""The wallet's side of a presentation: fetch and verify the request, then answer or refuse (OID4VP 1.0 §5, §8).

Nothing is ever posted to a response URI before the request that names it was verified (T159).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self
from urllib.parse import urlencode

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Flaw, InvalidRequest, ProtocolError, VpFormatsNotSupported
from protocol.exchange import Exchange, HttpRequest, HttpResponse, send
from protocol.formats import FORMATS
from protocol.jwe import ENCRYPTIONS, KEY_AGREEMENT
from protocol.keys import SIGNATURE_ALGORITHMS, P256Key, RandomBytes
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.oid4vp.link import PlainRequest, RequestByReference, RequestByValue, RequestLink, RequestUriMethod
from protocol.oid4vp.request import DC_API, DC_API_JWT, DIRECT_POST, DIRECT_POST_JWT, SELF_ISSUED, Question
from protocol.oid4vp.request_object import (
    ExpectedRequest,
    Unauthenticated,
    UnusableRequest,
    VerifiedRequest,
    accept_plain_request,
    peek_client_id,
    verify_request_object,
)
from protocol.oid4vp.request_uri import (
    FORM,
    RequestUriForm,
    read_request_object,
    request_object_post,
    request_object_request,
)
from protocol.oid4vp.response import (
    AuthorizationResponse,
    ErrorResponse,
    Presentation,
    ResponseAccepted,
    check_answers_asked,
    check_cockpit_asked,
)
from protocol.oid4vp.transaction_data import TransactionData, TypeRule, read_transaction_data
from protocol.sovereignty.cockpit import CockpitKey
from protocol.sovereignty.receipt_travel import carried_receipt
from protocol.trust.anchors import TrustAnchors

MAX_ANSWER = 128 * 1024  # bytes of what a verifier says to an answer, a receipt among it


@dataclass(frozen=True, slots=True)
class RequestPolicy:
    """Which requests this wallet takes; the defaults are the strict choice."""

    prefixes: frozenset[Prefix] = frozenset((Prefix.X509_HASH, Prefix.X509_SAN_DNS, Prefix.DECENTRALIZED_IDENTIFIER))
    accept_request_uri_as_audience: bool = False  # some verifiers write it into `aud`; never under HAIP
    formats: frozenset[str] = frozenset(FORMATS)
    transaction_data_types: Mapping[str, TypeRule] = field(default_factory=dict)
    response_modes: frozenset[str] = frozenset((DIRECT_POST, DIRECT_POST_JWT))
    dc_api_modes: frozenset[str] = frozenset((DC_API, DC_API_JWT))
    by_reference_only: bool = False  # a request object is fetched, and none comes in the link

    @classmethod
    def haip(cls) -> Self:
        """What HAIP 1.0 §5, §5.1 and §5.2 allow: `x509_hash`, fetched or from a page, answered encrypted."""
        return cls(
            prefixes=frozenset((Prefix.X509_HASH,)),
            response_modes=frozenset((DIRECT_POST_JWT,)),
            dc_api_modes=frozenset((DC_API_JWT,)),
            by_reference_only=True,
        )


@dataclass(frozen=True, slots=True)
class Delivered:
    """The verifier has the answer; the user goes on at `redirect_uri`, if there is one."""

    redirect_uri: str | None
    receipt: str | None = None  # as it came, unverified


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The answer was sent, and what became of it is not known: the data has to count as seen (T172)."""

    reason: str
    receipt: str | None = None  # as it came next to an error, unverified


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
    What is wrong before the verifier is known, the user alone is told. What is wrong after it (a question that we do not
    understand, no way to encrypt), a verifier that was authenticated is told too (§8.5).

    Raises:
        InvalidRequest: the request is not to be answered.
        VpFormatsNotSupported: it asks for formats that this wallet does not have.
        InvalidTransactionData: it asks to authorise something that we do not understand (T166).
        Unreachable: the request or a DID document could not be had.
    """
    client_id = _client_id(link)
    if client_id.prefix not in policy.prefixes:
        raise InvalidRequest("client_id: this client identifier prefix is not accepted")
    if policy.by_reference_only and not isinstance(link, RequestByReference):
        raise InvalidRequest("request_uri: is missing, and no other way to hand over a request is accepted")
    if isinstance(link, PlainRequest):
        verified = accept_plain_request(link.request)
    else:
        text, expected = yield from _request_object(link, policy, RequestUriForm(wallet_nonce, metadata))
        verified = yield from _verified(text, expected, anchors, now)
    return (yield from _answerable(verified, policy))


def fetch_request_at(
    url: str, *, anchors: TrustAnchors, policy: RequestPolicy, wallet_nonce: str, metadata: JsonObject, now: int
) -> Exchange[VerifiedRequest]:
    """Get a request from an address that makes one for whoever comes, and verify it; see `fetch_request`.

    No link said who asks: the client identifier is the one that the request names and proves. Whether they are whom the
    address was to lead to is for the caller to check.

    Raises:
        InvalidRequest, VpFormatsNotSupported, InvalidTransactionData, Unreachable: as `fetch_request`.
    """
    response = yield from send(request_object_post(url, RequestUriForm(wallet_nonce, metadata)))
    text = read_request_object(response)
    client_id = peek_client_id(text)
    if client_id.prefix not in policy.prefixes or not client_id.is_signed:
        raise InvalidRequest("client_id: this client identifier prefix is not accepted")
    audiences = (SELF_ISSUED, url) if policy.accept_request_uri_as_audience else (SELF_ISSUED,)
    verified = yield from _verified(text, ExpectedRequest(client_id, audiences, wallet_nonce), anchors, now)
    return (yield from _answerable(verified, policy))


def _verified(text: str, expected: ExpectedRequest, anchors: TrustAnchors, now: int) -> Exchange[VerifiedRequest]:
    try:
        return (yield from verify_request_object(text, expected, anchors=anchors, now=now))
    except UnusableRequest as error:
        yield from _post_error(error.response_uri, error, error.state)
        raise


def _answerable(verified: VerifiedRequest, policy: RequestPolicy) -> Exchange[VerifiedRequest]:
    try:
        check_answerable(verified.request, policy, policy.response_modes)
    except ProtocolError as error:
        if not isinstance(verified.party, Unauthenticated):
            yield from send_error(verified, error)
        raise
    return verified


def transaction_data_of(request: Question, policy: RequestPolicy) -> tuple[TransactionData, ...]:
    """What the user is asked to authorise.

    Raises:
        InvalidTransactionData: one item is not understood (T166).
    """
    bound_ids = [asked.id for asked in request.dcql_query.credentials if asked.holder_binding]
    return read_transaction_data(request.transaction_data, bound_ids=bound_ids, types=policy.transaction_data_types)


def send_answer(
    verified: VerifiedRequest,
    vp_token: Mapping[str, tuple[Presentation, ...]],
    *,
    ephemeral: P256Key,
    random_bytes: RandomBytes,
    cockpit_key: CockpitKey | None = None,
    answers: Mapping[str, JsonValue] = MappingProxyType({}),
) -> Exchange[Delivery]:
    """Post the presentations, encrypted if that was asked (§8.2, §8.3). From here on the data counts as given away.

    `ephemeral` was made for this one answer, and so was `cockpit_key`, for a request that announces a cockpit.
    `answers` are what the citizen wants in the form of the service, for a request that takes them.

    An answer without presentations, or to a query that was not asked, is the caller's mistake and a ValueError (T168), and
    so are a key or answers that nobody asked for.

    Raises:
        InvalidRequest: encryption is asked and impossible; nothing was sent (T165).
    """
    request = verified.request
    check_presentations(request, vp_token)
    check_cockpit_asked(request.client_metadata, cockpit_key)
    check_answers_asked(request, answers)
    answer = AuthorizationResponse(vp_token, request.state, cockpit_key, answers)
    encryption = request.choose_encryption()
    form = answer.to_form() if encryption is None else answer.to_encrypted_form(*encryption, ephemeral, random_bytes)
    return (yield from _post(request.response_uri, form))


def check_presentations(request: Question, vp_token: Mapping[str, tuple[Presentation, ...]]) -> None:
    """Check that an answer has presentations, and only for what was asked; else it is a ValueError (T168)."""
    if (
        not vp_token
        or not all(vp_token.values())
        or not vp_token.keys() <= {q.id for q in request.dcql_query.credentials}
    ):
        raise ValueError("an answer has presentations, and only for what was asked")


def send_error(verified: VerifiedRequest, error: ProtocolError) -> Exchange[Delivery]:
    """Tell the verifier that, and why, nothing is presented (§8.5): `AccessDenied` when the user says no.

    Never encrypted, because not every verifier can read it otherwise; it says nothing about the user.
    """
    return (yield from _post_error(verified.request.response_uri, error, verified.request.state))


def _client_id(link: RequestLink) -> ClientId:
    if isinstance(link, PlainRequest):
        return link.request.client_id
    if not link.client_id.is_signed:
        raise InvalidRequest("client_id: this client identifier prefix cannot sign a request")
    return link.client_id


def _request_object(
    link: RequestByReference | RequestByValue, policy: RequestPolicy, form: RequestUriForm
) -> Exchange[tuple[str, ExpectedRequest]]:
    """The signed request of a link, and what it has to say."""
    if isinstance(link, RequestByValue):
        return link.request_object, ExpectedRequest(link.client_id)
    response = yield from send(request_object_request(link, form))
    audiences = (SELF_ISSUED, link.request_uri) if policy.accept_request_uri_as_audience else (SELF_ISSUED,)
    sent_nonce = form.wallet_nonce if link.request_uri_method is RequestUriMethod.POST else None
    return read_request_object(response), ExpectedRequest(link.client_id, audiences, sent_nonce)


def check_answerable(request: Question, policy: RequestPolicy, modes: frozenset[str]) -> None:
    """Check that a request can be answered, and in one of the modes that are taken here.

    Raises:
        InvalidRequest: another mode, or no way to encrypt.
        VpFormatsNotSupported: it asks for formats that this wallet does not have.
        InvalidTransactionData: it asks to authorise something that we do not understand (T166).
    """
    if policy.formats.isdisjoint(asked.format for asked in request.dcql_query.credentials):
        raise VpFormatsNotSupported("none of the credential formats that are asked for is known here")
    if request.response_mode not in modes:
        raise InvalidRequest(f"response_mode: must be {' or '.join(sorted(modes))}")
    request.choose_encryption()
    transaction_data_of(request, policy)


def _post_error(response_uri: str, error: ProtocolError, state: str | None) -> Exchange[Delivery]:
    answer = ErrorResponse(error.code, error.to_dict()["error_description"], state)
    return (yield from _post(response_uri, answer.to_form()))


def _post(response_uri: str, form: Mapping[str, str]) -> Exchange[Delivery]:
    headers = (("content-type", FORM), ("accept", "application/json"))
    body = urlencode(form).encode("ascii")
    try:
        response = yield from send(HttpRequest("POST", response_uri, headers, body, max_bytes=MAX_ANSWER))
        if response.status != 200:
            return Uncertain(f"the verifier answered with status {response.status}", _receipt(response))
        answer = ResponseAccepted.from_dict(response.json("verifier's answer"))
    except Flaw as flaw:
        return Uncertain(flaw.description)
    return Delivered(answer.redirect_uri, _receipt(response))


def _receipt(response: HttpResponse) -> str | None:
    """The receipt that may come with any answer (docs/sovereignty/receipts.md); what is none is ignored."""
    with suppress(Flaw):
        answer = response.json("verifier's answer")
        return carried_receipt(answer) if isinstance(answer, dict) else None
    return None
