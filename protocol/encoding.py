"""Bytes, text and JSON, read strictly: one value has one spelling, and everything has a cap."""

from __future__ import annotations

import binascii
import hashlib
import json
from typing import NoReturn

import orjson

from protocol.errors import Malformed, TooLarge

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]

MAX_JSON_BYTES = 1 << 20
MAX_JSON_DEPTH = 32
MAX_NUMBER = 40  # characters of a number; far below quadratic cost
_INTEGERS = range(-(2**63), 2**64)  # what can be written again

_URLSAFE_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")  # "+", "/" and "=" become something no decoder takes
STANDARD_TO_URLSAFE = bytes.maketrans(b"+/", b"-_")
_PADDING = (b"", b"", b"==", b"=")  # by what is over after the last four characters
# What the last character may be, by the same: it carries two significant bits, or four, and one alone carries nothing
_LAST = (frozenset[str](), frozenset[str](), frozenset("AQgw"), frozenset("AEIMQUYcgkosw048"))


def sha256(data: bytes) -> bytes:
    """SHA-256, 32 bytes."""
    return hashlib.sha256(data).digest()


def encode_base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    # Each takes a third of the time of `bytes.translate`, where there is much to look through
    standard = binascii.b2a_base64(data, newline=False).replace(b"+", b"-").replace(b"/", b"_")
    return standard.rstrip(b"=").decode("ascii")


def decode_base64url(text: str, at: str = "base64url") -> bytes:
    """Read base64url without padding; exactly one spelling of every value is accepted.

    Raises:
        Malformed: padding, blanks, another alphabet, or bits beyond the last byte.
    """
    tail = len(text) % 4
    if tail and text[-1] not in _LAST[tail]:
        raise Malformed(at, "is not base64url")
    try:
        standard = text.encode("ascii").translate(_URLSAFE_TO_STANDARD)
        return binascii.a2b_base64(standard + _PADDING[tail], strict_mode=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise Malformed(at, "is not base64url") from error


def encode_json(value: object) -> bytes:
    """Compact UTF-8 JSON of plain values; members keep their order."""
    return orjson.dumps(value)


# What holds nothing else, and is no number to be looked at closely
_SIMPLE = frozenset((str, int, bool, type(None)))


def read_json(data: bytes, at: str, *, max_bytes: int = MAX_JSON_BYTES) -> JsonValue:
    """Read JSON (RFC 8259) that came from outside.

    Refuses duplicate members, NaN and infinities, lone surrogates, a byte order mark, depth over `MAX_JSON_DEPTH`, integers
    of more than 64 bits and numbers of more than `MAX_NUMBER` characters. What is read can be written by `encode_json`.

    Raises:
        TooLarge: more than `max_bytes`.
        Malformed: anything else.
    """
    if len(data) > max_bytes:
        raise TooLarge(at, f"is larger than {max_bytes} bytes")
    try:
        value: JsonValue = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(at, "is not JSON") from error
    if type(value) is list and _SIMPLE.issuperset(map(type, value)):
        return value
    # There are no more levels than brackets, and most of what travels has few
    if data.count(b"[") + data.count(b"{") > MAX_JSON_DEPTH:
        _check_depth(value, at)
    # Spelled as we would spell it, it has no member twice, and no number that lost a digit
    if orjson.dumps(value) == data:
        return value
    return _read_slowly(data, at)


def read_json_object(data: bytes, at: str, *, max_bytes: int = MAX_JSON_BYTES) -> JsonObject:
    """Read JSON that must be an object; see `read_json`.

    Raises:
        TooLarge: more than `max_bytes`.
        Malformed: anything else.
    """
    value = read_json(data, at, max_bytes=max_bytes)
    if not isinstance(value, dict):
        raise Malformed(at, "must be an object")
    return value


def _check_depth(value: JsonValue, at: str) -> None:
    level = [value]
    for _ in range(MAX_JSON_DEPTH + 1):
        deeper: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        if not deeper:
            return
        level = deeper
    raise TooLarge(at, f"is nested deeper than {MAX_JSON_DEPTH}")


def _read_slowly(data: bytes, at: str) -> JsonValue:
    def members_once(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise Malformed(at, "has a member twice")
        return members

    def refuse(_: str) -> NoReturn:
        raise Malformed(at, "has a number that JSON does not know")

    def integer(digits: str) -> int:
        if len(digits) > MAX_NUMBER or int(digits) not in _INTEGERS:
            raise Malformed(at, "has a number that is too large")
        return int(digits)

    def number(digits: str) -> float:
        if len(digits) > MAX_NUMBER or not abs(result := float(digits)) < float("inf"):
            raise Malformed(at, "has a number that is too large")
        return result

    try:
        value: JsonValue = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=members_once,
            parse_constant=refuse,
            parse_int=integer,
            parse_float=number,
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(at, "is not JSON") from error
    return value
