"""Where keys can live beside a data folder: in a PKCS#11 token (an HSM, a smart card, SoftHSM). What an operator says of it.

`runtime.hsm` does the work and needs the extra `hsm`; nothing here does.
"""

from __future__ import annotations

import importlib.util
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import quote, unquote_to_bytes

from protocol.errors import Unavailable
from protocol.keys import Decrypter, PublicKey, Signer

SCHEME = "pkcs11:"
MAX_REFERENCE = 1024  # characters
MAX_PIN = 256  # bytes of the file


class TokenError(RuntimeError):
    """A token, or a key in it, cannot be used; the text tells the operator why, and never holds a PIN."""


class KeyUnavailable(Unavailable):
    """A private key, or the token that it is in, is away for now; nothing was consumed."""


class KeyUse(StrEnum):
    """What a key is for. One that signs agrees on no secrets, and the other way round, where a token keeps them apart."""

    SIGN = "sign"
    AGREE = "agree"


class PrivateKey(Signer, Decrypter, Protocol):
    """A private P-256 key, wherever it lives."""


@dataclass(frozen=True, slots=True)
class TokenAccess:
    """How a token is reached."""

    module: Path  # the PKCS#11 library that its maker gives
    token: str  # label
    pin_file: Path | None = None
    pin: str = field(default="", repr=False)  # where there is no file

    def read_pin(self) -> str:
        """The user PIN; a file is read anew each time, so that a new PIN needs no restart.

        Raises:
            TokenError: there is none, or others can read it (T227).
        """
        if self.pin_file is None:
            return self.pin
        try:
            if self.pin_file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise TokenError(f"{self.pin_file}: others can read this PIN; run: chmod 600 {self.pin_file}")
            with self.pin_file.open("rb") as file:
                pin = file.read(MAX_PIN + 1).decode("utf-8").rstrip("\r\n")
        except OSError as error:
            raise TokenError(f"{self.pin_file}: the PIN cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise TokenError(f"{self.pin_file}: holds no PIN") from error
        if not pin or len(pin) > MAX_PIN or "\n" in pin:
            raise TokenError(f"{self.pin_file}: must hold the PIN in one line, and nothing else")
        return pin

    def settings(self) -> Mapping[str, str]:
        """What a settings file says of it, which is never the PIN."""
        said = {"hsm_module": str(self.module), "hsm_token": self.token}
        return said if self.pin_file is None else {**said, "hsm_pin_file": str(self.pin_file)}


@dataclass(frozen=True, slots=True)
class KeyReference:
    """Which key of a token: by label, id, or both (a PKCS#11 URI, RFC 7512, without the token, which settings name)."""

    label: str = ""
    id: bytes = b""

    @classmethod
    def from_uri(cls, text: str, at: str) -> Self:
        """Read a reference. One to something else than a private key, or with more in it, is refused.

        Raises:
            TokenError: it is not such a reference.
        """
        body = text.strip()
        # What follows a question mark is how to get at the key, which settings say
        if len(body) > MAX_REFERENCE or not body.startswith(SCHEME) or "?" in body:
            raise TokenError(f"{at}: is no reference to a key")
        pairs = [part.partition("=") for part in body.removeprefix(SCHEME).split(";")]
        found = {name: unquote_to_bytes(value) for name, _, value in pairs}
        if len(found) != len(pairs) or not found.keys() <= {"object", "id", "type"}:
            raise TokenError(f"{at}: only object, id and type, each once, may stand in a reference to a key")
        if found.get("type", b"private") != b"private" or not (found.get("object") or found.get("id")):
            raise TokenError(f"{at}: must name a private key by object, id or both")
        try:
            return cls(found.get("object", b"").decode("utf-8"), found.get("id", b""))
        except UnicodeDecodeError as error:
            raise TokenError(f"{at}: object must be UTF-8") from error

    def to_uri(self) -> str:
        """The reference as a file keeps it."""
        parts = [f"object={quote(self.label, safe='')}"] if self.label else []
        if self.id:
            parts.append("id=" + "".join(f"%{byte:02x}" for byte in self.id))
        return f"{SCHEME}{';'.join(parts)};type=private"

    def __str__(self) -> str:
        """For messages to the operator."""
        return self.label or self.id.hex()


class KeyToken(Protocol):
    """A token that makes and finds keys."""

    def check(self) -> None:
        """See that the token is there and lets us in.

        Raises:
            TokenError: it is not, or it does not.
        """

    def make_key(self, reference: KeyReference, use: KeyUse) -> PrivateKey:
        """A fresh key that never leaves the token.

        Raises:
            TokenError: the token is away, full, or makes no such keys.
        """

    def find_key(self, reference: KeyReference) -> PrivateKey:
        """A key that is there.

        Raises:
            TokenError: the token is away, has no or several such keys, or one that may leave it.
        """

    def known_key(self, reference: KeyReference, public_key: PublicKey) -> PrivateKey:
        """A key whose public part is known from before; the token is not asked, and its signatures are held against that."""

    def keys_labelled(self, label: str) -> tuple[KeyReference, ...]:
        """The private keys that have a label, each with its id.

        Raises:
            TokenError: the token is away.
        """

    def destroy_key(self, reference: KeyReference) -> None:
        """Destroy a key, if it is there.

        Raises:
            TokenError: the token is away, or does not allow it.
        """


def check_token(access: TokenAccess | None) -> None:
    """See that the token that is said, if any is, is there and lets us in.

    Raises:
        TokenError: it is not, or it does not.
    """
    if access is not None:
        open_token(access).check()


def open_token(access: TokenAccess) -> KeyToken:
    """The token; it is reached for with the first key.

    Raises:
        TokenError: the extra is not installed.
    """
    if importlib.util.find_spec("pkcs11") is None:
        raise TokenError('keys in a PKCS#11 token need the extra "hsm"')
    from runtime.hsm import HsmToken  # noqa: PLC0415 - an extra

    return HsmToken(access)
