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

from protocol.cbor import FULL_DATE, CborKey, CborValue, Tagged

T = TypeVar("T")

MAX_DEPTH = 4  # of arrays and maps in a value

_BOOLEANS = {0xF4: False, 0xF5: True}
_FULL_DATE = b"\xd9\x03\xec"  # tag 1004


class OtherSpellingError(ValueError):
    """Something else stands there, or it is spelled in another way."""


def read_plain(read: Callable[[bytes], T], encoded: bytes) -> T | None:
    """What a function reads of these bytes, or None where they are spelled in another way."""
    try:
        return read(encoded)
    # The others: they end too early, or are no UTF-8
    except (OtherSpellingError, IndexError, UnicodeDecodeError):
        return None


def value_at(encoded: bytes, at: int, depth: int = MAX_DEPTH) -> tuple[CborValue, int]:
    """A text, bytes, a number, a truth, a date, or a few of these in arrays and maps."""
    head = encoded[at]
    if 0x60 <= head <= 0x78:
        return text_at(encoded, at)
    if head in _BOOLEANS:
        return _BOOLEANS[head], at + 1
    if encoded.startswith(_FULL_DATE, at):
        text, at = text_at(encoded, at + len(_FULL_DATE))
        return Tagged(FULL_DATE, text), at
    if 0x80 <= head < 0x98 and depth:
        return _array_at(encoded, at, depth - 1)
    if 0xA0 <= head < 0xB8 and depth:
        return _map_at(encoded, at, depth - 1)
    return number_at(encoded, at) if head < 0x20 else bytes_at(encoded, at)


def _array_at(encoded: bytes, at: int, depth: int) -> tuple[list[CborValue], int]:
    length, at = length_at(encoded, at, 0x80)
    found: list[CborValue] = []
    for _ in range(length):
        value, at = value_at(encoded, at, depth)
        found.append(value)
    return found, at


def _map_at(encoded: bytes, at: int, depth: int) -> tuple[dict[CborKey, CborValue], int]:
    length, at = length_at(encoded, at, 0xA0)
    found: dict[CborKey, CborValue] = {}
    for _ in range(length):
        name, at = text_at(encoded, at)
        found[name], at = value_at(encoded, at, depth)
    if len(found) != length:
        raise OtherSpellingError
    return found, at


def bytes_at(encoded: bytes, at: int) -> tuple[bytes, int]:
    """At most 65535 bytes."""
    length = encoded[at] - 0x40
    start = at + 1
    if length == 24:
        length = encoded[start]
        start += 1
    elif length == 25:
        start = at + 3
        length = int.from_bytes(encoded[at + 1 : start], "big")
    elif not 0 <= length < 24:
        raise OtherSpellingError
    end = start + length
    return encoded[start:end], end


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
    """Of a map, an array or bytes, at most 65535, and where what they hold begins."""
    length = encoded[at] - major
    if 0 <= length < 24:
        return length, at + 1
    if length == 24:
        return encoded[at + 1], at + 2
    if length == 25:
        return int.from_bytes(encoded[at + 1 : at + 3], "big"), at + 3
    raise OtherSpellingError


def number_at(encoded: bytes, at: int) -> tuple[int, int]:
    """A number that is not negative."""
    number = encoded[at]
    if number < 24:
        return number, at + 1
    if number > 27:
        raise OtherSpellingError
    end = at + 1 + (1 << number - 24)
    return int.from_bytes(encoded[at + 1 : end], "big"), end
