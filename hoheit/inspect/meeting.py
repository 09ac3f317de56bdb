"""How a wallet and a reader meet: the engagement in the wallet's QR code, and what their encrypted session shows of itself."""

from __future__ import annotations

from hoheit.inspect.mdoc import plain
from hoheit.inspect.report import Report
from hoheit.inspect.surroundings import Surroundings
from protocol.encoding import JsonValue
from protocol.mdoc.engagement import BLE, NFC, WIFI_AWARE, DeviceEngagement, RetrievalMethod
from protocol.mdoc.session import SessionData, SessionEstablishment, Termination

_CARRIERS = {NFC: "NFC", BLE: "Bluetooth Low Energy", WIFI_AWARE: "Wi-Fi Aware"}
_ENDS = {
    Termination.ENCRYPTION_ERROR: "something could not be decrypted",
    Termination.DECODING_ERROR: "something could not be read",
    Termination.TERMINATED: "it is over",
}
_TAG = 16  # bytes of AES-GCM's


def explain_engagement_link(text: str, around: Surroundings) -> Report:
    """What a wallet's QR code says.

    Raises:
        ProtocolError: it cannot be taken apart.
    """
    del around  # nothing in it is a time
    return _explain_engagement(DeviceEngagement.from_text(text))


def explain_engagement(data: bytes, around: Surroundings) -> Report:
    """The same without its scheme, decoded.

    Raises:
        ProtocolError: it cannot be taken apart.
    """
    del around  # nothing in it is a time
    return _explain_engagement(DeviceEngagement.from_bytes(data))


def _explain_engagement(engagement: DeviceEngagement) -> Report:
    report = Report("Device engagement: a wallet offers to meet a reader", "ISO/IEC 18013-5 §8.2.1, §9.1.1.4")
    report.content = {
        "version": engagement.version,
        "the wallet's key for this session": engagement.device_key.to_jwk(),
        "ways to meet": [_way(method) for method in engagement.methods],
    }
    report.note(None, "whose wallet it is, and what it holds: an engagement says nothing about that")
    return report


def explain_session_establishment(data: bytes, around: Surroundings) -> Report:
    """A reader's first message.

    Raises:
        ProtocolError: it cannot be taken apart.
    """
    del around  # nothing in it is a time
    message = SessionEstablishment.from_bytes(data)
    report = Report("Session establishment: a reader's first message to a wallet", "ISO/IEC 18013-5 §9.1.1.4")
    report.content = {
        "the reader's key for this session": message.reader_key.to_jwk(),
        "size of the request": max(0, len(message.data) - _TAG),
    }
    report.note(None, "who asks, and for what: cannot be told without the keys of the session")
    return report


def explain_session_data(data: bytes, around: Surroundings) -> Report:
    """A later message of either side.

    Raises:
        ProtocolError: it cannot be taken apart.
    """
    del around  # nothing in it is a time
    message = SessionData.from_bytes(data)
    report = Report("Message of a session between a wallet and a reader", "ISO/IEC 18013-5 §9.1.1.4")
    if message.data is not None:
        report.content["size of the content"] = max(0, len(message.data) - _TAG)
        report.note(None, "whose it is, and what is inside: cannot be told without the keys of the session")
    if message.status is not None:
        report.content["the session ends"] = f"{message.status}: {_end(message.status)}"
    return report


def _way(method: RetrievalMethod) -> dict[str, JsonValue]:
    name = _CARRIERS.get(method.kind, f"of a kind that the standard does not have ({method.kind})")
    return {"by": name, "version": method.version, "options": plain(method.options)}


def _end(status: int) -> str:
    return next((meaning for code, meaning in _ENDS.items() if code == status), "for a reason that is not known here")
