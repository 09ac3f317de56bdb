"""X.509 certificates as tokens and lists carry them (RFC 5280 §4); nothing about them is believed. Chains are `x509_chain`."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Self, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from protocol.errors import Flaw, Malformed, TooLarge, Unsupported
from protocol.keys import PublicKey

MAX_CERTIFICATES = 8
MAX_CERTIFICATE = 16 * 1024  # bytes of DER
T = TypeVar("T", bound=x509.ExtensionType)

_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_NAMES = (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME)
_IDENTIFIERS = (x509.NameOID.ORGANIZATION_IDENTIFIER, x509.NameOID.SERIAL_NUMBER)


@dataclass(frozen=True, slots=True)
class _Content:
    """What a certificate says."""

    key: PublicKey | None
    subject: str
    common_name: str
    serial_number: int
    issuer: bytes
    self_issued: bool
    is_authority: bool
    signs_data: bool
    dns_names: tuple[str, ...]
    uris: tuple[str, ...]
    not_before: int
    not_after: int
    key_id: bytes | None
    authority_key_id: bytes | None
    crl_uris: tuple[str, ...]
    identifiers: tuple[str, ...]


# Without slots, because what it says is kept where it was read first
@dataclass(frozen=True)
class Certificate:
    """One certificate, parsed and not trusted. Two of the same bytes are equal."""

    der: bytes
    parsed: x509.Certificate = field(compare=False, repr=False)  # for whoever checks more than what is said here
    _at: str = field(compare=False, repr=False)

    @classmethod
    def from_der(cls, der: bytes, at: str = "certificate") -> Self:
        """Read one certificate.

        Raises:
            TooLarge: over 16 KiB.
            Malformed: no certificate, or an extension twice or broken.
        """
        certificate = cls._from_der(der, at)
        _ = certificate.key  # whoever reads one thing reads all
        return certificate

    @classmethod
    def from_x5c(cls, text: str, at: str = "x5c") -> Self:
        """Read one element of an `x5c` header: standard base64 of DER (RFC 7515 §4.1.6).

        Raises:
            TooLarge: over 16 KiB.
            Malformed: not base64, or no certificate.
        """
        return cls.from_der(_decode(text, at), at)

    @classmethod
    def from_list(cls, text: str, at: str) -> Self:
        """Read one of the thousands of certificates on a list, in the form of `from_x5c`.

        That it is a certificate is checked now; what it says is read when somebody asks for the first time. What cannot be
        read then raises `Malformed`, so that it vouches for nobody.

        Raises:
            TooLarge, Malformed: see `from_x5c`.
        """
        return cls._from_der(_decode(text, at), at)

    @classmethod
    def _from_der(cls, der: bytes, at: str) -> Self:
        if len(der) > MAX_CERTIFICATE:
            raise TooLarge(at, f"is larger than {MAX_CERTIFICATE} bytes")
        try:
            parsed = x509.load_der_x509_certificate(der)
            if parsed.public_bytes(serialization.Encoding.DER) != der:
                raise Malformed(at, "has bytes that belong to no certificate")
        except _UNREADABLE as error:
            raise Malformed(at, "is not a certificate that can be read") from error
        return cls(der, parsed, at)

    @cached_property
    def _content(self) -> _Content:
        try:
            return _read(self.parsed)
        except _UNREADABLE as error:
            raise Malformed(self._at, "is not a certificate that can be read") from error

    @property
    def key(self) -> PublicKey | None:
        """Its key; None for a kind that signs certificates but none of our tokens, such as RSA."""
        return self._content.key

    @property
    def subject(self) -> str:
        """Whose it is, as RFC 4514 writes it."""
        return self._content.subject

    @property
    def common_name(self) -> str:
        """The name for people: organization, else common name, else the whole subject."""
        return self._content.common_name

    @property
    def serial_number(self) -> int:
        """Its number among those of its authority."""
        return self._content.serial_number

    @property
    def self_issued(self) -> bool:
        """Whether it names itself as its issuer."""
        return self._content.self_issued

    @property
    def issuer(self) -> bytes:
        """The name of its issuer in DER, which stands in the certificates of everybody who may have issued it."""
        return self._content.issuer

    @property
    def is_authority(self) -> bool:
        """Whether it may issue others (RFC 5280 §4.2.1.9)."""
        return self._content.is_authority

    @property
    def signs_data(self) -> bool:
        """Whether its key may sign something else than certificates and lists (RFC 5280 §4.2.1.3)."""
        return self._content.signs_data

    @property
    def dns_names(self) -> tuple[str, ...]:
        """Host names of its subject."""
        return self._content.dns_names

    @property
    def uris(self) -> tuple[str, ...]:
        """Addresses of its subject."""
        return self._content.uris

    @property
    def not_before(self) -> int:
        """Its first second, epoch seconds."""
        return self._content.not_before

    @property
    def not_after(self) -> int:
        """The second after its last, epoch seconds."""
        return self._content.not_after

    @property
    def key_id(self) -> bytes | None:
        """The subject key identifier."""
        return self._content.key_id

    @property
    def authority_key_id(self) -> bytes | None:
        """The key identifier of its authority."""
        return self._content.authority_key_id

    @property
    def crl_uris(self) -> tuple[str, ...]:
        """Where revoked ones are listed (RFC 5280 §4.2.1.13); not parts of a list, and not lists of somebody else."""
        return self._content.crl_uris

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Of the subject: organizationIdentifier of legal persons, serialNumber of natural ones (ETSI EN 319 412-1 §5.1)."""
        return self._content.identifiers

    @property
    def public_key(self) -> PublicKey:
        """The key, to verify tokens with.

        Raises:
            Unsupported: a kind of key that signs none of our tokens.
        """
        if self.key is None:
            raise Unsupported("the certificate's kind of key is not accepted for tokens")
        return self.key

    def to_x5c(self) -> str:
        """The element of an `x5c` header."""
        return _encode(self.der)


