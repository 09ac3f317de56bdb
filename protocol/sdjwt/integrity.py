"""Integrity metadata: a document is what somebody vouched for, byte for byte (SD-JWT VC §6, W3C SRI §3)."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re

from protocol.errors import Malformed, NotAuthentic

MAX_INTEGRITY = 1024  # characters

_HASHES = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_STRONGEST_FIRST = ("sha512", "sha384", "sha256")
_EXPRESSION = re.compile(r"(sha(?:256|384|512))-([A-Za-z0-9+/_-]+={0,2})(?:\?[!-~]*)?", re.IGNORECASE | re.ASCII)
_BLANKS = re.compile(r"[ \t\n\f\r]+")
_URLSAFE_TO_STANDARD = str.maketrans("-_", "+/")


def check_integrity(data: bytes, integrity: str, at: str) -> None:
    """Check the bytes of a document, as they came, against integrity metadata.

    Of several hashes only those of the strongest algorithm count, and one of them has to fit.

    Raises:
        Malformed: the metadata is too long.
        NotAuthentic: no hash fits, or there is none that we know.
    """
    if len(integrity) > MAX_INTEGRITY:
        raise Malformed(at, f"has integrity metadata of more than {MAX_INTEGRITY} characters")
    expressions = [found for part in _BLANKS.split(integrity) if (found := _EXPRESSION.fullmatch(part))]
    for algorithm in _STRONGEST_FIRST:
        named = [found[2] for found in expressions if found[1].lower() == algorithm]
        if named:
            digest = _HASHES[algorithm](data).digest()
            if any(hmac.compare_digest(digest, _decode(text)) for text in named):
                return
            raise NotAuthentic(f"{at}: is not the document that was vouched for")
    raise NotAuthentic(f"{at}: is vouched for in no way that is known here")


def _decode(text: str) -> bytes:
    """Base64 in either alphabet, as SRI has it, with or without padding; what is no base64 fits nothing."""
    digits = text.rstrip("=").translate(_URLSAFE_TO_STANDARD)
    try:
        return binascii.a2b_base64(digits + "=" * (-len(digits) % 4))
    except binascii.Error:
        return b""
