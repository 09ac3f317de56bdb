"""JSON Web Encryption in compact form (RFC 7516), in the one way that we use: ECDH-ES direct on P-256 with AES-GCM.

Nothing else is read: no key wrapping, RSA, passwords or compression (T012, T013). The work goes straight to
`cryptography` (see docs/performance.md); the tests hold every token against jwcrypto and joserfc.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from protocol.encoding import JsonObject, decode_base64url, encode_base64url, encode_json, read_json_object
from protocol.errors import Malformed, NotAuthentic, TooLarge, Unsupported
from protocol.fields import Fields
from protocol.keys import Decrypter, P256Key, PublicKey, RandomBytes

KEY_AGREEMENT = "ECDH-ES"
ENCRYPTIONS = ("A256GCM", "A128GCM")  # most wanted first (HAIP 1.0 §5)
MAX_JWE = 1 << 20  # characters
MAX_HEADER = 8 * 1024  # bytes
MAX_PARTY_INFO = 1024  # bytes of apu or apv

_KEY_BYTES = {"A256GCM": 32, "A128GCM": 16}
_IV_BYTES = 12  # RFC 7518 §5.3
_TAG_BYTES = 16
_FIRST_ROUND = b"\0\0\0\1"  # Concat KDF: one round of SHA-256 gives all the bytes that we ever need
_OURS = frozenset(("alg", "enc", "epk", "kid", "apu", "apv", "zip", "crit"))


@dataclass(frozen=True, slots=True)
class Jwe:
    """An encrypted token as it came: parsed, nothing in it is believed."""

    enc: str
    kid: str | None
    epk: PublicKey  # on P-256
    apu: bytes
    apv: bytes
    cty: str | None
    protected: bytes  # as it came: authenticated with the content
    iv: bytes
    sealed: bytes  # ciphertext ‖ tag

    @classmethod
    def from_compact(cls, token: str, at: str = "jwe", *, max_characters: int = MAX_JWE) -> Self:
        """Take a compact token apart (RFC 7516 §7.1); everything that we do not decrypt is refused before any key work.

        Files, which are larger than other content, have a cap of their own.

        Raises:
            TooLarge: token over its cap or header over 8 KiB.
            Malformed: not five parts of base64url, an encrypted key, sizes that AES-GCM does not have, no good `epk`.
            Unsupported: another `alg` or `enc`, an ephemeral key on another curve, `zip` or `crit`.
        """
        if len(token) > max_characters:
            raise TooLarge(at, f"is larger than {max_characters} characters")
        parts = token.split(".")
        if len(parts) != 5:
            raise Malformed(at, "is not an encrypted token")
        protected, encrypted_key, iv, ciphertext, tag = parts
        if len(protected) > MAX_HEADER * 4 // 3 + 4:
            raise TooLarge(at, f"has a header over {MAX_HEADER} bytes")
        header = Fields(read_json_object(decode_base64url(protected, at), f"{at} header"), f"{at} header")
        enc = _check_header(header)
        # RFC 7518 §4.6: with direct key agreement the encrypted key is empty
        if encrypted_key:
            raise Malformed(at, "has an encrypted key, and direct key agreement has none")
        nonce = decode_base64url(iv, at)
        seal = decode_base64url(tag, at)
        if len(nonce) != _IV_BYTES or len(seal) != _TAG_BYTES:
            raise Malformed(at, "has an initialization vector or tag of another size")
        return cls(
            enc=enc,
            kid=header.optional_text("kid"),
            epk=_read_epk(header),
            apu=_party_info(header, "apu"),
            apv=_party_info(header, "apv"),
            cty=header.optional_text("cty"),
            protected=protected.encode("ascii"),
            iv=nonce,
            sealed=decode_base64url(ciphertext, at) + seal,
        )


def encrypt_jwe(
    payload: bytes,
    recipient: PublicKey,
    *,
    enc: str,
    kid: str | None,
    ephemeral: P256Key,
    random_bytes: RandomBytes,
    apu: bytes = b"",
    apv: bytes = b"",
    extra: JsonObject | None = None,
) -> str:
    """A compact JWE for one P-256 key; `extra` are more members of the header (`typ`, `cty`).

    `ephemeral` is a key that was made for this one token and is forgotten with it (NIST SP 800-56A §6.2.2).

    An `enc` outside `ENCRYPTIONS`, a recipient on another curve and `extra` that overwrites a member are the caller's
    mistakes and a ValueError.
    """
    if enc not in _KEY_BYTES or recipient.crv != "P-256":
        raise ValueError("only ECDH-ES on P-256 with AES-GCM")
    if extra and not _OURS.isdisjoint(extra):
        raise ValueError("extra header members must not overwrite ours")
    header: JsonObject = {"alg": KEY_AGREEMENT, "enc": enc, "epk": ephemeral.public_key.to_jwk()}
    if kid is not None:
        header["kid"] = kid
    if apu:
        header["apu"] = encode_base64url(apu)
    if apv:
        header["apv"] = encode_base64url(apv)
    protected = encode_base64url(encode_json({**header, **extra} if extra else header))
    iv = random_bytes(_IV_BYTES)
    key = derive_key(ephemeral.agree(recipient), enc, apu, apv)
    sealed = AESGCM(key).encrypt(iv, payload, protected.encode("ascii"))
    ciphertext = encode_base64url(sealed[:-_TAG_BYTES])
    return f"{protected}..{encode_base64url(iv)}.{ciphertext}.{encode_base64url(sealed[-_TAG_BYTES:])}"


def decrypt_jwe(jwe: Jwe, decrypter: Decrypter, *, encs: Collection[str] = ENCRYPTIONS, at: str = "jwe") -> bytes:
    """The content, authenticated as what somebody encrypted to this key (who, is not known: T014).

    `encs` is what we offered. Every failure has the same words, so that nobody learns which step failed (T181).

    Raises:
        NotAuthentic: an `enc` that was not offered, another key, or anything altered.
    """
    if jwe.enc not in encs:
        raise _refused(at)
    key = derive_key(decrypter.agree(jwe.epk), jwe.enc, jwe.apu, jwe.apv)
    try:
        return AESGCM(key).decrypt(jwe.iv, jwe.sealed, jwe.protected)
    except InvalidTag as error:
        raise _refused(at) from error


def _refused(at: str) -> NotAuthentic:
    return NotAuthentic(f"{at}: cannot be decrypted")


def derive_key(secret: bytes, enc: str, apu: bytes, apv: bytes) -> bytes:
    """The content key out of ECDH's secret: Concat KDF with SHA-256 (RFC 7518 §4.6.2)."""
    size = _KEY_BYTES[enc]
    fixed_info = b"".join((_counted(enc.encode("ascii")), _counted(apu), _counted(apv), (size * 8).to_bytes(4, "big")))
    return hashlib.sha256(_FIRST_ROUND + secret + fixed_info).digest()[:size]


def _counted(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _check_header(header: Fields) -> str:
    """The `enc` of a header that asks for nothing but what we do."""
    for name in ("crit", "zip"):
        if name in header.members:
            raise Unsupported(f"{header.at}: {name} is not accepted")
    if header.text("alg") != KEY_AGREEMENT:
        raise Unsupported(f"{header.at}: this key management algorithm is not accepted")
    enc = header.text("enc")
    if enc not in _KEY_BYTES:
        raise Unsupported(f"{header.at}: this encryption is not accepted")
    return enc


def _read_epk(header: Fields) -> PublicKey:
    epk = PublicKey.from_jwk(header.required("epk"), header.path("epk"))
    if epk.crv != "P-256":
        raise Unsupported(f"{header.path('epk')}: must be on P-256")
    return epk


def _party_info(header: Fields, name: str) -> bytes:
    if name not in header:
        return b""
    return decode_base64url(header.text(name, max_length=MAX_PARTY_INFO * 4 // 3 + 4), header.path(name))