def _read(parsed: x509.Certificate) -> _Content:
    names = extension(parsed, x509.SubjectAlternativeName)
    key_id = extension(parsed, x509.SubjectKeyIdentifier)
    authority = extension(parsed, x509.AuthorityKeyIdentifier)
    constraints = extension(parsed, x509.BasicConstraints)
    spki = parsed.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    usage = extension(parsed, x509.KeyUsage)
    subject, issuer = parsed.subject, parsed.issuer  # which are made anew each time
    return _Content(
        key=_public_key(spki),
        subject=subject.rfc4514_string(),
        common_name=_name_for_people(subject),
        serial_number=parsed.serial_number,
        issuer=issuer.public_bytes(),
        self_issued=issuer == subject,
        is_authority=constraints is not None and constraints.ca,
        signs_data=usage is None or usage.digital_signature or usage.content_commitment,
        dns_names=tuple(names.get_values_for_type(x509.DNSName)) if names else (),
        uris=tuple(names.get_values_for_type(x509.UniformResourceIdentifier)) if names else (),
        not_before=int(parsed.not_valid_before_utc.timestamp()),
        not_after=int(parsed.not_valid_after_utc.timestamp()),
        key_id=key_id.key_identifier if key_id else None,
        authority_key_id=authority.key_identifier if authority else None,
        crl_uris=tuple(_crl_uris(parsed)),
        identifiers=tuple(_texts(subject, _IDENTIFIERS)),
    )


def read_x5c(x5c: Sequence[str], at: str = "x5c") -> tuple[Certificate, ...]:
    """Read a chain as it stands in a header, leaf first; nothing about it is believed.

    Raises:
        Malformed: empty, over 8 certificates, one twice, or one that cannot be read.
    """
    return _read_x5c(tuple(x5c), at)


def extension(parsed: x509.Certificate | x509.CertificateRevocationList, kind: type[T]) -> T | None:
    """An extension of that kind, or None; of a structure whose extensions could be read."""
    try:
        return parsed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


@lru_cache(maxsize=256)
def _read_x5c(x5c: tuple[str, ...], at: str) -> tuple[Certificate, ...]:
    """Cached: an issuer sends the same chain with every credential. Parsing depends on nothing but the text."""
    if not x5c or len(x5c) > MAX_CERTIFICATES:
        raise Malformed(at, f"must have 1 to {MAX_CERTIFICATES} certificates")
    chain = tuple(Certificate.from_x5c(text, f"{at}[{i}]") for i, text in enumerate(x5c))
    if len({certificate.der for certificate in chain}) != len(chain):
        raise Malformed(at, "has a certificate twice")
    return chain


def _decode(text: str, at: str) -> bytes:
    if len(text) > MAX_CERTIFICATE * 4 // 3 + 4:
        raise TooLarge(at, f"is larger than {MAX_CERTIFICATE} bytes")
    try:
        der = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise Malformed(at, "is not base64") from error
    # The decoder bears padding too much and bits beyond the last byte; one value has one spelling
    if _encode(der) != text:
        raise Malformed(at, "is not base64 in its one spelling")
    return der


def _encode(der: bytes) -> str:
    return binascii.b2a_base64(der, newline=False).decode("ascii")


def _public_key(spki: bytes) -> PublicKey | None:
    try:
        return PublicKey.from_spki(spki)
    except Flaw:
        return None


def _crl_uris(parsed: x509.Certificate) -> Iterator[str]:
    for point in extension(parsed, x509.CRLDistributionPoints) or ():
        if point.reasons is None and point.crl_issuer is None:
            for name in point.full_name or ():
                if isinstance(name, x509.UniformResourceIdentifier):
                    yield name.value


def _name_for_people(subject: x509.Name) -> str:
    return next(_texts(subject, _NAMES), None) or subject.rfc4514_string()


def _texts(subject: x509.Name, oids: Iterable[x509.ObjectIdentifier]) -> Iterator[str]:
    for oid in oids:
        for attribute in subject.get_attributes_for_oid(oid):
            if isinstance(attribute.value, str) and attribute.value:
                yield attribute.value
