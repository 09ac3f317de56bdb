"""Sealing at rest: XChaCha20-Poly1305 with what a record is for in the authenticated data, and the file that holds the key."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import nacl.bindings as sodium
import nacl.exceptions

KEY_BYTES = 32
_NONCE_BYTES = 24
_VERSION = b"\x01"


class DamagedError(RuntimeError):
    """Something sealed was altered, belongs elsewhere, or was sealed with another key."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens with one key; nonces are random, 192 bits, so they do not meet (T226)."""

    key: bytes = field(repr=False)

    def seal(self, plain: bytes, context: str) -> bytes:
        """Seal for one place: only the same context opens it."""
        nonce = os.urandom(_NONCE_BYTES)
        aad = _VERSION + context.encode()
        sealed: bytes = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, aad, nonce, self.key)
        return _VERSION + nonce + sealed

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed for this place.

        Raises:
            DamagedError: altered, of another place, or sealed with another key (T215).
        """
        version, nonce, ciphertext = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if version != _VERSION or len(ciphertext) < sodium.crypto_aead_xchacha20poly1305_ietf_ABYTES:
            raise DamagedError(f"{context}: is damaged")
        try:
            plain: bytes = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
                ciphertext, _VERSION + context.encode(), nonce, self.key
            )
        except nacl.exceptions.CryptoError as error:
            raise DamagedError(f"{context}: is damaged, or was sealed with another key") from error
        return plain

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """The sealer whose key stands in a file; the file is made with a fresh key if it is not there.

        Raises:
            DamagedError: the file holds no key.
        """
        with contextlib.suppress(FileExistsError):
            write_private(path, os.urandom(KEY_BYTES).hex().encode())
        try:
            key = bytes.fromhex(read_private(path).decode("ascii"))
        except ValueError as error:
            raise DamagedError(f"{path.name}: holds no key") from error
        if len(key) != KEY_BYTES:
            raise DamagedError(f"{path.name}: holds no key")
        return cls(key)


def replace_private(path: Path, data: bytes) -> None:
    """Put other content into a file that only its owner can read: whoever reads it finds the old or the new, whole."""
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    write_private(temporary, data)
    temporary.replace(path)
    _sync_folder(path.parent)


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read, whatever the umask; durable when it returns (T227).

    Raises:
        FileExistsError: it is there already; nothing was changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Whoever died while writing leaves a file of another name behind, which is in nobody's way
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # A hard link fails if the name is taken, where a rename would replace
        os.link(temporary, path)
    finally:
        temporary.unlink()
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_private(path: Path) -> bytes:
    """Read a file that is no symbolic link."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return file.read()
