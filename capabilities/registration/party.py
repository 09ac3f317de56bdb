"""Who registers, as they write it down themselves: a TOML file, a form or JSON, all with these members (TS5 1.3 §2, TS6).

identifier = "NTRDE-HRB 4711"         # ETSI EN 319 412-1 §5.1.4; certificates name it
country = "DE"
legal_name = "Kino Capitol GmbH"      # or given_name and family_name
trade_name = "Kino Capitol"
entitlements = ["Service_Provider"]   # the last part of ETSI's addresses; "Wallet_Provider" is ours
info_uri = "https://kino.example"
support_uri = "https://kino.example/hilfe"
email = "hallo@kino.example"
phone = "+49 30 1234"
address = { street = "Lindenweg 1", locality = "Lindenau", postal_code = "01234" }
services = [{ de = "Kino", en = "Cinema" }]
addresses = ["https://kino.example"]  # where its service is reached: they stand in its access certificate
cockpit_endpoint = "https://kino.example/cockpit"  # optional: where citizens see what is done with their data; who has
# several services with a cockpit of its own each writes cockpit_endpoints = ["https://…/cockpit", "https://…/cockpit"]
authorities = ["-----BEGIN CERTIFICATE-----…"]  # whoever issues: what its documents are signed under

[supervisory_authority]
name = "Datenschutzbeauftragte"
country = "DE"
email = "post@datenschutz.example"

[[uses]]
id = "over-18"
purpose = { de = "Wir prüfen, ob Sie den Film sehen dürfen.", en = "We check whether you may see the film." }
privacy_policy = "https://kino.example/datenschutz"
legal_basis = "GDPR Art. 6 (1) b"
retention_days = 0
credentials = [{ format = "dc+sd-jwt", vct_values = ["urn:eudi:pid:1"], claims = [["age_equal_or_over", "18"]] }]
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from ssl import DER_cert_to_PEM_cert
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from capabilities.registration.uses import (
    MAX_CREDENTIALS,
    Use,
    read_credential,
    read_texts,
    write_credential,
    write_texts,
)
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import MAX_URL, Fields
from protocol.sovereignty.cockpit import read_cockpit_endpoint
from protocol.trust.localized import Localized
from protocol.trust.registration import ENTITLEMENT, RegisteredCredential
from protocol.x509 import Certificate
from runtime.anchors import read_certificate

MAX_FILE = 256 * 1024  # bytes
MAX_NAME = 200  # characters of a name, an identifier, a phone number
MAX_USES = 50
MAX_SERVICES = 20
MAX_ADDRESSES = 20
MAX_AUTHORITIES = 10
MAX_LISTS = 10
MAX_COCKPITS = 8

ONE_COCKPIT, COCKPITS = "cockpit_endpoint", "cockpit_endpoints"

# ETSI TS 119 475 V1.2.1 annex A.2: an identifier of a legal or natural person with its country
_IDENTIFIER = re.compile(r"(?:[A-Z]{3}[A-Z]{2}|[A-Z]{2}:[A-Z]{2})-[!-~](?:[ -~]*[!-~])?", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_EMAIL = re.compile(r"[!#-'*+\-/-9=?A-Z^-~.]{1,64}@[A-Za-z0-9.-]{1,190}", re.ASCII)

WALLET_PROVIDER = "Wallet_Provider"
SECTOR_PLATFORM = "Sector_Platform"  # keeps a register of its own, for education or health, and publishes lists
SERVICE_PROVIDER = "Service_Provider"
ISSUERS = ("PID_Provider", "PUB_EAA_Provider", "QEAA_Provider", "Non_Q_EAA_Provider")
OURS = (WALLET_PROVIDER, SECTOR_PLATFORM)  # no entitlements of ETSI, so no certificate names them
ENTITLEMENTS = (SERVICE_PROVIDER, *ISSUERS, *OURS)


class Seat(NamedTuple):
    """Where a party has its seat; it stands on trusted lists, and in no answer of the register."""

    street: str
    locality: str
    postal_code: str


class Authority(NamedTuple):
    """Who supervises how a party handles data, with at least one way to reach them (TS5 §2.4.6)."""

    name: str
    country: str
    email: str | None = None
    phone: str | None = None
    uri: str | None = None


class ListAddress(NamedTuple):
    """A list that a sector's platform publishes, signed with its own certificate."""

    type: str  # `LoTEType`
    url: str


