"""An answer to a reader: documents in one DeviceResponse, and by question in a `vp_token` (ISO/IEC 18013-5 §8.3.2.1.2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from protocol.dcql.query import DcqlQuery
from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import InvalidRequest, Unsupported
from protocol.mdoc.device_response import (
    DATA_NOT_RETURNED,
    GENERAL_ERROR,
    OK,
    DeviceResponse,
    Document,
    encode_device_response,
)
from protocol.oid4vp.response import AuthorizationResponse, ErrorResponse, Presentation

MAX_DEVICE_RESPONSE = 512 * 1024  # bytes: several documents with portraits
NOT_GIVEN = "access_denied"  # OID4VP 1.0 §8.5, of which a reader's answer knows no more than that there is nothing

_AT = "device response"


def device_response(query: DcqlQuery, vp_token: Mapping[str, Sequence[Presentation]]) -> bytes:
    """The one DeviceResponse of what a holder presents, each made in the format of documents for the same session.

    A document of the query that is not presented is said not to be returned.

    Raises:
        Unsupported: something else is presented.
    """
    documents: list[bytes] = []
    missing: list[tuple[str, int]] = []
    for asked in query.credentials:
        given = vp_token.get(asked.id, ())
        for presentation in given:
            if not isinstance(presentation, str):
                raise Unsupported(f"{_AT}: has documents alone")
            made = DeviceResponse.from_bytes(decode_base64url(presentation, _AT), _AT, max_bytes=MAX_DEVICE_RESPONSE)
            documents += [document.to_bytes() for document in made.documents]
        if not given and asked.meta.doctype_value is not None:
            missing.append((asked.meta.doctype_value, DATA_NOT_RETURNED))
    return encode_device_response(documents, missing)


def device_refusal() -> bytes:
    """The answer of a holder who gives nothing, or has nothing: the reader cannot tell which (T168)."""
    return encode_device_response((), status=GENERAL_ERROR)


def read_device_response(data: bytes, query: DcqlQuery) -> AuthorizationResponse | ErrorResponse:
    """Sort an answer's documents by the question that they answer; nothing in them is verified.

    Every document becomes an answer of its own, with the bytes that were signed or digested as they came.

    Raises:
        InvalidRequest: a document of a type that was not asked (T054), or more of one than were asked.
        TooLarge, Malformed, Unsupported: see `DeviceResponse.from_bytes`.
    """
    response = DeviceResponse.from_bytes(data, _AT, max_bytes=MAX_DEVICE_RESPONSE)
    if response.status != OK or not response.documents:
        return ErrorResponse(NOT_GIVEN)
    found: dict[str, list[Presentation]] = {}
    for document in response.documents:
        found.setdefault(_question_of(document, query, found), []).append(
            encode_base64url(encode_device_response([document.to_bytes()]))
        )
    return AuthorizationResponse({query_id: tuple(answers) for query_id, answers in found.items()})


def _question_of(document: Document, query: DcqlQuery, answered: Mapping[str, Sequence[Presentation]]) -> str:
    """The first question for this type that is open; what the issuer signed is compared later, in verifying."""
    asked = [one for one in query.credentials if one.meta.doctype_value == document.doc_type]
    for one in asked:
        if one.multiple or one.id not in answered:
            return one.id
    raise InvalidRequest(f"{_AT}: has {'more of a type than' if asked else 'a document that nobody'} asked for")
