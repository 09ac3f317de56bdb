"""Getting registered, step by step and as often as it takes: apply, wait for a decision, take what one is given into use.

The key of the application stays sealed in the data folder, so the same command goes on where the last one ended.
"""

from __future__ import annotations

import errno
import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from capabilities.registration.party import Party
from capabilities.registration.service import (
    REGISTERED,
    RegistrarClient,
    RegistrationCertificate,
    ServiceStanding,
    Standing,
)
from capabilities.registration.uses import is_use_id
from protocol.encoding import JsonValue
from protocol.errors import Malformed
from protocol.exchange import Exchange
from protocol.fields import read_https_url
from runtime.anchors import read_file
from runtime.certificates import CertificateNames
from runtime.keyfolder import KeyFolder
from runtime.own_certificates import read_chain, request_pem
from runtime.registrations import read_registration
from runtime.seal import replace_private, write_private
from runtime.toml import write_toml

FILE = "registration.toml"  # where we registered; no secret
KEY = "registration"  # the application's key, sealed
CERTIFICATES = "registrations"  # folder of registration certificates
ALL_USES = "all"  # name of the file of one that is for no single use


@dataclass(frozen=True, slots=True)
class Registrant:
    """Whoever registers: their folder, the key that speaks for them, and what they are called."""

    data: Path
    keys: KeyFolder
    signing: str  # name of the key
    names: CertificateNames
    registrations: Path  # folder of registration certificates


def read_party(file: Path) -> Party:
    """The party of a registration file.

    Raises:
        Malformed: it cannot be read; the message names the place.
    """
    try:
        text = read_file(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(file.name, "is not TOML") from error
    return Party.from_toml(text, file.name)


def registrar_of(data: Path) -> str:
    """Where somebody registered.

    Raises:
        FileNotFoundError: nowhere yet.
        Malformed: the file was altered.
    """
    file = data / FILE
    if not file.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))
    try:
        return read_https_url(tomllib.loads(read_file(file).decode("utf-8")).get("registrar"), FILE)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Malformed(FILE, "is not TOML") from error


def start(registrant: Registrant, url: str, party: Party) -> Exchange[Standing]:
    """Apply at a registrar, or propose a change there if we did before.

    Raises:
        FileExistsError: we registered at another registrar; nothing was sent.
        InvalidRequest, Unauthorized, Unreachable: see `RegistrarClient.apply`.
    """
    client = RegistrarClient(read_https_url(url, "registrar").rstrip("/"))
    if (registrant.data / FILE).exists():
        if registrar_of(registrant.data) != client.url:
            raise FileExistsError(errno.EEXIST, "is registered elsewhere", str(registrant.data / FILE))
        return (yield from client.propose(_key(registrant), party))
    key = yield from client.apply(party)
    # The key first: an application whose key is lost can be changed by nobody
    registrant.keys.keep_secret(KEY, key.encode("ascii"))
    write_private(registrant.data / FILE, write_toml({"registrar": client.url}).encode("utf-8"))
    return (yield from client.standing(key))


def take_over(registrant: Registrant, url: str, key: str) -> Exchange[Standing]:
    """Go on here with an application that somebody made by form: with the key that they were shown.

    Raises:
        FileExistsError: we applied from this folder before; nothing was changed.
        Unauthorized, Unreachable: see `RegistrarClient.apply`; nothing was changed.
    """
    if (registrant.data / FILE).exists():
        raise FileExistsError(errno.EEXIST, "is registered already", str(registrant.data / FILE))
    client = RegistrarClient(read_https_url(url, "registrar").rstrip("/"))
    standing = yield from client.standing(key)
    registrant.keys.keep_secret(KEY, key.encode("ascii"))
    write_private(registrant.data / FILE, write_toml({"registrar": client.url}).encode("utf-8"))
    return standing


def go_on(registrant: Registrant, *, now: int) -> Exchange[Standing]:
    """Ask how it stands, and take what we are given into use: the access certificate and the registration certificates.

    Raises:
        FileNotFoundError: we never applied.
        Malformed, NotValidNow: what the registrar gives cannot be used; what was there stays.
        InvalidRequest, Unauthorized, Unreachable: see `RegistrarClient.apply`.
    """
    client = RegistrarClient(registrar_of(registrant.data))
    key = _key(registrant)
    standing = yield from client.standing(key)
    if standing.state != REGISTERED:
        return standing
    request = request_pem(registrant.keys.key(registrant.signing), registrant.names)
    pem = yield from client.access_certificate(key, request)
    chain = read_chain(pem, "access certificate", now=now)
    given = yield from client.registration_certificates(key)
    # All of it is looked at before any of it takes the place of what was there
    files = dict([_file_of(certificate) for certificate in given])
    registrant.keys.replace_chain(registrant.signing, chain)
    registrant.registrations.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in files.items():
        replace_private(registrant.registrations / name, content)
    # What is registered no more must not be shown any more
    for file in registrant.registrations.glob("*.jwt"):
        if file.name not in files:
            file.unlink()
    return standing


def _file_of(certificate: RegistrationCertificate) -> tuple[str, bytes]:
    """The name and the content of a certificate's file: one that whoever starts with it can read.

    Raises:
        Malformed: no file can be named after its use, or it is no registration certificate.
    """
    if certificate.use and not is_use_id(certificate.use):
        raise Malformed("registration certificate", "has a use that no file can be named after")
    name, content = f"{certificate.use or ALL_USES}.jwt", certificate.jwt.encode("utf-8")
    read_registration(name, content)
    return name, content


def hand_in(registrant: Registrant, services: Iterable[JsonValue]) -> Exchange[tuple[ServiceStanding, ...]]:
    """Hand in services for the catalogue of the register that we are in; how each stands.

    Raises:
        FileNotFoundError: we never applied.
        InvalidRequest, Unauthorized, Unreachable: see `RegistrarClient.apply`.
    """
    client = RegistrarClient(registrar_of(registrant.data))
    return (yield from client.hand_in(_key(registrant), services))


def services_of(registrant: Registrant) -> Exchange[tuple[ServiceStanding, ...]]:
    """How our services stand; see `hand_in`."""
    client = RegistrarClient(registrar_of(registrant.data))
    return (yield from client.services(_key(registrant)))


def withdraw(registrant: Registrant, service: str) -> Exchange[ServiceStanding]:
    """Take a service back.

    Raises:
        NotFound: there is none of this id.
        FileNotFoundError, InvalidRequest, Unauthorized, Unreachable: see `hand_in`.
    """
    client = RegistrarClient(registrar_of(registrant.data))
    return (yield from client.withdraw(_key(registrant), service))


def _key(registrant: Registrant) -> str:
    return registrant.keys.secret(KEY).decode("ascii")
