"""What an issuer signed: data elements, each an item whose digest the signed part has (ISO/IEC 18013-5 §9.1.2.4).

The bytes of an item are kept as they came, with the tag around them, and its digest is that of exactly these (T023, T061).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Self

from protocol.cbor import (
    ENCODED_CBOR,
    CborKey,
    CborValue,
    Tagged,
    Wrappers,
    encode_cbor,
    encode_head,
    encode_wrapped,
    read_cbor_map,
)
from protocol.cose import Sign1
from protocol.errors import Malformed
from protocol.mdoc.mso import read_name

MIN_RANDOM = 16  # bytes (§9.1.2.5)
MAX_ITEMS = 1000

_AT = "issuerSigned"

# Keys with their heads, in the order of their bytes; the first of each group opens a map
_AUTH = b"\xa2\x6aissuerAuth"
_NAME_SPACES = b"\x6anameSpaces"
_AUTH_ALONE = b"\xa1\x6aissuerAuth"
_ITEM = b"\xa4\x66random"
_DIGEST_ID = b"\x68digestID"
_VALUE = b"\x6celementValue"
_IDENTIFIER = b"\x71elementIdentifier"


class IssuerSignedItem(NamedTuple):
    """One data element as it came; whether the issuer signed it is found by its digest."""

    digest_id: int
    random: bytes
    identifier: str
    value: CborValue
    wrapped: bytes  # as it came, with the tag around it: what the digest is of

    @classmethod
    def from_value(cls, value: CborValue, wrappers: Wrappers, at: str) -> Self:
        """Read an item in its wrapper, which is the next of those where it was read from.

        Raises:
            Malformed: no such wrapper, a member is missing or has the wrong shape, or too few random bytes (T062).
            TooLarge, Unsupported: see `read_cbor`.
        """
        if not isinstance(value, Tagged) or value.tag != ENCODED_CBOR or not isinstance(value.value, bytes):
            raise Malformed(at, "must be CBOR in a byte string with tag 24")
        encoded = value.value
        item = read_cbor_map(encoded, at)
        digest_id, random, identifier = item.get("digestID"), item.get("random"), item.get("elementIdentifier")
        if type(digest_id) is not int or digest_id < 0:
            raise Malformed(f"{at}.digestID", "must be a number")
        if type(random) is not bytes or len(random) < MIN_RANDOM:
            raise Malformed(f"{at}.random", f"must have at least {MIN_RANDOM} bytes")
        if "elementValue" not in item:
            raise Malformed(f"{at}.elementValue", "is missing")
        name = read_name(identifier, f"{at}.elementIdentifier")
        return cls(digest_id, random, name, item["elementValue"], wrappers.find(encoded, at))


Items = Mapping[str, tuple[IssuerSignedItem, ...]]  # by namespace


@dataclass(frozen=True, slots=True)
class IssuerSigned:
    """A document as an issuer hands it out, or the part of it that is shown; read, and nothing about it believed."""

    name_spaces: Items
    issuer_auth: Sign1

    @classmethod
    def from_bytes(cls, data: bytes, at: str = _AT) -> Self:
        """Read a document by itself, as it is issued (OID4VCI 1.0 App. A.2.4).

        Raises:
            Flaw: see `from_value`.
        """
        return cls.from_value(read_cbor_map(data, at), Wrappers(data), at)

    @classmethod
    def from_value(cls, value: CborValue, wrappers: Wrappers, at: str = _AT) -> Self:
        """Read a document that stands in something else, behind all that was read of it before with the same `wrappers`.

        Members that nobody asks for are ignored.

        Raises:
            Malformed: another shape, or an element twice.
            TooLarge, Unsupported: see `read_cbor` and `Sign1.from_value`.
        """
        if not isinstance(value, dict):
            raise Malformed(at, "must be a map")
        issuer_auth = Sign1.from_value(value.get("issuerAuth"), f"{at}.issuerAuth")
        return cls(_read_name_spaces(value, wrappers, at), issuer_auth)

    def to_bytes(self) -> bytes:
        """The one encoding; items stand in it as they came."""
        auth = self.issuer_auth.to_bytes()
        items = {name: [item.wrapped for item in items] for name, items in self.name_spaces.items()}
        return encode_issuer_signed(items, auth)


def encode_item(digest_id: int, random: bytes, identifier: str, value: CborValue) -> bytes:
    """The one encoding of an item, in its wrapper: what the digest is of, and what travels."""
    parts = (
        _encode_start(len(random)),
        random,
        _encode_digest_id(digest_id),
        encode_cbor(value),
        _encode_identifier(identifier),
    )
    return encode_wrapped(b"".join(parts))


# Cached, because all documents of a type have the same elements, and numbers are small
@lru_cache(maxsize=64)
def _encode_start(length: int) -> bytes:
    return _ITEM + encode_head(0x40, length)


@lru_cache(maxsize=1024)
def _encode_digest_id(digest_id: int) -> bytes:
    return _DIGEST_ID + encode_head(0, digest_id) + _VALUE


@lru_cache(maxsize=4096)
def _encode_identifier(identifier: str) -> bytes:
    return _IDENTIFIER + encode_cbor(identifier)


def encode_issuer_signed(items: Mapping[str, Sequence[bytes]], issuer_auth: bytes) -> bytes:
    """The map of both, of what is encoded already, items in their wrappers.

    Namespaces stand in the order of their bytes, items in the order given.
    """
    return join_issuer_signed(encode_name_spaces(items), issuer_auth)


def encode_name_spaces(items: Mapping[str, Sequence[bytes]]) -> bytes:
    """The first half of `encode_issuer_signed`, for those who have the other later; no bytes if there are no items."""
    if not items:
        return b""
    parts = [_NAME_SPACES, encode_head(0xA0, len(items))]
    for name, encoded in sorted([(encode_cbor(name), encoded) for name, encoded in items.items()]):
        parts += [name, encode_head(0x80, len(encoded)), *encoded]
    return b"".join(parts)


def join_issuer_signed(name_spaces: bytes, issuer_auth: bytes) -> bytes:
    """The second half of `encode_issuer_signed`."""
    return (_AUTH if name_spaces else _AUTH_ALONE) + issuer_auth + name_spaces


def _read_name_spaces(value: Mapping[CborKey, CborValue], wrappers: Wrappers, at: str) -> Items:
    if "nameSpaces" not in value:
        return {}
    name_spaces = value["nameSpaces"]
    at = f"{at}.nameSpaces"
    at_item = f"{at} item"
    if not isinstance(name_spaces, dict):
        raise Malformed(at, "must be a map")
    found: dict[str, tuple[IssuerSignedItem, ...]] = {}
    for name, encoded in name_spaces.items():
        if not isinstance(encoded, list) or not 0 < len(encoded) <= MAX_ITEMS:
            raise Malformed(at, f"must have 1 to {MAX_ITEMS} items in each namespace")
        items = tuple([IssuerSignedItem.from_value(item, wrappers, at_item) for item in encoded])
        if len({item.identifier for item in items}) != len(items):
            raise Malformed(at, "has an element twice")
        found[read_name(name, at)] = items
    return found
