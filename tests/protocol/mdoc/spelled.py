"""Answers, documents and signed objects that are spelled by hand, and what is read of them in both ways."""

from protocol.cbor import (
    MAX_CBOR_BYTES,
    Wrappers,
    encode_bytes,
    encode_cbor,
    encode_head,
    encode_wrapped,
    read_cbor,
    read_cbor_map,
)
from protocol.errors import ProtocolError
from protocol.mdoc.device_response import DeviceResponse
from protocol.mdoc.issuer_signed import IssuerSigned
from protocol.mdoc.mso import MobileSecurityObject
from protocol.mdoc.plain_mso import read_mso
from protocol.mdoc.plain_response import read_issuer_signed, read_response
from tests.protocol.mdoc.samples import HOLDER, MDL, SPACE

AT = "test"
TEXT = encode_cbor


def outcome(reading):
    try:
        return reading()
    except ProtocolError as error:
        return type(error), str(error)


def both_of_response(data):
    """By way of the bytes where they allow it, and by way of the decoder."""
    return (
        outcome(lambda: DeviceResponse.from_bytes(data, AT)),
        outcome(lambda: DeviceResponse._from_value(data, AT, MAX_CBOR_BYTES)),
    )


def both_of_document(data):
    return (
        outcome(lambda: IssuerSigned.from_bytes(data, AT)),
        outcome(lambda: IssuerSigned.from_value(read_cbor_map(data, AT), Wrappers(data), AT)),
    )


def both_of_mso(data):
    return (
        outcome(lambda: MobileSecurityObject.from_bytes(encode_wrapped(data), AT)),
        outcome(lambda: MobileSecurityObject._from_value(read_cbor(data, AT), AT)),
    )


READERS = {
    "response": (read_response, both_of_response),
    "document": (read_issuer_signed, both_of_document),
    "mso": (read_mso, both_of_mso),
}


def pairs(*members):
    """A map, of names and what is encoded already."""
    return encode_head(0xA0, len(members)) + b"".join([TEXT(name) + value for name, value in members])


def array(*items):
    return encode_head(0x80, len(items)) + b"".join(items)


PROTECTED, SIGNATURE = encode_bytes(encode_cbor({1: -7})), encode_bytes(bytes(64))
ITEM = (
    ("random", encode_bytes(bytes(16))),
    ("digestID", b"\x07"),
    ("elementValue", TEXT("Mustermann")),
    ("elementIdentifier", TEXT("family_name")),
)
SIGNED = (PROTECTED, encode_cbor({33: b"certificate"}), encode_bytes(b"payload"), SIGNATURE)
ISSUER = (("nameSpaces", pairs((SPACE, array(encode_wrapped(pairs(*ITEM)))))), ("issuerAuth", array(*SIGNED)))
DEVICE = (
    ("nameSpaces", encode_wrapped(b"\xa0")),
    ("deviceAuth", pairs(("deviceSignature", array(PROTECTED, b"\xa0", b"\xf6", SIGNATURE)))),
)
DOCUMENT = (("docType", TEXT(MDL)), ("issuerSigned", pairs(*ISSUER)), ("deviceSigned", pairs(*DEVICE)))
RESPONSE = (("version", TEXT("1.0")), ("documents", array(pairs(*DOCUMENT))), ("status", b"\x00"))

X, Y = HOLDER.public_key.point[:32], HOLDER.public_key.point[32:]
KEY = b"\xa4\x01\x02\x20\x01\x21" + encode_bytes(X) + b"\x22" + encode_bytes(Y)
TIMES = (
    ("signed", b"\xc0" + TEXT("2027-01-10T08:00:00Z")),
    ("validFrom", b"\xc0" + TEXT("2027-01-11T08:00:00Z")),
    ("validUntil", b"\xc0" + TEXT("2027-01-12T08:00:00Z")),
)
PLACE = (("idx", b"\x1a\x00\x01\x00\x00"), ("uri", TEXT("https://issuer.example/status/1")))
DIGEST = encode_bytes(bytes(range(32)))
MSO = (
    ("version", TEXT("1.0")),
    ("digestAlgorithm", TEXT("SHA-256")),
    ("valueDigests", pairs((SPACE, b"\xa2\x07" + DIGEST + b"\x18\x18" + DIGEST))),
    ("deviceKeyInfo", pairs(("deviceKey", KEY))),
    ("docType", TEXT(MDL)),
    ("validityInfo", pairs(*TIMES)),
    ("status", pairs(("status_list", pairs(*PLACE)))),
)


def changed(members, name, value):
    """A map with one member changed; `...` leaves it out."""
    return [(known, value if known == name else old) for known, old in members if known != name or value is not ...]


def in_response(document):
    return pairs(*changed(RESPONSE, "documents", array(document)))


def in_issuer(issuer):
    return in_response(pairs(*changed(DOCUMENT, "issuerSigned", issuer)))


def in_items(*items):
    return in_issuer(pairs(*changed(ISSUER, "nameSpaces", pairs((SPACE, array(*items))))))


def in_item(members):
    return in_items(encode_wrapped(pairs(*members)))


def in_device(device):
    return in_response(pairs(*changed(DOCUMENT, "deviceSigned", device)))


def in_auth(*signed):
    return in_issuer(pairs(*changed(ISSUER, "issuerAuth", array(*signed))))


def in_mso(name, value):
    return pairs(*changed(MSO, name, value))


def in_place(*members):
    return in_mso("status", pairs(("status_list", pairs(*members))))
