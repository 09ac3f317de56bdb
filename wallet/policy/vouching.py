"""Who vouches for this wallet towards those who give documents, and what it means when nobody does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from protocol.errors import InvalidRequest, ProtocolError, Unreachable
from protocol.oid4vci.client_authentication import attestation_required
from protocol.oid4vci.metadata import CredentialConfiguration
from protocol.oid4vci.obtain import IssuerContact
from protocol.oid4vci.proof import ALGORITHMS
from protocol.wallet_unit.errors import (
    EnrolmentRequired,
    TooManyAttestations,
    UnitRevoked,
    UnknownUnit,
    WalletRefused,
)
from wallet.policy.showing import plain
from wallet.records import WalletUnit


class WhyUnvouched(StrEnum):
    """Why nobody vouches for this wallet."""

    NO_PROVIDER = "no_provider"  # nobody was ever asked to
    CODE_NEEDED = "code_needed"  # the provider wants a code first
    BLOCKED = "blocked"
    TOO_OLD = "too_old"  # this version of the program
    TOO_OFTEN = "too_often"  # today
    AWAY = "away"  # the provider cannot be reached
    FAILED = "failed"


class NotVouched(InvalidRequest):
    """An office wants to know that this wallet is genuine, and nobody says so. Nothing was sent to the office."""

    def __init__(self, why: WhyUnvouched, description: str) -> None:
        super().__init__(description)
        self.why = why


class ProviderAway(Unreachable):
    """Whoever vouches for this wallet cannot be reached."""

    why = WhyUnvouched.AWAY


@dataclass(frozen=True, slots=True)
class VouchingShown:
    """Who vouches for this wallet, as its owner sees it."""

    host: str  # of the provider; empty: there is none
    name: str = ""  # empty: the wallet is not registered yet
    since: int = 0  # epoch seconds
    until: int = 0  # epoch seconds
    blocked_at: int = 0  # epoch seconds; 0: it is not
    number: str = ""  # by which the provider knows this wallet

    @property
    def registered(self) -> bool:
        """Whether the provider knows this wallet."""
        return bool(self.until)


def vouching_shown(provider_url: str, unit: WalletUnit | None, unit_number: str, language: str) -> VouchingShown:
    """Who vouches, in plain words; `unit` only if it belongs to this provider."""
    host = plain(urlsplit(provider_url).netloc)
    if unit is None or not (unit.known_until or unit.blocked_at):
        return VouchingShown(host)
    names = dict(unit.name)
    name = plain(names.get(language) or next(iter(names.values()), host))
    number = " ".join(unit_number[at : at + 4] for at in range(0, len(unit_number), 4))
    return VouchingShown(host, name, unit.registered_at, unit.known_until, unit.blocked_at, number)


def unvouched(error: ProtocolError) -> WhyUnvouched | None:
    """Whether it is for want of somebody who vouches that something did not work, and why."""
    return error.why if isinstance(error, NotVouched | ProviderAway) else None


def why_unvouched(error: ProtocolError) -> WhyUnvouched:
    """What a provider's refusal means."""
    known: tuple[tuple[type[ProtocolError], WhyUnvouched], ...] = (
        (EnrolmentRequired, WhyUnvouched.CODE_NEEDED),
        (UnknownUnit, WhyUnvouched.CODE_NEEDED),
        (UnitRevoked, WhyUnvouched.BLOCKED),
        (WalletRefused, WhyUnvouched.TOO_OLD),
        (TooManyAttestations, WhyUnvouched.TOO_OFTEN),
    )
    return next((why for kind, why in known if isinstance(error, kind)), WhyUnvouched.FAILED)


def check_vouched(
    contact: IssuerContact, names: tuple[str, ...], *, provider_url: str, unit: WalletUnit | None
) -> None:
    """Check, before anything is asked for, that an office which wants to know whether a wallet is genuine can be told.

    Raises:
        NotVouched: it cannot.
    """
    configurations = [contact.issuer.configurations[name] for name in names]
    about_keys = all(one.key_attestations_required is not None for one in configurations)
    if not (attestation_required(contact.server) or about_keys):
        return
    if not provider_url:
        raise NotVouched(WhyUnvouched.NO_PROVIDER, "this issuer wants an attested wallet, and nobody attests this one")
    if unit is not None and unit.blocked_at:
        raise NotVouched(WhyUnvouched.BLOCKED, "this issuer wants an attested wallet, and this one is blocked")


def can_prove(configuration: CredentialConfiguration, *, provider_url: str) -> bool:
    """Whether the keys of such a credential can be proven in the way that its issuer wants."""
    if not configuration.bound:
        return True
    by_key = any(name in configuration.proof_algorithms for name in ALGORITHMS)
    if configuration.key_attestations_required is None:
        return by_key
    by_attestation = any(name in configuration.attestation_algorithms for name in ALGORITHMS)
    return bool(provider_url) and (by_key or by_attestation)
