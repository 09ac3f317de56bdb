"""What a camera reads of moving codes that a page draws."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

import zxingcpp
from PIL import Image

from protocol.mdoc.frames import FrameDecoder


def read_code(modules: int, packed: str) -> str:
    """The text of one code, of which there are modules in base64."""
    bits = "".join(f"{byte:08b}" for byte in b64decode(packed))
    picture = Image.new("L", (modules + 8, modules + 8), 255)
    for place in range(modules * modules):
        if bits[place] == "1":
            picture.putpixel((4 + place % modules, 4 + place // modules), 0)
    large = picture.resize((picture.width * 4, picture.height * 4), Image.Resampling.NEAREST)
    (found,) = zxingcpp.read_barcodes(large)
    text: str = found.text
    return text


def texts_of(fetch: Callable[[int], Any]) -> Iterator[str]:
    """All codes in their order; `fetch` asks the page's address for those from a number on."""
    first = 0
    while first is not None:
        chunk = fetch(first)
        yield from (read_code(chunk["modules"], packed) for packed in chunk["frames"])
        first = chunk["next"]


def message_of(fetch: Callable[[int], Any]) -> bytes:
    """The message that the codes carry."""
    decoder = FrameDecoder()
    for text in texts_of(fetch):
        if (message := decoder.add(text)) is not None:
            return message
    raise AssertionError("these codes give no message")
