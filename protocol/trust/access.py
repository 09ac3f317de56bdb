"""Access certificates: who somebody is when they speak with wallets (ETSI TS 119 411-8 V1.1.1 §6.6.1, TS 119 475 §5.1).

Whether it is trusted is for `TrustAnchors.chain` to say, and whether it was revoked for `protocol.crl`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from protocol.errors import Malformed
from protocol.x509 import Certificate, extension

NCP_NATURAL = "0.4.0.194118.1.1"
NCP_LEGAL = "0.4.0.194118.1.2"
QCP_NATURAL = "0.4.0.194118.1.3"
QCP_LEGAL = "0.4.0.194118.1.4"

TELEPHONE_NUMBER = x509.ObjectIdentifier("2.5.4.20")  # id-at-telephoneNumber (ITU-T X.520 §6.7.1)

MAX_TEXT = 1024  # characters of one name or contact
MAX_ITEMS = 64  # contacts of one kind, policies, addresses

# Neither may stand in an access certificate (note to GEN-6.6.1-01): such a certificate is never revoked
_NEVER_REVOKED = (
    x509.ObjectIdentifier("0.4.0.194121.2.1"),  # validity assured, short term (ETSI EN 319 412-1 §5.2)
    x509.ObjectIdentifier("2.5.29.56"),  # no revocation available (RFC 9608)
)
_FOR_TLS = (
    ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
)
# ETSI EN 319 412-1 §5.1.3, §5.1.4: three letters and a country, or two letters of a national scheme and a colon
_IDENTIFIER = re.compile(r"(?:[A-Z]{3}[A-Z]{2}|[A-Z]{2}:[A-Z]{2})-\S(?:.*\S)?")
_COUNTRY = re.compile(r"[A-Z]{2}")


class LegalPerson(NamedTuple):
    """What an official record calls an organization."""

    legal_name: str


class NaturalPerson(NamedTuple):
    """What official records call a person: names, or a pseudonym (NAT-4.2.4-1)."""

    given_name: str | None = None
    family_name: str | None = None
    pseudonym: str | None = None


class AccessContacts(NamedTuple):
    """Where people reach somebody; at least one of them (GEN-6.6.1-07)."""

    websites: tuple[str, ...] = ()  # as they stand: they are shown, and none is called
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessHolder:
    """Whom an access certificate is for, as the register knows them."""

    identifier: str  # such as LEIXG-529900T8BM49AURSDO55; registration certificates name the same
    person: LegalPerson | NaturalPerson
    trade_name: str  # as people know them
    country: str  # ISO 3166-1 alpha-2, and EL or EU
    contacts: AccessContacts
    dns_names: tuple[str, ...] = ()  # of the services
    unit: str | None = None  # which of several instances (GEN-6.6.1-08)


@dataclass(frozen=True, slots=True)
class AccessCertificate:
    """A certificate that keeps the profile. Trust is another question."""

    holder: AccessHolder
    certificate: Certificate
    policies: tuple[str, ...]  # OIDs; an ETSI one of this kind of person, or only such of the provider
    practice_uris: tuple[str, ...]  # where the provider says how it works (cpsURI)

    @property
    def crl_uris(self) -> tuple[str, ...]:
        """Where revoked ones are listed, as they stand; empty if only an online service says so."""
        return self.certificate.crl_uris

    @property
    def qualified(self) -> bool:
        """Whether it says to be a qualified certificate."""
        return QCP_LEGAL in self.policies or QCP_NATURAL in self.policies

    @classmethod
    def from_certificate(cls, certificate: Certificate, at: str = "access certificate") -> Self:
        """Read a leaf, and check that it has the profile. Its time is checked with its chain.

        Raises:
            Malformed: it breaks the profile, at the field or extension that is named.
        """
        parsed = x509.load_der_x509_certificate(certificate.der)
        _check_use(parsed, at)
        _check_listed(certificate, parsed, f"{at}.cRLDistributionPoints")
        policies, practice_uris = _read_policies(parsed, f"{at}.certificatePolicies")
        return cls(
            holder=_read_holder(certificate, parsed, policies, at),
            certificate=certificate,
            policies=policies,
            practice_uris=practice_uris,
        )


class _Subject:
    """The subject's attributes, each of which may stand there once (LEG-4.2.1-3)."""

    def __init__(self, name: x509.Name, at: str) -> None:
        self._name = name
        self._at = at

    def optional(self, oid: x509.ObjectIdentifier) -> str | None:
        found = self._name.get_attributes_for_oid(oid)
        if not found:
            return None
        value = found[0].value
        if len(found) > 1 or not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
            raise Malformed(self._at, f"must have one text for {_called(oid)}")
        return value

    def one(self, oid: x509.ObjectIdentifier) -> str:
        value = self.optional(oid)
        if value is None:
            raise Malformed(self._at, f"has no {_called(oid)}")
        return value


def _called(oid: x509.ObjectIdentifier) -> str:
    return _ATTRIBUTES.get(oid, oid.dotted_string)


_ETSI = {NaturalPerson: frozenset((NCP_NATURAL, QCP_NATURAL)), LegalPerson: frozenset((NCP_LEGAL, QCP_LEGAL))}
_ATTRIBUTES = {
    NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.COMMON_NAME: "commonName",
    NameOID.COUNTRY_NAME: "countryName",
    NameOID.ORGANIZATION_NAME: "organizationName",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "organizationalUnitName",
    NameOID.GIVEN_NAME: "givenName",
    NameOID.SURNAME: "surname",
    NameOID.PSEUDONYM: "pseudonym",
}


