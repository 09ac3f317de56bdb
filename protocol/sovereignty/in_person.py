"""A cockpit without a key in the answer: in person both sides derive a claim from the session (ISO/IEC 18013-5 §9.1.1.5).

A DeviceResponse has no room for a key, so the wallet binds one with its first call, by a secret that both had: whoever only
overheard engagement and radio lacks it. The reader keeps its hash alone, and signs the receipt when the key is bound.
"""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocol.encoding import JsonObject, decode_base64url, encode_base64url, sha256
from protocol.errors import Malformed, NotFound
from protocol.fields import Fields
from protocol.sovereignty.canonical import hash_bytes

CLAIM = "claim"
CLAIM_LENGTH = 32  # bytes
_INFO = b"hoheit-cockpit"


def derive_claim(secret: bytes, transcript: bytes) -> bytes:
    """The claim, from ECDH's secret ZAB and SessionTranscriptBytes (tag 24 included), as session keys are derived."""
    return HKDF(SHA256(), CLAIM_LENGTH, sha256(transcript), _INFO).derive(secret)


def hash_claim(claim: bytes) -> str:
    """What the reader keeps of a claim, and finds its receipt by."""
    return hash_bytes(claim)


def write_claim(claim: bytes) -> JsonObject:
    """The body of the wallet's first call."""
    return {CLAIM: encode_base64url(claim)}


def read_claim(body: Fields) -> bytes | None:
    """The claim in a call's body; None: there is none, for the key is bound already.

    Raises:
        Malformed: not 32 bytes.
    """
    text = body.optional_text(CLAIM, max_length=64)
    if text is None:
        return None
    claim = decode_base64url(text, body.path(CLAIM))
    if len(claim) != CLAIM_LENGTH:
        raise Malformed(body.path(CLAIM), f"must be {CLAIM_LENGTH} bytes")
    return claim


def bind_claim(bound: str | None, thumbprint: str) -> str:
    """The thumbprint that a claim belongs to from now on: that of the first call, and of no other ever after.

    Raises:
        NotFound: another key came first, which looks as if there were no such claim.
    """
    if bound is not None and not hmac.compare_digest(bound.encode(), thumbprint.encode()):
        raise NotFound("there is no such receipt")
    return thumbprint
