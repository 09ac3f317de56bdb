"""One disclosure: a salted claim apart from the token that holds its digest (RFC 9901 §4.2)."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

import orjson

from protocol.encoding import (
    STANDARD_TO_URLSAFE,
    JsonValue,
    decode_base64url,
    encode_base64url,
    read_json,
)
from protocol.errors import Malformed

SALT_BYTES = 18  # RFC 9901 §9.3: at least 16; these are 24 characters without padding, so that many are encoded at once
MAX_DISCLOSURE = 1 << 17  # characters
RESERVED_NAMES = frozenset(("_sd", "..."))  # RFC 9901 §4.2.1

_SALT_CHARACTERS = SALT_BYTES * 4 // 3


class Disclosure(NamedTuple):
    """A disclosure as it came; whether a token holds its digest is found while processing."""

    name: str | None  # None: an element of an array
    value: JsonValue
    text: str

    @classmethod
    def from_text(cls, text: str, at: str = "disclosure") -> Self:
        """Read a disclosure; its salt has to be there and is not looked at.

        Raises:
            Malformed: not base64url of a JSON array of two or three elements, or a name that is reserved (T029).
        """
        if len(text) > MAX_DISCLOSURE:
            raise Malformed(at, f"has more than {MAX_DISCLOSURE} characters")
        parts = read_json(decode_base64url(text, at), at)
        if type(parts) is not list or not 2 <= len(parts) <= 3 or type(parts[0]) is not str:
            raise Malformed(at, "must be an array of a salt, perhaps a name, and a value")
        if len(parts) == 2:
            return cls(None, parts[1], text)
        name = parts[1]
        if type(name) is not str or name in RESERVED_NAMES:
            raise Malformed(at, "has a name that no claim may have")
        return cls(name, parts[2], text)


def encode_disclosures(salts: Iterable[str], claims: Iterable[tuple[str | None, JsonValue]]) -> list[str]:
    """The texts of disclosures, encoded in one go; a salt is base64url of fresh random bytes, and no claims are a mistake."""
    parts = [
        [salt, value] if name is None else [salt, name, value]
        for salt, (name, value) in zip(salts, claims, strict=True)
    ]
    encoded = b"~".join([binascii.b2a_base64(orjson.dumps(part), newline=False) for part in parts])
    return encoded.translate(STANDARD_TO_URLSAFE, b"=").decode("ascii").split("~")


def make_salts(fresh: bytes) -> list[str]:
    """A salt for each `SALT_BYTES` of fresh random bytes."""
    text = encode_base64url(fresh)
    return [text[i : i + _SALT_CHARACTERS] for i in range(0, len(text), _SALT_CHARACTERS)]


def digest_of(text: str) -> str:
    """The SHA-256 digest of a disclosure's text, base64url (RFC 9901 §4.2.3)."""
    digest = hashlib.sha256(text.encode("ascii")).digest()
    # 32 bytes always end in one sign of padding
    return binascii.b2a_base64(digest, newline=False).translate(STANDARD_TO_URLSAFE)[:43].decode("ascii")


def digests_of(texts: Sequence[str]) -> list[str]:
    """The digests of many disclosures, in order; encoded in one go."""
    # A byte more makes 44 characters of each digest, and the first 43 are its own
    digests = b"".join([hashlib.sha256(text.encode("ascii")).digest() + b"\x00" for text in texts])
    text = encode_base64url(digests)
    return [text[i : i + 43] for i in range(0, len(text), 44)]
