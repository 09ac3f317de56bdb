"""Mobile documents: what an issuer signed, what a holder answered, and what a reader asked (ISO/IEC 18013-5)."""

from __future__ import annotations

import base64

from hoheit.inspect.certificates import explain_chain
from hoheit.inspect.report import Report
from hoheit.inspect.surroundings import Surroundings, moment
from hoheit.inspect.tokens import explain_jws, shortened
from protocol.cbor import CborValue
from protocol.cose import Sign1, verify_sign1
from protocol.credential import StatusPlace, StatusReference
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed, NotAuthentic, NotTrusted, ProtocolError
from protocol.mdoc.device_request import DeviceRequest, DocRequest
from protocol.mdoc.device_response import OK, DeviceResponse, Document
from protocol.mdoc.issuer_signed import IssuerSigned
from protocol.mdoc.item import Items
from protocol.mdoc.mso import MobileSecurityObject
from protocol.mdoc.signer import check_signer_purpose
from protocol.mdoc.values import to_json
from protocol.mdoc.verify import check_digests, check_validity
from protocol.x509 import Certificate

ISO = "ISO/IEC 18013-5"
_AT = "document"
_REGISTRATION = "euWrprc"  # ETSI TS 119 472-2 §5.3


def plain(value: CborValue) -> JsonValue:
    """A value for people."""
    try:
        return shortened(to_json(value, "value"))
    except Malformed:
        return "a value that cannot be shown here"


def explain_issued(data: bytes, around: Surroundings) -> Report:
    """A document as it is issued: base64url of its IssuerSigned (OID4VCI 1.0 App. A.2.4).

    Raises:
        ProtocolError: it cannot be taken apart.
    """
    report = Report("Mobile document (mdoc)", f"{ISO} §9.1.2.4")
    _explain_issuer_signed(report, IssuerSigned.from_bytes(data), around)
    report.note(None, "who shows it: cannot be told, a document by itself has no signature of its holder")
    return report


def explain_response(data: bytes, around: Surroundings) -> Report:
    """A holder's answer.

    Raises:
        ProtocolError: it cannot be taken apart.
    """
    response = DeviceResponse.from_bytes(data)
    report = Report("Answer of a holder with mobile documents (DeviceResponse)", f"{ISO} §8.3.2.1.2.2")
    report.content = {"status": response.status, "documents": len(response.documents)}
    if response.status != OK:
        report.note(False, f"is a full answer: no. Its status is {response.status}")
    if response.document_errors:
        report.content["documents that are not there, and why"] = dict(response.document_errors)
    report.inside.extend(_explain_document(document, around) for document in response.documents)
    return report


def explain_request(data: bytes, around: Surroundings) -> Report:
    """A reader's request.

    Raises:
        ProtocolError: it cannot be taken apart.
    """
    request = DeviceRequest.from_bytes(data)
    report = Report("Request of a reader for mobile documents (DeviceRequest)", f"{ISO} §8.3.2.1.2.1")
    report.content = {"version": request.version, "documents": len(request.doc_requests)}
    for signature in request.reader_auth_all:
        report.inside.append(_explain_reader(signature, around, "all of the request"))
    report.inside.extend(_explain_asked(document, around) for document in request.doc_requests)
    if not request.reader_auth_all and not any(document.reader_auth for document in request.doc_requests):
        report.note(None, "who asks: cannot be told, nobody signed it")
    return report


def _explain_document(document: Document, around: Surroundings) -> Report:
    report = Report("Document in an answer", f"{ISO} §8.3.2.1.2.2")
    report.content["says to be"] = document.doc_type
    if document.errors:
        report.content["elements that are not there, and why"] = {
            n: dict(codes) for n, codes in document.errors.items()
        }
    mso = _explain_issuer_signed(report, document.issuer_signed, around)
    signed = document.device_signed
    if signed.elements:
        report.content["elements of the device itself"] = {
            name: {element: plain(value) for element, value in elements.items()}
            for name, elements in signed.elements.items()
        }
    if mso is not None:

        def same_type() -> None:
            if document.doc_type != mso.doc_type:
                raise NotAuthentic("its issuer signed another")

        report.check("is of the type that its issuer signed", same_type)
        if signed.elements:
            report.check(
                "the issuer lets the device say these elements", lambda: signed.check_authorized(mso.authorizations)
            )
    way = "signature" if isinstance(signed.auth, Sign1) else "MAC"
    report.content["the holder's answer is proven by"] = way if way == "signature" else f"{way}, to one reader alone"
    report.note(None, f"whether the holder's {way} holds: it covers the session or request, which is not here")
    return report


