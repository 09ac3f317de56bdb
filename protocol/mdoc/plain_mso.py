"""The mobile security object in the spelling that most use (ISO/IEC 18013-5 §9.1.2.4); see `plain`."""

from __future__ import annotations

import re
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
_REQUIRED = {"version", "digestAlgorithm", "valueDigests", "deviceKeyInfo", "docType", "validityInfo"}


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
    found: set[str] = set()
    version = algorithm = doc_type = ""
    value_digests: dict[str, dict[int, bytes]] = {}
    times: tuple[str, ...] = ()
    point = b""
    status = None
    count, at = length_at(encoded, 0, 0xA0)
    for _ in range(count):
        name, at = text_at(encoded, at)
        found.add(name)
        if name == "version":
            version, at = text_at(encoded, at)
        elif name == "digestAlgorithm":
            algorithm, at = text_at(encoded, at)
        elif name == "docType":
            doc_type, at = text_at(encoded, at)
        elif name == "valueDigests":
            value_digests, at = _digests(encoded, at)
        elif name == "deviceKeyInfo":
            point, at = _device_key(encoded, at)
        elif name == "validityInfo":
            times, at = _validity(encoded, at)
        elif name == "status":
            status, at = _status(encoded, at)
        else:
            raise OtherSpellingError
    if len(found) != count or not found >= _REQUIRED or algorithm != "SHA-256" or at != len(encoded):
        raise OtherSpellingError
    return PlainMso(version, doc_type, value_digests, point, times, status)


def _digests(encoded: bytes, at: int) -> tuple[dict[str, dict[int, bytes]], int]:
    """By namespace, of which there is one."""
    found: dict[str, dict[int, bytes]] = {}
    name_spaces, at = length_at(encoded, at, 0xA0)
    for _ in range(name_spaces):
        name, at = text_at(encoded, at)
        count, at = length_at(encoded, at, 0xA0)
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
        # None twice
        if len(digests) != count or name in found:
            raise OtherSpellingError
        found[name] = digests
    if not found:
        raise OtherSpellingError
    return found, at


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
