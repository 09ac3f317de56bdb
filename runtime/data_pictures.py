"""Pictures that strangers put into data: a logo, a portrait. Only what is certainly a plain picture may stand on a page.

Nothing is fetched, so nobody learns who looks at it (T262), and every byte goes the way that we wrote anew.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from urllib.parse import unquote_to_bytes

from PIL import Image

from protocol.encoding import decode_base64url
from protocol.errors import Malformed

MAX_LOGO = 64 << 10  # characters of its address
MAX_PORTRAIT = 512 << 10  # likewise
MAX_PIXELS = 4_000_000
_ADDRESS = re.compile(r"data:image/(png|jpe?g|webp|svg\+xml)((?:;charset=[a-z0-9-]{1,20})?)(;base64)?,", re.IGNORECASE)
_FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}
_BEGINNINGS = {
    "png": re.compile(rb"\x89PNG"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}
# What makes of a drawing more than shapes: programs, pages, other files, and a few lines that take for ever to draw
_MORE_THAN_SHAPES = re.compile(
    rb"<!doctype|<!entity|<\?xml-stylesheet|<(?:[\w.-]+:)?(?:script|foreignobject|use|image|pattern|filter|animate|set)\b"
    rb"|\bon\w+\s*=",
    re.IGNORECASE,
)
_UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning)


def safe_picture(address: str, limit: int) -> str:
    """The address of a picture as it may stand in an `<img>`; empty if it is none, or more than a picture (T152, T235).

    Accepted are `data:` with PNG, JPEG, WebP by what they are and not what they are called, and drawings (SVG) of shapes
    alone. `limit`: characters.
    """
    found = _ADDRESS.match(address) if len(address) <= limit else None
    if found is None:
        return ""
    kind = found.group(1).lower().replace("jpg", "jpeg")
    data = _bytes_of(address[found.end() :], is_base64=found.group(3) is not None)
    good = _is_drawing(data) if kind == "svg+xml" else _is_photograph(data, _FORMATS[kind])
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}" if good else ""


def safe_portrait(value: str, *, binary: bool) -> str:
    """The picture in a claim as it may stand in an `<img>`, likewise; `binary`: the value is bytes in base64url, as of an mdoc.

    Bytes are a picture by what they are: PNG, JPEG or WebP. Other forms, such as JPEG 2000, browsers do not show.
    """
    if not binary:
        return safe_picture(value, MAX_PORTRAIT)
    if len(value) > MAX_PORTRAIT:
        return ""
    try:
        data = decode_base64url(value)
    except Malformed:
        return ""
    kind = next((kind for kind, beginning in _BEGINNINGS.items() if beginning.match(data)), "")
    good = bool(kind) and _is_photograph(data, _FORMATS[kind])
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}" if good else ""


def _bytes_of(text: str, *, is_base64: bool) -> bytes:
    if not is_base64:
        return unquote_to_bytes(text)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_photograph(data: bytes, form: str) -> bool:
    """Whether the data begins like this form and has a size that a page can bear; its pixels are not looked at."""
    try:
        with Image.open(io.BytesIO(data), formats=[form]) as picture:
            return 0 < picture.width * picture.height <= MAX_PIXELS
    except _UNREADABLE:
        return False


def _is_drawing(data: bytes) -> bool:
    """Whether the data is an SVG of shapes: first a declaration and comments, if at all, then the drawing itself."""
    rest = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if rest.startswith(b"<?xml"):
        rest = rest.partition(b"?>")[2].lstrip()
    while rest.startswith(b"<!--"):
        rest = rest.partition(b"-->")[2].lstrip()
    return re.match(rb"<svg[\s>]", rest) is not None and _MORE_THAN_SHAPES.search(data) is None
