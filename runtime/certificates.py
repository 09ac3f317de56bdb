"""Makes certificates: an authority of one's own, and leaves under it, for the demo and for setting up an installation."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from protocol.keys import P256Key, PublicKey, RandomBytes

CLOCK_SKEW = 3600  # seconds that a certificate is valid before it is made


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """Whom a certificate is for."""

    organization: str
    common_name: str
    country: str = "DE"
    dns_names: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority: its key signs leaves."""

    key: P256Key
    certificate: x509.Certificate

    def to_pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue_leaf(
        self, key: PublicKey, names: CertificateNames, *, now: int, days: int, random_bytes: RandomBytes
    ) -> x509.Certificate:
        """A certificate for a key that signs tokens."""
        builder = _builder(_name(names), self.certificate.subject, key, now=now, days=days, random_bytes=random_bytes)
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names.dns_names]
        alternatives += [x509.UniformResourceIdentifier(uri) for uri in names.uris]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(_private(self.key).public_key())
        return (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(authority_id, critical=False)
            .sign(_private(self.key), hashes.SHA256())
        )


def make_authority(
    key: P256Key, names: CertificateNames, *, now: int, days: int, random_bytes: RandomBytes
) -> Authority:
    """A self-signed authority that signs leaves and nothing below them."""
    name = _name(names)
    certificate = (
        _builder(name, name, key.public_key, now=now, days=days, random_bytes=random_bytes)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(_private(key), hashes.SHA256())
    )
    return Authority(key, certificate)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, *, now: int, days: int, random_bytes: RandomBytes
) -> x509.CertificateBuilder:
    begins = datetime.datetime.fromtimestamp(now - CLOCK_SKEW, datetime.UTC)
    public_key = key.ecdh_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        # RFC 5280 §4.1.2.2: positive, at most 20 bytes
        .serial_number(int.from_bytes(random_bytes(19), "big") | 1)
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(names: CertificateNames) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, names.country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, names.organization),
            x509.NameAttribute(NameOID.COMMON_NAME, names.common_name),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: P256Key) -> ec.EllipticCurvePrivateKey:
    private = serialization.load_pem_private_key(key.to_pem(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("a P-256 key is an elliptic curve key")
    return private
