"""Base45 (RFC 9285): bytes in the 45 characters that a QR code packs most tightly after digits."""

from __future__ import annotations

from protocol.errors import Malformed

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def encode_base45(data: bytes) -> str:
    """Two bytes as three characters, a last single one as two, the lowest digit first (RFC 9285 §4)."""
    characters: list[str] = []
    for i in range(0, len(data) - 1, 2):
        rest, low = divmod(data[i] << 8 | data[i + 1], 45)
        high, middle = divmod(rest, 45)
        characters += (ALPHABET[low], ALPHABET[middle], ALPHABET[high])
    if len(data) % 2:
        middle, low = divmod(data[-1], 45)
        characters += (ALPHABET[low], ALPHABET[middle])
    return "".join(characters)


def decode_base45(text: str, at: str = "base45") -> bytes:
    """Read base45; exactly one spelling of every value is accepted, and lower case is none of it.

    Raises:
        Malformed: another alphabet, a single character at the end, or a number that its bytes cannot hold.
    """
    if len(text) % 3 == 1:
        raise Malformed(at, "has a character over")
    data = bytearray()
    try:
        for i in range(0, len(text), 3):
            group = text[i : i + 3]
            number = sum(_VALUES[character] * 45**place for place, character in enumerate(group))
            data += number.to_bytes(len(group) - 1, "big")
    except (KeyError, OverflowError) as error:
        raise Malformed(at, "is not base45") from error
    return bytes(data)
