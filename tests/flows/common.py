"""What two conversations have in common by which somebody could tell that they were one citizen's."""

import base64
import binascii
import re
from collections.abc import Iterable

GRAM = 12  # bytes that two texts have in common by more than chance
KNOWN = 8  # bytes that are explained by standing with a stranger too
LEAST = 6  # of them that nobody else's conversation has too
DEPTH = 3  # of what is encoded in what is encoded
_ENCODED = re.compile(rb"[A-Za-z0-9_+/-]{12,}")
_BETWEEN = b"\n\0\n"


def unpacked(text: bytes, depth: int = DEPTH) -> bytes:
    """A text with everything that is encoded in it. What is a text itself stands in the place of its encoding.

    The same text looks different in base64 after a number that has one digit more.
    """
    found: list[bytes] = []

    def inside(piece: re.Match[bytes]) -> bytes:
        decoded = _decoded(piece[0])
        found.append(unpacked(decoded, depth - 1))
        return _BETWEEN if _is_text(decoded) else piece[0]

    if not depth:
        return text
    return _BETWEEN.join([_ENCODED.sub(inside, text), *found])


def in_common(one: bytes, other: bytes, known: Iterable[bytes]) -> set[bytes]:
    """What stands in both and is not explained by what is known to stand with everybody.

    A piece that both have counts without the bytes around it that a stranger's conversation has as well: a name of a member
    stands before each random value, and the first byte of two random values may be the same.
    """
    shared = _covered(one, _grams(other, GRAM), GRAM)
    explained = _covered(one, set[bytes]().union(*[_grams(text, KNOWN) for text in known]), KNOWN)
    left = bytes([mine and not theirs for mine, theirs in zip(shared, explained, strict=True)])
    return {one[found.start() : found.end()] for found in re.finditer(rb"\x01{%d,}" % LEAST, left)}


def _decoded(piece: bytes) -> bytes:
    padded = piece.replace(b"-", b"+").replace(b"_", b"/")
    try:
        return base64.b64decode(padded + b"=" * (-len(padded) % 4))
    except binascii.Error:
        return b""


def _is_text(decoded: bytes) -> bool:
    try:
        return decoded.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


def _grams(text: bytes, size: int) -> set[bytes]:
    return {text[i : i + size] for i in range(len(text) - size + 1)}


def _covered(text: bytes, grams: set[bytes], size: int) -> bytearray:
    """Which bytes of a text stand within one of these."""
    found = bytearray(len(text))
    for i in range(len(text) - size + 1):
        if text[i : i + size] in grams:
            found[i : i + size] = b"\1" * size
    return found
