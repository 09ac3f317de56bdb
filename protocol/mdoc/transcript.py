"""Session transcripts: which request, from whom and over which way, a holder's device answers (ISO/IEC 18013-5 §9.1.5.1).

A handover is made from what its own side sent or received, and never from anything that an answer says (T059, T064).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from protocol.cbor import CborValue, encode_cbor, encode_wrapped
from protocol.encoding import sha256

NULL = b"\xf6"  # CBOR's null: as a handover, that of a QR code
_OID4VP, _DC_API, _ISO_DC_API = map(encode_cbor, ("OpenID4VPHandover", "OpenID4VPDCAPIHandover", "dcapi"))


class Handover(Protocol):
    """The way in which a request came; a plain value, equal where it is the same."""

    def session_transcript(self) -> bytes:
        """The encoded SessionTranscript, an array without a tag around it."""


@dataclass(frozen=True, slots=True)
class OpenId4VpHandover:
    """A request of OpenID4VP by link or redirect (OID4VP 1.0 B.2.6.1)."""

    client_id: str  # with its prefix, exactly as in the request
    nonce: str
    jwk_thumbprint: bytes | None  # of the key that the answer is encrypted to; None: it is not
    response_uri: str  # or `redirect_uri`, by the response mode

    def session_transcript(self) -> bytes:
        """The encoded SessionTranscript."""
        return _hashed(_OID4VP, [self.client_id, self.nonce, self.jwk_thumbprint, self.response_uri])


@dataclass(frozen=True, slots=True)
class DcApiHandover:
    """A request of OpenID4VP by the Digital Credentials API (OID4VP 1.0 B.2.6.2)."""

    origin: str  # as the browser says it, without `origin:` before it
    nonce: str
    jwk_thumbprint: bytes | None  # of the key that the answer is encrypted to; None: it is not

    def session_transcript(self) -> bytes:
        """The encoded SessionTranscript."""
        return _hashed(_DC_API, [self.origin, self.nonce, self.jwk_thumbprint])


@dataclass(frozen=True, slots=True)
class IsoDcApiHandover:
    """A request of protocol `org-iso-mdoc` by the Digital Credentials API (ISO/IEC TS 18013-7 annex C)."""

    encryption_info: str  # base64url, exactly as in the request
    origin: str

    def session_transcript(self) -> bytes:
        """The encoded SessionTranscript."""
        return _hashed(_ISO_DC_API, [self.encryption_info, self.origin])


@dataclass(frozen=True, slots=True)
class ProximityHandover:
    """A request of a reader nearby (ISO/IEC 18013-5 §9.1.5.1). All three are encoded CBOR, exactly as it came or was sent."""

    device_engagement: bytes
    e_reader_key: bytes  # the COSE_Key
    handover: bytes = NULL  # of NFC: its messages in an array

    def session_transcript(self) -> bytes:
        """The encoded SessionTranscript."""
        return b"\x83" + encode_wrapped(self.device_engagement) + encode_wrapped(self.e_reader_key) + self.handover


def _hashed(name: bytes, info: list[CborValue]) -> bytes:
    # An array of two nulls and an array of both
    return b"".join((b"\x83\xf6\xf6\x82", name, b"\x58\x20", sha256(encode_cbor(info))))