def _explain_issuer_signed(report: Report, signed: IssuerSigned, around: Surroundings) -> MobileSecurityObject | None:
    """The elements and what was signed of them, into the report; what was signed, if it can be read."""
    report.content["elements"] = _elements(signed.name_spaces)
    part = Report("What the issuer signed (mobile security object)", f"{ISO} §9.1.2.4")
    report.inside.append(part)
    found: list[MobileSecurityObject] = []
    readable = part.check(
        "can be read",
        lambda: found.append(MobileSecurityObject.from_bytes(signed.issuer_auth.attached(_AT))),
    )
    leaf = _explain_certificates(part, signed.issuer_auth, around)
    if leaf is not None:
        part.check("the certificate was made to sign documents", lambda: check_signer_purpose(leaf, "it"))
        part.check("the signature holds", lambda: verify_sign1(signed.issuer_auth, leaf.public_key, at="issuerAuth"))
    if not readable:
        return None
    (mso,) = found
    report.check("every element is one that the issuer signed", lambda: check_digests(signed.name_spaces, mso, _AT))
    _explain_mso(part, mso, signed.name_spaces, leaf, around)
    return mso


def _explain_mso(
    part: Report, mso: MobileSecurityObject, shown: Items, leaf: Certificate | None, around: Surroundings
) -> None:
    validity = mso.validity
    part.content = {
        "document type": mso.doc_type,
        "digests by": mso.digest_algorithm,
        "signed": moment(validity.signed),
        "valid from": moment(validity.valid_from),
        "valid until": moment(validity.valid_until),
        "the holder's key": mso.device_key.to_jwk(),
        "digests that stay hidden, decoys among them": sum(map(len, mso.value_digests.values()))
        - sum(map(len, shown.values())),
    }
    if validity.expected_update is not None:
        part.content["a new one is expected"] = moment(validity.expected_update)
    if mso.authorizations.name_spaces or mso.authorizations.elements:
        part.content["the device may say itself"] = {
            **dict.fromkeys(sorted(mso.authorizations.name_spaces), "everything"),
            **{name: [*sorted(names)] for name, names in (mso.authorizations.elements or {}).items()},
        }
    part.check(f"inside its times at {moment(around.now)}", lambda: check_validity(validity, around.now, _AT))
    if leaf is not None:

        def signed_in_time() -> None:
            if not leaf.not_before <= validity.signed < leaf.not_after:
                raise NotTrusted("the certificate did not hold then")

        part.check("was signed while the certificate held", signed_in_time)
    if mso.status is not None:
        part.content["whether it was taken back stands in"] = [_place(place) for place in mso.status.places]
        part.note(None, "whether it was taken back: nothing is fetched here")


def _explain_asked(document: DocRequest, around: Surroundings) -> Report:
    items = document.items
    report = Report("Document that is asked for", f"{ISO} §8.3.2.1.2.1")
    report.content = {
        "document type": items.doc_type,
        "elements, and whether the reader keeps them": {name: dict(asked) for name, asked in items.elements.items()},
    }
    others = dict(items.info)
    registration = others.pop(_REGISTRATION, None)
    if others:
        report.content["what else it says (requestInfo)"] = plain(others)
    if registration is not None:
        _explain_registration(report, registration, around)
    if document.reader_auth is not None:
        report.inside.append(_explain_reader(document.reader_auth, around, "this document"))
    return report


def _explain_registration(report: Report, value: CborValue, around: Surroundings) -> None:
    """As JWT; in CBOR it is told by its size."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else ""
    try:
        report.inside.append(explain_jws(text, around))
    except ProtocolError:
        report.content["registration certificate, in CBOR"] = plain(value)


def _explain_reader(signature: Sign1, around: Surroundings, what: str) -> Report:
    report = Report(f"The reader's signature of {what}", f"{ISO} §9.1.4")
    _explain_certificates(report, signature, around)
    report.note(None, "whether the signature holds: it covers the session, which is not here")
    return report


def _explain_certificates(report: Report, signature: Sign1, around: Surroundings) -> Certificate | None:
    chain = signature.header.x5chain
    if not chain:
        report.note(False, "says by certificate who signed it: no")
        return None
    return explain_chain([base64.b64encode(der).decode("ascii") for der in chain], around, report)


def _elements(name_spaces: Items) -> JsonObject:
    return {name: {item.identifier: plain(item.value) for item in items} for name, items in name_spaces.items()}


def _place(place: StatusPlace) -> JsonValue:
    if isinstance(place, StatusReference):
        return {"status list": place.uri, "index": place.idx}
    return {"identifier list": place.uri, "identifier": place.id.hex()}
