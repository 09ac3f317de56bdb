"""To whom an issuer wants its credentials shown: embedded disclosure policies (CIR (EU) 2024/2979 annex III).

ETSI TS 119 472-3 V1.1.1 §4.2.5.2 says what a policy has, and names no members; these are the names of wallets in use. The
wallet keeps the policy with the credential, evaluates it alone and shows the outcome, and the user decides (ARF EDP_06,
EDP_07, EDP_10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Self

from cryptography import x509
from cryptography.x509.oid import NameOID

from protocol.encoding import JsonObject
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.trust.anchors import TrustedParty
from protocol.trust.registration import Registration, VerifiedRegistration
from protocol.x509 import Certificate

DISCLOSURE_POLICY: Final = "disclosure_policy"  # member of a credential configuration

MAX_ENTRIES = 1000
MAX_TEXT = 4096  # characters of an identifier or a description
MAX_NAME = 2048  # characters of a distinguished name
MAX_SERIAL = 64  # characters

_NO_RESTRICTION = "none"
_ALLOW_LIST = "allowList"
_ROOT_OF_TRUST = "rootOfTrust"

# RFC 4514 §3, and ORGID and SN of TS 119 472-3 (notes to -07); the rest are names that others write
_NAMES = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "ORGID": NameOID.ORGANIZATION_IDENTIFIER,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
    "SN": NameOID.SERIAL_NUMBER,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "GN": NameOID.GIVEN_NAME,
    "givenName": NameOID.GIVEN_NAME,
    "surname": NameOID.SURNAME,
}
# Names of attributes have no case (RFC 4512 §1.4)
_SPELLINGS = {spelling: oid for name, oid in _NAMES.items() for spelling in (name, name.lower(), name.upper())}
_IDENTIFYING = (NameOID.ORGANIZATION_IDENTIFIER.dotted_string, NameOID.SERIAL_NUMBER.dotted_string)
_BLANKS = re.compile(r"(?<!\\)([,+])\s+")

_Attributes = frozenset[tuple[str, str]]  # OID and value; neither case nor spare blanks count (RFC 4518 §2)


class AuthorisedParty(NamedTuple):
    """Somebody, by either of the two: what their access certificate calls them, or what they are entitled to."""

    subject: str | None = None  # RFC 4514
    entitlement: str | None = None  # URI (TS 119 475 annex A)


class RootOfTrust(NamedTuple):
    """An authority, by its own certificate."""

    subject: str  # RFC 4514
    serial_number: str  # hexadecimal as we write it; decimal is read too


@dataclass(frozen=True, slots=True)
class NoRestriction:
    """Whoever asks may have it."""


@dataclass(frozen=True, slots=True)
class AuthorisedParties:
    """Only who is listed may have it."""

    parties: tuple[AuthorisedParty, ...]


@dataclass(frozen=True, slots=True)
class RootsOfTrust:
    """Only who is vouched for by one of these authorities may have it."""

    roots: tuple[RootOfTrust, ...]


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A restriction that cannot be read here. Nobody is known to fulfil it."""


Restriction = NoRestriction | AuthorisedParties | RootsOfTrust | NotUnderstood


class Outcome(StrEnum):
    """Whether somebody may have a credential, as far as its issuer is concerned."""

    PERMITTED = "permitted"
    NOT_PERMITTED = "not-permitted"
    NOT_UNDERSTOOD = "not-understood"


@dataclass(frozen=True, slots=True)
class DisclosurePolicy:
    """What an issuer says about who may have a credential."""

    id: str  # URI
    restriction: Restriction
    description: str | None = None
    url: str | None = None  # where people read about it (EDP_05)

    @classmethod
    def from_fields(cls, policy: Fields) -> Self:
        """Read the wire form. A restriction of another kind or shape becomes `NotUnderstood`, and is never taken for none.

        Raises:
            Malformed: it has no identifier, or a description or an address of the wrong shape.
        """
        return cls(
            id=policy.text("id", max_length=MAX_TEXT),
            restriction=_read_restriction(policy),
            description=policy.optional_text("description", max_length=MAX_TEXT),
            url=policy.optional_https_url("url"),
        )

    def to_dict(self) -> JsonObject:
        """The wire form, of a policy that is understood."""
        members: JsonObject = {"id": self.id}
        match self.restriction:
            case NoRestriction():
                members["policy"] = _NO_RESTRICTION
            case AuthorisedParties(parties):
                members["policy"] = _ALLOW_LIST
                members["options"] = {"values": [_write_party(party) for party in parties]}
            case RootsOfTrust(roots):
                members["policy"] = _ROOT_OF_TRUST
                members["options"] = {"values": [{"dn": root.subject, "serial": root.serial_number} for root in roots]}
            case NotUnderstood():
                raise ValueError("what was not understood cannot be written")
        optional = {"description": self.description, "url": self.url}
        return {**members, **{name: text for name, text in optional.items() if text is not None}}


