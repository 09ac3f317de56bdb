"""Getting a verifier registered: a file from its use cases, sent to a registrar, and what comes back taken into use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from capabilities.registration.cli import draft, register
from capabilities.registration.options import NO_CATALOGUE, CatalogueOptions
from capabilities.registration.party import SERVICE_PROVIDER, Party
from capabilities.registration.registering import Registrant
from capabilities.registration.uses import Use
from protocol.dcql.query import CredentialQuery
from protocol.trust.localized import Localized
from protocol.trust.registration import RegisteredCredential
from runtime.certificates import CertificateNames
from runtime.commands import explained
from runtime.installation import open_keys
from verifier.app import open_services, open_use_cases, with_questions
from verifier.config import VerifierSettings
from verifier.installation import REGISTRATIONS, SIGNING
from verifier.once_only.description import ServiceDescription
from verifier.represented import ACCESS_LAW, IN_OWN_NAME
from verifier.use_case import UseCase

DAY = 86_400  # seconds


@explained()
def draft_registration(data: Path) -> str:
    """A registration file for this verifier's use cases and services."""
    settings = VerifierSettings.read(data)
    use_cases, services = open_use_cases(settings), open_services(settings)
    uses = [use_of(use_case) for use_case in use_cases.values()]
    uses += [use for service in services.values() if (use := use_of_service(service)) is not None]
    own = own_question(settings, settings.privacy_policy)
    uses += [own] if own is not None else []
    cockpit = f"{settings.public_url}/cockpit" if settings.cockpit else ""
    return draft(settings, entitlement=SERVICE_PROVIDER, uses=uses, cockpit_endpoint=cockpit)


@explained()
def register_verifier(
    data: Path, registrar: str, file: Path | None, *, key: str, wait: bool, catalogue: CatalogueOptions = NO_CATALOGUE
) -> bool:
    """Apply or go on; whether this verifier is registered now.

    Raises:
        Malformed, InvalidRequest, Unauthorized, Unreachable, FileNotFoundError, FileExistsError: see `register`.
    """
    settings = VerifierSettings.read(data)
    return register(
        registrant_of(settings),
        settings,
        registrar,
        file,
        key=key,
        wait=wait,
        catalogue=catalogue,
        complete=lambda party: completed(settings, party),
    )


def completed(settings: VerifierSettings, party: Party) -> Party:
    """A registration with the question to represented people, where somebody may act for others and the file lacks it."""
    if any(use.id == IN_OWN_NAME for use in party.uses):
        return party
    policies = [settings.privacy_policy, *[use.privacy_policy for use in party.uses]]
    own = own_question(settings, next(filter(None, policies), ""))
    return party if own is None else replace(party, uses=(*party.uses, own))


def own_question(settings: VerifierSettings, privacy_policy: str) -> Use | None:
    """What represented people are asked, as it is registered; None: nobody acts here for another person."""
    question = with_questions(open_use_cases(settings), open_services(settings)).get(IN_OWN_NAME)
    return None if question is None else use_of(question, privacy_policy=privacy_policy, legal_basis=ACCESS_LAW)


def registrant_of(settings: VerifierSettings) -> Registrant:
    """Who registers: with the key that signs requests to wallets."""
    organization = next(iter(settings.name.values()))
    host = urlsplit(settings.public_url).hostname or ""
    return Registrant(
        data=settings.data,
        keys=open_keys(settings.data, settings.key_token),
        signing=SIGNING,
        names=CertificateNames(organization, organization, dns_names=(host,), uris=(settings.public_url,)),
        registrations=settings.registrations or settings.data / REGISTRATIONS,
    )


def use_of(use_case: UseCase, *, privacy_policy: str = "", legal_basis: str = "") -> Use:
    """A use case as it is registered: what it asks for at most, and how long an answer stays."""
    return Use(
        id=use_case.registered_use,
        purpose=tuple(Localized(language, text) for language, text in use_case.purpose),
        privacy_policy=privacy_policy,
        credentials=tuple(map(_registered, use_case.query.credentials)),
        legal_basis=legal_basis,
        retention_days=-(-use_case.keep // DAY),
    )


def use_of_service(service: ServiceDescription) -> Use | None:
    """A once-only service as it is registered; None: it asks wallets for nothing."""
    use_case = service.use_case
    if use_case is None:
        return None
    use = use_of(use_case, privacy_policy=service.privacy_policy, legal_basis=service.legal_basis)
    return replace(use, retention_days=service.retention_days)


def _registered(query: CredentialQuery) -> RegisteredCredential:
    return RegisteredCredential(query.format, query.meta, tuple(claim.path for claim in query.claims))
