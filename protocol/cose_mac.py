"""COSE_Mac0 with HMAC 256/256 and a key that both sides know, pinned by us (RFC 9052 §6.2, RFC 9053 §3.1)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Self

from protocol.cbor import CborValue, encode_cbor
from protocol.cose import ALG, CoseHeader, read_header
from protocol.errors import Malformed, NotAuthentic

HMAC_256 = 5
TAG_BYTES = 32

_ALGORITHMS = frozenset((HMAC_256,))
_PROTECTED = encode_cbor({ALG: HMAC_256})


@dataclass(frozen=True, slots=True)
class Mac0:
    """An authenticated message as it came: parsed, not trusted."""

    header: CoseHeader
    protected: bytes  # as sent: what the tag is over
    payload: bytes | None  # None: detached, it comes from elsewhere
    tag: bytes

    @classmethod
    def from_value(cls, value: CborValue, at: str) -> Self:
        """Read the array of a message that stands in something else, without its tag.

        Raises:
            Malformed: another shape.
            TooLarge, Unsupported: see `protocol.cose.read_header`.
        """
        if not isinstance(value, list) or len(value) != 4:
            raise Malformed(at, "is not an authenticated message")
        protected, unprotected, payload, tag = value
        if not isinstance(protected, bytes) or not isinstance(unprotected, dict):
            raise Malformed(at, "must have two headers")
        if not isinstance(payload, bytes | None):
            raise Malformed(at, "must have bytes as its payload, or none")
        # RFC 9053 §3.1: shorter ones are other algorithms
        if not isinstance(tag, bytes) or len(tag) != TAG_BYTES:
            raise Malformed(at, f"must have a tag of {TAG_BYTES} bytes")
        return cls(read_header(protected, unprotected, f"{at} header", algorithms=_ALGORITHMS), protected, payload, tag)

    def to_value(self) -> list[CborValue]:
        """The array of the message, to stand in something else."""
        return [self.protected, dict(self.header.unprotected), self.payload, self.tag]


def mac0(payload: bytes, key: bytes) -> Mac0:
    """A message whose payload comes from elsewhere."""
    header = read_header(_PROTECTED, {}, "header", algorithms=_ALGORITHMS)
    return Mac0(header, _PROTECTED, None, _tag(key, _PROTECTED, payload))


def verify_mac0(message: Mac0, key: bytes, *, at: str, payload: bytes | None = None) -> bytes:
    """Check the tag, and hand out the payload, or the detached one that was given.

    Raises:
        NotAuthentic: the tag does not hold.
        Malformed: there is no payload, or two.
    """
    if (payload is None) is (message.payload is None):
        raise Malformed(at, "must have its payload in one place")
    covered = message.payload if payload is None else payload
    if covered is None or not hmac.compare_digest(message.tag, _tag(key, message.protected, covered)):
        raise NotAuthentic(f"{at}: the tag does not hold")
    return covered


def _tag(key: bytes, protected: bytes, payload: bytes) -> bytes:
    """HMAC over MAC_structure (RFC 9052 §6.3), without external data; over the header's bytes as they came."""
    return hmac.digest(key, encode_cbor(["MAC0", protected, b"", payload]), hashlib.sha256)
