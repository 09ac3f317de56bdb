"""What somebody says that a register says of them: `registrar_dataset` in `verifier_info` and `issuer_info`.

ETSI TS 119 472-2 V1.2.1 §6.3.2.2 (verifiers), TS 119 472-3 V1.1.1 §4.2.3 (issuers); the classes are those of TS 119 475
annex B. Only who sends it signs it: it may be shown, and it says where to ask, but it entitles nobody to anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import NotAuthentic
from protocol.fields import MAX_URL, Fields
from protocol.trust.localized import Localized, read_register_texts, write_register_texts
from protocol.trust.registration import MAX_CREDENTIALS, MAX_NAME, MAX_SERVICES, RegisteredCredential

REGISTRAR_DATASET: Final = "registrar_dataset"

MAX_IDENTIFIERS = 16

_ID = "http://data.europa.eu/eudi/id/"
# What a semantic identifier begins with, by the type in the register (TS 119 475 tables 2 and 4)
_PREFIXES = {
    f"{_ID}EORI-No": ("EOR",),
    f"{_ID}LEI": ("LEI",),
    f"{_ID}EUID": ("NTR",),
    f"{_ID}VATIN": ("VAT", "TIN"),
    f"{_ID}TIN": ("VAT", "TIN"),
    f"{_ID}Excise": ("EXC",),
}


class RegisteredIdentifier(NamedTuple):
    """An identifier as a register has it (class Identifier, annex B.2.5)."""

    identifier: str
    type: str | None = None  # URI; None: it was sent as a text alone

    def is_semantic(self, semantic: str) -> bool:
        """Whether it is what a certificate says: VATDE-123 there is 123, DE123 or VATDE-123 here."""
        prefixes = _PREFIXES.get(self.type or "")
        if prefixes is not None and semantic[:3] not in prefixes:
            return False
        scheme, _, number = semantic.partition("-")
        return self.identifier in (semantic, number, f"{scheme[3:]}{number}")


@dataclass(frozen=True, slots=True)
class RegistrarDataset:
    """What a verifier (with an intended use) or an issuer (with what it provides) says of its registration."""

    identifiers: tuple[RegisteredIdentifier, ...]
    services: tuple[tuple[Localized, ...], ...]  # one list of texts for each
    registry_uri: str
    intended_use: str | None = None  # identifier in the register
    purpose: tuple[Localized, ...] = ()
    privacy_policy: str | None = None
    credentials: tuple[RegisteredCredential, ...] = ()  # what they may ask for
    provides: tuple[RegisteredCredential, ...] = ()  # what they issue

    @classmethod
    def from_verifier_info(cls, data: Fields) -> Self:
        """Read what a verifier says, who has an intended use.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        return cls(
            identifiers=_read_identifiers(data),
            services=_read_services(data),
            registry_uri=data.https_url("registryURI"),
            intended_use=data.text("intendedUseIdentifier", max_length=MAX_NAME),
            purpose=read_register_texts(data, "purpose"),
            privacy_policy=data.https_url("policyURI"),
            credentials=_read_credentials(data, "credential"),
        )

    @classmethod
    def from_issuer_info(cls, data: Fields) -> Self:
        """Read what an issuer says, who provides credentials.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        data.required("providesAttestations")
        return cls(
            identifiers=_read_identifiers(data),
            services=_read_services(data),
            registry_uri=data.https_url("registryURI"),
            provides=_read_credentials(data, "providesAttestations"),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        optional: JsonObject = {
            "intendedUseIdentifier": self.intended_use,
            "purpose": write_register_texts(self.purpose) or None,
            "policyURI": self.privacy_policy,
            "credential": [credential.to_dict() for credential in self.credentials] or None,
            "providesAttestations": [credential.to_dict() for credential in self.provides] or None,
        }
        return {
            "identifier": [_write_identifier(identifier) for identifier in self.identifiers],
            "srvDescription": [write_register_texts(texts) for texts in self.services],
            "registryURI": self.registry_uri,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def check_identifier(self, semantic: str, at: str) -> None:
        """Check that it is of the party that a certificate names.

        Raises:
            NotAuthentic: it is of somebody else.
        """
        if not any(identifier.is_semantic(semantic) for identifier in self.identifiers):
            raise NotAuthentic(f"{at}: is of another party")


def _read_identifiers(data: Fields) -> tuple[RegisteredIdentifier, ...]:
    """A list of identifiers with their types; a text alone, as others write it, too."""
    if isinstance(data.members.get("identifier"), str):
        return (RegisteredIdentifier(data.text("identifier", max_length=MAX_NAME)),)
    return tuple(
        [
            RegisteredIdentifier(
                item.text("identifier", max_length=MAX_NAME), item.optional_text("type", max_length=MAX_URL)
            )
            for item in data.objects("identifier", max_items=MAX_IDENTIFIERS)
        ]
    )


def _write_identifier(identifier: RegisteredIdentifier) -> JsonValue:
    member: JsonObject = {"identifier": identifier.identifier}
    if identifier.type is not None:
        member["type"] = identifier.type
    return member


def _read_services(data: Fields) -> tuple[tuple[Localized, ...], ...]:
    """One list of texts for each service (annex B.2.1); the texts of one alone, as others write them, too."""
    name = "srvDescription"
    items = data.array(name, max_items=MAX_SERVICES)
    if isinstance(items[0], dict):
        return (read_register_texts(data, name),)
    at = data.path(name)
    return tuple([read_register_texts(Fields({"": item}, f"{at}[{i}]"), "") for i, item in enumerate(items)])


def _read_credentials(data: Fields, name: str) -> tuple[RegisteredCredential, ...]:
    return tuple(map(RegisteredCredential.from_fields, data.optional_objects(name, max_items=MAX_CREDENTIALS)))
