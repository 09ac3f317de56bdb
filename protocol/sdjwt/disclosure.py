"""One disclosure: a salted claim apart from the token that holds its digest (RFC 9901 §4.2)."""

from __future__ import annotations

import binascii
import hashlib
from dataclasses import dataclass
from typing import Self

from protocol.encoding import JsonValue, decode_base64url, encode_base64url, encode_json, read_json
from protocol.errors import Malformed

SALT_BYTES = 16  # RFC 9901 §9.3: at least 128 bits
MAX_DISCLOSURE = 1 << 17  # characters
RESERVED_NAMES = frozenset(("_sd", "..."))  # RFC 9901 §4.2.1

_STANDARD_TO_URLSAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class Disclosure:
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
        if not isinstance(parts, list) or not isinstance(parts[0] if parts else None, str):
            raise Malformed(at, "must be an array that begins with a salt")
        if len(parts) == 2:
            return cls(None, parts[1], text)
        if len(parts) != 3 or not isinstance(parts[1], str):
            raise Malformed(at, "must have a salt, perhaps a name, and a value")
        if parts[1] in RESERVED_NAMES:
            raise Malformed(at, "has a name that no claim may have")
        return cls(parts[1], parts[2], text)


def encode_disclosure(salt: str, name: str | None, value: object) -> str:
    """The text of a disclosure; the salt is base64url of fresh random bytes."""
    return encode_base64url(encode_json([salt, value] if name is None else [salt, name, value]))


def digest_of(text: str) -> str:
    """The SHA-256 digest of a disclosure's text, base64url (RFC 9901 §4.2.3)."""
    digest = hashlib.sha256(text.encode("ascii")).digest()
    # 32 bytes always end in one sign of padding
    return binascii.b2a_base64(digest, newline=False).translate(_STANDARD_TO_URLSAFE)[:43].decode("ascii")