class ActsFor(NamedTuple):
    """Who speaks with wallets in a party's stead, and where they are registered (TS5 §2.1)."""

    identifier: str
    name: str
    registry_uri: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who asks or issues, or makes wallets."""

    identifier: str
    country: str
    trade_name: str
    entitlements: tuple[str, ...]
    info_uri: str
    support_uri: str
    email: str
    phone: str
    address: Seat
    services: tuple[tuple[Localized, ...], ...]
    addresses: tuple[str, ...]
    supervisory_authority: Authority
    legal_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    public_body: bool = False
    uses: tuple[Use, ...] = ()
    provides: tuple[RegisteredCredential, ...] = ()
    authorities: tuple[Certificate, ...] = ()
    lists: tuple[ListAddress, ...] = ()
    is_intermediary: bool = False
    intermediary: ActsFor | None = None
    cockpit_endpoints: tuple[str, ...] = ()  # whose usage logs the register then witnesses

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of the addresses that are registered."""
        return tuple(dict.fromkeys(host for address in self.addresses if (host := urlsplit(address).hostname)))

    @property
    def name(self) -> str:
        """Whom the law knows."""
        return self.legal_name or f"{self.given_name} {self.family_name}"

    @classmethod
    def from_dict(cls, value: object, at: str = "party") -> Self:
        """Read the members; unknown ones are refused, since people write them by hand.

        Raises:
            Malformed: a member is missing, unknown or wrong, or they do not fit together.
        """
        members = Fields(value, at)
        unknown = set(members.members) - _MEMBERS
        if unknown:
            raise Malformed(at, f"has unknown members: {', '.join(sorted(map(str, unknown)))}"[:300])
        provides = members.optional_objects("provides", max_items=MAX_CREDENTIALS)
        services = members.array("services", max_items=MAX_SERVICES)
        party = cls(
            identifier=_read_identifier(members, "identifier"),
            country=_read_country(members),
            trade_name=members.text("trade_name", max_length=MAX_NAME),
            entitlements=_read_entitlements(members),
            info_uri=members.https_url("info_uri"),
            support_uri=members.text("support_uri", max_length=MAX_URL),
            email=_read_email(members),
            phone=members.text("phone", max_length=MAX_NAME),
            address=_read_address(members.object("address")),
            services=tuple(
                read_texts(Fields({"service": service}, members.path("services")), "service") for service in services
            ),
            addresses=_read_addresses(members),
            supervisory_authority=_read_authority(members.object("supervisory_authority")),
            legal_name=members.optional_text("legal_name", max_length=MAX_NAME),
            given_name=members.optional_text("given_name", max_length=MAX_NAME),
            family_name=members.optional_text("family_name", max_length=MAX_NAME),
            public_body=members.boolean("public_body", default=False),
            uses=tuple(map(Use.from_fields, members.optional_objects("uses", max_items=MAX_USES))),
            provides=tuple([read_credential(credential, needs_claims=False) for credential in provides]),
            authorities=_read_authorities(members),
            lists=tuple(
                ListAddress(found.text("type", max_length=MAX_URL), found.https_url("url"))
                for found in members.optional_objects("lists", max_items=MAX_LISTS)
            ),
            is_intermediary=members.boolean("is_intermediary", default=False),
            intermediary=_read_intermediary(members),
            cockpit_endpoints=_read_cockpits(members),
        )
        party._check(at)
        return party

    @classmethod
    def from_toml(cls, text: str, at: str) -> Self:
        """Read a file.

        Raises:
            Malformed: not TOML; or see `from_dict`.
        """
        if len(text.encode("utf-8")) > MAX_FILE:
            raise Malformed(at, f"is larger than {MAX_FILE} bytes")
        try:
            members = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise Malformed(at, f"is not TOML: {error}") from error
        return cls.from_dict(members, at)

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {
            "identifier": self.identifier,
            "country": self.country,
            "legal_name": self.legal_name,
            "given_name": self.given_name,
            "family_name": self.family_name,
            "trade_name": self.trade_name,
            "entitlements": [*self.entitlements],
            "public_body": self.public_body or None,
            "info_uri": self.info_uri,
            "support_uri": self.support_uri,
            "email": self.email,
            "phone": self.phone,
            "address": dict[str, JsonValue](self.address._asdict()),
            "services": [write_texts(service) for service in self.services],
            "addresses": [*self.addresses] or None,
            "supervisory_authority": _present(self.supervisory_authority._asdict()),
            "uses": [use.to_dict() for use in self.uses] or None,
            "provides": [write_credential(credential) for credential in self.provides] or None,
            "authorities": [DER_cert_to_PEM_cert(certificate.der) for certificate in self.authorities] or None,
            "lists": [dict[str, JsonValue](found._asdict()) for found in self.lists] or None,
            "is_intermediary": self.is_intermediary or None,
            "intermediary": _present(self.intermediary._asdict()) if self.intermediary else None,
            **_write_cockpits(self.cockpit_endpoints),
        }
        return _present(members)

    def _check(self, at: str) -> None:
        natural = self.given_name is not None and self.family_name is not None
        if (self.legal_name is not None) == natural:
            raise Malformed(at, "must have legal_name, or given_name and family_name")
        issues = any(entitlement in ISSUERS for entitlement in self.entitlements)
        # TS5 §2.1: who asks has uses, who issues says what; an intermediary alone needs neither
        if SERVICE_PROVIDER in self.entitlements and not self.uses and not self.is_intermediary:
            raise Malformed(f"{at}.uses", "must say what is asked for and why")
        if self.uses and SERVICE_PROVIDER not in self.entitlements:
            raise Malformed(f"{at}.entitlements", "must have Service_Provider, since there are uses")
        if issues != bool(self.provides):
            raise Malformed(f"{at}.provides", "must say what is issued, if somebody issues, and nothing otherwise")
        sector = SECTOR_PLATFORM in self.entitlements
        if (issues or sector or WALLET_PROVIDER in self.entitlements) and not self.authorities:
            raise Malformed(f"{at}.authorities", "must have the certificate that documents are signed under")
        if sector != bool(self.lists):
            raise Malformed(f"{at}.lists", "must be there for the platform of a sector, and for nobody else")
        if self.is_intermediary and self.intermediary is not None:
            raise Malformed(f"{at}.intermediary", "must not be there for an intermediary")
        if len({use.id for use in self.uses}) != len(self.uses):
            raise Malformed(f"{at}.uses", "must have ids of their own")
        if any(urlsplit(endpoint).hostname not in self.hosts for endpoint in self.cockpit_endpoints):
            name = ONE_COCKPIT if len(self.cockpit_endpoints) == 1 else COCKPITS
            raise Malformed(f"{at}.{name}", "must be on the host of one of the addresses")


