"""Access certificates to test with: a good one, and one in which any part is another."""

import datetime
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from protocol.keys import P256Key
from protocol.trust.access import NCP_LEGAL, TELEPHONE_NUMBER, AccessContacts, AccessHolder, LegalPerson
from protocol.x509 import Certificate
from runtime.access_certificates import AccessTerms
from runtime.certificates import Authority, CertificateNames, make_authority
from tests.support.pki import DAY, NOW, private_key, seeded, seeded_key

AUTHORITY_KEY = seeded_key(900)
AUTHORITY = make_authority(
    AUTHORITY_KEY, CertificateNames("Registrar", "Registrar CA"), now=NOW - DAY, days=900, random_bytes=seeded(901)
)
TERMS = AccessTerms(
    practice_uri="https://registrar.example/practice",
    crl_uri="https://registrar.example/access.crl",
    authority_uri="https://registrar.example/authority.cer",
    days=365,
)
LIBRARY = AccessHolder(
    identifier="VATDE-123456789",
    person=LegalPerson("Town Library"),
    trade_name="Library",
    country="DE",
    contacts=AccessContacts(("https://library.example/help",), ("help@library.example",), ("+4930123456",)),
    dns_names=("library.example",),
)
SUBJECT: tuple[tuple[x509.ObjectIdentifier, str], ...] = (
    (NameOID.COUNTRY_NAME, "DE"),
    (NameOID.ORGANIZATION_NAME, "Town Library"),
    (NameOID.ORGANIZATION_IDENTIFIER, "VATDE-123456789"),
    (NameOID.COMMON_NAME, "Library"),
)
NATURAL: tuple[tuple[x509.ObjectIdentifier, str], ...] = (
    (NameOID.COUNTRY_NAME, "DE"),
    (NameOID.GIVEN_NAME, "Erika"),
    (NameOID.SURNAME, "Mustermann"),
    (NameOID.SERIAL_NUMBER, "TINDE-12345678901"),
    (NameOID.COMMON_NAME, "Mustermann Books"),
)
WEBSITE = x509.UniformResourceIdentifier("https://library.example/help")
POINT = x509.DistributionPoint([x509.UniformResourceIdentifier(TERMS.crl_uri)], None, None, None)


def phone(number: str) -> x509.OtherName:
    """A telephone number as the profile wants it."""
    return x509.OtherName(TELEPHONE_NUMBER, asn1.encode_der(asn1.PrintableString(number)))


def policy(oid: str = NCP_LEGAL, *uris: str) -> x509.PolicyInformation:
    """A policy with the practice statements that are named."""
    return x509.PolicyInformation(x509.ObjectIdentifier(oid), list(uris) or None)


@dataclass(frozen=True)
class AccessTemplate:
    """Everything that an access certificate has; a part that is None is left out."""

    subject: Sequence[tuple[x509.ObjectIdentifier, str]] = SUBJECT
    usages: tuple[str, ...] | None = ("digital_signature",)
    policies: Sequence[x509.PolicyInformation] | None = (policy(NCP_LEGAL, TERMS.practice_uri),)
    names: Sequence[x509.GeneralName] | None = (x509.DNSName("library.example"), WEBSITE)
    points: Sequence[x509.DistributionPoint] | None = (POINT,)
    extensions: Sequence[x509.ExtensionType] = field(default=())

    def issue(self, authority: Authority = AUTHORITY, key: P256Key | None = None) -> Certificate:
        """The certificate, which nothing checks."""
        begins = datetime.datetime.fromtimestamp(NOW - DAY, datetime.UTC)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            subject = x509.Name([x509.NameAttribute(oid, text, _validate=False) for oid, text in self.subject])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority.certificate.subject)
            .public_key(private_key(key).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + datetime.timedelta(days=365))
            .add_extension(authority.key_identifier(), critical=False)
        )
        if self.usages is not None:
            usages = {name: name in self.usages for name in _USAGES}
            builder = builder.add_extension(x509.KeyUsage(**usages), critical=True)
        for extension in (
            self.policies and x509.CertificatePolicies(self.policies),
            self.names and x509.SubjectAlternativeName(self.names),
            self.points and x509.CRLDistributionPoints(self.points),
            *self.extensions,
        ):
            if extension:
                builder = builder.add_extension(extension, critical=False)
        made = builder.sign(private_key(AUTHORITY_KEY), hashes.SHA256())
        return Certificate.from_der(made.public_bytes(serialization.Encoding.DER))


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
