"""A message as an endless sequence of small QR codes, of which any sufficiently many give it back (docs/decisions/0030).

Camera to camera nobody can ask again, so every frame is worth the same: a message is cut into `count` parts, and any `count`
different frames out of 256 restore it (a Cauchy matrix over GF(256)). A frame proves nothing. What it carries is
encrypted and authenticated by the session; here only a digest says that all parts are there and fit together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Self

from protocol.base45 import decode_base45, encode_base45
from protocol.cbor import encode_cbor, read_cbor
from protocol.encoding import sha256
from protocol.errors import Malformed, TooLarge

PREFIX = "HF1:"
FRAMES = 256  # numbers of frames, after which they come round again
MAX_PARTS = 128  # half of the numbers: then half of the frames may be lost in every round
MIN_PART = 160  # bytes, of a message that is not smaller: a QR code of 49 modules
MAX_PART = 512  # bytes: a QR code of 81 modules
FEW_PARTS = 32  # so many, and parts grow before there are more
MAX_MESSAGE = MAX_PARTS * MAX_PART - 32  # bytes
MAX_FRAME = 1024  # characters

_DIGEST = 32  # bytes, before the message
_ID = 8  # bytes of the digest
_AT = "frame"


def _make_tables() -> tuple[bytes, tuple[bytes, ...]]:
    """GF(256) by x⁸+x⁴+x³+x²+1, as in QR codes: the inverse of every number, and all its products."""
    powers, number = [1], 2
    while number != 1:
        powers.append(number)
        number = number << 1 ^ (0x11D if number & 0x80 else 0)
    logs = {power: exponent for exponent, power in enumerate(powers)}
    inverses = bytes([0, *(powers[-logs[n] % 255] for n in range(1, 256))])
    products = [bytes([0, *(powers[(logs[a] + logs[b]) % 255] for b in range(1, 256))]) for a in range(1, 256)]
    return inverses, (bytes(256), *products)


_INVERSE, _PRODUCTS = _make_tables()  # _PRODUCTS[a][b] is a times b


@dataclass(frozen=True, slots=True)
class Frame:
    """One QR code of a message, as it was read: nothing in it is believed."""

    id: bytes  # the first 8 bytes of the digest
    size: int  # bytes of the message
    number: int
    data: bytes  # one part, or a sum of all of them

    @property
    def count(self) -> int:
        """How many different frames restore the message."""
        return _count(self.size, len(self.data))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the text of a QR code.

        Raises:
            TooLarge: longer than any frame, or of a message over its cap.
            Malformed: no frame.
        """
        if not is_frame(text):
            raise Malformed(_AT, "is not one of ours")
        if len(text) > MAX_FRAME:
            raise TooLarge(_AT, f"is longer than {MAX_FRAME} characters")
        value = read_cbor(decode_base45(text[len(PREFIX) :], _AT), _AT)
        if not isinstance(value, list) or len(value) != 4:
            raise Malformed(_AT, "must be an array of four")
        id_, size, number, data = value
        if not isinstance(id_, bytes) or len(id_) != _ID:
            raise Malformed(_AT, f"must have an id of {_ID} bytes")
        if type(size) is not int or size < 0 or type(number) is not int or not 0 <= number < FRAMES:
            raise Malformed(_AT, "must have a size and a number")
        if not isinstance(data, bytes) or not 1 <= len(data) <= MAX_PART:
            raise Malformed(_AT, f"must have 1 to {MAX_PART} bytes of data")
        if _count(size, len(data)) > MAX_PARTS:
            raise TooLarge(_AT, f"belongs to a message of more than {MAX_PARTS} parts")
        return cls(id_, size, number, data)

    def to_text(self) -> str:
        """The text of its QR code, in the characters of the alphanumeric mode."""
        return PREFIX + encode_base45(encode_cbor([self.id, self.size, self.number, self.data]))


def is_frame(text: str) -> bool:
    """Whether a text that a camera read is meant to be a frame."""
    return text.startswith(PREFIX)


