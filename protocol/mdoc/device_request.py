"""What a reader asks for, and who signs that it does (ISO/IEC 18013-5 §8.3.2.1.2.1, §9.1.4).

The reader signs for each document, or once for all of them, as the second edition has it from version 1.1 on (its §12.5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from protocol.cbor import CborKey, CborMap, CborValue, encode_cbor, read_cbor_map, read_wrapped, wrap
from protocol.cose import X5CHAIN, Sign1, read_x5chain, sign1, verify_sign1, write_x5chain
from protocol.errors import Malformed, NotTrusted, Unsupported
from protocol.keys import Signer
from protocol.x509 import Certificate

MAX_DEVICE_REQUEST = 256 * 1024  # bytes
MAX_DOCUMENTS = 16
MAX_NAMESPACES = 16  # of one document
MAX_ELEMENTS = 256  # of one namespace
MAX_NAME = 256  # characters of a type, namespace or element
MAX_SIGNATURES = 8  # of the whole

_AT = "device request"
_READ_VERSIONS = re.compile(r"1\.(\d{1,3})", re.ASCII)  # what a minor one adds is ignored

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
        request, raw = read_wrapped(value, at)
        if not isinstance(request, dict):
            raise Malformed(at, "must be a map")
        namespaces = _map(request.get("nameSpaces"), f"{at}.nameSpaces", MAX_NAMESPACES)
        elements = {name: _read_elements(found, f"{at}.nameSpaces") for name, found in namespaces.items()}
        info = request.get("requestInfo", {})
        if not isinstance(info, dict):
            raise Malformed(f"{at}.requestInfo", "must be a map")
        return cls(_name(request.get("docType"), f"{at}.docType"), elements, raw, info)

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
    # Of the whole, each by another party or in another way; those by algorithms outside our list are left out
    reader_auth_all: tuple[Sign1, ...] = ()
    info: bytes | None = (
        None  # `deviceRequestInfo`, without tag 24: signed with the whole, and else looked at by nobody
    )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a request; versions 1.x and members that are not known are taken as the standard asks.

        What the second edition adds counts from version 1.1 on: in one of 1.0 it is not known, and nobody signed the whole.

        Raises:
            TooLarge: over 256 KiB.
            Malformed: a member is missing or has the wrong shape, or there is more of something than its cap.
            Unsupported: another version, or a document's signature by an algorithm outside our list.
        """
        request = read_cbor_map(data, _AT, max_bytes=MAX_DEVICE_REQUEST)
        version = request.get("version")
        if not isinstance(version, str):
            raise Malformed(f"{_AT}.version", "must be a text")
        minor = _READ_VERSIONS.fullmatch(version)
        if minor is None:
            raise Unsupported(f"{_AT}: this version is not accepted")
        documents = request.get("docRequests")
        if not isinstance(documents, list) or not 1 <= len(documents) <= MAX_DOCUMENTS:
            raise Malformed(f"{_AT}.docRequests", f"must be an array of 1 to {MAX_DOCUMENTS}")
        read = tuple(_read_document(found, f"{_AT}.docRequests[{i}]") for i, found in enumerate(documents))
        if int(minor[1]) == 0:
            return cls(read, version)
        return cls(read, version, _read_signatures(request), _read_info(request))


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


class Signatory(NamedTuple):
    """Who signs a request, with the certificates that vouch for it, leaf first."""

    signer: Signer
    chain: tuple[Certificate, ...]


def write_whole_request(
    requests: tuple[ItemsRequest, ...], *, transcript: bytes, signatories: Sequence[Signatory]
) -> bytes:
    """A request whose signers each sign all of it at once, for wallets that know the second edition (its §12.5).

    `transcript` is SessionTranscript as it was encoded, without tag 24.
    """
    covered = _authentication_of_all(requests, None, transcript)
    signatures: list[CborValue] = []
    for signer, chain in signatories:
        signed = sign1(covered, signer, unprotected=_chain(chain))
        signed[2] = None
        signatures.append(signed)
    documents: list[CborValue] = [{"itemsRequest": wrap(items.raw)} for items in requests]
    return encode_cbor({"version": "1.1", "docRequests": documents, "readerAuthAll": signatures})


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
    return _verify(request.reader_auth, _authentication(request.items, transcript))


def verify_reader_auth_all(request: DeviceRequest, signature: Sign1, *, transcript: bytes) -> tuple[Certificate, ...]:
    """Check one of the signatures of the whole, and hand out its chain; else see `verify_reader_auth`.

    Raises:
        NotTrusted: no certificate says who signed it.
        NotAuthentic, Malformed: see `verify_reader_auth`.
    """
    items = [document.items for document in request.doc_requests]
    return _verify(signature, _authentication_of_all(items, request.info, transcript))


def _verify(signature: Sign1, covered: bytes) -> tuple[Certificate, ...]:
    at = "reader authentication"
    chain = read_x5chain(signature.header, at)
    verify_sign1(signature, chain[0].public_key, at=at, payload=covered)
    return chain


def _authentication(items: ItemsRequest, transcript: bytes) -> bytes:
    """ReaderAuthenticationBytes (§9.1.4.4). The transcript stands in it with the bytes that it has."""
    head = b"\x83" + encode_cbor("ReaderAuthentication")
    return encode_cbor(wrap(head + transcript + encode_cbor(wrap(items.raw))))


def _authentication_of_all(items: Sequence[ItemsRequest], info: bytes | None, transcript: bytes) -> bytes:
    """ReaderAuthenticationAllBytes (second edition §12.5)."""
    head = b"\x84" + encode_cbor("ReaderAuthenticationAll")
    documents = encode_cbor([wrap(one.raw) for one in items])
    return encode_cbor(wrap(head + transcript + documents + encode_cbor(None if info is None else wrap(info))))


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


def _read_signatures(request: CborMap) -> tuple[Sign1, ...]:
    at = f"{_AT}.readerAuthAll"
    if "readerAuthAll" not in request:
        return ()
    value = request["readerAuthAll"]
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_SIGNATURES:
        raise Malformed(at, f"must be an array of 1 to {MAX_SIGNATURES}")
    found: list[Sign1] = []
    for signature in value:
        # One that we cannot read is for other wallets, and vouches for nothing here
        with suppress(Unsupported):
            found.append(Sign1.from_value(signature, at))
    return tuple(found)


def _read_info(request: CborMap) -> bytes | None:
    at = f"{_AT}.deviceRequestInfo"
    if "deviceRequestInfo" not in request:
        return None
    info, raw = read_wrapped(request["deviceRequestInfo"], at)
    if not isinstance(info, dict):
        raise Malformed(at, "must be a map")
    return raw


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
