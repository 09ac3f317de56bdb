"""The statuses of many credentials as one compressed row of bits (Token Status List §4).

Two faster codecs are used where they are installed; all of them read and write the same format and refuse the same input.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from protocol.encoding import JsonObject, decode_base64url, encode_base64url
from protocol.errors import Malformed, TooLarge
from protocol.fields import Fields

WIDTHS = (1, 2, 4, 8)  # bits of one status
MAX_LIST = 16 * 1024 * 1024  # bytes, inflated: 128 million statuses of one bit
MAX_COMPRESSED = 16 * 1024 * 1024  # characters of `lst`
LEVEL = 9  # §4.1 recommends the highest


class _Inflater(Protocol):
    """What the three codecs have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


# Chosen once: zlib-ng writes fewer bytes in less time, isal reads fastest
_compress: Callable[[bytes, int], bytes] = zlib.compress
_inflater: Callable[[], _Inflater] = zlib.decompressobj
_inflate_error: type[Exception] = zlib.error
try:
    from zlib_ng import zlib_ng
except ImportError:
    pass
else:
    _compress = zlib_ng.compress
    _inflater = zlib_ng.decompressobj
    _inflate_error = zlib_ng.error  # type: ignore[assignment]  # its stubs call the class an instance
try:
    from isal import isal_zlib
except ImportError:
    pass
else:
    _inflater = isal_zlib.decompressobj
    _inflate_error = isal_zlib.error  # type: ignore[assignment]  # its stubs call the class an instance


@dataclass(frozen=True, slots=True)
class StatusList:
    """Statuses by index, packed from the least significant bit of each byte upwards (Token Status List §4.1)."""

    bits: int  # of one status: 1, 2, 4 or 8
    packed: bytes  # inflated; what is left of the last byte counts as entries of status 0

    def __post_init__(self) -> None:
        if type(self.bits) is not int or self.bits not in WIDTHS:
            raise ValueError("a status has 1, 2, 4 or 8 bits")
        if not self.packed:
            raise ValueError("a status list has at least one entry")

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.packed) * 8 // self.bits

    def get(self, index: int) -> int:
        """The status at an index, as its number (Token Status List §4.1).

        Raises:
            Malformed: the list has no such entry.
        """
        bits = self.bits
        position = index * bits
        if position >= 0:
            try:
                return self.packed[position >> 3] >> (position & 7) & ((1 << bits) - 1)
            except IndexError:
                pass
        raise Malformed("status_list.idx", "is beyond the status list")

    @classmethod
    def from_entries(cls, size: int, bits: int, entries: Mapping[int, int]) -> Self:
        """Make a list of `size` entries that are 0 except where `entries` says otherwise; a wrong one is a ValueError."""
        if type(bits) is not int or bits not in WIDTHS:
            raise ValueError("a status has 1, 2, 4 or 8 bits")
        if not 1 <= size <= MAX_LIST * 8 // bits:
            raise ValueError("a status list of this size is not possible")
        if entries:
            if min(entries) < 0 or max(entries) >= size:
                raise ValueError("an index is beyond the status list")
            if min(entries.values()) < 0 or max(entries.values()) >> bits:
                raise ValueError("a status does not fit its bits")
        packed = bytearray(-(-size * bits // 8))
        for index, status in entries.items():
            position = index * bits
            packed[position >> 3] |= status << (position & 7)
        return cls(bits, bytes(packed))

    def compress(self) -> bytes:
        """The list as a ZLIB stream (Token Status List §4.1). The bytes may differ between codecs, never what they say."""
        return _compress(self.packed, LEVEL)

    @classmethod
    def from_compressed(cls, data: bytes, bits: int, at: str, max_bytes: int = MAX_LIST) -> Self:
        """Inflate a ZLIB stream; no more than `max_bytes` are ever produced (T066).

        Raises:
            TooLarge: it would become more than `max_bytes`.
            Malformed: bits are not 1, 2, 4 or 8, the stream is broken, incomplete, empty or followed by something.
        """
        if type(bits) is not int or bits not in WIDTHS:
            raise Malformed(at, "must have statuses of 1, 2, 4 or 8 bits")
        inflater = _inflater()
        try:
            packed = inflater.decompress(data, max_bytes + 1)
        except _inflate_error as error:
            raise Malformed(at, "is not a ZLIB stream") from error
        if len(packed) > max_bytes:
            raise TooLarge(at, f"inflates to more than {max_bytes} bytes")
        if not inflater.eof:
            raise Malformed(at, "is not complete")
        if inflater.unused_data:
            raise Malformed(at, "has something after its end")
        if not packed:
            raise Malformed(at, "has no entries")
        return cls(bits, packed)

    def to_dict(self, *, aggregation_uri: str | None = None) -> JsonObject:
        """The `status_list` claim (Token Status List §4.2); `aggregation_uri` names all lists of the issuer (§9)."""
        claim: JsonObject = {"bits": self.bits, "lst": encode_base64url(self.compress())}
        if aggregation_uri is not None:
            claim["aggregation_uri"] = aggregation_uri
        return claim

    @classmethod
    def from_dict(cls, value: object, at: str = "status_list", max_bytes: int = MAX_LIST) -> Self:
        """Read a `status_list` claim; `aggregation_uri` is ignored like everything that answers no question of ours.

        Raises:
            TooLarge: it would inflate to more than `max_bytes`.
            Malformed: a member is missing or has the wrong shape, or see `from_compressed`.
        """
        claim = Fields(value, at)
        bits = claim.required("bits")
        if type(bits) is not int or bits not in WIDTHS:
            raise Malformed(claim.path("bits"), "must be 1, 2, 4 or 8")
        path = claim.path("lst")
        compressed = decode_base64url(claim.text("lst", max_length=MAX_COMPRESSED), path)
        return cls.from_compressed(compressed, bits, path, max_bytes)
