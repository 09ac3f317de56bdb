"""What a holder answers: documents with the elements chosen, or why there are none (ISO/IEC 18013-5 §8.3.2.1.2.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from protocol.cbor import MAX_CBOR_BYTES, CborKey, CborMap, CborValue, Wrappers, encode_cbor, encode_head, read_cbor_map
from protocol.errors import Malformed, TooLarge, Unsupported
from protocol.mdoc.device_signed import DeviceSigned
from protocol.mdoc.issuer_signed import IssuerSigned
from protocol.mdoc.mso import read_name
from protocol.mdoc.plain import read_plain
from protocol.mdoc.plain_response import PlainDocument, read_response

VERSION = "1.0"
MAX_DOCUMENTS = 32

# Of the whole answer (table 8)
OK = 0
GENERAL_ERROR = 10
CBOR_DECODING_ERROR = 11
CBOR_VALIDATION_ERROR = 12
DATA_NOT_RETURNED = 0  # the one error of a document or an element that has a number (table 9)

_AT = "device response"
_READ_VERSIONS = re.compile(r"1\.\d{1,3}", re.ASCII)  # what a minor one adds is ignored
_NUMBERS = range(-(2**63), 2**63)

_VERSION = encode_cbor(VERSION)

Errors = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of an answer; parsed, not trusted."""

    doc_type: str
    issuer_signed: IssuerSigned
    device_signed: DeviceSigned
    errors: Mapping[str, Errors] = field(default_factory=dict)  # namespace → element that is not there → why

    @classmethod
    def from_value(cls, value: CborValue, wrappers: Wrappers, at: str = "document") -> Self:
        """Read a document; `wrappers` is of the bytes that it and all documents before it were read from.

        Raises:
            Malformed: a member is missing, what the device signed among them (T058), or has another shape.
            TooLarge, Unsupported: see `IssuerSigned.from_value` and `DeviceSigned.from_value`.
        """
        if not isinstance(value, dict):
            raise Malformed(at, "must be a map")
        if "deviceSigned" not in value:
            # Not `NotBound`: that says of a credential that all else about it is in order, and nothing was verified yet
            raise Malformed(at, "has nothing that the holder's device signed")
        errors = value.get("errors", {})
        if not isinstance(errors, dict):
            raise Malformed(f"{at}.errors", "must be a map")
        return cls(
            doc_type=read_name(value.get("docType"), f"{at}.docType"),
            issuer_signed=IssuerSigned.from_value(value.get("issuerSigned"), wrappers, f"{at}.issuerSigned"),
            device_signed=DeviceSigned.from_value(value["deviceSigned"], f"{at}.deviceSigned"),
            errors={read_name(n, f"{at}.errors"): _read_errors(codes, f"{at}.errors") for n, codes in errors.items()},
        )

    @classmethod
    def from_plain(cls, plain: PlainDocument, at: str = "document") -> Self:
        """The same of what has been read already.

        Raises:
            Malformed, TooLarge, Unsupported: see `Sign1.from_value`.
        """
        issuer_signed = IssuerSigned.from_plain(plain.issuer_signed, f"{at}.issuerSigned")
        return cls(plain.doc_type, issuer_signed, DeviceSigned.from_plain(plain.device_auth, f"{at}.deviceSigned"))

    def to_bytes(self) -> bytes:
        """The one encoding; what was signed stands in it as it came."""
        return encode_document(self.doc_type, self.issuer_signed.to_bytes(), self.device_signed, self.errors)


