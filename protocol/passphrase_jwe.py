"""Files sealed by a passphrase: JSON Web Encryption with PBES2-HS256+A128KW and A128GCM (RFC 7518 §4.8, §5.3; EUDI TS10 §5).

Only for files that their owner chose, never for what a peer sent: PBES2 makes the reader work as much as the writer likes.
The count is capped before any of that work. The tests hold every token against jwcrypto.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from protocol.encoding import JsonObject, decode_base64url, encode_base64url, encode_json, read_json_object
from protocol.errors import Malformed, NotAuthentic, TooLarge, Unsupported
from protocol.fields import Fields
from protocol.keys import RandomBytes

KEY_MANAGEMENT = "PBES2-HS256+A128KW"
ENCRYPTION = "A128GCM"
COUNT = 1_000_000  # rounds of PBKDF2 that we write: a third of a second for us, and for whoever guesses, each time
MIN_COUNT = 1_000  # RFC 7518 §4.8.1.2
MAX_COUNT = 4_000_000  # more is not a file but a trap
MAX_TOKEN = 48 << 20  # characters
MAX_HEADER = 4096  # bytes
MAX_SALT = 256  # bytes
MAX_PASSPHRASE = 1024  # bytes

_KEY_BYTES = 16
_WRAPPED_BYTES = _KEY_BYTES + 8  # RFC 3394
_SALT_BYTES = 16
_MIN_SALT = 8  # RFC 7518 §4.8.1.1
_IV_BYTES = 12
_TAG_BYTES = 16


class NotOpened(NotAuthentic):
    """This passphrase does not open the file, or its salt or wrapped key was altered: nobody can tell which."""


@dataclass(frozen=True, slots=True)
class PassphraseJwe:
    """A sealed file as it came: parsed, nothing in it is believed, and no work was done for it yet."""

    salt: bytes
    count: int
    wrapped: bytes
    protected: bytes  # as it came: authenticated with the content
    iv: bytes
    sealed: bytes  # ciphertext ‖ tag

    @classmethod
    def from_compact(cls, token: str, at: str = "file", *, max_characters: int = MAX_TOKEN) -> Self:
        """Take a compact token apart (RFC 7516 §7.1); everything that we do not decrypt is refused before any key work.

        Raises:
            TooLarge: token over its cap, header over 4 KiB, or a count that would keep this machine busy (T013).
            Malformed: not five parts of base64url, too small a count or salt, sizes that the algorithms do not have.
            Unsupported: another `alg` or `enc`, `zip` or `crit`.
        """
        if len(token) > max_characters:
            raise TooLarge(at, f"is larger than {max_characters} characters")
        parts = token.split(".", 5)
        if len(parts) != 5:
            raise Malformed(at, "is not a sealed file")
        protected, encrypted_key, iv, ciphertext, tag = parts
        if len(protected) > MAX_HEADER * 4 // 3 + 4:
            raise TooLarge(at, f"has a header over {MAX_HEADER} bytes")
        header = Fields(read_json_object(decode_base64url(protected, at), f"{at} header"), f"{at} header")
        salt, count = _read_header(header)
        wrapped, nonce, seal = decode_base64url(encrypted_key, at), decode_base64url(iv, at), decode_base64url(tag, at)
        if (len(wrapped), len(nonce), len(seal)) != (_WRAPPED_BYTES, _IV_BYTES, _TAG_BYTES):
            raise Malformed(at, "has a key, initialization vector or tag of another size")
        return cls(salt, count, wrapped, protected.encode("ascii"), nonce, decode_base64url(ciphertext, at) + seal)

    def __repr__(self) -> str:
        """Nothing that would help to guess."""
        return "PassphraseJwe()"


def encrypt_with_passphrase(
    payload: bytes, passphrase: str, *, random_bytes: RandomBytes, count: int = COUNT, cty: str | None = None
) -> str:
    """Seal content by a passphrase; spellings of it that look the same are the same (NFC).

    An empty or overlong passphrase and a count that we would not read are the caller's mistakes and a ValueError.
    """
    secret = _secret(passphrase)
    if not MIN_COUNT <= count <= MAX_COUNT or not secret or len(secret) > MAX_PASSPHRASE:
        raise ValueError("no such passphrase or count can be read again")
    salt, key, iv = random_bytes(_SALT_BYTES), random_bytes(_KEY_BYTES), random_bytes(_IV_BYTES)
    header: JsonObject = {"alg": KEY_MANAGEMENT, "enc": ENCRYPTION, "p2s": encode_base64url(salt), "p2c": count}
    if cty is not None:
        header["cty"] = cty
    protected = encode_base64url(encode_json(header))
    wrapped = aes_key_wrap(_wrapping_key(secret, salt, count), key)
    sealed = AESGCM(key).encrypt(iv, payload, protected.encode("ascii"))
    parts = (wrapped, iv, sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:])
    return ".".join((protected, *map(encode_base64url, parts)))


def decrypt_with_passphrase(jwe: PassphraseJwe, passphrase: str, *, at: str = "file") -> bytes:
    """The content, as whoever knew the passphrase sealed it; who that was, is not known (T014).

    Raises:
        NotOpened: another passphrase.
        NotAuthentic: the passphrase is right, and the content was altered.
    """
    secret = _secret(passphrase)
    if not secret or len(secret) > MAX_PASSPHRASE:
        raise NotOpened(f"{at}: this passphrase does not open it")
    try:
        key = aes_key_unwrap(_wrapping_key(secret, jwe.salt, jwe.count), jwe.wrapped)
    except InvalidUnwrap as error:
        raise NotOpened(f"{at}: this passphrase does not open it") from error
    try:
        return AESGCM(key).decrypt(jwe.iv, jwe.sealed, jwe.protected)
    except InvalidTag as error:
        raise NotAuthentic(f"{at}: it was altered") from error


def _secret(passphrase: str) -> bytes:
    return unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")


def _wrapping_key(secret: bytes, salt: bytes, count: int) -> bytes:
    # RFC 7518 §4.8.1.1: the algorithm's name, a zero byte, and then the salt
    whole = KEY_MANAGEMENT.encode("ascii") + b"\0" + salt
    return PBKDF2HMAC(algorithm=SHA256(), length=_KEY_BYTES, salt=whole, iterations=count).derive(secret)


def _read_header(header: Fields) -> tuple[bytes, int]:
    """Salt and count of a header that asks for nothing but what we do."""
    for name in ("crit", "zip"):
        if name in header.members:
            raise Unsupported(f"{header.at}: {name} is not accepted")
    if header.text("alg") != KEY_MANAGEMENT or header.text("enc") != ENCRYPTION:
        raise Unsupported(f"{header.at}: this encryption is not accepted")
    salt = decode_base64url(header.text("p2s", max_length=MAX_SALT * 4 // 3 + 4), header.path("p2s"))
    if len(salt) < _MIN_SALT:
        raise Malformed(header.path("p2s"), f"must have at least {_MIN_SALT} bytes")
    count = header.integer("p2c", minimum=MIN_COUNT)
    if count > MAX_COUNT:
        raise TooLarge(header.path("p2c"), f"is more than {MAX_COUNT}")
    return salt, count
