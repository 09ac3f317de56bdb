"""Makes access certificates: what a register says of somebody, in an authority's word (ETSI TS 119 411-8, TS 119 475 §5.1).

The counterpart that reads them is `protocol.trust.access`. Only the non-qualified policies are issued here: who issues
qualified certificates is on a trusted list and has its own machinery.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from protocol.errors import Malformed
from protocol.keys import PublicKey, RandomBytes
from protocol.trust.access import (
    NCP_LEGAL,
    NCP_NATURAL,
    TELEPHONE_NUMBER,
    AccessCertificate,
    AccessHolder,
    LegalPerson,
)
from protocol.x509 import Certificate
from runtime.certificates import Authority

_AT = "access certificate"


@dataclass(frozen=True, slots=True)
class AccessTerms:
    """What all access certificates of an authority have."""

    practice_uri: str  # how this authority works (cpsURI)
    crl_uri: str
    authority_uri: str  # the authority's own certificate
    days: int


def issue_access_certificate(
    authority: Authority,
    key: PublicKey,
    holder: AccessHolder,
    terms: AccessTerms,
    *,
    now: int,
    random_bytes: RandomBytes,
) -> Certificate:
    """An access certificate for a key whose owner has shown to hold it (`protocol.csr`).

    Raises:
        Malformed: what the register says is not what an access certificate may say.
    """
    try:
        subject, alternatives = _subject(holder), x509.SubjectAlternativeName(_alternatives(holder))
    except ValueError as error:
        # Not ASCII where only ASCII may stand, or a common name over the 64 bytes of RFC 5280
        raise Malformed(_AT, "has a name or a contact that no certificate can hold") from error
    builder = authority.builder(subject, key, now=now, days=terms.days, random_bytes=random_bytes)
    policy = NCP_LEGAL if isinstance(holder.person, LegalPerson) else NCP_NATURAL
    described = x509.PolicyInformation(x509.ObjectIdentifier(policy), [terms.practice_uri])
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(terms.crl_uri)], None, None, None)
    issuer = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(terms.authority_uri)
    )
    builder = (
        builder.add_extension(x509.CertificatePolicies([described]), critical=False)
        .add_extension(alternatives, critical=False)
        .add_extension(x509.CRLDistributionPoints([point]), critical=False)
        .add_extension(x509.AuthorityInformationAccess([issuer]), critical=False)
    )
    der = authority.sign(builder).public_bytes(serialization.Encoding.DER)
    made = Certificate.from_der(der)
    # What leaves here is what a wallet takes; an odd register entry is found now, and not at the first request
    AccessCertificate.from_certificate(made, _AT)
    return made


def _subject(holder: AccessHolder) -> x509.Name:
    person = holder.person
    named: list[tuple[x509.ObjectIdentifier, str | None]]
    if isinstance(person, LegalPerson):
        named = [
            (NameOID.ORGANIZATION_NAME, person.legal_name),
            (NameOID.ORGANIZATION_IDENTIFIER, holder.identifier),
        ]
    else:
        named = [
            (NameOID.GIVEN_NAME, person.given_name),
            (NameOID.SURNAME, person.family_name),
            (NameOID.PSEUDONYM, person.pseudonym),
            (NameOID.SERIAL_NUMBER, holder.identifier),
        ]
    attributes = [
        (NameOID.COUNTRY_NAME, holder.country),
        *named,
        (NameOID.ORGANIZATIONAL_UNIT_NAME, holder.unit),
        (NameOID.COMMON_NAME, holder.trade_name),
    ]
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in attributes if text])


def _alternatives(holder: AccessHolder) -> list[x509.GeneralName]:
    contacts = holder.contacts
    phones = [asn1.encode_der(asn1.PrintableString(phone)) for phone in contacts.phones]
    return [
        *map(x509.DNSName, holder.dns_names),
        *map(x509.UniformResourceIdentifier, contacts.websites),
        *map(x509.RFC822Name, contacts.emails),
        *[x509.OtherName(TELEPHONE_NUMBER, phone) for phone in phones],
    ]