@dataclass(frozen=True, slots=True)
class DeviceResponse:
    """An answer; parsed, not trusted."""

    documents: tuple[Document, ...] = ()
    document_errors: tuple[tuple[str, int], ...] = ()  # type of a document that is not there, and why
    status: int = OK

    @classmethod
    def from_bytes(cls, data: bytes, at: str = _AT, *, max_bytes: int = MAX_CBOR_BYTES) -> Self:
        """Read an answer. That it has what was asked, and that its status is good, is the caller's matter.

        Raises:
            TooLarge: over its cap, or more than 32 documents.
            Malformed: another shape, or the device did not sign a document (T058).
            Unsupported: another major version, or see `Document.from_value`.
        """
        plain = read_plain(read_response, data) if len(data) <= min(max_bytes, MAX_CBOR_BYTES) else None
        if plain is not None and len(plain.documents) <= MAX_DOCUMENTS:
            _check_version(plain.version, at)
            documents = [Document.from_plain(document, f"document[{i}]") for i, document in enumerate(plain.documents)]
            return cls(tuple(documents), status=plain.status)
        return cls._from_value(data, at, max_bytes)

    @classmethod
    def _from_value(cls, data: bytes, at: str, max_bytes: int) -> Self:
        """However it is spelled."""
        response = read_cbor_map(data, at, max_bytes=max_bytes)
        _check_version(response.get("version"), at)
        status = response.get("status")
        if type(status) is not int or status < 0:
            raise Malformed(f"{at}.status", "must be a number")
        documents = _array(response, "documents", at)
        wrappers = Wrappers(data)
        errors = [_read_errors(entry, f"{at}.documentErrors") for entry in _array(response, "documentErrors", at)]
        return cls(
            tuple([Document.from_value(document, wrappers, f"document[{i}]") for i, document in enumerate(documents)]),
            tuple([error for entry in errors for error in entry.items()]),
            status,
        )

    def to_bytes(self) -> bytes:
        """The one encoding."""
        return encode_device_response([d.to_bytes() for d in self.documents], self.document_errors, self.status)


def _check_version(version: CborValue, at: str) -> None:
    if not isinstance(version, str) or not _READ_VERSIONS.fullmatch(version):
        raise Unsupported(f"{at}.version: this version is not known here")


def encode_document(
    doc_type: str, issuer_signed: bytes, device_signed: DeviceSigned, errors: Mapping[str, Errors] | None = None
) -> bytes:
    """A document whose signed part is encoded already. Keys stand in the order of their bytes."""
    parts = [
        b"\xa4\x66errors" + _encode_errors(errors) if errors else b"\xa3",
        b"\x67docType",
        encode_cbor(doc_type),
        b"\x6cdeviceSigned",
        device_signed.to_bytes(),
        b"\x6cissuerSigned",
        issuer_signed,
    ]
    return b"".join(parts)


def encode_device_response(
    documents: Sequence[bytes], document_errors: Sequence[tuple[str, int]] = (), status: int = OK
) -> bytes:
    """An answer whose documents are encoded already. Keys stand in the order of their bytes; empty arrays are left out."""
    parts = [
        encode_head(0xA0, 2 + bool(documents) + bool(document_errors)),
        b"\x66status",
        encode_head(0, status),
        b"\x67version",
        _VERSION,
    ]
    if documents:
        parts += [b"\x69documents", encode_head(0x80, len(documents)), *documents]
    if document_errors:
        parts += [b"\x6edocumentErrors", encode_cbor([{doc_type: code} for doc_type, code in document_errors])]
    return b"".join(parts)


def _encode_errors(errors: Mapping[str, Errors]) -> bytes:
    return encode_cbor({name: dict[CborKey, CborValue](codes.items()) for name, codes in errors.items()})


def _array(response: CborMap, name: str, at: str) -> list[CborValue]:
    value = response.get(name, [])
    if not isinstance(value, list):
        raise Malformed(f"{at}.{name}", "must be an array")
    if len(value) > MAX_DOCUMENTS:
        raise TooLarge(f"{at}.{name}", f"has more than {MAX_DOCUMENTS} entries")
    return value


def _read_errors(value: CborValue, at: str) -> Errors:
    if not isinstance(value, dict):
        raise Malformed(at, "must be a map")
    found: dict[str, int] = {}
    for name, code in value.items():
        if type(code) is not int or code not in _NUMBERS:
            raise Malformed(at, "must have numbers alone")
        found[read_name(name, at)] = code
    return found
