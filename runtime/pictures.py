"""Reads QR codes out of pictures; how many pixels there are is looked at before any is decoded (T065)."""

from __future__ import annotations

import io

import zxingcpp
from PIL import Image

from protocol.errors import Malformed, TooLarge

MAX_PICTURE = 16 << 20  # bytes
MAX_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
# Pillow warns before it refuses, and a warning is an error where a program asks for that
_UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning)
_BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")


def is_picture(data: bytes) -> bool:
    """Whether data begins like a picture of a kind that is read here."""
    return data.startswith(_BEGINNINGS)


def read_qr_code(data: bytes) -> str:
    """The text of the one QR code in a picture.

    Raises:
        TooLarge: too many bytes or pixels.
        Malformed: no picture, or not exactly one QR code in it.
    """
    if len(data) > MAX_PICTURE:
        raise TooLarge("picture", f"is larger than {MAX_PICTURE} bytes")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise TooLarge("picture", f"has more than {MAX_PIXELS} pixels")
            grey = picture.convert("L")
    except _UNREADABLE as error:
        raise Malformed("picture", "cannot be read") from error
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    texts = {code.text for code in found if code.text}
    if len(texts) != 1:
        raise Malformed("picture", "has no QR code" if not texts else "has more than one QR code")
    return texts.pop()
