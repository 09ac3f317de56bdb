"""From a passphrase to a key: Argon2id, and how long to wait after a wrong one."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Self

import nacl.bindings as sodium

from protocol.errors import ProtocolError
from runtime.seal import DamagedError

MIN_PASSPHRASE = 8  # characters
MAX_PASSPHRASE = 1024  # bytes
MAX_DELAY = 300  # seconds between two wrong passphrases
FREE_TRIES = 2
SALT_BYTES: int = sodium.crypto_pwhash_SALTBYTES


class WrongPassphrase(ProtocolError):
    """The passphrase is not the right one, or not one that is good enough."""

    code = "wrong_passphrase"
    status = 401

    def __init__(self, description: str, *, wait: int = 0) -> None:
        super().__init__(description)
        self.wait = wait  # seconds until the next try


@dataclass(frozen=True, slots=True)
class KeyDerivation:
    """Argon2id's parameters; those read back from a file are bounded, so a forged file cannot take all memory (T218)."""

    operations: int = 3
    memory: int = 64 << 20  # bytes

    def check(self) -> Self:
        """Refuse what is too weak or too much; a DamagedError."""
        if not 2 <= self.operations <= 16 or not 19 << 20 <= self.memory <= 1 << 30:
            raise DamagedError("the wallet file asks for a key derivation that is not safe")
        return self

    def derive(self, passphrase: str, salt: bytes) -> bytes:
        """The key of a passphrase, 32 bytes, however long it is. Spellings that look the same are the same (NFC)."""
        secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
        key: bytes = sodium.crypto_pwhash_alg(
            32, secret, salt, self.operations, self.memory, sodium.crypto_pwhash_ALG_ARGON2ID13
        )
        return key


def check_new_passphrase(passphrase: str) -> None:
    """Check that a passphrase is good enough to begin with.

    Raises:
        WrongPassphrase: it is too short or too long.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise WrongPassphrase(f"a passphrase needs at least {MIN_PASSPHRASE} characters")
    if len(passphrase.encode("utf-8", "surrogatepass")) > MAX_PASSPHRASE:
        raise WrongPassphrase(f"a passphrase has at most {MAX_PASSPHRASE} bytes")


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a wrong passphrase came in a row, and how long to wait therefore.

    It stands in the file, so that every program waits; who can write the file can reset it, and is held up by Argon2id
    alone.
    """

    failures: int
    next_try: int  # epoch seconds

    def check(self, now: int) -> None:
        """Check that the next try may be made.

        Raises:
            WrongPassphrase: not yet.
        """
        # A wait beyond the longest means that the clock was set back (T229), not that anybody has to wait for it
        if now < self.next_try <= now + MAX_DELAY:
            wait = self.next_try - now
            raise WrongPassphrase(f"too many wrong tries; wait {wait} seconds and try again", wait=wait)

    def failed(self, now: int) -> Tries:
        """After one more: the first tries are free, then the wait doubles (T217)."""
        failures = self.failures + 1
        over = failures - FREE_TRIES
        delay = min(2 ** min(over, 16), MAX_DELAY) if over > 0 else 0
        return Tries(failures, now + delay)
