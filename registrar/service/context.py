"""What a registrar works with: its identity, its keys, its store and its rules."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from capabilities.accounts.policy import USUAL_ACCOUNTS, AccountPolicy
from capabilities.status_publisher.service import StatusPublisher
from protocol.encoding import encode_base64url
from protocol.formats import IssuerSigner
from protocol.keys import RandomBytes
from protocol.x509 import Certificate
from registrar.policy import USUAL_LIFETIMES, Lifetimes
from registrar.records import Operator
from registrar.store import RegistrarStore
from runtime.certificates import Authority


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the registrar is reached; every address is made from the configured one, never from a request."""

    url: str

    @property
    def register(self) -> str:
        """The register for everybody (TS5 §3)."""
        return f"{self.url}/wrp"

    @property
    def revocation_list(self) -> str:
        """Access certificates that are revoked."""
        return f"{self.url}/access.crl"

    @property
    def access_authority(self) -> str:
        """The certificate that access certificates are signed under, DER."""
        return f"{self.url}/access.cer"

    @property
    def practices(self) -> str:
        """The page that says how this registrar works."""
        return f"{self.url}/practices"

    @property
    def catalogue(self) -> str:
        """The catalogue of services."""
        return f"{self.url}/catalogue"

    @property
    def partners(self) -> str:
        """The partners whose usage logs are witnessed."""
        return f"{self.url}/partners"

    def trusted_list(self, name: str) -> str:
        """One list of trusted entities."""
        return f"{self.url}/lists/{name}"

    def status_list(self, list_id: str) -> str:
        """A status list of registration certificates."""
        return f"{self.url}/status/{list_id}"

    def party(self, identifier: str) -> str:
        """The page about a party."""
        return f"{self.url}/register/{quote(identifier, safe='')}"


@dataclass(frozen=True, slots=True)
class RegistrarContext:
    """Everything the services of one registrar share."""

    url: str
    operator: Operator
    store: RegistrarStore
    access_authority: Authority  # access certificates
    authority: Certificate  # whose leaves sign registration certificates and their status
    registrations: IssuerSigner
    lists: IssuerSigner  # lists of trusted entities, and the register's answers
    secret: bytes = field(repr=False)  # 32 bytes
    now: Callable[[], int]  # epoch seconds
    random_bytes: RandomBytes
    lifetimes: Lifetimes = USUAL_LIFETIMES
    accounts: AccountPolicy = USUAL_ACCOUNTS

    @property
    def endpoints(self) -> Endpoints:
        """The addresses."""
        return Endpoints(self.url)

    @property
    def publisher(self) -> StatusPublisher:
        """What status lists are made with."""
        return StatusPublisher(
            self.store.status_lists, self.registrations, self.endpoints.status_list, self.now, self.random_bytes
        )

    def new_secret(self) -> str:
        """A fresh key for an applicant: 256 bits, base64url."""
        return encode_base64url(self.random_bytes(32))

    def key_for(self, *parts: str) -> str:
        """An applicant's key that is the same for the same form, and that nobody without our secret can make; base64url."""
        text = "\0".join(("application", *parts)).encode()
        return encode_base64url(hmac.new(self.secret, text, hashlib.sha256).digest())

    def new_id(self) -> str:
        """A fresh public id: 128 bits, hex."""
        return self.random_bytes(16).hex()


def digest(*parts: str) -> str:
    """What something published is made from, as one short text."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
