"""Makes certificates: an authority of one's own, and leaves under it, for the demo and for setting up an installation."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from protocol.keys import PublicKey, RandomBytes, Signer
from runtime.signed_der import sign_certificate, sign_request

CLOCK_SKEW = 3600  # seconds that a certificate is valid before it is made
_PLACES = (x509.IssuerAlternativeName, x509.CRLDistributionPoints)


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

    key: Signer
    certificate: x509.Certificate

    def to_pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def to_der(self) -> bytes:
        """The certificate, as bytes."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def issue_leaf(
        self,
        key: PublicKey,
        names: CertificateNames,
        *,
        now: int,
        days: int,
        random_bytes: RandomBytes,
        purposes: Sequence[x509.ObjectIdentifier] = (),
    ) -> x509.Certificate:
        """A certificate for a key that signs tokens, and whatever else its purposes name.

        Where the authority is reached, and where its list of revoked certificates is, stands in it as in the authority's own.
        """
        builder = self.builder(_name(names), key, now=now, days=days, random_bytes=random_bytes)
        for place in self._places():
            builder = builder.add_extension(place, critical=False)
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names.dns_names]
        alternatives += [x509.UniformResourceIdentifier(uri) for uri in names.uris]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=True)
        return self.sign(builder)

    def builder(
        self, subject: x509.Name, key: PublicKey, *, now: int, days: int, random_bytes: RandomBytes
    ) -> x509.CertificateBuilder:
        """What every leaf under this authority has; nobody vouches for longer than it lives."""
        ends = self.certificate.not_valid_after_utc
        builder = _builder(
            subject, self.certificate.subject, key, now=now, days=days, random_bytes=random_bytes, ends=ends
        )
        return (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(self.key_identifier(), critical=False)
        )

    def _places(self) -> list[x509.ExtensionType]:
        extensions = self.certificate.extensions
        return [one.value for one in extensions if isinstance(one.value, _PLACES)]

    def key_identifier(self) -> x509.AuthorityKeyIdentifier:
        """How certificates and lists say which key signed them (RFC 5280 §4.2.1.1)."""
        own = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """A certificate of this authority."""
        return sign_certificate(builder, self.key)


def make_authority(
    key: Signer, names: CertificateNames, *, now: int, days: int, random_bytes: RandomBytes, crl_uri: str = ""
) -> Authority:
    """A self-signed authority that signs leaves and nothing below them.

    `names.uris` are where it is reached, and `crl_uri` is where its list of revoked certificates is; empty: it has none.
    """
    name = _name(names)
    builder = (
        _builder(name, name, key.public_key, now=now, days=days, random_bytes=random_bytes)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    if names.uris:
        reached = [x509.UniformResourceIdentifier(uri) for uri in names.uris]
        builder = builder.add_extension(x509.IssuerAlternativeName(reached), critical=False)
    if crl_uri:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_uri)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    return Authority(key, sign_certificate(builder, key))


def make_request(key: Signer, names: CertificateNames) -> x509.CertificateSigningRequest:
    """A request for a certificate of one's own key (PKCS#10, RFC 2986). An authority need not believe the names."""
    return sign_request(x509.CertificateSigningRequestBuilder().subject_name(_name(names)), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: PublicKey,
    *,
    now: int,
    days: int,
    random_bytes: RandomBytes,
    ends: datetime.datetime | None = None,
) -> x509.CertificateBuilder:
    begins = datetime.datetime.fromtimestamp(now - CLOCK_SKEW, datetime.UTC)
    expires = begins + datetime.timedelta(days=days)
    public_key = key.ecdh_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        # RFC 5280 §4.1.2.2: positive, at most 20 bytes
        .serial_number(int.from_bytes(random_bytes(19), "big") | 1)
        .not_valid_before(begins)
        .not_valid_after(expires if ends is None else min(expires, ends))
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
