"""Values of data elements in the terms of JSON, in which claims are asked, shown and compared, and back (RFC 8949 §6).

To JSON nothing has to be known. Back, a type of document says by a `Kind` what stands for a date, a picture or a number.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from protocol.cbor import DATE_TIME, FULL_DATE, CborKey, CborValue, Tagged
from protocol.credential import ClaimPath
from protocol.encoding import JsonValue, decode_base64url, encode_base64url
from protocol.errors import Malformed

_INTEGERS = range(-(2**63), 2**64)  # what JSON that we write can hold
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z

# ISO/IEC 18013-5 §7.1: UTC with Z and no fractions; some peers write fractions all the same
_TDATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z", re.ASCII)
_FULL_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Scalar(StrEnum):
    """What a value that holds no others is, by its name in CDDL."""

    TEXT = "tstr"
    BYTES = "bstr"  # base64url in JSON
    UINT = "uint"
    INT = "int"
    BOOL = "bool"
    FULL_DATE = "full-date"  # `2027-01-15`, tag 1004
    TDATE = "tdate"  # `2027-01-15T08:00:00Z`, tag 0


_TEXT = Scalar.TEXT


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """An array of values of one kind."""

    elements: Kind


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with members of these kinds, each of which may be left out."""

    members: Mapping[str, Kind]


Kind = Scalar | ArrayOf | MapOf


def to_json(value: CborValue, at: str) -> JsonValue:
    """A value in JSON: bytes as base64url, of a tag what it stands on, keys that are numbers as texts (RFC 8949 §6.1).

    Raises:
        Malformed: a number that JSON cannot hold, or two keys that are one in JSON.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value  # type: ignore[return-value]  # only these three get here, which mypy does not follow
    if isinstance(value, Tagged):
        return to_json(value.value, at)
    if isinstance(value, bytes):
        return encode_base64url(value)
    if isinstance(value, list):
        return [to_json(item, at) for item in value]
    if isinstance(value, dict):
        members = {str(name): to_json(item, at) for name, item in value.items()}
        if len(members) != len(value):
            raise Malformed(at, "has two keys that are one in JSON")
        return members
    if isinstance(value, int) and value not in _INTEGERS:
        raise Malformed(at, "has a number that is too large")
    return value


def paths_of_bytes(value: CborValue, path: ClaimPath) -> tuple[ClaimPath, ...]:
    """Where bytes stand in a value, which `to_json` makes texts that look like any other; null for every index."""
    while isinstance(value, Tagged):
        value = value.value
    if isinstance(value, bytes):
        return (path,)
    if isinstance(value, list):
        inner = [(item, (*path, None)) for item in value]
    elif isinstance(value, dict):
        inner = [(item, (*path, str(name))) for name, item in value.items()]
    else:
        return ()
    return tuple([found for item, at in inner for found in paths_of_bytes(item, at)])


def to_cbor(value: JsonValue, kind: Kind | None = None) -> CborValue:
    """A value of a kind; without one as JSON has it, so that texts stay texts.

    A value that is not of its kind is the caller's mistake and a ValueError, which never repeats it.
    """
    if kind is _TEXT and type(value) is str:  # most are
        return value
    if kind is None:
        return _as_it_is(value)
    if isinstance(kind, ArrayOf):
        if not isinstance(value, list):
            raise ValueError("a value must be an array")
        return [to_cbor(item, kind.elements) for item in value]
    if isinstance(kind, MapOf):
        if not isinstance(value, dict) or not value.keys() <= kind.members.keys():
            raise ValueError(f"a value must be an object of {sorted(kind.members)}")
        return {name: to_cbor(item, kind.members[name]) for name, item in value.items()}
    return _scalar(value, kind)


@lru_cache(maxsize=1024)
def _read_tdate(text: str) -> int | None:
    found = _TDATE.fullmatch(text)
    if found is None:
        return None
    try:
        return int(datetime.datetime.fromisoformat(f"{found[1]}+00:00").timestamp())
    except ValueError:
        return None


def read_tdate(value: CborValue, at: str) -> int:
    """A point in time in whole epoch seconds; a fraction is cut off.

    Raises:
        Malformed: no date and time in UTC with tag 0.
    """
    if not isinstance(value, Tagged) or value.tag != DATE_TIME or type(value.value) is not str:
        raise Malformed(at, "must be a date and time in UTC")
    return read_utc(value.value, at)


def read_utc(text: str, at: str) -> int:
    """The same of the text that the tag stands before."""
    seconds = _read_tdate(text) if len(text) < 32 else None
    if seconds is None or seconds < 0:
        raise Malformed(at, "must be a date and time in UTC")
    return seconds


@lru_cache(maxsize=1024)
def tdate(epoch_seconds: int) -> str:
    """A point in time as it is written, without its tag; one that no date can say is a ValueError."""
    if not 0 <= epoch_seconds <= _LAST_SECOND:
        raise ValueError("no date can say this time")
    return datetime.datetime.fromtimestamp(epoch_seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _as_it_is(value: JsonValue) -> CborValue:
    if isinstance(value, dict):
        return dict[CborKey, CborValue]([(name, _as_it_is(item)) for name, item in value.items()])
    if isinstance(value, list):
        return [_as_it_is(item) for item in value]
    return value


def _scalar(value: JsonValue, kind: Scalar) -> CborValue:
    if kind is Scalar.BOOL:
        if isinstance(value, bool):
            return value
    elif kind is Scalar.UINT or kind is Scalar.INT:
        # a boolean is an int to Python, but not to CBOR
        if type(value) is int and (kind is Scalar.INT or value >= 0):
            return value
    elif isinstance(value, str):
        if kind is Scalar.TEXT:
            return value
        if kind is Scalar.BYTES:
            return _bytes(value)
        if kind is Scalar.FULL_DATE:
            return Tagged(FULL_DATE, _full_date(value))
        if _read_tdate(value) is not None:
            return Tagged(DATE_TIME, f"{value[:19]}Z")
    raise ValueError(f"a value must be of kind {kind.value}")


def _bytes(text: str) -> bytes:
    try:
        return decode_base64url(text)
    except Malformed as error:
        raise ValueError("a value must be bytes in base64url") from error


def _full_date(text: str) -> str:
    if _FULL_DATE.fullmatch(text) and _read_tdate(f"{text}T00:00:00Z") is not None:
        return text
    raise ValueError("a value must be a date")
