"""A link from the command line: as text, or in a picture of a QR code; and a QR code on the terminal."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import qrcode

from runtime.pictures import MAX_PICTURE, read_qr_code

MAX_LINK = 64 * 1024  # characters
_LINK = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def read_argument(argument: str) -> str:
    """The link that an argument is, or whose QR code it names; `-` reads the link from standard input.

    Raises:
        Malformed: no link, and no picture with exactly one QR code in it.
        TooLarge: a picture that would take too much to read (T065).
        OSError: the file cannot be read.
    """
    if argument == "-":
        return sys.stdin.read(MAX_LINK + 1).strip()
    if _LINK.match(argument) and not Path(argument).exists():
        return argument
    return read_qr_image(Path(argument))


def read_qr_image(path: Path) -> str:
    """The text of the one QR code in a picture.

    Raises:
        Malformed: no picture, or not exactly one QR code in it.
        TooLarge: more than the limits of `runtime.pictures`; a large file is not even read (T065).
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(MAX_PICTURE + 1)
    return read_qr_code(data)


def draw_qr(text: str, *, dark: bool) -> str:
    """A QR code in characters; `dark` is a terminal with light letters on a dark ground."""
    code = qrcode.QRCode(border=2)
    code.add_data(text, optimize=0)
    drawn = io.StringIO()
    code.print_ascii(out=drawn, invert=dark)
    return drawn.getvalue()
