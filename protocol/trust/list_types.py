"""The types of lists of trusted entities, and what each type fixes (ETSI TS 119 602 V1.1.1, annexes C to I).

Two types are of lists in XML: the member states' lists of providers of trust services, and the list of these (ETSI TS 119 612
V2.4.1, annex D). One type is our own: the list of a sector, such as education, whose platform lists its issuers and who
vouches for its verifiers (docs/decisions/0016-lists-of-trusted-entities.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from protocol.trust.anchors import Identity, Role

RADIX = "http://uri.etsi.org/19602/"
SECTORS = "urn:hoheit:list-of-sector:"
# Attestations that are not qualified (ETSI TS 119 612 V2.4.1 clause 5.5.1.2 n); TS 119 602 has no service for them
EAA_ISSUANCE = "http://uri.etsi.org/TrstSvc/Svctype/EAA"
QUALIFIED_EAA_ISSUANCE = f"{EAA_ISSUANCE}/Q"
PUB_EAA_ISSUANCE = f"{EAA_ISSUANCE}/Pub-EAA"
_TRUSTED_LIST = "http://uri.etsi.org/TrstSvc/TrustedList/"
GRANTED = f"{_TRUSTED_LIST}Svcstatus/granted"
RECOGNISED = f"{_TRUSTED_LIST}Svcstatus/recognisedatnationallevel"


class ListType(StrEnum):
    """The lists of the European Union's framework (annexes D to I, `LoTEType`), of sectors, and in XML (`TSLType`)."""

    PID_PROVIDERS = f"{RADIX}LoTEType/EUPIDProvidersList"
    WALLET_PROVIDERS = f"{RADIX}LoTEType/EUWalletProvidersList"
    ACCESS_CERTIFICATE_PROVIDERS = f"{RADIX}LoTEType/EUWRPACProvidersList"
    REGISTRATION_CERTIFICATE_PROVIDERS = f"{RADIX}LoTEType/EUWRPRCProvidersList"
    PUB_EAA_PROVIDERS = f"{RADIX}LoTEType/EUPubEAAProvidersList"
    REGISTRARS = f"{RADIX}LoTEType/EURegistrarsAndRegistersList"
    SECTOR = f"{SECTORS}type"
    TRUSTED_LIST = f"{_TRUSTED_LIST}TSLType/EUgeneric"
    LIST_OF_TRUSTED_LISTS = f"{_TRUSTED_LIST}TSLType/EUlistofthelists"


@dataclass(frozen=True, slots=True)
class ListProfile:
    """What the annex of one type of list fixes."""

    issuance: str  # `ServiceTypeIdentifier` of services whose certificates are anchors
    status_determination: str
    rules: str
    role: Role | None  # what its anchors vouch for; None: nothing that a token is checked against
    notified: str | None = None  # the only `ServiceStatus` that counts; None: services have no status
    notified_others: tuple[tuple[str, str], ...] = ()  # kinds of service for which another status is the only one
    others: tuple[tuple[str, Role], ...] = ()  # further kinds of service whose certificates are anchors
    # Whether an issuer counts only for credential types that its service names
    names_types: bool = False
    identity: Identity = Identity.ALLOWED

    def role_of(self, service_type: str | None) -> Role | None:
        """What a service's certificates vouch for. None: nothing; so it is where lists have several kinds and it names none."""
        if service_type is None:
            return None if self.others else self.role
        return self.role if service_type == self.issuance else dict(self.others).get(service_type)

    def status_of(self, service_type: str | None) -> str | None:
        """The status of a service of a kind that is in force."""
        return dict(self.notified_others).get(service_type or "", self.notified)


def _profile(
    service: str,
    name: str,
    role: Role | None,
    *,
    rules: str = "",
    notified: bool = False,
    identity: Identity = Identity.ALLOWED,
) -> ListProfile:
    return ListProfile(
        issuance=f"{RADIX}SvcType/{service}",
        status_determination=f"{RADIX}{name}/StatusDetn/EU",
        rules=f"{RADIX}{rules or name}/schemerules/EU",
        role=role,
        notified=f"{RADIX}{name}/SvcStatus/notified" if notified else None,
        identity=identity,
    )


_ACCESS = _profile("WRPAC/Issuance", "WRPACProvidersList", Role.VERIFIER)
_REGISTRATION = _profile("WRPRC/Issuance", "WRPRCProvidersList", Role.REGISTRATION_PROVIDER)

PROFILES = {
    ListType.PID_PROVIDERS: _profile(
        "PID/Issuance", "PIDProvidersList", Role.ISSUER, rules="PIDProviders", identity=Identity.ALONE
    ),
    ListType.WALLET_PROVIDERS: _profile("WalletSolution/Issuance", "WalletProvidersList", Role.WALLET_PROVIDER),
    ListType.ACCESS_CERTIFICATE_PROVIDERS: _ACCESS,
    ListType.REGISTRATION_CERTIFICATE_PROVIDERS: _REGISTRATION,
    ListType.PUB_EAA_PROVIDERS: _profile(
        "PubEAA/Issuance", "PubEAAProvidersList", Role.ISSUER, notified=True, identity=Identity.NEVER
    ),
    ListType.REGISTRARS: _profile("Register", "RegistrarsAndRegistersList", None),
    ListType.SECTOR: ListProfile(
        issuance=EAA_ISSUANCE,
        status_determination=f"{SECTORS}status",
        rules=f"{SECTORS}rules",
        role=Role.ISSUER,
        others=((_ACCESS.issuance, Role.VERIFIER), (_REGISTRATION.issuance, Role.REGISTRATION_PROVIDER)),
        names_types=True,
        identity=Identity.NEVER,
    ),
    # Clause 5.5.4: what is qualified is granted, and what is not is recognised
    ListType.TRUSTED_LIST: ListProfile(
        issuance=QUALIFIED_EAA_ISSUANCE,
        status_determination=f"{_TRUSTED_LIST}StatusDetn/EUappropriate",
        rules=f"{_TRUSTED_LIST}schemerules/EUcommon",
        role=Role.ISSUER,
        notified=GRANTED,
        notified_others=((PUB_EAA_ISSUANCE, RECOGNISED),),
        others=((PUB_EAA_ISSUANCE, Role.ISSUER),),
        identity=Identity.NEVER,
    ),
    ListType.LIST_OF_TRUSTED_LISTS: ListProfile(
        issuance="http://uri.etsi.org/TrstSvc/Svctype/TLIssuer",
        status_determination=f"{_TRUSTED_LIST}StatusDetn/EUlistofthelists",
        rules=f"{_TRUSTED_LIST}schemerules/EUlistofthelists",
        role=None,
    ),
}


def profile_of(list_type: str) -> ListProfile | None:
    """What is fixed for a type of list; None: it is none of these."""
    return PROFILES.get(ListType(list_type)) if list_type in set(ListType) else None
