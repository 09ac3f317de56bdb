"""What travels as `org-iso-mdoc` over the Digital Credentials API (ISO/IEC TS 18013-7 annex C).

A page asks with a DeviceRequest and a key, and gets a DeviceResponse that is encrypted to it. That the answer is for this page
and this request, the handover says, which both the reader's signature and the encryption hang on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from protocol.cbor import CborMap, encode_cbor, read_cbor
from protocol.cose_key import read_cose_key, write_cose_key
from protocol.encoding import JsonObject, decode_base64url, encode_base64url
from protocol.errors import InvalidRequest, Malformed, TooLarge, Unsupported, raised_as
from protocol.fields import Fields
from protocol.hpke import Sealed, open_hpke, seal_hpke
from protocol.keys import P256Key, PublicKey
from protocol.mdoc.device_request import MAX_DEVICE_REQUEST
from protocol.mdoc.transcript import IsoDcApiHandover

ORG_ISO_MDOC = "org-iso-mdoc"  # the protocol, as browsers call it
MIN_NONCE = 16  # bytes
MAX_ENCRYPTION_INFO = 4096  # characters
MAX_RESPONSE = 1 << 20  # characters

_NAME = "dcapi"
_AT = "encryptionInfo"
_RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class EncryptionInfo:
    """What the answer is encrypted to. Both sides sign and encrypt for this very text, so it is kept."""

    nonce: bytes
    recipient: PublicKey  # on P-256
    text: str  # base64url, as it travels

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what a page sent; parameters that are not known are ignored.

        Raises:
            TooLarge: over 4096 characters.
            Malformed: another shape, a nonce of less than 16 bytes, or a private key.
            Unsupported: a key on another curve: the answer is never sent in clear instead (T165).
        """
        if len(text) > MAX_ENCRYPTION_INFO:
            raise TooLarge(_AT, f"has over {MAX_ENCRYPTION_INFO} characters")
        parameters = _read_named(text, _AT)
        nonce = _bytes(parameters, "nonce", _AT)
        if len(nonce) < MIN_NONCE:
            raise Malformed(f"{_AT}.nonce", f"must have at least {MIN_NONCE} bytes")
        recipient = read_cose_key(parameters.get("recipientPublicKey"), f"{_AT}.recipientPublicKey")
        if recipient.crv != "P-256":
            raise Unsupported(f"{_AT}.recipientPublicKey: is on another curve than P-256")
        return cls(nonce, recipient, text)

    @classmethod
    def of(cls, nonce: bytes, recipient: PublicKey) -> Self:
        """For a request of our own; both are fresh for it. What no wallet may answer to is a ValueError (T191)."""
        if len(nonce) < MIN_NONCE or recipient.crv != "P-256":
            raise ValueError("a nonce has at least 128 bits, and a key is on P-256")
        parameters: CborMap = {"nonce": nonce, "recipientPublicKey": write_cose_key(recipient)}
        return cls(nonce, recipient, _write_named(parameters))

    def handover(self, origin: str) -> IsoDcApiHandover:
        """What everything is bound to, for a page of this origin."""
        return IsoDcApiHandover(self.text, origin)


@dataclass(frozen=True, slots=True)
class DocumentsRequest:
    """What a page hands to its browser: parsed, not trusted."""

    device_request: bytes
    encryption: EncryptionInfo

    @classmethod
    def from_data(cls, data: object) -> Self:
        """Read the `data` of a request; members that are not known are ignored.

        Raises:
            Malformed, TooLarge, Unsupported: a member is missing or has the wrong shape; see `EncryptionInfo.from_text`.
        """
        request = Fields(data, "request")
        encoded = request.text("deviceRequest", max_length=MAX_DEVICE_REQUEST * 4 // 3 + 4)
        return cls(
            decode_base64url(encoded, request.path("deviceRequest")),
            EncryptionInfo.from_text(request.text(_AT, max_length=MAX_ENCRYPTION_INFO)),
        )

    def to_data(self) -> JsonObject:
        """The `data` of a request."""
        return {"deviceRequest": encode_base64url(self.device_request), _AT: self.encryption.text}


def seal_device_response(response: bytes, handover: IsoDcApiHandover) -> JsonObject:
    """The `data` with an answer, encrypted to whoever the handover names.

    Raises:
        Malformed, TooLarge, Unsupported: see `EncryptionInfo.from_text`.
    """
    recipient = EncryptionInfo.from_text(handover.encryption_info).recipient
    sealed = seal_hpke(response, recipient, info=handover.session_transcript())
    return {_RESPONSE: _write_named({"enc": sealed.enc, "cipherText": sealed.ciphertext})}


def open_device_response(data: object, key: P256Key, handover: IsoDcApiHandover) -> bytes:
    """The encoded DeviceResponse in what a page got from its browser; members that are not known are ignored.

    Raises:
        InvalidRequest: another shape (T176), or what cannot be decrypted: for another page or request (T059, T167), to
            another key, or altered (T181).
        TooLarge: it is over its cap.
    """
    with raised_as(InvalidRequest):
        text = Fields(data, "answer").text(_RESPONSE, max_length=MAX_RESPONSE)
        members = _read_named(text, _RESPONSE)
        sealed = Sealed(_bytes(members, "enc", _RESPONSE), _bytes(members, "cipherText", _RESPONSE))
        return open_hpke(sealed, key, info=handover.session_transcript(), at=_RESPONSE)


def _write_named(members: CborMap) -> str:
    return encode_base64url(encode_cbor([_NAME, members]))


def _read_named(text: str, at: str) -> CborMap:
    value = read_cbor(decode_base64url(text, at), at)
    if not isinstance(value, list) or len(value) != 2 or value[0] != _NAME or not isinstance(value[1], dict):
        raise Malformed(at, f"must be an array of {_NAME} and a map")
    return value[1]


def _bytes(members: CborMap, name: str, at: str) -> bytes:
    value = members.get(name)
    if not isinstance(value, bytes):
        raise Malformed(f"{at}.{name}", "must be bytes")
    return value
