"""X.509 certificates as tokens carry them, and whether a chain leads to a trust anchor at an instant (RFC 5280 §6).

Paths are checked by `cryptography`; here stands what our profiles add: the order as sent, no anchor inside, no
self-signed leaf, no authority as signer of tokens (HAIP 1.0 §6.1.1). Whether it is trusted *for this* is `trust.anchors`.
"""

from __future__ import annotations

import binascii
import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from protocol.errors import Flaw, Malformed, NotTrusted, NotValidNow, TooLarge, Unsupported
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
_SELF_SIGNED = "a self-signed certificate vouches for nobody"


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate, parsed and not trusted. Two of the same bytes are equal."""

    der: bytes
    key: PublicKey | None = field(
        compare=False
    )  # None: a kind of key that signs certificates but none of our tokens, such as RSA
    subject: str = field(compare=False)  # RFC 4514
    common_name: str = field(
        compare=False
    )  # the name for people: organisation, else common name, else the whole subject
    serial_number: int = field(compare=False)
    self_issued: bool = field(compare=False)  # names itself as its issuer
    dns_names: tuple[str, ...] = field(compare=False)
    uris: tuple[str, ...] = field(compare=False)
    not_before: int = field(compare=False)  # epoch seconds
    not_after: int = field(compare=False)
    key_id: bytes | None = field(compare=False)  # subject key identifier
    authority_key_id: bytes | None = field(compare=False)
    # Where revoked certificates are listed (RFC 5280 §4.2.1.13); not parts of a list, and not lists of somebody else
    crl_uris: tuple[str, ...] = field(compare=False)
    # Of the subject: organizationIdentifier of legal persons, serialNumber of natural ones (ETSI EN 319 412-1 §5.1)
    identifiers: tuple[str, ...] = field(compare=False)

    @classmethod
    def from_der(cls, der: bytes, at: str = "certificate") -> Self:
        """Read one certificate.

        Raises:
            TooLarge: over 16 KiB.
            Malformed: no certificate, or an extension twice or broken.
        """
        if len(der) > MAX_CERTIFICATE:
            raise TooLarge(at, f"is larger than {MAX_CERTIFICATE} bytes")
        try:
            parsed = x509.load_der_x509_certificate(der)
            if parsed.public_bytes(serialization.Encoding.DER) != der:
                raise Malformed(at, "has bytes that belong to no certificate")
            return cls._from_parsed(parsed, der)
        except _UNREADABLE as error:
            raise Malformed(at, "is not a certificate that can be read") from error

    @classmethod
    def from_x5c(cls, text: str, at: str = "x5c") -> Self:
        """Read one element of an `x5c` header: standard base64 of DER (RFC 7515 §4.1.6).

        Raises:
            TooLarge: over 16 KiB.
            Malformed: not base64, or no certificate.
        """
        if len(text) > MAX_CERTIFICATE * 4 // 3 + 4:
            raise TooLarge(at, f"is larger than {MAX_CERTIFICATE} bytes")
        try:
            der = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
        except (UnicodeEncodeError, binascii.Error) as error:
            raise Malformed(at, "is not base64") from error
        # The decoder bears padding too much and bits beyond the last byte; one value has one spelling
        if _encode(der) != text:
            raise Malformed(at, "is not base64 in its one spelling")
        return cls.from_der(der, at)

    @classmethod
    def _from_parsed(cls, parsed: x509.Certificate, der: bytes) -> Self:
        names = extension(parsed, x509.SubjectAlternativeName)
        key_id = extension(parsed, x509.SubjectKeyIdentifier)
        authority = extension(parsed, x509.AuthorityKeyIdentifier)
        spki = parsed.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(
            der=der,
            key=_public_key(spki),
            subject=parsed.subject.rfc4514_string(),
            common_name=_name_for_people(parsed.subject),
            serial_number=parsed.serial_number,
            self_issued=parsed.issuer == parsed.subject,
            dns_names=tuple(names.get_values_for_type(x509.DNSName)) if names else (),
            uris=tuple(names.get_values_for_type(x509.UniformResourceIdentifier)) if names else (),
            not_before=int(parsed.not_valid_before_utc.timestamp()),
            not_after=int(parsed.not_valid_after_utc.timestamp()),
            key_id=key_id.key_identifier if key_id else None,
            authority_key_id=authority.key_identifier if authority else None,
            crl_uris=tuple(_crl_uris(parsed)),
            identifiers=tuple(_texts(parsed.subject, _IDENTIFIERS)),
        )

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


def read_x5c(x5c: Sequence[str], at: str = "x5c") -> tuple[Certificate, ...]:
    """Read a chain as it stands in a header, leaf first; nothing about it is believed.

    Raises:
        Malformed: empty, over 8 certificates, one twice, or one that cannot be read.
    """
    return _read_x5c(tuple(x5c), at)


def verify_chain(chain: Sequence[Certificate], anchors: Sequence[Certificate], *, now: int, at: str) -> Certificate:
    """The anchor that a chain leads to, exactly as it was sent: leaf first, each issued by the next (RFC 5280 §6).

    Revocation of certificates is not checked here.

    Raises:
        NotTrusted: it leads to none of these anchors, holds an anchor or a self-signed leaf, has another order or more
            certificates than needed, or a certificate was not made for what it is used for.
        NotValidNow: a certificate is outside its time.
    """
    if not chain or not anchors:
        raise NotTrusted(f"{at}: leads to no trusted authority")
    if any(certificate in anchors for certificate in chain):
        raise NotTrusted(f"{at}: must not hold the trust anchor itself")
    for certificate in chain:
        if not certificate.not_before <= now < certificate.not_after:
            raise NotValidNow(f"{at}: a certificate is outside its time")
    if chain[0].self_issued:
        raise NotTrusted(f"{at}: {_SELF_SIGNED}")
    parsed = [x509.load_der_x509_certificate(certificate.der) for certificate in chain]
    verifier = (
        PolicyBuilder()
        .store(Store([x509.load_der_x509_certificate(anchor.der) for anchor in anchors]))
        .time(datetime.datetime.fromtimestamp(now, datetime.UTC).replace(tzinfo=None))
        .max_chain_depth(MAX_CERTIFICATES)
        .extension_policies(ca_policy=_CA_POLICY, ee_policy=_LEAF_POLICY)
        .build_client_verifier()
    )
    try:
        verified = verifier.verify(parsed[0], parsed[1:]).chain
    except (VerificationError, ValueError) as error:
        raise NotTrusted(f"{at}: leads to no trusted authority") from error
    # T084: what was sent is the path, in this order and nothing beside it
    if verified[:-1] != parsed:
        raise NotTrusted(f"{at}: has certificates in another order, or that do not belong to it")
    return Certificate.from_der(verified[-1].public_bytes(serialization.Encoding.DER), at)


def extension(parsed: x509.Certificate | x509.CertificateRevocationList, kind: type[T]) -> T | None:
    """An extension of that kind, or None; of a structure whose extensions could be read."""
    try:
        return parsed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _signs_certificates(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("this key may not sign certificates")


def _is_authority(_: Policy, __: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("not an authority")


def _signs_data(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise ValueError("this key may not sign data")


def _is_no_authority(_: Policy, __: x509.Certificate, constraints: x509.BasicConstraints | None) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("an authority signs no tokens")


_CA_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
)
_LEAF_POLICY = (
    ExtensionPolicy.permit_all()
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_data)
)


@lru_cache(maxsize=256)
def _read_x5c(x5c: tuple[str, ...], at: str) -> tuple[Certificate, ...]:
    """Cached: an issuer sends the same chain with every credential. Parsing depends on nothing but the text."""
    if not x5c or len(x5c) > MAX_CERTIFICATES:
        raise Malformed(at, f"must have 1 to {MAX_CERTIFICATES} certificates")
    chain = tuple(Certificate.from_x5c(text, f"{at}[{i}]") for i, text in enumerate(x5c))
    if len({certificate.der for certificate in chain}) != len(chain):
        raise Malformed(at, "has a certificate twice")
    return chain


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