def _read_holder(
    certificate: Certificate, parsed: x509.Certificate, policies: tuple[str, ...], at: str
) -> AccessHolder:
    subject = _Subject(parsed.subject, f"{at}.subject")
    person = _read_person(policies, subject, at)
    kind = NameOID.ORGANIZATION_IDENTIFIER if isinstance(person, LegalPerson) else NameOID.SERIAL_NUMBER
    identifier = subject.one(kind)
    if not _IDENTIFIER.fullmatch(identifier):
        raise Malformed(f"{at}.subject", f"must have a semantic identifier as {_called(kind)}")
    country = subject.one(NameOID.COUNTRY_NAME)
    if not _COUNTRY.fullmatch(country):
        raise Malformed(f"{at}.subject", "must name a country by two letters")
    return AccessHolder(
        identifier=identifier,
        person=person,
        trade_name=subject.one(NameOID.COMMON_NAME),
        country=country,
        contacts=_read_contacts(parsed, f"{at}.subjectAltName"),
        dns_names=certificate.dns_names,
        unit=subject.optional(NameOID.ORGANIZATIONAL_UNIT_NAME),
    )


def _check_use(parsed: x509.Certificate, at: str) -> None:
    """The key signs data and nothing else, no web server uses it, and it can be revoked."""
    usage = extension(parsed, x509.KeyUsage)
    # NAT-4.3.2-1, LEG-4.3.1-2: the extension is there, and allows to sign data
    if usage is None or not (usage.digital_signature or usage.content_commitment):
        raise Malformed(f"{at}.keyUsage", "must allow to sign data")
    if usage.key_cert_sign or usage.crl_sign:
        raise Malformed(f"{at}.keyUsage", "must not allow to sign certificates or lists")
    constraints = extension(parsed, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise Malformed(f"{at}.basicConstraints", "must not be an authority's")
    extended = extension(parsed, x509.ExtendedKeyUsage)
    if extended is not None and any(purpose in _FOR_TLS for purpose in extended):
        raise Malformed(f"{at}.extendedKeyUsage", "must not be for web servers")
    if any(found.oid in _NEVER_REVOKED for found in parsed.extensions):
        raise Malformed(at, "must be one that can be revoked")


def _read_policies(parsed: x509.Certificate, at: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The policies (GEN-6.6.1-03), and the addresses of practice statements with them (GEN-6.6.1-06)."""
    found = tuple(extension(parsed, x509.CertificatePolicies) or ())
    if not 0 < len(found) <= MAX_ITEMS:
        raise Malformed(at, f"must have 1 to {MAX_ITEMS} policies")
    qualifiers = [qualifier for policy in found for qualifier in policy.policy_qualifiers or ()]
    practice_uris = _texts([qualifier for qualifier in qualifiers if isinstance(qualifier, str)], at)
    if not practice_uris:
        raise Malformed(at, "must have a cpsURI")
    return tuple(policy.policy_identifier.dotted_string for policy in found), practice_uris


def _read_person(policies: tuple[str, ...], subject: _Subject, at: str) -> LegalPerson | NaturalPerson:
    """By the policy; where the provider has only policies of its own, by what the subject is called."""
    natural, legal = (not _ETSI[kind].isdisjoint(policies) for kind in (NaturalPerson, LegalPerson))
    if natural and legal:
        raise Malformed(f"{at}.certificatePolicies", "must be for a natural or for a legal person")
    # NAT-4.2.4-6: a natural person may name an organization, but a legal person has no number of a person
    if legal or (not natural and subject.optional(NameOID.SERIAL_NUMBER) is None):
        return LegalPerson(subject.one(NameOID.ORGANIZATION_NAME))
    given_name, family_name = subject.optional(NameOID.GIVEN_NAME), subject.optional(NameOID.SURNAME)
    if given_name is None and family_name is None:
        return NaturalPerson(pseudonym=subject.one(NameOID.PSEUDONYM))
    return NaturalPerson(given_name, family_name)


def _read_contacts(parsed: x509.Certificate, at: str) -> AccessContacts:
    names = extension(parsed, x509.SubjectAlternativeName)
    if names is None:
        raise Malformed(at, "is missing")
    phones = [name for name in names.get_values_for_type(x509.OtherName) if name.type_id == TELEPHONE_NUMBER]
    contacts = AccessContacts(
        websites=_texts(names.get_values_for_type(x509.UniformResourceIdentifier), at),
        emails=_texts(names.get_values_for_type(x509.RFC822Name), at),
        phones=_texts([_read_phone(name.value, at) for name in phones], at),
    )
    if not any(contacts):
        raise Malformed(at, "must say how its holder is reached")
    return contacts


def _read_phone(der: bytes, at: str) -> str:
    """A PrintableString, as X.520 has it, or the UTF8String that others write."""
    try:
        return asn1.decode_der(asn1.PrintableString, der).as_str()
    except ValueError:
        pass
    try:
        return asn1.decode_der(str, der)
    except ValueError as error:
        raise Malformed(at, "has a phone number that is no text") from error


def _check_listed(certificate: Certificate, parsed: x509.Certificate, at: str) -> None:
    """It says where revoked ones are listed (GEN-4.3.11-2), or which online service knows."""
    if not certificate.crl_uris and not _has_ocsp(parsed):
        raise Malformed(at, "must say where revoked certificates are listed")
    _texts(certificate.crl_uris, at)


def _has_ocsp(parsed: x509.Certificate) -> bool:
    access = extension(parsed, x509.AuthorityInformationAccess) or ()
    return any(found.access_method == AuthorityInformationAccessOID.OCSP for found in access)


def _texts(texts: Sequence[str], at: str) -> tuple[str, ...]:
    if len(texts) > MAX_ITEMS or not all(0 < len(text) <= MAX_TEXT for text in texts):
        raise Malformed(at, f"must have at most {MAX_ITEMS} texts of 1 to {MAX_TEXT} characters")
    return tuple(texts)
