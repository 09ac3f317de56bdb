"""Who asks: the client identifier, whose prefix says how it is proven and where an answer may go (OID4VP 1.0 §5.9)."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

from protocol.encoding import decode_base64url, encode_base64url, sha256
from protocol.errors import InvalidRequest, Malformed, NotAuthentic, Unsupported
from protocol.fields import read_https_url
from protocol.x509 import Certificate

MAX_CLIENT_ID = 2048  # characters

_DNS_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")


class Prefix(StrEnum):
    """The client identifier prefixes that we understand; all others are refused (T160)."""

    REDIRECT_URI = "redirect_uri"
    X509_SAN_DNS = "x509_san_dns"
    X509_HASH = "x509_hash"
    DECENTRALIZED_IDENTIFIER = "decentralized_identifier"


_PREFIXES = {str(prefix): prefix for prefix in Prefix}


@dataclass(frozen=True, slots=True)
class ClientId:
    """A client identifier of a known prefix and the right shape; nothing is proven yet. `str()` is the whole text."""

    prefix: Prefix
    identifier: str  # without the prefix: a URL, a DNS name, a certificate's hash in base64url, or a DID

    @classmethod
    def from_text(cls, value: object, at: str = "client_id") -> Self:
        """Read the whole client identifier.

        Raises:
            Unsupported: no prefix (we know no client in advance), or one that we do not understand.
            Malformed: what follows the prefix is not what the prefix says.
        """
        if not isinstance(value, str) or not value or len(value) > MAX_CLIENT_ID:
            raise Malformed(at, f"must be a text of 1 to {MAX_CLIENT_ID} characters")
        name, colon, identifier = value.partition(":")
        if not colon:
            raise Unsupported(f"{at}: has no prefix, and no verifier is registered in advance")
        prefix = _PREFIXES.get(name)
        if prefix is None:
            raise Unsupported(f"{at}: this client identifier prefix is not supported")
        _check_identifier(prefix, identifier, at)
        return cls(prefix, identifier)

    @classmethod
    def of_certificate(cls, leaf_der: bytes) -> Self:
        """The `x509_hash` identifier of an access certificate."""
        return cls(Prefix.X509_HASH, encode_base64url(sha256(leaf_der)))

    def __str__(self) -> str:
        return f"{self.prefix}:{self.identifier}"

    @property
    def is_signed(self) -> bool:
        """Whether requests of this client must be signed; the others cannot be (§5.9.3)."""
        return self.prefix is not Prefix.REDIRECT_URI

    def check_certificate(self, leaf: Certificate, at: str = "client_id") -> None:
        """Check that a leaf certificate belongs to this identifier; its chain is another question.

        Raises:
            NotAuthentic: it does not (T085, T086), or this prefix is not proven by certificates.
        """
        if self.prefix is Prefix.X509_HASH:
            held = hmac.compare_digest(encode_base64url(sha256(leaf.der)), self.identifier)
        else:
            # RFC 5280 dNSName only: never the common name, no wildcard, no suffix, no other spelling
            held = self.prefix is Prefix.X509_SAN_DNS and self.identifier in leaf.dns_names
        if not held:
            raise NotAuthentic(f"{at}: does not belong to the certificate")

    def check_response_uri(self, response_uri: str, dns_names: tuple[str, ...] = ()) -> None:
        """Check that answers to this client may be posted there (§5.9.3, §8.2); `dns_names` are its certificate's.

        Raises:
            InvalidRequest: another place (T163).
        """
        host = (urlsplit(response_uri).hostname or "").lower()
        match self.prefix:
            case Prefix.REDIRECT_URI:
                allowed = response_uri == self.identifier
            case Prefix.X509_SAN_DNS:
                allowed = host == self.identifier
            case Prefix.X509_HASH:
                # An access certificate need not name a host; where it does, answers stay there
                allowed = not dns_names or host in {name.lower() for name in dns_names}
            case _:
                allowed = True  # a DID: the signed request itself is what vouches for the place
        if not allowed:
            raise InvalidRequest("response_uri: does not belong to the client identifier")


def _check_identifier(prefix: Prefix, identifier: str, at: str) -> None:
    match prefix:
        case Prefix.REDIRECT_URI:
            read_https_url(identifier, at)
        case Prefix.X509_SAN_DNS:
            if not _DNS_NAME.fullmatch(identifier):
                raise Malformed(at, "must name a host in small letters, without wildcard or final dot")
        case Prefix.X509_HASH:
            if len(decode_base64url(identifier, at)) != 32:
                raise Malformed(at, "must be a SHA-256 hash")
        case Prefix.DECENTRALIZED_IDENTIFIER:
            if not _DID.fullmatch(identifier):
                raise Malformed(at, "must be a DID")