_MEMBERS = frozenset((
    "identifier", "country", "legal_name", "given_name", "family_name", "trade_name", "entitlements", "public_body",
    "info_uri", "support_uri", "email", "phone", "address", "services", "addresses", "supervisory_authority", "uses",
    "provides", "authorities", "lists", "is_intermediary", "intermediary", ONE_COCKPIT, COCKPITS,
))  # fmt: skip


def entitlement_uri(entitlement: str) -> str:
    """The address that ETSI gives an entitlement (TS 119 475 annex A.2)."""
    return f"{ENTITLEMENT}{entitlement}"


def _present(members: dict[str, JsonValue]) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}


def _read_identifier(members: Fields, name: str) -> str:
    identifier = members.text(name, max_length=MAX_NAME)
    if not _IDENTIFIER.fullmatch(identifier):
        raise Malformed(
            members.path(name), "must be such as NTRDE-HRB 4711, VATDE-123456789 or LEIXG-529900T8BM49AURSDO55"
        )
    return identifier


def _read_country(members: Fields) -> str:
    country = members.text("country")
    if not _COUNTRY.fullmatch(country):
        raise Malformed(members.path("country"), "must be two capital letters")
    return country


def _read_entitlements(members: Fields) -> tuple[str, ...]:
    entitlements = members.texts("entitlements", max_items=len(ENTITLEMENTS))
    if not set(entitlements) <= set(ENTITLEMENTS):
        raise Malformed(members.path("entitlements"), f"must be of {', '.join(ENTITLEMENTS)}")
    return tuple(dict.fromkeys(entitlements))


def _read_email(members: Fields) -> str:
    email = members.text("email", max_length=256)
    if not _EMAIL.fullmatch(email):
        raise Malformed(members.path("email"), "must be an e-mail address")
    return email


def _read_address(address: Fields) -> Seat:
    return Seat(*[address.text(name, max_length=MAX_NAME) for name in Seat._fields])


def _read_authority(authority: Fields) -> Authority:
    read = Authority(
        name=authority.text("name", max_length=MAX_NAME),
        country=_read_country(authority),
        email=_read_email(authority) if "email" in authority else None,
        phone=authority.optional_text("phone", max_length=MAX_NAME),
        uri=authority.optional_https_url("uri"),
    )
    if not (read.email or read.phone or read.uri):
        raise Malformed(authority.at, "must have an email, a phone or a uri")
    return read


def _read_intermediary(members: Fields) -> ActsFor | None:
    found = members.optional_object("intermediary")
    if found is None:
        return None
    return ActsFor(
        _read_identifier(found, "identifier"),
        found.text("name", max_length=MAX_NAME),
        found.optional_https_url("registry_uri"),
    )


def _read_cockpits(members: Fields) -> tuple[str, ...]:
    if ONE_COCKPIT in members:
        if COCKPITS in members:
            raise Malformed(members.path(COCKPITS), f"must not stand beside {ONE_COCKPIT}")
        return (read_cockpit_endpoint(members.required(ONE_COCKPIT), members.path(ONE_COCKPIT)),)
    at = members.path(COCKPITS)
    items = members.optional_array(COCKPITS, max_items=MAX_COCKPITS) or []
    endpoints = tuple([read_cockpit_endpoint(item, f"{at}[{i}]") for i, item in enumerate(items)])
    if len(set(endpoints)) != len(endpoints):
        raise Malformed(at, "must have each address once")
    return endpoints


def _write_cockpits(endpoints: tuple[str, ...]) -> JsonObject:
    """One alone is written as those read it who know of one."""
    if len(endpoints) == 1:
        return {ONE_COCKPIT: endpoints[0]}
    return {COCKPITS: [*endpoints]} if endpoints else {}


def _read_addresses(members: Fields) -> tuple[str, ...]:
    found = members.optional_array("addresses", max_items=MAX_ADDRESSES) or []
    return tuple(Fields({"address": item}, members.path("addresses")).https_url("address") for item in found)


def _read_authorities(members: Fields) -> tuple[Certificate, ...]:
    at = members.path("authorities")
    texts = members.optional_texts("authorities", max_items=MAX_AUTHORITIES)
    return tuple([read_certificate(text.encode("utf-8"), f"{at}[{i}]") for i, text in enumerate(texts)])
