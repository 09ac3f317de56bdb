"""Proof Key for Code Exchange with S256, the only method that is used here (RFC 7636)."""

from __future__ import annotations

import re

from protocol.encoding import encode_base64url, sha256
from protocol.errors import Malformed
from protocol.keys import RandomBytes

METHOD = "S256"

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # base64url of SHA-256


def new_code_verifier(random_bytes: RandomBytes) -> str:
    """A fresh code verifier, 256 bits."""
    return encode_base64url(random_bytes(32))


def code_challenge(code_verifier: str) -> str:
    """The S256 challenge for a verifier (RFC 7636 §4.2)."""
    return encode_base64url(sha256(code_verifier.encode("ascii", "replace")))


def read_code_verifier(text: str, at: str) -> str:
    """Check the shape of a verifier.

    Raises:
        Malformed: not 43 to 128 unreserved characters.
    """
    if not _VERIFIER.fullmatch(text):
        raise Malformed(at, "must be 43 to 128 unreserved characters")
    return text


def read_code_challenge(text: str, method: str | None, at: str) -> str:
    """Check that a challenge is one of S256 (T094).

    Raises:
        Malformed: another method, `plain` by omission among them, or another shape.
    """
    if method != METHOD:
        raise Malformed(f"{at}_method", f"must be {METHOD}")
    if not _CHALLENGE.fullmatch(text):
        raise Malformed(at, "must be base64url of a SHA-256 digest")
    return text
