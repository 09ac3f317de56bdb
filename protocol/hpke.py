"""Hybrid public key encryption to one P-256 key (RFC 9180): base mode, one message, and the one suite that is spoken here."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from protocol.errors import NotAuthentic
from protocol.keys import P256Key, PublicKey

ENC_BYTES = KEM.P256.enc_length()  # an uncompressed point
TAG_BYTES = 16

# §7: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM
_SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted message; who made it is not known (T014)."""

    enc: bytes  # the sender's ephemeral key, `ENC_BYTES`
    ciphertext: bytes  # with its tag


def seal_hpke(plain: bytes, recipient: PublicKey, *, info: bytes) -> Sealed:
    """Encrypt to a key; `info` is what both sides have to agree on. A recipient on another curve is a ValueError.

    The library draws the ephemeral key, which is used for this message alone.
    """
    if recipient.crv != "P-256":
        raise ValueError("only to keys on P-256")
    sealed = _SUITE.encrypt(plain, recipient.ecdh_key(), info)
    return Sealed(sealed[:ENC_BYTES], sealed[ENC_BYTES:])


def open_hpke(sealed: Sealed, key: P256Key, *, info: bytes, at: str) -> bytes:
    """The message. Every failure has the same words, so that nobody learns which step failed (T181).

    Raises:
        NotAuthentic: for another key, with another `info`, or altered.
    """
    # What stands in one part must not be taken for the other
    if len(sealed.enc) != ENC_BYTES:
        raise _refused(at)
    try:
        return key.open(_SUITE, sealed.enc + sealed.ciphertext, info)
    except InvalidTag as error:
        raise _refused(at) from error


def _refused(at: str) -> NotAuthentic:
    return NotAuthentic(f"{at}: cannot be decrypted")
