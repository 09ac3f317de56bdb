"""What a reader asks for, and who signs that it does (ISO/IEC 18013-5 §8.3.2.1.2.1, §9.1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from protocol.cbor import CborKey, CborMap, CborValue, Tagged, encode_cbor, read_cbor_map, read_wrapped, wrap
from protocol.cose import X5CHAIN, Sign1, read_x5chain, sign1, verify_sign1, write_x5chain
from protocol.errors import Malformed, NotTrusted, Unsupported
from protocol.keys import Signer
from protocol.x509 import Certificate

MAX_DEVICE_REQUEST = 256 * 1024  # bytes
MAX_DOCUMENTS = 16
MAX_NAMESPACES = 16  # of one document
MAX_ELEMENTS = 256  # of one namespace
MAX_NAME = 256  # characters of a type, namespace or element

_AT = "device request"

Elements = dict[str, dict[str, bool]]  # by namespace and name: whether the reader intends to retain it


@dataclass(frozen=True, slots=True)
class ItemsRequest:
    """One document that is asked for; its bytes are kept, for they are what was signed."""

    doc_type: str
    elements: Elements
    raw: bytes  # without tag 24
    info: Mapping[CborKey, CborValue] = field(
        default_factory=dict
    )  # `requestInfo`: whatever others agreed on; unchecked

    @classmethod
    def from_wrapped(cls, value: CborValue, at: str) -> Self:
        """Read a request for a document; members that are not known are ignored.

        Raises:
            Malformed: not a request in tag 24, or a member is missing or has the wrong shape.
        """
        request = read_wrapped(value, at)
        if not isinstance(request, dict) or not isinstance(value, Tagged) or not isinstance(value.value, bytes):
            raise Malformed(at, "must be a map")
        namespaces = _map(request.get("nameSpaces"), f"{at}.nameSpaces", MAX_NAMESPACES)
        elements = {name: _read_elements(found, f"{at}.nameSpaces") for name, found in namespaces.items()}
        info = request.get("requestInfo", {})
        if not isinstance(info, dict):
            raise Malformed(f"{at}.requestInfo", "must be a map")
        return cls(_name(request.get("docType"), f"{at}.docType"), elements, value.value, info)

    @classmethod
    def of(cls, doc_type: str, elements: Elements, info: Mapping[CborKey, CborValue] | None = None) -> Self:
        """A request of our own, in the order that is given."""
        namespaces: CborMap = {name: dict[CborKey, CborValue](found.items()) for name, found in elements.items()}
        request: CborMap = {"docType": doc_type, "nameSpaces": namespaces}
        if info:
            request["requestInfo"] = dict(info)
        return cls(doc_type, elements, encode_cbor(request), info or {})


@dataclass(frozen=True, slots=True)
class DocRequest:
    """A request for one document, with its reader's signature or without: parsed, not trusted."""

    items: ItemsRequest
    reader_auth: Sign1 | None


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """All that a reader asks for."""

    doc_requests: tuple[DocRequest, ...]
    version: str = "1.0"

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a request; versions 1.x and members that are not known are taken as the standard asks.

        Raises:
            TooLarge: over 256 KiB.
            Malformed: a member is missing or has the wrong shape, or there is more of something than its cap.
            Unsupported: another version, or a signature by an algorithm outside our list.
        """
        request = read_cbor_map(data, _AT, max_bytes=MAX_DEVICE_REQUEST)
        version = request.get("version")
        if not isinstance(version, str):
            raise Malformed(f"{_AT}.version", "must be a text")
        if not version.startswith("1."):
            raise Unsupported(f"{_AT}: this version is not accepted")
        documents = request.get("docRequests")
        if not isinstance(documents, list) or not 1 <= len(documents) <= MAX_DOCUMENTS:
            raise Malformed(f"{_AT}.docRequests", f"must be an array of 1 to {MAX_DOCUMENTS}")
        return cls(
            tuple(_read_document(found, f"{_AT}.docRequests[{i}]") for i, found in enumerate(documents)), version
        )


def write_device_request(
    requests: tuple[ItemsRequest, ...], *, transcript: bytes, signer: Signer | None, chain: tuple[Certificate, ...]
) -> bytes:
    """A request for documents, each signed for this session by the reader (§9.1.4.3); without a signer it is unsigned.

    `transcript` is SessionTranscript as it was encoded, without tag 24.
    """
    documents: list[CborValue] = []
    for items in requests:
        document: CborMap = {"itemsRequest": wrap(items.raw)}
        if signer is not None:
            signed = sign1(_authentication(items, transcript), signer, unprotected=_chain(chain))
            signed[2] = None
            document["readerAuth"] = signed
        documents.append(document)
    return encode_cbor({"version": "1.0", "docRequests": documents})


def verify_reader_auth(request: DocRequest, *, transcript: bytes) -> tuple[Certificate, ...]:
    """Check who signed a request for this session, and hand out the chain, leaf first. Whom to trust is not checked here.

    `transcript` is SessionTranscript as it was encoded, without tag 24.

    Raises:
        NotTrusted: nobody signed it, or no certificate says who.
        NotAuthentic: another algorithm than the key's, or a signature for something else.
        Malformed: a payload stands there, or a certificate cannot be read.
    """
    if request.reader_auth is None:
        raise NotTrusted("reader authentication: is missing")
    at = "reader authentication"
    chain = read_x5chain(request.reader_auth.header, at)
    verify_sign1(request.reader_auth, chain[0].public_key, at=at, payload=_authentication(request.items, transcript))
    return chain


def _authentication(items: ItemsRequest, transcript: bytes) -> bytes:
    """ReaderAuthenticationBytes (§9.1.4.4). The transcript stands in it with the bytes that it has."""
    head = b"\x83" + encode_cbor("ReaderAuthentication")
    return encode_cbor(wrap(head + transcript + encode_cbor(wrap(items.raw))))


def _chain(chain: tuple[Certificate, ...]) -> dict[int, CborValue]:
    return {X5CHAIN: write_x5chain(chain)}


def _read_document(value: CborValue, at: str) -> DocRequest:
    if not isinstance(value, dict):
        raise Malformed(at, "must be a map")
    signature = value.get("readerAuth")
    return DocRequest(
        ItemsRequest.from_wrapped(value.get("itemsRequest"), f"{at}.itemsRequest"),
        # A null is refused: a request is signed, or has no such member
        Sign1.from_value(signature, f"{at}.readerAuth") if "readerAuth" in value else None,
    )


def _read_elements(value: CborValue, at: str) -> dict[str, bool]:
    elements: dict[str, bool] = {}
    for name, retain in _map(value, at, MAX_ELEMENTS).items():
        if not isinstance(retain, bool):
            raise Malformed(at, "must say of every element whether it is retained")
        elements[name] = retain
    return elements


def _map(value: CborValue, at: str, maximum: int) -> dict[str, CborValue]:
    if not isinstance(value, dict) or not 1 <= len(value) <= maximum:
        raise Malformed(at, f"must be a map of 1 to {maximum} entries")
    return {_name(key, at): item for key, item in value.items()}


def _name(value: CborValue, at: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_NAME:
        raise Malformed(at, f"must be a text of 1 to {MAX_NAME} characters")
    return value
