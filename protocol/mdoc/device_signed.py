"""What a holder's device signed: that it holds the document's key and answers this very request (ISO/IEC 18013-5 §9.1.3).

The signature is over the session transcript and the type of document, so it fits one request and one document alone.
A MAC says the same to the one reader whose key it was made with (§9.1.3.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocol.cbor import (
    ENCODED_CBOR,
    CborKey,
    CborValue,
    Tagged,
    encode_cbor,
    encode_wrapped,
    read_cbor_map,
)
from protocol.cose import Sign1, sign1_detached, verify_sign1
from protocol.cose_mac import Mac0, mac0, verify_mac0
from protocol.encoding import sha256
from protocol.errors import Flaw, Malformed, NotAuthentic, NotBound
from protocol.keys import Decrypter, PublicKey, Signer
from protocol.mdoc.mso import KeyAuthorizations, read_name

_AT = "deviceSigned"
_NO_ELEMENTS = encode_cbor({})

DeviceElements = Mapping[str, Mapping[str, CborValue]]  # namespace → element → value


@dataclass(frozen=True, slots=True)
class DeviceSigned:
    """The device's part of a document, as it came or as it was made."""

    name_spaces: bytes  # encoded elements, as they came: what was signed
    elements: DeviceElements
    auth: Sign1 | Mac0

    @classmethod
    def from_value(cls, value: CborValue, at: str = _AT) -> Self:
        """Read it, without checking the signature.

        Raises:
            Malformed: neither a signature nor a MAC, or both of them (T058), or another shape.
            TooLarge, Unsupported: see `read_cbor`, `Sign1.from_value` and `Mac0.from_value`.
        """
        if not isinstance(value, dict):
            raise Malformed(at, "must be a map")
        wrapper = value.get("nameSpaces")
        if not isinstance(wrapper, Tagged) or wrapper.tag != ENCODED_CBOR or not isinstance(wrapper.value, bytes):
            raise Malformed(f"{at}.nameSpaces", "must be CBOR in a byte string with tag 24")
        elements = _read_elements(wrapper.value, f"{at}.nameSpaces")
        return cls(wrapper.value, elements, _read_auth(value.get("deviceAuth"), f"{at}.deviceAuth"))

    @classmethod
    def from_plain(cls, auth: CborValue, at: str = _AT) -> Self:
        """What has no elements of its own, of the array of its signature.

        Raises:
            Malformed, TooLarge, Unsupported: see `Sign1.from_value`.
        """
        return cls(_NO_ELEMENTS, {}, Sign1.from_value(auth, f"{at}.deviceAuth.deviceSignature"))

    def to_bytes(self) -> bytes:
        """The member of a document, in its one encoding."""
        if isinstance(self.auth, Sign1):
            auth = b"\xa1\x6fdeviceSignature" + self.auth.to_bytes()
        else:
            auth = b"\xa1\x69deviceMac" + encode_cbor(self.auth.to_value())
        return b"".join((b"\xa2\x6adeviceAuth", auth, b"\x6anameSpaces", encode_wrapped(self.name_spaces)))

    def check_authorized(self, authorizations: KeyAuthorizations, at: str = _AT) -> None:
        """Check that the issuer lets the device sign each of its elements.

        Raises:
            NotAuthentic: there is one that it does not.
        """
        for name, elements in self.elements.items():
            if not all(authorizations.covers(name, identifier) for identifier in elements):
                raise NotAuthentic(f"{at}: has an element that the issuer does not let the device sign")


def sign_device(
    doc_type: str, transcript: bytes, signer: Signer, elements: DeviceElements | None = None
) -> DeviceSigned:
    """The device's part with a signature (§9.1.3.6). Elements that the issuer did not allow would be refused."""
    name_spaces = _encode_elements(elements)
    auth = sign1_detached(device_authentication(doc_type, transcript, name_spaces), signer)
    return DeviceSigned(name_spaces, elements or {}, auth)


def mac_device(
    doc_type: str,
    transcript: bytes,
    device_key: Decrypter,
    reader_key: PublicKey,
    elements: DeviceElements | None = None,
) -> DeviceSigned:
    """The device's part with a MAC for the reader that has this key for this session (§9.1.3.5).

    Raises:
        Unsupported: the reader's key is on another curve.
    """
    name_spaces = _encode_elements(elements)
    key = derive_mac_key(device_key, reader_key, transcript)
    return DeviceSigned(
        name_spaces, elements or {}, mac0(device_authentication(doc_type, transcript, name_spaces), key)
    )


def verify_device_signed(
    signed: DeviceSigned,
    doc_type: str,
    device_key: PublicKey,
    *,
    transcript: bytes,
    reader_key: Decrypter | None = None,
    at: str = _AT,
) -> None:
    """Check that the holder of this key answered the request that the transcript stands for (T059).

    A MAC can be checked with the reader's own key of the session alone. What may be signed is `check_authorized`.

    Raises:
        NotBound: the signature or the MAC does not hold for this key, document and request, or a MAC without the key.
    """
    covered = device_authentication(doc_type, transcript, signed.name_spaces)
    try:
        if isinstance(signed.auth, Sign1):
            verify_sign1(signed.auth, device_key, at=at, payload=covered)
        elif reader_key is None:
            raise NotBound(f"{at}: has a MAC, which cannot be checked here")
        else:
            verify_mac0(signed.auth, derive_mac_key(reader_key, device_key, transcript), at=at, payload=covered)
    except NotBound:
        raise
    except Flaw as flaw:
        raise NotBound(f"{at}: the holder did not answer this request") from flaw


def device_authentication(doc_type: str, transcript: bytes, name_spaces: bytes) -> bytes:
    """DeviceAuthenticationBytes: what the device signs, over bytes as they came (§9.1.3.4)."""
    parts = (b"\x84\x74DeviceAuthentication", transcript, encode_cbor(doc_type), encode_wrapped(name_spaces))
    return encode_wrapped(b"".join(parts))


def derive_mac_key(own: Decrypter, peer: PublicKey, transcript: bytes) -> bytes:
    """EMacKey: the same for the device with the reader's key and for the reader with the device's (§9.1.3.5).

    Raises:
        Unsupported: the other's key is on another curve.
    """
    salt = sha256(encode_wrapped(transcript))
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=b"EMacKey").derive(own.agree(peer))


def _encode_elements(elements: DeviceElements | None) -> bytes:
    if not elements:
        return _NO_ELEMENTS
    return encode_cbor({name: dict[CborKey, CborValue](members.items()) for name, members in elements.items()})


def _read_elements(encoded: bytes, at: str) -> DeviceElements:
    if encoded == _NO_ELEMENTS:
        return {}
    found: dict[str, dict[str, CborValue]] = {}
    for name, members in read_cbor_map(encoded, at).items():
        if not isinstance(members, dict) or not members:
            raise Malformed(at, "must have a map that is not empty for each namespace")
        found[read_name(name, at)] = {read_name(identifier, at): value for identifier, value in members.items()}
    return found


def _read_auth(value: CborValue, at: str) -> Sign1 | Mac0:
    if not isinstance(value, dict):
        raise Malformed(at, "must be a map")
    signature, mac = value.get("deviceSignature"), value.get("deviceMac")
    if signature is None and mac is None:
        # Not `NotBound`, which whoever reads an answer may say only of what was verified otherwise
        raise Malformed(at, "has neither a signature nor a MAC")
    if signature is not None and mac is not None:
        raise Malformed(at, "must have either a signature or a MAC")
    if mac is None:
        return Sign1.from_value(signature, f"{at}.deviceSignature")
    return Mac0.from_value(mac, f"{at}.deviceMac")
