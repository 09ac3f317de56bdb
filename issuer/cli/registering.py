"""Getting an issuer registered: a file from its types, sent to a registrar, and what comes back taken into use."""

from __future__ import annotations

from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from urllib.parse import urlsplit

from capabilities.registration.cli import draft, register
from capabilities.registration.options import NO_CATALOGUE, CatalogueOptions
from capabilities.registration.registering import Registrant
from issuer.app import open_types
from issuer.config import IssuerSettings
from issuer.credential_types import CredentialType
from issuer.installation import ACCESS, REGISTRATIONS
from protocol.dcql.query import CredentialMeta
from protocol.trust.registration import RegisteredCredential
from runtime import system
from runtime.certificates import CertificateNames
from runtime.commands import explained
from runtime.installation import AUTHORITY, open_keys


@explained()
def draft_registration(data: Path, entitlement: str) -> str:
    """A registration file for this issuer's types."""
    settings = IssuerSettings.read(data)
    provides = [provided(kind) for kind in open_types(settings).values()]
    cockpit = f"{settings.public_url}/cockpit" if settings.cockpit else ""
    return draft(
        settings,
        entitlement=entitlement,
        provides=provides,
        authority=authority_pem(settings),
        cockpit_endpoint=cockpit,
    )


@explained()
def register_issuer(
    data: Path, registrar: str, file: Path | None, *, key: str, wait: bool, catalogue: CatalogueOptions = NO_CATALOGUE
) -> bool:
    """Apply or go on; whether this issuer is registered now.

    Raises:
        Malformed, InvalidRequest, Unauthorized, Unreachable, FileNotFoundError, FileExistsError: see `register`.
    """
    settings = IssuerSettings.read(data)
    return register(registrant_of(settings), settings, registrar, file, key=key, wait=wait, catalogue=catalogue)


def registrant_of(settings: IssuerSettings) -> Registrant:
    """Who registers: with a key that says who we are, and signs no documents."""
    organization = next(iter(settings.name.values()))
    host = urlsplit(settings.public_url).hostname or ""
    keys = open_keys(settings.data, settings.key_token)
    if not keys.has_key(ACCESS):
        keys.make_key(ACCESS, system.random_bytes)
    return Registrant(
        data=settings.data,
        keys=keys,
        signing=ACCESS,
        names=CertificateNames(organization, organization, dns_names=(host,), uris=(settings.public_url,)),
        registrations=settings.registrations or settings.data / REGISTRATIONS,
    )


def provided(kind: CredentialType) -> RegisteredCredential:
    """A type as it is registered."""
    return RegisteredCredential(kind.format, CredentialMeta.of_type(kind.format, kind.type))


def authority_pem(settings: IssuerSettings) -> str:
    """What this issuer's documents are signed under."""
    return DER_cert_to_PEM_cert(open_keys(settings.data, settings.key_token).authority(AUTHORITY).to_der())
