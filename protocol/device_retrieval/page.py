"""A page that asks for documents as `org-iso-mdoc`, from both sides (ISO/IEC TS 18013-7 annex C).

The same question, consent and verdict as for every reader; around it stands the platform, which tells the wallet the page's
origin. It is a parameter here and never read from a request (T167): who signs, signs for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from protocol.dcql.query import DcqlQuery
from protocol.device_retrieval.answer import device_refusal, device_response, read_device_response
from protocol.device_retrieval.question import (
    DEVICE_RETRIEVAL,
    DeviceQuestion,
    VerifiedDeviceRequest,
    ask_reader_question,
    verify_device_request,
)
from protocol.encoding import JsonObject, encode_json
from protocol.errors import InvalidRequest, raised_as
from protocol.keys import P256Key, Signer
from protocol.mdoc.org_iso_mdoc import (
    ORG_ISO_MDOC,
    DocumentsRequest,
    EncryptionInfo,
    open_device_response,
    seal_device_response,
)
from protocol.mdoc.transcript import IsoDcApiHandover
from protocol.oid4vp.answer import RequestPolicy, check_answerable
from protocol.oid4vp.dc_api import ORIGIN, PageRequest, check_origin
from protocol.oid4vp.request_object import Unauthenticated
from protocol.oid4vp.response import AuthorizationResponse, ErrorResponse, Presentation
from protocol.trust.anchors import TrustAnchors
from protocol.x509 import Certificate

_MODES = frozenset((DEVICE_RETRIEVAL,))


def ask_documents(
    query: DcqlQuery,
    encryption: EncryptionInfo,
    origin: str,
    *,
    signer: Signer | None,
    chain: Sequence[Certificate],
    registration: str | None = None,
) -> JsonObject:
    """The `data` with which a page asks; see `ask_reader_question`. An `origin` that no page has is a ValueError."""
    try:
        check_origin(origin)
    except InvalidRequest as error:
        raise ValueError("a request is for a page") from error
    request = ask_reader_question(
        query, encryption.handover(origin), signer=signer, chain=chain, registration=registration
    )
    return DocumentsRequest(request, encryption).to_data()


def verify_documents_request(
    asked: PageRequest, *, anchors: TrustAnchors, policy: RequestPolicy, now: int
) -> VerifiedDeviceRequest:
    """Find out who asks on a page, and what. As with every request of a page, nobody is told but the user.

    Raises:
        InvalidRequest: the request is not to be answered; see `verify_device_request`.
        TooLarge: some of it is over its cap.
        VpFormatsNotSupported: this wallet takes no documents.
    """
    check_origin(asked.origin)
    if asked.protocol != ORG_ISO_MDOC:
        raise InvalidRequest("protocol: this way to ask is not known here")
    with raised_as(InvalidRequest):
        request = DocumentsRequest.from_data(asked.data)
    handover = request.encryption.handover(asked.origin)
    host = urlsplit(asked.origin).hostname or ""
    verified = verify_device_request(request.device_request, handover, anchors=anchors, now=now, host=host)
    check_answerable(verified.request, policy, _MODES)
    if isinstance(verified.party, Unauthenticated):
        # Nobody but the platform says who asks, as with an unsigned request of OpenID4VP
        return replace(verified, request=replace(verified.request, audience=f"{ORIGIN}{asked.origin}"))
    # A signature is one over all of this
    proof: JsonObject = {"protocol": asked.protocol, "origin": asked.origin, **request.to_data()}
    return replace(verified, raw=encode_json(proof).decode("utf-8"))


def answer_documents(question: DeviceQuestion, vp_token: Mapping[str, Sequence[Presentation]]) -> JsonObject:
    """The `data` that goes back to the page with these presentations; see `device_response`."""
    return seal_device_response(device_response(question.dcql_query, vp_token), _page_of(question))


def refuse_documents(question: DeviceQuestion) -> JsonObject:
    """The `data` that says that nothing is presented, encrypted like every answer (T168)."""
    return seal_device_response(device_refusal(), _page_of(question))


def read_documents_answer(
    data: object, question: DeviceQuestion, key: P256Key
) -> AuthorizationResponse | ErrorResponse:
    """Read what a page got from its browser; nothing in it is verified.

    Raises:
        InvalidRequest: a clear answer (T180), what cannot be decrypted, for whatever reason (T181), or what answers
            something else (T176); see `read_device_response`.
        TooLarge: it is over its cap.
    """
    response = open_device_response(data, key, _page_of(question))
    with raised_as(InvalidRequest):
        return read_device_response(response, question.dcql_query)


def _page_of(question: DeviceQuestion) -> IsoDcApiHandover:
    if not isinstance(question.handover, IsoDcApiHandover):
        raise TypeError("who asks nearby is answered nearby")
    return question.handover
