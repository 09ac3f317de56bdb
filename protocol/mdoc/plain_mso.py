"""The mobile security object in the spelling that most use (ISO/IEC 18013-5 §9.1.2.4); see `plain`."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from protocol.encoding import JsonObject
from protocol.mdoc.plain import OtherSpellingError, length_at, number_at, text_at

_VALIDITY = re.compile(
    rb"[\xa3\xa4]\x66signed\xc0\x74(.{20})\x69validFrom\xc0\x74(.{20})\x6avalidUntil\xc0\x74(.{20})"
    rb"(?:\x6eexpectedUpdate\xc0\x74(.{20}))?",
    re.DOTALL,
)
_DEVICE_KEY = re.compile(
    rb"\xa1\x69deviceKey\xa4\x01\x02\x20\x01\x21\x58\x20(.{32})\x22\x58\x20(.{32})", re.DOTALL
)  # on P-256 (RFC 9053 §7.1.1)
_STATUS_LIST = b"\xa1\x6bstatus_list\xa2"

# Names of members with their heads, and a member as a whole
_VERSION, _DOC_TYPE, _VALIDITY_INFO = b"\x67version", b"\x67docType", b"\x6cvalidityInfo"
_VALUE_DIGESTS, _DEVICE_KEY_INFO = b"\x6cvalueDigests", b"\x6ddeviceKeyInfo"
_BY_SHA_256 = b"\x6fdigestAlgorithm\x67SHA-256"
_STATUS = b"\x66status"

_SMALL = bytes(range(24))  # numbers that are their own heads


class PlainMso(NamedTuple):
    """The members of a signed object, with digests of SHA-256 and a device's key on P-256."""

    version: str
    doc_type: str
    value_digests: dict[str, dict[int, bytes]]
    point: bytes  # of the device's key, x ‖ y
    validity: tuple[str, ...]  # signed, validFrom, validUntil, and perhaps expectedUpdate
    status: JsonObject | None  # uri and idx in a status list


def read_mso(encoded: bytes) -> PlainMso:
    """The members of a signed object, in any order, and nothing beside them.

    Raises:
        OtherSpellingError, IndexError, UnicodeDecodeError: it is spelled in another way.
    """
    version = doc_type = ""
    value_digests: dict[str, dict[int, bytes]] = {}
    times: tuple[str, ...] = ()
    point = b""
    by_sha_256, status = False, None
    count, at = length_at(encoded, 0, 0xA0)
    for _ in range(count):
        if encoded.startswith(_DOC_TYPE, at):
            doc_type, at = text_at(encoded, at + len(_DOC_TYPE))
        elif encoded.startswith(_VERSION, at):
            version, at = text_at(encoded, at + len(_VERSION))
        elif encoded.startswith(_VALIDITY_INFO, at):
            times, at = _validity(encoded, at + len(_VALIDITY_INFO))
        elif encoded.startswith(_VALUE_DIGESTS, at):
            value_digests, at = _digests(encoded, at + len(_VALUE_DIGESTS))
        elif encoded.startswith(_DEVICE_KEY_INFO, at):
            point, at = _device_key(encoded, at + len(_DEVICE_KEY_INFO))
        elif encoded.startswith(_BY_SHA_256, at):
            by_sha_256, at = True, at + len(_BY_SHA_256)
        elif encoded.startswith(_STATUS, at):
            status, at = _status(encoded, at + len(_STATUS))
        else:
            raise OtherSpellingError
    # With as many as there are names, none is there twice
    is_whole = version and doc_type and times and value_digests and point and by_sha_256
    if not is_whole or count != (6 if status is None else 7) or at != len(encoded):
        raise OtherSpellingError
    return PlainMso(version, doc_type, value_digests, point, times, status)


def _digests(encoded: bytes, at: int) -> tuple[dict[str, dict[int, bytes]], int]:
    """By namespace, of which there is one."""
    found: dict[str, dict[int, bytes]] = {}
    name_spaces, at = length_at(encoded, at, 0xA0)
    for _ in range(name_spaces):
        name, at = text_at(encoded, at)
        count, at = length_at(encoded, at, 0xA0)
        digests, at = _few_digests(encoded, at, count) or _many_digests(encoded, at, count)
        # None twice
        if len(digests) != count or name in found:
            raise OtherSpellingError
        found[name] = digests
    return found, at


def _few_digests(encoded: bytes, at: int, count: int) -> tuple[dict[int, bytes], int] | None:
    """By numbers below 24, each of a byte, so that all entries have one length and are looked at together."""
    if count > len(
        _SMALL
    ):  # more than there are such numbers; and the layouts that `struct` remembers stay few and small
        return None
    end = at + 35 * count
    numbers, heads, lengths = encoded[at:end:35], encoded[at + 1 : end : 35], encoded[at + 2 : end : 35]
    if end > len(encoded) or numbers.strip(_SMALL) or heads.strip(b"\x58") or lengths.strip(b"\x20"):
        return None
    return dict(zip(numbers, struct.unpack_from("3x32s" * count, encoded, at), strict=True)), end


def _many_digests(encoded: bytes, at: int, count: int) -> tuple[dict[int, bytes], int]:
    """By numbers below 256."""
    digests: dict[int, bytes] = {}
    for _ in range(count):
        number = encoded[at]
        if number > 23:
            at += 1
            if number != 24:
                raise OtherSpellingError
            number = encoded[at]
        if encoded[at + 1] != 0x58 or encoded[at + 2] != 0x20:
            raise OtherSpellingError
        at += 35
        digests[number] = encoded[at - 32 : at]
    return digests, at


def _status(encoded: bytes, at: int) -> tuple[JsonObject, int]:
    """A place in a status list, and nothing else."""
    if not encoded.startswith(_STATUS_LIST, at):
        raise OtherSpellingError
    at += len(_STATUS_LIST)
    found: JsonObject = {}
    for _ in range(2):
        name, at = text_at(encoded, at)
        if name == "idx":
            found[name], at = number_at(encoded, at)
        elif name == "uri":
            found[name], at = text_at(encoded, at)
    if len(found) != 2:
        raise OtherSpellingError
    return found, at


def _device_key(encoded: bytes, at: int) -> tuple[bytes, int]:
    found = _DEVICE_KEY.match(encoded, at)
    if found is None:
        raise OtherSpellingError
    return b"".join(found.groups()), found.end()


def _validity(encoded: bytes, at: int) -> tuple[tuple[str, ...], int]:
    found = _VALIDITY.match(encoded, at)
    if found is None:
        raise OtherSpellingError
    times = tuple([str(time, "utf-8") for time in found.groups() if time is not None])
    # As many as the map says
    if len(times) != encoded[at] - 0xA0:
        raise OtherSpellingError
    return times, found.end()
