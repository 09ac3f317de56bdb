"""The one spelling of a JSON value (RFC 8785), and the hashes by which our objects name what was sent."""

from __future__ import annotations

import rfc8785

from protocol.encoding import JsonValue, decode_base64url, encode_base64url, sha256
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.signing import hash_text

HASH_LENGTH = 43  # characters: SHA-256 in unpadded base64url


def encode_canonical(value: JsonValue, at: str) -> bytes:
    """The one spelling of a value.

    Raises:
        Malformed: it has none: a whole number beyond 53 bits, or a text that is not Unicode.
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise Malformed(at, "has a number or a text without one spelling") from error


def hash_bytes(data: bytes) -> str:
    """The unpadded base64url SHA-256 of what has no text, such as the CBOR of ISO/IEC 18013-5."""
    return encode_base64url(sha256(data))


def hash_json(value: JsonValue, at: str) -> str:
    """The hash of a text as it came, or else of the value's one spelling.

    Raises:
        Malformed: see `encode_canonical`.
    """
    return hash_text(value) if isinstance(value, str) else hash_bytes(encode_canonical(value, at))


def read_hash(holder: Fields, name: str) -> str:
    """Read a member that is a hash.

    Raises:
        Malformed: another length or alphabet.
    """
    return check_hash(holder.required(name), holder.path(name))


def check_hash(value: object, at: str) -> str:
    """Check that a value is a hash, in its one spelling.

    Raises:
        Malformed: another length or alphabet.
    """
    if not isinstance(value, str) or len(value) != HASH_LENGTH:
        raise Malformed(at, f"must be a hash of {HASH_LENGTH} characters")
    decode_base64url(value, at)
    return value
