"""Lists of trusted entities: who is believed, as what, and by whose word (ETSI TS 119 602 V1.1.1).

Here stands what a list says; who signed it, and whether it is the newest, is `list_signature`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed, Unsupported
from protocol.fields import MAX_URL, Fields
from protocol.trust.list_types import profile_of
from protocol.trust.localized import (
    MAX_TEXT,
    MAX_TEXTS,
    Localized,
    read_localized,
    read_localized_uris,
    write_localized,
    write_localized_uris,
)
from protocol.x509 import Certificate

VERSION = 1
MAX_ENTITIES = 20_000
MAX_SERVICES = 100  # of one entity
MAX_IDENTITIES = 32  # certificates of one service
MAX_POINTERS = 1000
MAX_EXTENSIONS = 256

# An extension of services: one credential type that an issuer is entitled to. Clause 6.6.9 leaves the format open; so writes it
# the implementation profile of the WE BUILD consortium (§7.4)
ALLOWED_TYPE = "allowedAttestationType"

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")  # clause 6.1.3


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Where somebody has their seat, in one language (clause 6.3.5.1)."""

    language: str
    street: str
    country: str  # ISO 3166-1
    locality: str | None = None
    postal_code: str | None = None

    @classmethod
    def from_fields(cls, address: Fields) -> Self:
        """Read the wire form."""
        return cls(
            language=address.text("lang", max_length=64),
            street=address.text("StreetAddress", max_length=MAX_TEXT),
            country=address.text("Country", max_length=64),
            locality=address.optional_text("Locality", max_length=MAX_TEXT),
            postal_code=address.optional_text("PostalCode", max_length=64),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return _present(
            lang=self.language,
            StreetAddress=self.street,
            Locality=self.locality,
            PostalCode=self.postal_code,
            Country=self.country,
        )


@dataclass(frozen=True, slots=True)
class Address:
    """How somebody is reached, by letter and by wire (clauses 6.3.5, 6.5.3)."""

    postal: tuple[PostalAddress, ...]
    electronic: tuple[Localized, ...]  # mailto:, tel:, https:

    @classmethod
    def from_fields(cls, address: Fields, prefix: str) -> Self:
        """Read the wire form, whose members begin with `SchemeOperator` or `TE`."""
        return cls(
            tuple(map(PostalAddress.from_fields, address.objects(f"{prefix}PostalAddress", max_items=MAX_TEXTS))),
            read_localized_uris(address, f"{prefix}ElectronicAddress"),
        )

    def to_dict(self, prefix: str) -> JsonObject:
        """The wire form."""
        return {
            f"{prefix}PostalAddress": [address.to_dict() for address in self.postal],
            f"{prefix}ElectronicAddress": write_localized_uris(self.electronic),
        }


@dataclass(frozen=True, slots=True)
class ListPointer:
    """Where another list is published, and who may sign it (clause 6.3.13)."""

    location: str
    type: str
    signers: tuple[Certificate, ...]
    operator: tuple[Localized, ...]
    media_type: str = "application/jose"
    territory: str | None = None

    @classmethod
    def from_fields(cls, pointer: Fields) -> Self:
        """Read the wire form; of several qualifiers the first is taken."""
        qualifier = pointer.objects("LoTEQualifiers", max_items=MAX_TEXTS)[0]
        identities = pointer.objects("ServiceDigitalIdentities", max_items=MAX_IDENTITIES)
        return cls(
            location=pointer.https_url("LoTELocation"),
            type=qualifier.text("LoTEType", max_length=MAX_URL),
            signers=tuple([certificate for identity in identities for certificate in _read_certificates(identity)]),
            operator=read_localized(qualifier, "SchemeOperatorName"),
            media_type=qualifier.text("MimeType", max_length=256),
            territory=qualifier.optional_text("SchemeTerritory", max_length=2),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        qualifier = _present(
            LoTEType=self.type,
            SchemeOperatorName=write_localized(self.operator),
            SchemeTerritory=self.territory,
            MimeType=self.media_type,
        )
        return {
            "LoTELocation": self.location,
            "ServiceDigitalIdentities": [_write_certificates(self.signers)],
            "LoTEQualifiers": [qualifier],
        }


@dataclass(frozen=True, slots=True)
class TrustedService:
    """One thing that an entity is trusted for (clause 6.6)."""

    type: str | None  # None: the list has one type of service
    name: tuple[Localized, ...]
    certificates: tuple[Certificate, ...]
    status: str | None = None
    supply_points: tuple[str, ...] = ()
    credential_types: tuple[str, ...] = ()  # that an issuer is entitled to; empty: the list does not say

    @classmethod
    def from_fields(cls, service: Fields) -> Self:
        """Read the wire form; its history is not looked at, because it vouches for nothing today."""
        information = service.object("ServiceInformation")
        points = information.optional_objects("ServiceSupplyPoints", max_items=MAX_TEXTS)
        return cls(
            type=information.optional_text("ServiceTypeIdentifier", max_length=MAX_URL),
            name=read_localized(information, "ServiceName"),
            certificates=_read_certificates(information.object("ServiceDigitalIdentity")),
            status=information.optional_text("ServiceStatus", max_length=MAX_URL),
            supply_points=tuple([point.text("uriValue", max_length=MAX_URL) for point in points]),
            credential_types=_read_types(information),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        points: list[JsonValue] = [{"uriValue": point} for point in self.supply_points]
        information = _present(
            ServiceTypeIdentifier=self.type,
            ServiceName=write_localized(self.name),
            ServiceDigitalIdentity=_write_certificates(self.certificates),
            ServiceStatus=self.status,
            ServiceSupplyPoints=points or None,
            ServiceInformationExtensions=[{ALLOWED_TYPE: name} for name in self.credential_types] or None,
        )
        return {"ServiceInformation": information}


@dataclass(frozen=True, slots=True)
class TrustedEntity:
    """Somebody who is trusted, with their services (clause 6.5)."""

    name: tuple[Localized, ...]
    address: Address
    information: tuple[Localized, ...]  # addresses of pages
    services: tuple[TrustedService, ...]
    trade_name: tuple[Localized, ...] = ()  # the official registration identifier among them

    @classmethod
    def from_fields(cls, entity: Fields) -> Self:
        """Read the wire form."""
        about = entity.object("TrustedEntityInformation")
        return cls(
            name=read_localized(about, "TEName"),
            address=Address.from_fields(about.object("TEAddress"), "TE"),
            information=read_localized_uris(about, "TEInformationURI"),
            services=tuple(
                map(TrustedService.from_fields, entity.objects("TrustedEntityServices", max_items=MAX_SERVICES))
            ),
            trade_name=read_localized(about, "TETradeName") if "TETradeName" in about else (),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {
            "TrustedEntityInformation": _present(
                TEName=write_localized(self.name),
                TETradeName=write_localized(self.trade_name) or None,
                TEAddress=self.address.to_dict("TE"),
                TEInformationURI=write_localized_uris(self.information),
            ),
            "TrustedEntityServices": [service.to_dict() for service in self.services],
        }


@dataclass(frozen=True, slots=True)
class TrustedList:
    """A list as its operator publishes it."""

    type: str
    sequence_number: int  # 1 at first, and more with every issue
    operator: tuple[Localized, ...]
    issued_at: int  # epoch seconds
    next_update: int  # epoch seconds: from then on it is no longer good
    entities: tuple[TrustedEntity, ...]
    operator_address: Address | None = None
    name: tuple[Localized, ...] = ()
    information: tuple[Localized, ...] = ()
    territory: str | None = None
    pointers: tuple[ListPointer, ...] = ()
    distribution_points: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, value: object, at: str = "LoTE") -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            Unsupported: another version, or an extension that must be understood.
            Malformed: a member is missing or has the wrong shape, or the list is closed.
        """
        trusted = Fields(value, at).object("LoTE")
        scheme = trusted.object("ListAndSchemeInformation")
        if scheme.integer("LoTEVersionIdentifier") != VERSION:
            raise Unsupported(f"{scheme.path('LoTEVersionIdentifier')}: this version is not known here")
        _refuse_critical(scheme)
        address = scheme.optional_object("SchemeOperatorAddress")
        entities = trusted.optional_objects("TrustedEntitiesList", max_items=MAX_ENTITIES)
        return cls(
            type=scheme.text("LoTEType", max_length=MAX_URL),
            sequence_number=scheme.integer("LoTESequenceNumber", minimum=1),
            operator=read_localized(scheme, "SchemeOperatorName"),
            issued_at=_read_date_time(scheme, "ListIssueDateTime"),
            # Null would be the end of a list that is published no more (clause 6.3.15)
            next_update=_read_date_time(scheme, "NextUpdate"),
            entities=tuple(map(TrustedEntity.from_fields, entities)),
            operator_address=Address.from_fields(address, "SchemeOperator") if address else None,
            name=read_localized(scheme, "SchemeName") if "SchemeName" in scheme else (),
            information=read_localized_uris(scheme, "SchemeInformationURI") if "SchemeInformationURI" in scheme else (),
            territory=scheme.optional_text("SchemeTerritory", max_length=2),
            pointers=tuple(
                map(ListPointer.from_fields, scheme.optional_objects("PointersToOtherLoTE", max_items=MAX_POINTERS))
            ),
            distribution_points=scheme.optional_texts("DistributionPoints", max_items=MAX_TEXTS),
        )

    def to_dict(self) -> JsonObject:
        """The wire form; what the type's annex fixes is added."""
        profile = profile_of(self.type)
        points: list[JsonValue] = [*self.distribution_points]
        scheme = _present(
            LoTEVersionIdentifier=VERSION,
            LoTESequenceNumber=self.sequence_number,
            LoTEType=self.type,
            SchemeOperatorName=write_localized(self.operator),
            SchemeOperatorAddress=self.operator_address.to_dict("SchemeOperator") if self.operator_address else None,
            SchemeName=write_localized(self.name) or None,
            SchemeInformationURI=write_localized_uris(self.information) or None,
            StatusDeterminationApproach=profile.status_determination if profile else None,
            SchemeTypeCommunityRules=write_localized_uris([Localized("en", profile.rules)]) if profile else None,
            SchemeTerritory=self.territory,
            PointersToOtherLoTE=[pointer.to_dict() for pointer in self.pointers] or None,
            ListIssueDateTime=_date_time(self.issued_at),
            NextUpdate=_date_time(self.next_update),
            DistributionPoints=points or None,
        )
        members: JsonObject = {"ListAndSchemeInformation": scheme}
        if self.entities:
            members["TrustedEntitiesList"] = [entity.to_dict() for entity in self.entities]
        return {"LoTE": members}


def _present(**members: JsonValue) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}


def _read_certificates(identity: Fields) -> tuple[Certificate, ...]:
    """The certificates of an identity; what is named by key identifier or subject alone vouches for nothing here."""
    at = identity.path("X509Certificates")
    return tuple(
        [
            Certificate.from_list(item.text("val"), f"{at}[{i}]")
            for i, item in enumerate(identity.optional_objects("X509Certificates", max_items=MAX_IDENTITIES))
        ]
    )


def _write_certificates(certificates: Iterable[Certificate]) -> JsonObject:
    found: list[JsonValue] = [{"val": certificate.to_x5c()} for certificate in certificates]
    return {"X509Certificates": found} if found else {}


def _read_types(information: Fields) -> tuple[str, ...]:
    """What an issuer is entitled to; one that cannot be read is refused, because without it there would be no limit."""
    extensions = information.possibly_empty_array("ServiceInformationExtensions", max_items=MAX_EXTENSIONS)
    at = information.path("ServiceInformationExtensions")
    return tuple(
        [
            Fields(found, f"{at}[{i}]").text(ALLOWED_TYPE, max_length=MAX_URL)
            for i, found in enumerate(extensions)
            if isinstance(found, dict) and ALLOWED_TYPE in found
        ]
    )


def _refuse_critical(scheme: Fields) -> None:
    """We know no extension of schemes (clause 6.3.17)."""
    for found in scheme.possibly_empty_array("SchemeExtensions", max_items=MAX_EXTENSIONS):
        if isinstance(found, dict) and (found.get("Critical") or found.get("critical")):
            raise Unsupported(f"{scheme.path('SchemeExtensions')}: has one that must be understood, and is not")


def _read_date_time(holder: Fields, name: str) -> int:
    text = holder.text(name, max_length=32)
    if not _DATE_TIME.fullmatch(text):
        raise Malformed(holder.path(name), "must be a time such as 2026-05-06T00:00:00Z")
    try:
        return int(datetime.datetime.fromisoformat(text).timestamp())
    except ValueError as error:
        raise Malformed(holder.path(name), "is no time that exists") from error


def _date_time(moment: int) -> str:
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
