"""Moving codes as a screen shows them, in pictures, for a camera."""

import base64
import io
from collections.abc import Sequence

import zxingcpp
from PIL import Image

from protocol.encoding import JsonObject
from runtime.moving_codes import moving_codes

SCALE = 8  # pixels of a module


def drawn(message: bytes) -> list[bytes]:
    """The codes of a message as they follow each other, as PNG, with their quiet zone."""
    return drawn_from(moving_codes(message))


def drawn_from(codes: JsonObject) -> list[bytes]:
    """The same of what a page was handed."""
    modules, frames = _packed(codes)
    return [_picture(modules, frame) for frame in frames]


def packed(message: bytes) -> tuple[int, list[bytes]]:
    """What a page gets of a message: modules of a side, and the rows of each code."""
    return _packed(moving_codes(message))


def _packed(codes: JsonObject) -> tuple[int, list[bytes]]:
    match codes:
        case {"modules": int(modules), "frames": list(frames)}:
            return modules, [base64.b64decode(str(frame)) for frame in frames]
    raise AssertionError("not what a page reads")


def seen(pictures: Sequence[bytes]) -> list[str]:
    """What another library reads in pictures of one code each."""
    texts = []
    for picture in pictures:
        picture_of_it = Image.open(io.BytesIO(picture))
        # Among so many modules there may be something that looks like a bar code
        (code,) = zxingcpp.read_barcodes(picture_of_it, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
        texts.append(code.text)
    return texts


def _picture(modules: int, rows: bytes) -> bytes:
    width = -(-modules // 8)
    # Pillow's bits are white where they are set, with rows that are filled up to bytes
    code = Image.frombytes("1", (modules, modules), bytes(byte ^ 0xFF for byte in rows), "raw", "1", width)
    screen = Image.new("1", (modules + 8, modules + 8), 1)
    screen.paste(code, (4, 4))
    file = io.BytesIO()
    screen.resize((screen.width * SCALE, screen.height * SCALE)).save(file, "PNG")
    return file.getvalue()
