"""Pictures of QR codes to read."""

import io

import qrcode
from PIL import Image


def picture(*texts: str) -> bytes:
    """QR codes beside each other, as PNG."""
    codes = [qrcode.make(text).get_image().convert("L") for text in texts]
    width, height = sum(code.width for code in codes) or 50, max((code.height for code in codes), default=50)
    canvas = Image.new("L", (width, height), 255)
    at = 0
    for code in codes:
        canvas.paste(code, (at, 0))
        at += code.width
    data = io.BytesIO()
    canvas.save(data, "PNG")
    return data.getvalue()
