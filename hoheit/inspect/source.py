"""Where the thing to explain comes from: the command line, a file, a picture of a QR code, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from protocol.encoding import encode_base64url
from protocol.errors import TooLarge
from protocol.status.token import MAX_STATUS_TOKEN
from runtime.pictures import is_picture, read_qr_code


def read_source(what: str) -> str:
    """The text behind an argument: `-` is standard input, the name of a file its content, anything else itself.

    Bytes that are neither text nor a picture come as base64url, as CBOR travels.

    Raises:
        TooLarge: over 16 MiB, or a picture of too many pixels.
        Malformed: a picture without a QR code.
    """
    if what == "-":
        data = sys.stdin.buffer.read(MAX_STATUS_TOKEN + 1)
    elif _is_file(what):
        with Path(what).open("rb") as file:
            data = file.read(MAX_STATUS_TOKEN + 1)
    else:
        return what.strip()
    if len(data) > MAX_STATUS_TOKEN:
        raise TooLarge("input", f"is larger than {MAX_STATUS_TOKEN} bytes")
    if is_picture(data):
        return read_qr_code(data)
    try:
        return data.decode("utf-8").strip()
    except UnicodeDecodeError:
        return encode_base64url(data)


def _is_file(what: str) -> bool:
    try:
        return len(what) < 4096 and Path(what).is_file()
    except (OSError, ValueError):
        return False