def encode_frames(message: bytes, *, part_size: int | None = None) -> Iterator[str]:
    """The frames of a message in the order to show them, for ever; without `part_size` its bytes follow from the message's.

    A message over `MAX_MESSAGE`, or parts that are too small or too large, are a ValueError.
    """
    body = sha256(message) + message
    if part_size is None:
        part_size = min(max(-(-len(body) // FEW_PARTS), MIN_PART), MAX_PART, len(body))
    count = _count(len(message), part_size) if 1 <= part_size <= MAX_PART else FRAMES
    if count > MAX_PARTS:
        raise ValueError("this message does not fit parts of this size")
    body = body.ljust(count * part_size, b"\0")
    parts = [body[i : i + part_size] for i in range(0, len(body), part_size)]
    return (Frame(body[:_ID], len(message), n, _combine(n, parts)).to_text() for n in cycle(range(FRAMES)))


class FrameDecoder:
    """Collects the frames that a camera reads, in any order and as often as they come.

    Frames of several messages may come mixed: a few messages are collected beside each other, never together, and the
    one of which least is known makes room. Memory and the work for a frame are bounded, whoever shows what.
    """

    MAX_MESSAGES = 4

    def __init__(self) -> None:
        self._collected: dict[tuple[bytes, int, int], dict[int, bytes]] = {}
        self._done: deque[bytes] = deque(maxlen=self.MAX_MESSAGES)

    def add(self, text: str) -> bytes | None:
        """Take a frame up; the message when this was the last one that it needed. That message's frames then count no more.

        Raises:
            TooLarge, Malformed: no frame; see `Frame.from_text`. What was collected stays.
            Malformed: all are there and do not fit together: what was collected of this message is dropped.
        """
        frame = Frame.from_text(text)
        if frame.id in self._done:
            return None
        # What says another size, of the message or of its parts, is of another message
        key = (frame.id, frame.size, len(frame.data))
        frames = self._collected.get(key)
        if frames is None:
            frames = self._begin(key)
        frames.setdefault(frame.number, frame.data)
        if len(frames) < frame.count:
            return None
        del self._collected[key]
        body = b"".join(_solve(frames))
        message = body[_DIGEST : _DIGEST + frame.size]
        digest = sha256(message)
        if digest != body[:_DIGEST] or digest[:_ID] != frame.id or any(body[_DIGEST + frame.size :]):
            raise Malformed(_AT, "does not fit the others")
        self._done.append(frame.id)
        return message

    @property
    def progress(self) -> float:
        """From 0 to 1, of the message of which most is known."""
        return max(
            (len(frames) / _count(size, part) for (_, size, part), frames in self._collected.items()), default=0.0
        )

    def _begin(self, key: tuple[bytes, int, int]) -> dict[int, bytes]:
        if len(self._collected) == self.MAX_MESSAGES:
            del self._collected[min(self._collected, key=lambda known: len(self._collected[known]))]
        return self._collected.setdefault(key, {})


def _count(size: int, part_size: int) -> int:
    return -(-(size + _DIGEST) // part_size)


def _combine(number: int, parts: list[bytes]) -> bytes:
    """What frame `number` carries: the part of this number, or the sum of all parts, each divided by number ⊕ its own."""
    if number < len(parts):
        return parts[number]
    total = bytes(len(parts[0]))
    for i, part in enumerate(parts):
        total = _add(total, part, _INVERSE[number ^ i])
    return total


def _add(to: bytes, data: bytes, factor: int) -> bytes:
    """To plus factor times data."""
    product = data.translate(_PRODUCTS[factor])
    return (int.from_bytes(to, "big") ^ int.from_bytes(product, "big")).to_bytes(len(to), "big")


def _solve(frames: dict[int, bytes]) -> list[bytes]:
    """The parts, from as many different frames. Every square piece of a Cauchy matrix can be inverted, so this ends well."""
    count = len(frames)
    missing = [i for i in range(count) if i not in frames]
    rows: list[bytes] = []  # factors of the missing parts, and then what they add up to
    for number in (number for number in frames if number >= count):
        total = frames[number]
        for i in range(count):
            if i in frames:
                total = _add(total, frames[i], _INVERSE[number ^ i])
        rows.append(bytes(_INVERSE[number ^ i] for i in missing) + total)
    for column in range(len(missing)):
        pivot = next(i for i in range(column, len(rows)) if rows[i][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column] = rows[column].translate(_PRODUCTS[_INVERSE[rows[column][column]]])
        for i, row in enumerate(rows):
            if i != column and row[column]:
                rows[i] = _add(row, lead, row[column])
    restored = {part: row[len(missing) :] for part, row in zip(missing, rows, strict=True)}
    return [frames.get(i) or restored[i] for i in range(count)]
