"""Answers and documents in the spelling that most use (ISO/IEC 18013-5 §8.3.2.1.2.2, §9.1.2.4); see `plain`.

Items are read where they stand. The decoder's way has to search for the bytes that were hashed, and refuses where a copy of
them stands before: so what has such a copy is left to it.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol.cbor import CborKey, CborValue
from protocol.cose import X5CHAIN
from protocol.mdoc.item import MAX_ITEMS, MIN_RANDOM, IssuerSignedItem, Items
from protocol.mdoc.plain import OtherSpellingError, bytes_at, length_at, number_at, text_at, value_at
from protocol.x509 import MAX_CERTIFICATES

_WRAPPER = b"\xd8\x18"  # tag 24

# Names of members with their heads: to compare takes less than to read
_VERSION, _STATUS, _DOCUMENTS = b"\x67version", b"\x66status", b"\x69documents"
_DOC_TYPE, _ISSUER_SIGNED, _DEVICE_SIGNED = b"\x67docType", b"\x6cissuerSigned", b"\x6cdeviceSigned"
_NAME_SPACES, _ISSUER_AUTH = b"\x6anameSpaces", b"\x6aissuerAuth"
_RANDOM, _DIGEST_ID = b"\x66random", b"\x68digestID"
_VALUE, _IDENTIFIER = b"\x6celementValue", b"\x71elementIdentifier"
_RANDOM_32 = b"\xa4" + _RANDOM + b"\x58\x20"  # how a map with 32 random bytes begins
# Members as a whole: a signature and not a MAC, and no elements of the device's own
_BY_SIGNATURE = b"\x6adeviceAuth\xa1\x6fdeviceSignature"
_SAYS_NOTHING = _NAME_SPACES + b"\xd8\x18\x41\xa0"


class PlainIssuerSigned(NamedTuple):
    """What an issuer signed of a document that has elements."""

    name_spaces: Items
    issuer_auth: CborValue  # as `read_cbor` has it


class PlainDocument(NamedTuple):
    """A document of an answer, whose device signed and says nothing of its own."""

    doc_type: str
    issuer_signed: PlainIssuerSigned
    device_auth: CborValue  # its signature, as `read_cbor` has it


class PlainResponse(NamedTuple):
    """An answer with documents and no errors."""

    version: str
    documents: tuple[PlainDocument, ...]
    status: int


def read_response(encoded: bytes) -> PlainResponse:
    """The members of an answer, in any order, and nothing beside them.

    Raises:
        OtherSpellingError, IndexError, UnicodeDecodeError: it is spelled in another way.
    """
    version, status, documents = "", -1, tuple[PlainDocument, ...]()
    if encoded[0] != 0xA3:
        raise OtherSpellingError
    at = 1
    for _ in range(3):
        if encoded.startswith(_STATUS, at):
            status, at = number_at(encoded, at + len(_STATUS))
        elif encoded.startswith(_VERSION, at):
            version, at = text_at(encoded, at + len(_VERSION))
        elif encoded.startswith(_DOCUMENTS, at):
            documents, at = _documents(encoded, at + len(_DOCUMENTS))
        else:
            raise OtherSpellingError
    if not version or status < 0 or not documents or at != len(encoded):
        raise OtherSpellingError
    return PlainResponse(version, documents, status)


def read_issuer_signed(encoded: bytes) -> PlainIssuerSigned:
    """The members of a document as it is issued; see `read_response`."""
    found, at = _issuer_signed(encoded, 0)
    if at != len(encoded):
        raise OtherSpellingError
    return found


def _documents(encoded: bytes, at: int) -> tuple[tuple[PlainDocument, ...], int]:
    documents: list[PlainDocument] = []
    count, at = length_at(encoded, at, 0x80)
    for _ in range(count):
        document, at = _document(encoded, at)
        documents.append(document)
    return tuple(documents), at


def _document(encoded: bytes, at: int) -> tuple[PlainDocument, int]:
    doc_type, issuer_signed, device_auth = "", None, None
    if encoded[at] != 0xA3:
        raise OtherSpellingError
    at += 1
    for _ in range(3):
        if encoded.startswith(_DOC_TYPE, at):
            doc_type, at = text_at(encoded, at + len(_DOC_TYPE))
        elif encoded.startswith(_DEVICE_SIGNED, at):
            device_auth, at = _device_signed(encoded, at + len(_DEVICE_SIGNED))
        elif encoded.startswith(_ISSUER_SIGNED, at):
            issuer_signed, at = _issuer_signed(encoded, at + len(_ISSUER_SIGNED))
        else:
            raise OtherSpellingError
    if not doc_type or issuer_signed is None or device_auth is None:
        raise OtherSpellingError
    return PlainDocument(doc_type, issuer_signed, device_auth), at


def _issuer_signed(encoded: bytes, at: int) -> tuple[PlainIssuerSigned, int]:
    name_spaces, issuer_auth = None, None
    if encoded[at] != 0xA2:
        raise OtherSpellingError
    at += 1
    for _ in range(2):
        if encoded.startswith(_ISSUER_AUTH, at):
            issuer_auth, at = _signed(encoded, at + len(_ISSUER_AUTH))
        elif encoded.startswith(_NAME_SPACES, at):
            name_spaces, at = _name_spaces(encoded, at + len(_NAME_SPACES))
        else:
            raise OtherSpellingError
    if name_spaces is None or issuer_auth is None:
        raise OtherSpellingError
    return PlainIssuerSigned(name_spaces, issuer_auth), at


def _device_signed(encoded: bytes, at: int) -> tuple[CborValue, int]:
    """Its signature, or None where there is none."""
    device_auth, elements = None, False
    if encoded[at] != 0xA2:
        raise OtherSpellingError
    at += 1
    for _ in range(2):
        if encoded.startswith(_BY_SIGNATURE, at):
            device_auth, at = _signed(encoded, at + len(_BY_SIGNATURE))
        elif encoded.startswith(_SAYS_NOTHING, at):
            elements, at = True, at + len(_SAYS_NOTHING)
        else:
            raise OtherSpellingError
    if not elements:
        raise OtherSpellingError
    return device_auth, at


def _signed(encoded: bytes, at: int) -> tuple[list[CborValue], int]:
    """The array of a COSE_Sign1, with at most certificates in the header that is not signed."""
    if encoded[at] != 0x84:
        raise OtherSpellingError
    protected, at = bytes_at(encoded, at + 1)
    unprotected: dict[CborKey, CborValue] = {}
    if encoded[at] == 0xA1 and encoded[at + 1] == 0x18 and encoded[at + 2] == X5CHAIN:
        unprotected[X5CHAIN], at = _certificates(encoded, at + 3)
    elif encoded[at] == 0xA0:
        at += 1
    else:
        raise OtherSpellingError
    payload = None
    if encoded[at] == 0xF6:
        at += 1
    else:
        payload, at = bytes_at(encoded, at)
    signature, at = bytes_at(encoded, at)
    return [protected, unprotected, payload, signature], at


def _certificates(encoded: bytes, at: int) -> tuple[CborValue, int]:
    count = encoded[at] - 0x80
    if count < 0:
        return bytes_at(encoded, at)
    if count > MAX_CERTIFICATES:
        raise OtherSpellingError
    at += 1
    found: list[CborValue] = []
    for _ in range(count):
        der, at = bytes_at(encoded, at)
        found.append(der)
    return found, at


def _name_spaces(encoded: bytes, at: int) -> tuple[Items, int]:
    found: dict[str, tuple[IssuerSignedItem, ...]] = {}
    searched = 0
    count, at = length_at(encoded, at, 0xA0)
    for _ in range(count):
        name, at = text_at(encoded, at)
        if name in found:
            raise OtherSpellingError
        number, at = length_at(encoded, at, 0x80)
        if not 0 < number <= MAX_ITEMS:
            raise OtherSpellingError
        items: list[IssuerSignedItem] = []
        for _ in range(number):
            item, at = _item(encoded, at, searched)
            items.append(item)
            searched = at
        if len({item.identifier for item in items}) != number:
            raise OtherSpellingError
        found[name] = tuple(items)
    return found, at


def _item(encoded: bytes, begin: int, searched: int) -> tuple[IssuerSignedItem, int]:
    """One in its wrapper, with its four members in any order; behind `searched` it is the first with its bytes."""
    if not encoded.startswith(_WRAPPER, begin):
        raise OtherSpellingError
    length, at = length_at(encoded, begin + len(_WRAPPER), 0x40)
    end = at + length
    if encoded.find(encoded[at:end], searched) != at:
        raise OtherSpellingError
    return _text_item(encoded, begin, at, end) or _any_item(encoded, begin, at, end), end


def _text_item(encoded: bytes, begin: int, at: int, end: int) -> IssuerSignedItem | None:
    """One as most are, in which each member can be looked for where it must be then.

    Its members stand in the order of their bytes, with 32 random ones, a number below 24, a text, and a name of up to 23.
    """
    number, length, value_at = encoded[at + 51], encoded[at + 65] - 0x60, at + 66
    if length == 24:
        length, value_at = encoded[value_at], value_at + 1
    value_end = value_at + length
    name_at = value_end + len(_IDENTIFIER) + 1
    if not (
        encoded.startswith(_RANDOM_32, at)
        and encoded.startswith(_DIGEST_ID, at + 42)
        and number < 24
        and encoded.startswith(_VALUE, at + 52)
        and 0x60 <= encoded[at + 65] < 0x79
        and encoded.startswith(_IDENTIFIER, value_end)
        and 0 < end - name_at < 24
        and encoded[name_at - 1] == 0x60 + end - name_at
    ):
        return None
    value, identifier = str(encoded[value_at:value_end], "utf-8"), str(encoded[name_at:end], "utf-8")
    return IssuerSignedItem(number, encoded[at + 10 : at + 42], identifier, value, encoded[begin:end])


def _any_item(encoded: bytes, begin: int, at: int, end: int) -> IssuerSignedItem:
    digest_id, random, identifier = -1, b"", ""
    value: CborValue = None  # which no value here is
    if encoded[at] != 0xA4:
        raise OtherSpellingError
    at += 1
    for _ in range(4):
        if encoded.startswith(_RANDOM, at):
            random, at = bytes_at(encoded, at + len(_RANDOM))
        elif encoded.startswith(_DIGEST_ID, at):
            digest_id, at = number_at(encoded, at + len(_DIGEST_ID))
        elif encoded.startswith(_VALUE, at):
            value, at = value_at(encoded, at + len(_VALUE))
        elif encoded.startswith(_IDENTIFIER, at):
            identifier, at = text_at(encoded, at + len(_IDENTIFIER))
        else:
            raise OtherSpellingError
    if len(random) < MIN_RANDOM or digest_id < 0 or value is None or not identifier or at != end:
        raise OtherSpellingError
    return IssuerSignedItem(digest_id, random, identifier, value, encoded[begin:end])
