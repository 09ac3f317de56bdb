"""The types of lists of trusted entities, and what each type fixes (ETSI TS 119 602 V1.1.1, annexes C to I)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from protocol.trust.anchors import Role

RADIX = "http://uri.etsi.org/19602/"


class ListType(StrEnum):
    """The lists of the European Union's framework (annexes D to I, `LoTEType`)."""

    PID_PROVIDERS = f"{RADIX}LoTEType/EUPIDProvidersList"
    WALLET_PROVIDERS = f"{RADIX}LoTEType/EUWalletProvidersList"
    ACCESS_CERTIFICATE_PROVIDERS = f"{RADIX}LoTEType/EUWRPACProvidersList"
    REGISTRATION_CERTIFICATE_PROVIDERS = f"{RADIX}LoTEType/EUWRPRCProvidersList"
    PUB_EAA_PROVIDERS = f"{RADIX}LoTEType/EUPubEAAProvidersList"
    REGISTRARS = f"{RADIX}LoTEType/EURegistrarsAndRegistersList"


@dataclass(frozen=True, slots=True)
class ListProfile:
    """What the annex of one type of list fixes."""

    issuance: str  # `ServiceTypeIdentifier` of services whose certificates are anchors
    status_determination: str
    rules: str
    role: Role | None  # what its anchors vouch for; None: nothing that a token is checked against
    notified: str | None = None  # the only `ServiceStatus` that counts; None: services have no status


def _profile(service: str, name: str, role: Role | None, *, rules: str = "", notified: bool = False) -> ListProfile:
    return ListProfile(
        issuance=f"{RADIX}SvcType/{service}",
        status_determination=f"{RADIX}{name}/StatusDetn/EU",
        rules=f"{RADIX}{rules or name}/schemerules/EU",
        role=role,
        notified=f"{RADIX}{name}/SvcStatus/notified" if notified else None,
    )


PROFILES = {
    ListType.PID_PROVIDERS: _profile("PID/Issuance", "PIDProvidersList", Role.ISSUER, rules="PIDProviders"),
    ListType.WALLET_PROVIDERS: _profile("WalletSolution/Issuance", "WalletProvidersList", Role.WALLET_PROVIDER),
    ListType.ACCESS_CERTIFICATE_PROVIDERS: _profile("WRPAC/Issuance", "WRPACProvidersList", Role.VERIFIER),
    ListType.REGISTRATION_CERTIFICATE_PROVIDERS: _profile(
        "WRPRC/Issuance", "WRPRCProvidersList", Role.REGISTRATION_PROVIDER
    ),
    ListType.PUB_EAA_PROVIDERS: _profile("PubEAA/Issuance", "PubEAAProvidersList", Role.ISSUER, notified=True),
    ListType.REGISTRARS: _profile("Register", "RegistrarsAndRegistersList", None),
}


def profile_of(list_type: str) -> ListProfile | None:
    """What is fixed for a type of list; None: it is none of these."""
    return PROFILES.get(ListType(list_type)) if list_type in set(ListType) else None