def root_of_trust(certificate: Certificate) -> RootOfTrust:
    """How a policy names an authority."""
    number = certificate.serial_number
    return RootOfTrust(certificate.subject, number.to_bytes(number.bit_length() // 8 + 1, "big").hex())


def evaluate(policy: DisclosurePolicy, asker: TrustedParty, registration: VerifiedRegistration | None) -> Outcome:
    """Whether the issuer's policy permits that somebody has the credential; the registration was found to be theirs.

    Where an intermediary asks, it is about whom it asks for: by their registration, and by who signed that (EDP_02, EDP_03).
    """
    match policy.restriction:
        case NoRestriction():
            return Outcome.PERMITTED
        case AuthorisedParties(parties):
            says = None if registration is None else registration.says
            return _outcome(_is_listed(parties, asker, says))
        case RootsOfTrust(roots):
            voucher = asker
            if registration is not None and registration.says.intermediary is not None:
                voucher = registration.provider
            return _outcome(_is_root(certificate, root) for certificate in _authorities(voucher) for root in roots)
        case NotUnderstood():
            return Outcome.NOT_UNDERSTOOD


def _outcome(matches: Iterable[bool]) -> Outcome:
    return Outcome.PERMITTED if any(matches) else Outcome.NOT_PERMITTED


def _is_listed(parties: Iterable[AuthorisedParty], asker: TrustedParty, says: Registration | None) -> Iterator[bool]:
    subject = _subject_of(asker, says)
    entitlements = () if says is None else says.entitlements
    for party in parties:
        yield party.entitlement in entitlements
        yield party.subject is not None and _is_called(subject, party.subject)


def _subject_of(asker: TrustedParty, says: Registration | None) -> _Attributes:
    if says is not None and says.intermediary is not None:
        return frozenset(_registered_attributes(says))
    return _attributes(x509.load_der_x509_certificate(asker.chain[0].der).subject) if asker.chain else frozenset()


def _registered_attributes(says: Registration) -> Iterator[tuple[str, str]]:
    """What an access certificate would call them (TS 119 475 tables 1 and 3)."""
    named = {
        NameOID.COMMON_NAME: says.name,
        NameOID.COUNTRY_NAME: says.country,
        NameOID.ORGANIZATION_NAME: says.legal_name,
        NameOID.GIVEN_NAME: says.given_name,
        NameOID.SURNAME: says.family_name,
        (NameOID.SERIAL_NUMBER if says.legal_name is None else NameOID.ORGANIZATION_IDENTIFIER): says.identifier,
    }
    for oid, text in named.items():
        if text is not None:
            yield oid.dotted_string, _plain(text)


def _authorities(party: TrustedParty) -> Iterable[Certificate]:
    return party.chain[1:] if party.anchor is None else (*party.chain[1:], party.anchor)


def _is_root(certificate: Certificate, root: RootOfTrust) -> bool:
    if certificate.serial_number not in _numbers(root.serial_number):
        return False
    listed = _parse(root.subject)
    return bool(listed) and listed <= _attributes(x509.load_der_x509_certificate(certificate.der).subject)


def _numbers(text: str) -> Iterator[int]:
    digits = text.replace(":", "").replace(" ", "")
    for base in (16, 10):
        try:
            yield int(digits, base)
        except ValueError:
            continue


def _is_called(subject: _Attributes, listed: str) -> bool:
    """Whether a listed name is the subject's: all of it, or a part that has the identifier, which nobody else has."""
    attributes = _parse(listed)
    if not any(oid in _IDENTIFYING for oid, _ in attributes):
        return bool(attributes) and attributes == subject
    return attributes <= subject


def _parse(text: str) -> _Attributes:
    """A name of RFC 4514; blanks behind its commas are taken away, as people write them. Empty: it cannot be read."""
    try:
        return _attributes(x509.Name.from_rfc4514_string(_BLANKS.sub(r"\1", text.strip()), _SPELLINGS))
    except ValueError:
        return frozenset()


def _attributes(name: x509.Name) -> _Attributes:
    return frozenset((part.oid.dotted_string, _plain(part.value)) for part in name if isinstance(part.value, str))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _read_restriction(policy: Fields) -> Restriction:
    try:
        kind = policy.text("policy")
        if kind == _NO_RESTRICTION:
            return NoRestriction()
        if kind == _ALLOW_LIST:
            return AuthorisedParties(tuple(map(_read_party, _values(policy))))
        if kind == _ROOT_OF_TRUST:
            return RootsOfTrust(tuple(map(_read_root, _values(policy))))
    except Malformed:
        pass
    return NotUnderstood()


def _values(policy: Fields) -> tuple[Fields, ...]:
    return policy.object("options").objects("values", max_items=MAX_ENTRIES)


def _read_party(entry: Fields) -> AuthorisedParty:
    party = AuthorisedParty(
        entry.optional_text("dn", max_length=MAX_NAME), entry.optional_text("entitlement", max_length=MAX_NAME)
    )
    if not any(party):
        raise Malformed(entry.at, "must have a dn or an entitlement")
    return party


def _read_root(entry: Fields) -> RootOfTrust:
    return RootOfTrust(entry.text("dn", max_length=MAX_NAME), entry.text("serial", max_length=MAX_SERIAL))


def _write_party(party: AuthorisedParty) -> JsonObject:
    members = {"dn": party.subject, "entitlement": party.entitlement}
    return {name: text for name, text in members.items() if text is not None}
