"""One data element of a document, as its issuer hands it out (ISO/IEC 18013-5 §9.1.2.4).

The bytes of an item are kept as they came, with the tag around them, and its digest is that of exactly these (T023, T061).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, Self

from protocol.cbor import (
    ENCODED_CBOR,
    CborValue,
    Tagged,
    Wrappers,
    encode_cbor,
    encode_head,
    encode_wrapped,
    read_cbor_map,
)
from protocol.errors import Malformed
from protocol.mdoc.mso import read_name

MIN_RANDOM = 16  # bytes (§9.1.2.5)
MAX_ITEMS = 1000  # in one namespace

# Keys with their heads, in the order of their bytes; the first opens a map
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
