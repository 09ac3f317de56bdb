"""CBOR by itself: which message of ISO/IEC 18013-5 it is, told by its outer members; and codes that carry parts of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hoheit.inspect.mdoc import explain_issued, explain_request, explain_response, plain
from hoheit.inspect.meeting import explain_engagement, explain_session_data, explain_session_establishment
from hoheit.inspect.report import Report
from hoheit.inspect.surroundings import Surroundings
from protocol.cbor import MAX_CBOR_BYTES, CborKey, read_cbor
from protocol.encoding import decode_base64url
from protocol.errors import Malformed, ProtocolError, TooLarge
from protocol.mdoc.frames import Frame, FrameDecoder

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_AT = "input"
UNKNOWN = "is no token, link, certificate, DID or message that is known here"


@dataclass(frozen=True, slots=True)
class Shape:
    """A message that is known by its members."""

    names: frozenset[CborKey]
    explain: Callable[[bytes, Surroundings], Report]


# The first whose members are all there says what it is
SHAPES = (
    Shape(frozenset(("issuerAuth",)), explain_issued),
    Shape(frozenset(("version", "docRequests")), explain_request),
    Shape(frozenset(("version", "status")), explain_response),
    Shape(frozenset(("eReaderKey",)), explain_session_establishment),
    Shape(frozenset(("data",)), explain_session_data),
    Shape(frozenset(("status",)), explain_session_data),
    Shape(frozenset((0, 1)), explain_engagement),
)


def explain_cbor_text(text: str, around: Surroundings) -> Report:
    """CBOR in hexadecimal or base64url.

    Raises:
        ProtocolError: neither of them, or it cannot be taken apart.
    """
    if len(text) > 2 * MAX_CBOR_BYTES:
        raise TooLarge(_AT, f"is larger than {MAX_CBOR_BYTES} bytes")
    if not _HEX.fullmatch(text):
        return explain_cbor(_decode(text), around)
    try:
        return explain_cbor(bytes.fromhex(text), around)
    except Malformed:
        return explain_cbor(_decode(text), around)  # what is hexadecimal is base64url too


def _decode(text: str) -> bytes:
    try:
        return decode_base64url(text, _AT)
    except Malformed as error:
        raise Malformed(_AT, UNKNOWN) from error


def explain_cbor(data: bytes, around: Surroundings) -> Report:
    """One data item.

    Raises:
        ProtocolError: it cannot be taken apart, or is nothing that is known here.
    """
    try:
        value = read_cbor(data, _AT)
    except Malformed as error:
        raise Malformed(_AT, UNKNOWN) from error
    members = value.keys() if isinstance(value, dict) else frozenset[CborKey]()
    shape = next((shape for shape in SHAPES if shape.names <= members), None)
    if shape is not None:
        return shape.explain(data, around)
    report = Report("CBOR of a kind that is not known here", "RFC 8949")
    report.content["value"] = plain(value)
    report.note(None, "whether it is right: nothing in it tells of a message that is known here")
    return report


def explain_frame(text: str, around: Surroundings) -> Report:
    """One of the codes that carry a message in turn (docs/decisions/0030).

    Raises:
        ProtocolError: it is none.
    """
    frame = Frame.from_text(text)
    report = Report("One of several QR codes that carry a message between two devices", "docs/decisions/0030")
    report.content = {
        "of the message": frame.id.hex(),
        "size of the message": frame.size,
        "number of this code": frame.number,
        "bytes of the message in each code": len(frame.data),
        "different codes that give the message back": frame.count,
    }
    if frame.count > 1:
        report.note(None, f"what the message says: that takes {frame.count} different codes of it")
        return report
    found: list[bytes] = []
    if report.check("the message is whole", lambda: found.extend(filter(None, [FrameDecoder().add(text)]))):
        try:
            report.inside.extend(explain_cbor(message, around) for message in found)
        except ProtocolError as error:
            report.note(None, f"what the message says: {error.description}")
    return report
