"""What an issuer signed: data elements, each an item whose digest the signed part has (ISO/IEC 18013-5 §9.1.2.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from protocol.cbor import MAX_CBOR_BYTES, CborKey, CborValue, Wrappers, encode_cbor, encode_head, read_cbor_map
from protocol.cose import Sign1
from protocol.errors import Malformed
from protocol.mdoc.item import MAX_ITEMS, IssuerSignedItem, Items
from protocol.mdoc.mso import read_name
from protocol.mdoc.plain import read_plain
from protocol.mdoc.plain_response import PlainIssuerSigned, read_issuer_signed

_AT = "issuerSigned"

# Keys with their heads, in the order of their bytes; the first of each group opens a map
_AUTH = b"\xa2\x6aissuerAuth"
_NAME_SPACES = b"\x6anameSpaces"
_AUTH_ALONE = b"\xa1\x6aissuerAuth"


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
        plain = read_plain(read_issuer_signed, data) if len(data) <= MAX_CBOR_BYTES else None
        return (
            cls.from_value(read_cbor_map(data, at), Wrappers(data), at) if plain is None else cls.from_plain(plain, at)
        )

    @classmethod
    def from_plain(cls, plain: PlainIssuerSigned, at: str = _AT) -> Self:
        """The same of what has been read already.

        Raises:
            Malformed, TooLarge, Unsupported: see `Sign1.from_value`.
        """
        return cls(plain.name_spaces, Sign1.from_value(plain.issuer_auth, f"{at}.issuerAuth"))

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
