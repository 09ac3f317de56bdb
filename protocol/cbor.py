"""CBOR, read strictly (RFC 8949): definite lengths, every key once, few kinds of tags, and everything has a cap.

`cbor2` takes bytes apart; what it would make of tags on its own (dates, large numbers, shared references, regular
expressions, messages) never happens here: a tag stays a tag. What was signed is kept by the callers as bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import NamedTuple, cast

import cbor2

from protocol.errors import Malformed, TooLarge, Unsupported

MAX_CBOR_BYTES = 1 << 20
MAX_CBOR_DEPTH = 32  # arrays, maps and tags
MAX_CBOR_ITEMS = 100_000

DATE_TIME = 0
SIGN1 = 18  # COSE_Sign1 (RFC 9052 §2)
ENCODED_CBOR = 24
CWT = 61  # (RFC 8392 §6)
FULL_DATE = 1004  # (RFC 8943)
TAGS = frozenset((DATE_TIME, SIGN1, ENCODED_CBOR, CWT, FULL_DATE))

_INTEGERS = range(-(2**64), 2**64)  # what major types 0 and 1 hold


class Tagged(NamedTuple):
    """A value with a tag, as it stands."""

    tag: int
    value: CborValue


CborKey = int | str
CborValue = None | bool | int | float | str | bytes | list["CborValue"] | dict[CborKey, "CborValue"] | Tagged
CborMap = dict[CborKey, CborValue]

_KEYS: frozenset[type] = frozenset((int, str))
# What holds nothing else and needs no look; a float may be one that is no number
_SIMPLE = frozenset((bool, int, str, bytes, type(None)))
_AS_THEY_ARE = frozenset((bool, str, bytes, type(None)))  # what is written as it is


Keep = Callable[["CborValue", bool], Tagged]


def _keep(tag: int) -> Keep:
    # `Tagged(tag, value)`, without the call that a named tuple's own constructor is
    return lambda value, _: tuple.__new__(Tagged, (tag, value))


class _Keepers(dict[int, Keep]):
    """For every tag, a decoder that keeps it. `cbor2` asks here before it looks at its own."""

    def __missing__(self, tag: int) -> Keep:
        return _keep(tag)


_KEEP = _Keepers({tag: _keep(tag) for tag in TAGS})


def read_cbor(data: bytes, at: str, *, max_bytes: int = MAX_CBOR_BYTES) -> CborValue:
    """Read one data item that came from outside.

    Refuses bytes behind it, indefinite lengths, depth over `MAX_CBOR_DEPTH`, a key twice (also as another kind of number),
    keys that are neither whole numbers nor texts, tags outside `TAGS`, undefined and other simple values, and floats that
    are no numbers. Numbers and lengths may be written longer than needed.

    Raises:
        TooLarge: more than `max_bytes`, or `MAX_CBOR_ITEMS` items.
        Unsupported: a tag that is not understood.
        Malformed: anything else.
    """
    return _read(data, at, max_bytes, _KEYS)


def read_cbor_with_byte_keys(data: bytes, at: str, *, max_bytes: int = MAX_CBOR_BYTES) -> dict[object, CborValue]:
    """Read a map in which keys may be bytes too, in it and in maps that it holds; else see `read_cbor`."""
    value = _read(data, at, max_bytes, _KEYS | {bytes})
    if not isinstance(value, dict):
        raise Malformed(at, "must be a map")
    return cast("dict[object, CborValue]", value)


def _read(data: bytes, at: str, max_bytes: int, keys: frozenset[type]) -> CborValue:
    if len(data) > max_bytes:
        raise TooLarge(at, f"is larger than {max_bytes} bytes")
    stream = io.BytesIO(data)
    try:
        value: CborValue = cbor2.load(
            stream,
            semantic_decoders=_KEEP,
            max_depth=MAX_CBOR_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    # The decoder's errors are many; the last two are keys that cannot be any, and lengths that no memory has
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError) as error:
        raise Malformed(at, "is not CBOR that is accepted") from error
    if stream.tell() != len(data):
        raise Malformed(at, "has bytes behind its end")
    _check(value, at, keys)
    return value


def read_cbor_map(data: bytes, at: str, *, max_bytes: int = MAX_CBOR_BYTES) -> CborMap:
    """Read a data item that must be a map; see `read_cbor`."""
    value = _read(data, at, max_bytes, _KEYS)
    if not isinstance(value, dict):
        raise Malformed(at, "must be a map")
    return value


def read_wrapped(value: CborValue, at: str) -> tuple[CborValue, bytes]:
    """What stands in a byte string with tag 24 (RFC 8949 §3.4.5.1), and its bytes, which are what was signed or hashed.

    Raises:
        Malformed: no such wrapper, or what it holds is not CBOR that is accepted.
    """
    if not isinstance(value, Tagged) or value.tag != ENCODED_CBOR or not isinstance(value.value, bytes):
        raise Malformed(at, "must be CBOR in a byte string with tag 24")
    inner = read_cbor(value.value, at)
    if isinstance(inner, Tagged) and inner.tag == ENCODED_CBOR:
        raise Malformed(at, "must not be wrapped twice")
    return inner, value.value


def read_wrapper(data: bytes, at: str) -> bytes:
    """The bytes in a wrapper of tag 24 that stands by itself, as they are; see `read_wrapped`.

    Raises:
        Malformed: no such wrapper, or bytes behind it.
    """
    # What most write: a byte string of 256 to 65535 bytes, of exactly that length
    if data[:3] == b"\xd8\x18\x59" and len(data) == 5 + int.from_bytes(data[3:5], "big"):
        return data[5:]
    value = read_cbor(data, at)
    if not isinstance(value, Tagged) or value.tag != ENCODED_CBOR or not isinstance(value.value, bytes):
        raise Malformed(at, "must be CBOR in a byte string with tag 24")
    return value.value


def encode_cbor(value: CborValue) -> bytes:
    """The one encoding of a value: shortest lengths, keys in the order of their bytes (RFC 8949 §4.2.1).

    A float keeps its eight bytes. A number that is too large is a ValueError.
    """
    if type(value) is str:
        data = value.encode("utf-8")
        return encode_head(0x60, len(data)) + data
    if type(value) in _AS_THEY_ARE or (type(value) is list and _AS_THEY_ARE.issuperset(map(type, value))):
        encoded: bytes = cbor2.dumps(value)
    else:
        encoded = cbor2.dumps(_ordered(value))
    return encoded


def encode_head(major: int, number: int) -> bytes:
    """The shortest head of a data item (RFC 8949 §3); `major` is its first byte without the number, such as 0xA0 of a map."""
    if number < 256:
        return _HEADS[major >> 5][number]
    if number < 1 << 16:
        return bytes((major | 25,)) + number.to_bytes(2, "big")
    if number < 1 << 32:
        return bytes((major | 26,)) + number.to_bytes(4, "big")
    return bytes((major | 27,)) + number.to_bytes(8, "big")


def encode_bytes(data: bytes) -> bytes:
    """The one encoding of a byte string."""
    return encode_head(0x40, len(data)) + data


def encode_wrapped(encoded: bytes) -> bytes:
    """Encoded CBOR in a byte string with tag 24, with the shortest heads; the bytes stay as they are."""
    length = len(encoded)
    return (_WRAPPERS[length] if length < 256 else b"\xd8\x18" + encode_head(0x40, length)) + encoded


# Heads of numbers below 256, by major type; and those of wrappers
_HEADS = tuple(
    [
        tuple([bytes((major << 5 | n,)) if n < 24 else bytes((major << 5 | 24, n)) for n in range(256)])
        for major in range(8)
    ]
)
_WRAPPERS = tuple([b"\xd8\x18" + head for head in _HEADS[2]])


class Wrappers:
    """Finds wrappers of tag 24 in the bytes that they were read from, one after the other, with the heads that they came with.

    A head may be written longer than needed, and whoever hashed it did so as it stands there.
    """

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def find(self, encoded: bytes, at: str) -> bytes:
        """The whole wrapper around these bytes, the next that there is; they must have been read from the same data.

        Raises:
            Malformed: what stands before them is no wrapper, because something else holds the same bytes.
        """
        length = len(encoded)
        start = self._data.find(encoded, self._position)
        self._position = start + length
        # What most write
        if length < 256 and self._data.endswith(_WRAPPERS[length], 0, start):
            return _WRAPPERS[length] + encoded
        for head in _wrapper_heads(length):
            if self._data.endswith(head, 0, start):
                return head + encoded
        raise Malformed(at, "cannot be told from a copy of it")


@lru_cache(maxsize=1024)
def _wrapper_heads(length: int) -> tuple[bytes, ...]:
    """Every way to write tag 24 and the length of a byte string, the shortest first."""
    tags = [b"\xd8\x18", b"\xd9\x00\x18", b"\xda\x00\x00\x00\x18", b"\xdb\x00\x00\x00\x00\x00\x00\x00\x18"]
    lengths = [
        bytes((0x58 + power,)) + length.to_bytes(1 << power, "big") for power in range(4) if length < 1 << (8 << power)
    ]
    if length < 24:
        lengths.insert(0, bytes((0x40 | length,)))
    return tuple([tag + number for number in lengths for tag in tags])


def wrap(encoded: bytes) -> Tagged:
    """Encoded CBOR as a value that others hold (tag 24)."""
    return Tagged(ENCODED_CBOR, encoded)


def _check(value: CborValue, at: str, keys: frozenset[type]) -> int:
    """Look at everything, and count it. It is no deeper than the decoder lets through."""
    inside: Collection[CborValue]
    if type(value) is dict:
        if not keys.issuperset(map(type, value)):
            raise Malformed(at, "has a key that is neither a whole number nor a text")
        inside = value.values()
    elif type(value) is list:
        inside = value
    elif type(value) is Tagged:
        if value.tag not in TAGS:
            raise Unsupported(f"{at}: has a tag that is not understood")
        inside = (value.value,)
    elif type(value) in _SIMPLE or (type(value) is float and abs(value) < float("inf")):
        return 0
    else:
        raise Malformed(at, "has a value that is not accepted")
    count = len(inside)
    # Most hold nothing that needs a look
    if not _SIMPLE.issuperset(map(type, inside)):
        for item in inside:
            if type(item) not in _SIMPLE:
                # Neither does what stands in a wrapper, nor a date
                simple = type(item) is Tagged and type(item.value) in _SIMPLE and item.tag in TAGS
                count += 1 if simple else _check(item, at, keys)
    if count >= MAX_CBOR_ITEMS:
        raise TooLarge(at, f"has more than {MAX_CBOR_ITEMS} items")
    return count


def _ordered(value: CborValue) -> object:
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, dict):
        entries = sorted((cbor2.dumps(key), key, item) for key, item in value.items())
        return {key: _ordered(item) for _, key, item in entries}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if isinstance(value, Tagged):
        return cbor2.CBORTag(value.tag, _ordered(value.value))
    if isinstance(value, int) and value not in _INTEGERS:
        raise ValueError("this number is too large for CBOR")
    return value
