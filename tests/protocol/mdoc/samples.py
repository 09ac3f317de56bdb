"""A driving licence that our issuer signs, and what strangers could make of it."""

from dataclasses import replace
from typing import Any

from cryptography import x509

from protocol.cbor import FULL_DATE, Tagged, encode_cbor, encode_wrapped, read_cbor, read_wrapper
from protocol.credential import StatusReference
from protocol.encoding import decode_base64url, encode_base64url
from protocol.mdoc.device_response import DeviceResponse
from protocol.mdoc.issue import MdocContent, issue_mdoc
from protocol.mdoc.issuer_signed import IssuerSigned
from protocol.mdoc.item import encode_item
from protocol.mdoc.mso import MobileSecurityObject, MsoStatus, ValidityInfo
from protocol.mdoc.present import PresentableMdoc
from protocol.mdoc.signer import DOCUMENT_SIGNER
from protocol.mdoc.transcript import OpenId4VpHandover
from protocol.mdoc.verify import verify_issued_mdoc, verify_presented_mdoc
from tests.support.pki import AUTHORITY, LEAF, NOW, Template, make_pki, seeded, seeded_key

MDL = "org.iso.18013.5.1.mDL"
SPACE = "org.iso.18013.5.1"
NATIONAL = "org.iso.18013.5.1.DE"
HOLDER = seeded_key(7)
STRANGER = seeded_key(8)
STATUS = StatusReference("https://issuer.example/status/1", 7)


def purposes(*oids):
    """An extended key usage, as certificates of annex B have one."""
    return (x509.ExtendedKeyUsage([*oids]), True)


DESK = replace(LEAF, common_name="Document signer", country="DE", extensions=(purposes(DOCUMENT_SIGNER),))
IACA = replace(AUTHORITY, common_name="Licensing authority", country="DE")
PKI = make_pki(DESK, root=IACA, types=frozenset({MDL}))

ELEMENTS: dict[str, dict[str, Any]] = {
    SPACE: {
        "family_name": "Mustermann",
        "given_name": "Erika",
        "birth_date": Tagged(FULL_DATE, "1984-01-17"),
        "portrait": b"\xff\xd8\xff" + bytes(300),
        "height": 170,
        "age_over_18": True,
        "driving_privileges": [{"vehicle_category_code": "B", "issue_date": Tagged(FULL_DATE, "2019-10-20")}],
    },
    NATIONAL: {"restrictions": ["01"]},
}
CLAIMS: dict[str, dict[str, Any]] = {
    SPACE: {
        "family_name": "Mustermann",
        "given_name": "Erika",
        "birth_date": "1984-01-17",
        "portrait": encode_base64url(ELEMENTS[SPACE]["portrait"]),
        "height": 170,
        "age_over_18": True,
        "driving_privileges": [{"vehicle_category_code": "B", "issue_date": "2019-10-20"}],
    },
    NATIONAL: {"restrictions": ["01"]},
}
PATHS = tuple((name, identifier) for name, elements in ELEMENTS.items() for identifier in elements)
CONTENT = MdocContent(
    doc_type=MDL,
    elements=ELEMENTS,
    holder_key=HOLDER.public_key,
    validity=ValidityInfo(NOW - 100, NOW - 50, NOW + 1000, NOW + 500),
    status=MsoStatus(STATUS),
)
HANDOVER = OpenId4VpHandover(
    "x509_san_dns:library.example", "n-0S6_WzA2Mj", bytes(range(32)), "https://library.example/response"
)
FIVE = (
    (SPACE, "family_name"),
    (SPACE, "birth_date"),
    (SPACE, "height"),
    (SPACE, "age_over_18"),
    (NATIONAL, "restrictions"),
)


def issued(*, pki=PKI, random=1, **changes):
    """The licence as it is issued, with other content where that is said."""
    return issue_mdoc(replace(CONTENT, **changes), pki.signer, pki.certificates, seeded(random))


def presented(paths=FIVE, *, raw=None, handover=HANDOVER, signer=HOLDER, elements=None):
    """An answer with these elements of it."""
    return PresentableMdoc.of(issued() if raw is None else raw).present(paths, handover, signer, elements)


def verify(raw, *, anchors=PKI.anchors, now=NOW):
    return verify_issued_mdoc(raw, anchors=anchors, now=now)


def verify_presentation(raw, *, anchors=PKI.anchors, handover=HANDOVER, now=NOW):
    return verify_presented_mdoc(raw, anchors=anchors, handover=handover, now=now)


def read(raw):
    return IssuerSigned.from_bytes(decode_base64url(raw))


def read_response(raw):
    return DeviceResponse.from_bytes(decode_base64url(raw))


def mso_of(raw):
    return MobileSecurityObject.from_bytes(read(raw).issuer_auth.payload or b"")


def plain(raw):
    """The whole as plain values, to be changed and encoded again."""
    value: Any = read_cbor(decode_base64url(raw), "test")
    return value


def device_value(signed):
    """What the device signed, as plain values."""
    value: Any = read_cbor(signed.to_bytes(), "test")
    return value


def encoded(value):
    return encode_base64url(encode_cbor(value))


def signed_over(mso, *, pki=PKI, raw=None):
    """A licence whose signed part says this: a map, or bytes of it without their wrapper."""
    payload = encode_wrapped(mso if isinstance(mso, bytes) else encode_cbor(mso))
    value = plain(issued() if raw is None else raw)
    auth = value["issuerAuth"]
    auth[2] = payload
    auth[3] = pki.signer.sign(encode_cbor(["Signature1", auth[0], b"", payload]))
    return encoded(value)


def plain_mso(raw=None):
    """What was signed, as plain values."""
    payload: Any = read_cbor(read(issued() if raw is None else raw).issuer_auth.payload or b"", "mso")
    value: Any = read_cbor(payload.value, "mso")
    return value


def bare_item(digest_id, random, identifier, value):
    """An item without the wrapper that it travels in."""
    return read_wrapper(encode_item(digest_id, random, identifier, value), "item")


def altered(value, path, change):
    """A deep copy with one thing changed; `...` leaves it out."""
    if not path:
        return change
    step, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest or change is not ...:
        copy[step] = altered(copy[step] if rest else None, rest, change)
    else:
        del copy[step]
    return copy


def desk(**changes):
    """A document signer that is unlike ours in something, below the same kind of authority."""
    root = changes.pop("root", IACA)
    return make_pki(Template(**{**_fields(DESK), **changes}), root=root, types=frozenset({MDL}))


def _fields(template):
    return {name: getattr(template, name) for name in template.__slots__}
