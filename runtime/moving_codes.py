"""A message as moving codes for a page to draw (docs/decisions/0030, `static/codes.js`)."""

from __future__ import annotations

from base64 import b64encode
from itertools import islice

import qrcode
import qrcode.constants

from protocol.encoding import JsonObject
from protocol.errors import TooLarge
from protocol.mdoc.frames import FRAMES, MAX_MESSAGE, Frame, encode_frames

CHUNK = 12  # frames at once: a little more than a second of them
_MASK = 2  # choosing the best of eight takes four times as long, and a camera minds none of them


def moving_codes(message: bytes, first: int = 0) -> JsonObject:
    """Some of a message's frames from number `first` on, and the next number; null: all that are worth showing are there.

    Twice as many as restore it are shown, so that whoever misses some need not wait for them to come again.

    Raises:
        TooLarge: more than moving codes carry.
    """
    if len(message) > MAX_MESSAGE:
        raise TooLarge("message", "is too large for moving codes")
    texts = list(islice(encode_frames(message, first=first), CHUNK))
    enough = min(2 * Frame.from_text(texts[0]).count + 2, FRAMES)
    after = min(first + CHUNK, enough)
    matrices = [_matrix(text) for text in texts[: max(1, after - first)]]
    return {
        "modules": len(matrices[0]),
        "frames": [b64encode(_packed(matrix)).decode("ascii") for matrix in matrices],
        "next": after if after < enough else None,
    }


def _matrix(text: str) -> list[list[bool]]:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=0, mask_pattern=_MASK)
    code.add_data(text, optimize=0)
    code.make(fit=True)
    matrix: list[list[bool]] = code.get_matrix()
    return matrix


def _packed(matrix: list[list[bool]]) -> bytes:
    """Row by row, a bit for each module, the first one highest."""
    bits = [module for row in matrix for module in row]
    number = int("".join("1" if module else "0" for module in bits).ljust(-(-len(bits) // 8) * 8, "0"), 2)
    return number.to_bytes(-(-len(bits) // 8), "big")
