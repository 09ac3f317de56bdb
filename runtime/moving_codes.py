"""A message as moving codes, drawn for a page that shows them one after the other (docs/decisions/0030).

The page gets modules and no picture: what is sharp on its screen, only the page knows (`static/codes.js`).
"""

from __future__ import annotations

import base64
from itertools import islice

import zxingcpp
from PIL import Image

from protocol.encoding import JsonObject
from protocol.errors import TooLarge
from protocol.mdoc.frames import FRAMES, MAX_MESSAGE, Frame, encode_frames

ROUNDS = 3  # so many times the frames that restore a message are different ones, if there are as many


def moving_codes(message: bytes) -> JsonObject:
    """What a page draws: `modules` of a side, and `frames`, each its rows of bits from the left, filled up to bytes, in base64.

    It takes a tenth of a second, and nearly one for a portrait: whoever serves others meanwhile lets a thread do it
    (`runtime.conversation.slow`).

    Raises:
        TooLarge: more than fits into moving codes.
    """
    if len(message) > MAX_MESSAGE:
        raise TooLarge("message", f"is larger than {MAX_MESSAGE} bytes, and does not fit into moving codes")
    first = next(encode_frames(message))
    # A camera at a third of the screen's speed still gets enough different ones
    texts = list(islice(encode_frames(message), min(FRAMES, ROUNDS * Frame.from_text(first).count)))
    codes = [_draw(text) for text in texts]
    # Numbers of more digits need more room: all have the size of the largest, so that the code stands still on the screen
    modules = max(code.width for code in codes)
    codes = [
        code if code.width == modules else _draw(text, version=(modules - 17) // 4)
        for text, code in zip(texts, codes, strict=True)
    ]
    frames = [base64.b64encode(code.tobytes("raw", "1;I")).decode("ascii") for code in codes]  # inverted: dark is 1
    return {"modules": modules, "frames": [*frames]}


def _draw(text: str, **options: int) -> Image.Image:
    """A code of one pixel for a module, without the quiet zone; its mode, alphanumeric, follows from the text."""
    # Not the library of our other codes: that takes five to ten times as long
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="L", **options)
    pixels = Image.fromarray(code.to_image(scale=1, add_quiet_zones=False))
    return pixels.convert("1", dither=Image.Dither.NONE)
