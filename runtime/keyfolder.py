"""A folder of sealed keys and secrets with the certificates that belong to them: what `init` makes and a service opens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from protocol.errors import Malformed
from protocol.formats import IssuerSigner
from protocol.keys import P256Key, RandomBytes
from protocol.x509 import Certificate
from runtime.certificates import Authority
from runtime.seal import DamagedError, Sealer, read_private, replace_private, write_private

SECRET_BYTES = 32


class KeyFolder:
    """Keys by name: `<name>.key` sealed, `<name>.pem` the chain, leaf first."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        self._folder = folder
        self._sealer = sealer

    def make_key(self, name: str, random_bytes: RandomBytes) -> P256Key:
        """A fresh key, sealed and durable; FileExistsError if the name is taken."""
        key = P256Key.generate(random_bytes)
        write_private(self._folder / f"{name}.key", self._sealer.seal(key.to_scalar(), f"key {name}"))
        return key

    def key(self, name: str) -> P256Key:
        """A key.

        Raises:
            FileNotFoundError: there is no such key.
            DamagedError: it was altered, or sealed with another key.
        """
        return P256Key.from_scalar(self._sealer.open(read_private(self._folder / f"{name}.key"), f"key {name}"))

    def has_key(self, name: str) -> bool:
        """Whether there is a key of this name."""
        return (self._folder / f"{name}.key").exists()

    def has_certificate(self, name: str) -> bool:
        """Whether a key has its certificates."""
        return (self._folder / f"{name}.pem").exists()

    def make_secret(self, name: str, random_bytes: RandomBytes) -> bytes:
        """A fresh secret of 32 bytes, sealed and durable."""
        secret = random_bytes(SECRET_BYTES)
        write_private(self._folder / f"{name}.secret", self._sealer.seal(secret, f"secret {name}"))
        return secret

    def keep_secret(self, name: str, secret: bytes) -> None:
        """Seal a secret that somebody gave us, durable; FileExistsError if there is one of this name."""
        write_private(self._folder / f"{name}.secret", self._sealer.seal(secret, f"secret {name}"))

    def secret(self, name: str) -> bytes:
        """A secret; see `key`."""
        return self._sealer.open(read_private(self._folder / f"{name}.secret"), f"secret {name}")

    def write_chain(self, name: str, chain: list[x509.Certificate]) -> None:
        """Keep the certificates of a key, leaf first, without the anchor."""
        pem = b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in chain)
        write_private(self._folder / f"{name}.pem", pem)

    def replace_chain(self, name: str, chain: Sequence[Certificate]) -> None:
        """Put other certificates in the place of those that are there, as a whole or not at all.

        Raises:
            FileNotFoundError: there is no such key.
            DamagedError: the key was altered, or sealed with another key.
            Malformed: the first certificate belongs to another key; nothing was changed.
        """
        if not chain or chain[0].key != self.key(name).public_key:
            raise Malformed("certificate", "belongs to another key; nothing was changed")
        pem = b"".join(
            x509.load_der_x509_certificate(certificate.der).public_bytes(serialization.Encoding.PEM)
            for certificate in chain
        )
        replace_private(self._folder / f"{name}.pem", pem)

    def signer(self, name: str) -> IssuerSigner:
        """A key with its certificates.

        Raises:
            FileNotFoundError: there is no such key.
            DamagedError: the key is damaged, or the certificate belongs to another one.
        """
        key = self.key(name)
        chain = tuple(
            Certificate.from_der(certificate.public_bytes(serialization.Encoding.DER))
            for certificate in x509.load_pem_x509_certificates((self._folder / f"{name}.pem").read_bytes())
        )
        if chain[0].key != key.public_key:
            raise DamagedError(f"{name}.pem: belongs to another key")
        return IssuerSigner(key, tuple(certificate.to_x5c() for certificate in chain))

    def authority(self, name: str) -> Authority:
        """An authority of one's own: its key and its certificate."""
        certificate = x509.load_pem_x509_certificate((self._folder / f"{name}.pem").read_bytes())
        return Authority(self.key(name), certificate)
