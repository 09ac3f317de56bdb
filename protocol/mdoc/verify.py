"""Verifying a document: whom we trust, signature, type, times, digests, and that its holder answered this request.

ISO/IEC 18013-5 §9.3.1 (issuer data authentication) and §9.3.2 (mdoc authentication). Whether it was revoked is `status`,
whether it is what was asked is `dcql`, whether we accept it is policy.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol.cose import read_x5chain, verify_sign1
from protocol.credential import ClaimPath, StatusPlace, VerifiedCredential
from protocol.encoding import JsonObject, JsonValue, decode_base64url
from protocol.errors import Malformed, NotAuthentic, NotTrusted, NotValidNow, Unsupported
from protocol.keys import Decrypter
from protocol.mdoc.device_response import OK, DeviceResponse, Document
from protocol.mdoc.device_signed import DeviceElements, verify_device_signed
from protocol.mdoc.issuer_signed import IssuerSigned
from protocol.mdoc.item import Items
from protocol.mdoc.mso import DIGESTS, MobileSecurityObject, MsoStatus, ValidityInfo
from protocol.mdoc.signer import MDL_NAMESPACE, check_document_signer, check_issuing_place
from protocol.mdoc.transcript import Handover
from protocol.mdoc.values import paths_of_bytes, to_json
from protocol.trust.anchors import Role, TrustAnchors
from protocol.x509 import Certificate

FORMAT = "mso_mdoc"
CLOCK_SKEW = 60  # seconds

_AT = "credential"


class PresentedMdoc(NamedTuple):
    """A verified document of an answer, and what its holder's device said beside it with the issuer's leave."""

    credential: VerifiedCredential
    device_elements: DeviceElements


def verify_issued_mdoc(raw: str, *, anchors: TrustAnchors, now: int, at: str = _AT) -> VerifiedCredential:
    """Verify a document as it is issued: base64url of its IssuerSigned (OID4VCI 1.0 App. A.2.4).

    Raises:
        Flaw: see `verify_issuer_signed`, or it is no document.
    """
    signed = IssuerSigned.from_bytes(decode_base64url(raw, at), at)
    if not signed.name_spaces:
        raise Malformed(at, "has no elements")
    return verify_issuer_signed(signed, raw, anchors=anchors, now=now, at=at)


def verify_presented_mdoc(
    raw: str,
    *,
    anchors: TrustAnchors,
    handover: Handover | None,
    now: int,
    reader_key: Decrypter | None = None,
    at: str = "presentation",
) -> PresentedMdoc:
    """Verify an answer with one document: base64url of a DeviceResponse (OID4VP 1.0 B.2.5, HAIP 1.0 §5.3.1).

    Without a handover, holder binding was not asked for; the device's part has to be there and is not checked. `reader_key`
    as in `verify_document`.

    Raises:
        Malformed: not base64url without padding (T028), or not exactly one document with a good status.
        Flaw: see `DeviceResponse.from_bytes` and `verify_document`.
    """
    response = DeviceResponse.from_bytes(decode_base64url(raw, at), at)
    if response.status != OK or len(response.documents) != 1:
        raise Malformed(at, "must have exactly one document")
    transcript = None if handover is None else handover.session_transcript()
    return verify_document(
        response.documents[0], raw, anchors=anchors, transcript=transcript, now=now, reader_key=reader_key, at=at
    )


def verify_document(
    document: Document,
    raw: str,
    *,
    anchors: TrustAnchors,
    transcript: bytes | None,
    now: int,
    reader_key: Decrypter | None = None,
    at: str = "document",
) -> PresentedMdoc:
    """Verify one document of an answer: the issuer first, then that its holder answered this very request.

    `reader_key` is the reader's own key of a session, which a MAC needs. `raw` is how the document travelled.

    Raises:
        NotBound: the holder did not sign this, or signed for another request (T058, T059).
        NotAuthentic: the document is of another type than what was signed (T054), or has a device's element without leave.
        Flaw: see `verify_issuer_signed`.
    """
    signed, device_signed = document.issuer_signed, document.device_signed
    credential, mso = _examine(signed, raw, anchors, now, at)
    # T054: the third, that it is the one asked, is for `dcql.match`
    if document.doc_type != mso.doc_type:
        raise NotAuthentic(f"{at}: is of another type than its issuer signed")
    device_signed.check_authorized(mso.authorizations, f"{at}.deviceSigned")
    verify_sign1(signed.issuer_auth, credential.issuer_key, at=f"{at}.issuerAuth")
    if transcript is not None:
        verify_device_signed(
            device_signed,
            mso.doc_type,
            mso.device_key,
            transcript=transcript,
            reader_key=reader_key,
            at=f"{at}.deviceSigned",
        )
    return PresentedMdoc(credential, device_signed.elements)


def verify_issuer_signed(
    signed: IssuerSigned, raw: str, *, anchors: TrustAnchors, now: int, at: str = _AT
) -> VerifiedCredential:
    """Check that elements are what somebody signed whom we trust with this type, inside their time (§9.3.1).

    Raises:
        NotTrusted: nobody we trust vouches for the signer, its certificate is not for documents or did not hold when it
            signed, or it is not entitled to the type (T055, T056, T186).
        NotAuthentic: the signature does not hold, or an element is not what was signed (T052, T053).
        NotValidNow: expired, or not valid yet (T057).
        Malformed, TooLarge, Unsupported: see `MobileSecurityObject.from_bytes`, or a status kept in a way that is not known.
    """
    credential, _ = _examine(signed, raw, anchors, now, at)
    verify_sign1(signed.issuer_auth, credential.issuer_key, at=f"{at}.issuerAuth")
    return credential


def _examine(
    signed: IssuerSigned, raw: str, anchors: TrustAnchors, now: int, at: str
) -> tuple[VerifiedCredential, MobileSecurityObject]:
    """All but the signature, without which none of it counts.

    Checking a signature drives everything else out of the processor's caches, so it comes last.
    """
    chain = read_x5chain(signed.issuer_auth.header, f"{at}.issuerAuth")
    party = anchors.chain(chain, role=Role.ISSUER, now=now, at=at)
    check_document_signer(party, at)
    mso = MobileSecurityObject.from_bytes(signed.issuer_auth.attached(f"{at}.issuerAuth"), f"{at}.mso")
    party.check_entitled(mso.doc_type, at)
    _check_times(mso.validity, chain[0], now, at)
    check_digests(signed.name_spaces, mso, at)
    places = {item.identifier: item.value for item in signed.name_spaces.get(MDL_NAMESPACE, ())}
    check_issuing_place(chain[0], places, at)
    claims, binary = _claims(signed.name_spaces, at)
    credential = VerifiedCredential(
        format=FORMAT,
        type=mso.doc_type,
        claims=claims,
        disclosed=_paths(signed.name_spaces),
        issuer=party,
        issuer_key=chain[0].public_key,
        holder_key=mso.device_key,
        issued_at=mso.validity.signed,
        not_before=mso.validity.valid_from,
        expires_at=mso.validity.valid_until,
        status=_status(mso.status, at),
        raw=raw,
        binary=binary,
    )
    return credential, mso


def check_validity(validity: ValidityInfo, now: int, at: str) -> None:
    """Check that a document is inside its time.

    Raises:
        Malformed: its times are in another order.
        NotValidNow: expired, or not valid yet (T057).
    """
    if not validity.signed <= validity.valid_from < validity.valid_until:
        raise Malformed(f"{at}.validityInfo", "has its times in another order")
    if now >= validity.valid_until + CLOCK_SKEW:
        raise NotValidNow(f"{at}: has expired")
    if validity.valid_from > now + CLOCK_SKEW:
        raise NotValidNow(f"{at}: is not valid yet")


def _check_times(validity: ValidityInfo, leaf: Certificate, now: int, at: str) -> None:
    check_validity(validity, now, at)
    if not leaf.not_before <= validity.signed < leaf.not_after:
        raise NotTrusted(f"{at}: was signed outside the time of its signer's certificate")


def check_digests(name_spaces: Items, mso: MobileSecurityObject, at: str) -> None:
    """Check that each of these elements is one that the issuer signed (§9.3.1).

    Raises:
        NotAuthentic: there is one that is not (T052, T053).
    """
    digest = DIGESTS[mso.digest_algorithm]
    for name, items in name_spaces.items():
        # T053: a number counts in its own namespace alone
        digests = mso.value_digests.get(name)
        for item in items:
            if digests is None or digests.get(item.digest_id) != digest(item.wrapped):
                raise NotAuthentic(f"{at}: has an element that its issuer did not sign")


def _claims(name_spaces: Items, at: str) -> tuple[JsonObject, tuple[ClaimPath, ...]]:
    """The elements in JSON, and which of them are bytes, since JSON does not say."""
    claims: JsonObject = {}
    binary: dict[ClaimPath, None] = {}
    for name, items in name_spaces.items():
        elements: dict[str, JsonValue] = {}
        for item in items:
            if type(item.value) is str:  # most are
                elements[item.identifier] = item.value
                continue
            elements[item.identifier] = to_json(item.value, at)
            binary.update(dict.fromkeys(paths_of_bytes(item.value, (name, item.identifier))))
        claims[name] = elements
    return claims, tuple(binary)


def _paths(name_spaces: Items) -> tuple[ClaimPath, ...]:
    return tuple([(name, item.identifier) for name, items in name_spaces.items() for item in items])


def _status(status: MsoStatus | None, at: str) -> tuple[StatusPlace, ...]:
    """One that we cannot look up is refused, never taken for none."""
    if status is None:
        return ()
    if not status.places:
        raise Unsupported(f"{at}.status: is kept in a way that is not known here")
    return status.places
