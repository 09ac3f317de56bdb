"""CBOR in the spelling that most use, read off its bytes, for what comes again and again in one shape (ISO/IEC 18013-5).

A decoder, a look at all that it made, and a second look for what is wanted take twice as long. So `plain_mso` and
`plain_response` know what is expected, and whatever differs from it in a single byte is left to `read_cbor`. What they
read, that reads as the same (`tests/protocol/mdoc/test_plain.py`). Nothing is refused there, so that one place says why.

Each function here takes the bytes and a position, and gives what stands there and the position behind it. Where the bytes
end too early it gives too little, and a position behind their end; whoever reads the whole sees that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from protocol.cbor import FULL_DATE, CborValue, Tagged

T = TypeVar("T")

_BOOLEANS = {0xF4: False, 0xF5: True}
_DATE = b"\xd9\x03\xec\x6a"  # how a full-date begins: tag 1004 and a text of ten


class OtherSpellingError(ValueError):
    """Something else stands there, or it is spelled in another way."""


def read_plain(read: Callable[[bytes], T], encoded: bytes) -> T | None:
    """What a function reads of these bytes, or None where they are spelled in another way."""
    try:
        return read(encoded)
    # The others: they end too early, or are no UTF-8
    except (OtherSpellingError, IndexError, UnicodeDecodeError):
        return None


def value_at(encoded: bytes, at: int) -> tuple[CborValue, int]:
    """Bytes, a number, a truth or a date."""
    head = encoded[at]
    if head in _BOOLEANS:
        return _BOOLEANS[head], at + 1
    if encoded.startswith(_DATE, at):
        start = at + len(_DATE)
        return Tagged(FULL_DATE, str(encoded[start : start + 10], "utf-8")), start + 10
    if head < 0x20:
        return number_at(encoded, at)
    length, start = length_at(encoded, at, 0x40)
    return encoded[start : start + length], start + length


def text_at(encoded: bytes, at: int) -> tuple[str, int]:
    """A text of 1 to 255 bytes."""
    length = encoded[at] - 0x60
    start = at + 1
    if length == 24:
        length = encoded[start]
        start += 1
    elif length > 24:
        raise OtherSpellingError
    if length <= 0:
        raise OtherSpellingError
    end = start + length
    return str(encoded[start:end], "utf-8"), end


def length_at(encoded: bytes, at: int, major: int) -> tuple[int, int]:
    """Of a map or of bytes, at most 65535, and where what they hold begins."""
    length = encoded[at] - major
    if 0 <= length < 24:
        return length, at + 1
    if length == 24:
        return encoded[at + 1], at + 2
    if length == 25:
        return int.from_bytes(encoded[at + 1 : at + 3], "big"), at + 3
    raise OtherSpellingError


def number_at(encoded: bytes, at: int) -> tuple[int, int]:
    """A number that is not negative, of at most 32 bits."""
    number = encoded[at]
    if number < 24:
        return number, at + 1
    if number > 26:
        raise OtherSpellingError
    end = at + 1 + (1 << number - 24)
    return int.from_bytes(encoded[at + 1 : end], "big"), end
