"""A folder of sealed keys and secrets with the certificates that belong to them: what `init` makes and a service opens.

A key can live in a PKCS#11 token instead: its file then holds no key but a reference to it, as text, and is not sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from protocol.errors import Malformed
from protocol.formats import IssuerSigner
from protocol.keys import P256Key, RandomBytes
from protocol.x509 import Certificate
from runtime.certificates import Authority
from runtime.key_token import SCHEME, KeyReference, KeyToken, KeyUse, PrivateKey, TokenError
from runtime.seal import DamagedError, Sealer, read_private, replace_private, write_private

SECRET_BYTES = 32
KEY_ID_BYTES = 16


class KeyFolder:
    """Keys by name: `<name>.key` sealed or a reference into the token, `<name>.pem` the chain, leaf first."""

    def __init__(self, folder: Path, sealer: Sealer, token: KeyToken | None = None) -> None:
        """With a token, new keys are made in it; where a key is that is there already, its file says."""
        self._folder = folder
        self._sealer = sealer
        self._token = token

    def make_key(self, name: str, random_bytes: RandomBytes, use: KeyUse = KeyUse.SIGN) -> PrivateKey:
        """A fresh key, durable and sealed, or in the token; FileExistsError if the name is taken.

        Raises:
            TokenError: the token cannot make it.
        """
        path = self._folder / f"{name}.key"
        if self._token is not None:
            return self._make_in_token(self._token, path, random_bytes(KEY_ID_BYTES), use, write_private)
        key = P256Key.generate(random_bytes)
        write_private(path, self._sealer.seal(key.to_scalar(), f"key {name}"))
        return key

    def replace_key(self, name: str, random_bytes: RandomBytes, use: KeyUse = KeyUse.SIGN) -> PrivateKey:
        """A fresh key in the place of another, as a whole or not at all; one in a token stays there, and nothing refers to it.

        Until it has a certificate of its own, `signer` finds that the old one belongs to another key.

        Raises:
            FileNotFoundError: there is no such key.
            TokenError: the token cannot make it; nothing was changed.
        """
        path = self._folder / f"{name}.key"
        read_private(path)
        if self._token is not None:
            return self._make_in_token(self._token, path, random_bytes(KEY_ID_BYTES), use, replace_private)
        key = P256Key.generate(random_bytes)
        replace_private(path, self._sealer.seal(key.to_scalar(), f"key {name}"))
        return key

    def key(self, name: str) -> PrivateKey:
        """A key.

        Raises:
            FileNotFoundError: there is no such key.
            DamagedError: it was altered, or sealed with another key.
            TokenError: it is in a token, and that is away or not said.
        """
        content = read_private(self._folder / f"{name}.key")
        if not content.startswith(SCHEME.encode()):
            return P256Key.from_scalar(self._sealer.open(content, f"key {name}"))
        if self._token is None:
            raise TokenError(f"{name}.key: this key is in a PKCS#11 token; say which by hsm_module and hsm_token")
        return self._token.find_key(KeyReference.from_uri(content.decode("utf-8", "replace"), f"{name}.key"))

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
        """An authority of one's own: its key and its certificate; see `signer`."""
        certificate = x509.load_pem_x509_certificate((self._folder / f"{name}.pem").read_bytes())
        key = self.key(name)
        if Certificate.from_der(certificate.public_bytes(serialization.Encoding.DER)).key != key.public_key:
            raise DamagedError(f"{name}.pem: belongs to another key")
        return Authority(key, certificate)

    def _make_in_token(
        self,
        token: KeyToken,
        path: Path,
        key_id: bytes,
        use: KeyUse,
        put: Callable[[Path, bytes], None],
    ) -> PrivateKey:
        # The label is for people, who see it beside those of other installations; the id is what makes it one
        reference = KeyReference(f"{path.parent.resolve().name} {path.stem}", key_id)
        with ExitStack() as undo:
            key = token.make_key(reference, use)
            undo.callback(token.destroy_key, reference)
            put(path, reference.to_uri().encode())
            undo.pop_all()
        return key
