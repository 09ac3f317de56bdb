"""Where the keys are that documents are bound to, and the key by which the wallet's provider knows it.

By default they are in the wallet's own sealed records. With a PKCS#11 token they are made in it and never leave it; records
then hold which key of the token it is, and its public part. Keys of one conversation (DPoP) stay in the records.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from protocol.encoding import decode_base64url, encode_base64url
from protocol.keys import P256Key, PublicKey, RandomBytes, Signer
from runtime.key_token import SCHEME, KeyReference, KeyToken, KeyUnavailable, KeyUse, TokenError
from runtime.seal import read_private, write_private

KEY_ID_BYTES = 16
LABEL_BYTES = 8
LABEL_FILE = "token-label"  # in the data folder: by which the token knows the keys of this wallet


class DeviceKeys(Protocol):
    """Makes and uses keys. `kept` is a key as a record has it: the private key itself, or where it is."""

    @property
    def in_memory(self) -> bool:
        """Whether using a key is a matter of microseconds."""

    def new_key(self) -> str:
        """A fresh key, as a record keeps it.

        Raises:
            KeyUnavailable: the token is away.
        """

    def signer(self, kept: str) -> Signer:
        """A key, as something that signs. The token is asked for nothing yet.

        Raises:
            KeyUnavailable: it is in a token, and none is said.
        """

    def check(self, kept: Iterable[str]) -> None:
        """See that keys are there before anything is begun with them.

        Raises:
            KeyUnavailable: one is not, or the token is away.
        """

    def destroy(self, kept: Iterable[str]) -> None:
        """Destroy keys that no record has any more (T228). What cannot be destroyed now is by the next `tidy`."""

    def tidy(self, kept: Collection[str]) -> None:
        """Destroy whatever keys of this wallet no record has: what is left when it was killed in between (T158)."""


@dataclass(frozen=True, slots=True)
class SealedKeys:
    """Keys in the wallet's sealed records: they are gone with their record."""

    random_bytes: RandomBytes

    in_memory = True

    def new_key(self) -> str:
        """The private key, hex."""
        return P256Key.generate(self.random_bytes).to_scalar().hex()

    def signer(self, kept: str) -> P256Key:
        """The key."""
        if kept.startswith(SCHEME):
            raise KeyUnavailable("this key is in a token, and no token is said; set hsm_module and hsm_token")
        return sealed_key(kept)

    def check(self, kept: Iterable[str]) -> None:
        """They are where their records are."""
        for key in kept:
            self.signer(key)

    def destroy(self, kept: Iterable[str]) -> None:
        """They went with their records."""

    def tidy(self, kept: Collection[str]) -> None:
        """They went with their records."""


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Keys in a PKCS#11 token. Keys that were in records before stay there until their documents are gone."""

    token: KeyToken
    label: str  # of all keys of this wallet and of nobody else's
    random_bytes: RandomBytes = field(repr=False)

    in_memory = False

    def new_key(self) -> str:
        """Its reference and its public part."""
        reference = KeyReference(self.label, self.random_bytes(KEY_ID_BYTES))
        try:
            key = self.token.make_key(reference, KeyUse.SIGN)
        except TokenError as error:
            raise KeyUnavailable("the device that keeps the keys is not there; nothing was changed") from error
        return f"{reference.to_uri()}#{encode_base64url(key.public_key.point)}"

    def signer(self, kept: str) -> Signer:
        """The key, in the token or, if it is older, in the record itself."""
        if not kept.startswith(SCHEME):
            return sealed_key(kept)
        reference, point = _read(kept)
        return self.token.known_key(reference, PublicKey("P-256", point))

    def check(self, kept: Iterable[str]) -> None:
        """Look for them in the token."""
        for key in kept:
            if key.startswith(SCHEME):
                reference, _ = _read(key)
                try:
                    self.token.find_key(reference)
                except TokenError as error:
                    raise KeyUnavailable("the device that keeps the keys is not there; nothing was changed") from error

    def destroy(self, kept: Iterable[str]) -> None:
        """In the token."""
        with suppress(TokenError):
            for key in kept:
                if key.startswith(SCHEME):
                    self.token.destroy_key(_read(key)[0])

    def tidy(self, kept: Collection[str]) -> None:
        """What the token has under our label, and no record has."""
        needed = {_read(key)[0] for key in kept if key.startswith(SCHEME)}
        with suppress(TokenError):
            for reference in self.token.keys_labelled(self.label):
                if reference not in needed:
                    self.token.destroy_key(reference)


def token_label(data: Path, random_bytes: RandomBytes) -> str:
    """By which the token knows the keys of the wallet in a data folder; made at its first use."""
    path = data / LABEL_FILE
    with suppress(FileExistsError):
        write_private(path, f"wallet {random_bytes(LABEL_BYTES).hex()}".encode())
    return read_private(path).decode("utf-8")


def sealed_key(kept: str) -> P256Key:
    """A private key that stands in a record."""
    return P256Key.from_scalar(bytes.fromhex(kept))


def _read(kept: str) -> tuple[KeyReference, bytes]:
    uri, _, point = kept.partition("#")
    return KeyReference.from_uri(uri, "key"), decode_base64url(point, "key")
