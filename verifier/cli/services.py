"""`hoheit verifier services …`: the once-only services of an installation, and who works on their cases."""

from __future__ import annotations

from pathlib import Path

from capabilities.accounts.service import new_clerk_code
from protocol.encoding import JsonObject, encode_json
from protocol.errors import InvalidRequest, NotFound
from runtime import system
from runtime.api_keys import new_api_key
from runtime.commands import explained, print_json
from runtime.installation import open_keys
from verifier.app import open_services, open_store
from verifier.config import VerifierSettings
from verifier.installation import SECRET
from verifier.once_only.description import ServiceDescription
from verifier.service.context import service_forward, service_start, webhook_secret


@explained()
def list_services(data: Path, *, as_json: bool) -> None:
    """Read every file and tell what it becomes.

    Raises:
        Flaw: a file is wrong; the message names it and the place.
    """
    settings = VerifierSettings.read(data)
    for service in open_services(settings).values():
        url = settings.public_url
        address = f"{url}/services/{service.id}"
        if as_json:
            members: JsonObject = {"id": service.id, "page": address, "start": service_start(url, service.id)}
            if service.forwards:
                members["forward"] = service_forward(url, service.id)
            print_json(members)
        else:
            print(f"{service.id}: {service.announced.name[0].text}\n  {address}")


@explained()
def print_entries(data: Path, name: str) -> None:
    """The entry of a service in the catalogue, or those of all, as JSON that a registrar takes.

    Raises:
        NotFound: there is no such service.
    """
    settings = VerifierSettings.read(data)
    services = [_service(settings, name)] if name else list(open_services(settings).values())
    print(encode_json({"services": [entry_of(settings, service) for service in services]}).decode("utf-8"))


def entry_of(settings: VerifierSettings, service: ServiceDescription) -> JsonObject:
    """The entry of a service in the catalogue; it is registered under the use that has its id."""
    url = settings.public_url
    return service.entry(service_start(url, service.id), service.id, service_forward(url, service.id)).to_dict()


@explained()
def print_webhook_secret(data: Path, name: str) -> None:
    """The secret by which the webhook of a service knows that a notice is ours.

    Raises:
        NotFound: there is no such service.
    """
    settings = VerifierSettings.read(data)
    service = _service(settings, name)
    print(webhook_secret(open_keys(settings.data, settings.key_token).secret(SECRET), service.id))


@explained()
def make_clerk_code(data: Path, name: str) -> None:
    """Make and tell a sign-in code for the desk, of which only a digest is kept.

    Raises:
        InvalidRequest: a name that cannot stand in the audit trail.
    """
    settings = VerifierSettings.read(data)
    code, kept = new_clerk_code(name, now=system.now(), random_bytes=system.random_bytes)
    store = open_store(settings)
    try:
        store.clerk_codes.put(kept)
    finally:
        store.database.dispose()
    print(code)
    print(
        f"\nThe desk is at {settings.public_url}/desk. Hand the code to this person alone; whoever has it can sign in."
    )


@explained()
def revoke_clerk_codes(data: Path, name: str) -> None:
    """Revoke every sign-in code of a name and tell how many that were.

    Raises:
        InvalidRequest: there is none.
    """
    store = open_store(VerifierSettings.read(data))
    try:
        count = store.clerk_codes.revoke(name)
    finally:
        store.database.dispose()
    if not count:
        raise InvalidRequest("there is no sign-in code of this name that is good")
    print(f"Revoked: {count}")


@explained()
def make_case_key(data: Path, name: str) -> None:
    """Make and tell a key for a program that reads cases, of which only a digest is kept."""
    store = open_store(VerifierSettings.read(data))
    key, kept = new_api_key(name, now=system.now(), random_bytes=system.random_bytes)
    try:
        store.case_keys.put(kept)
    finally:
        store.database.dispose()
    print(key)


@explained()
def revoke_case_keys(data: Path, name: str) -> None:
    """Revoke every key of a name and tell how many that were.

    Raises:
        InvalidRequest: there is none.
    """
    store = open_store(VerifierSettings.read(data))
    try:
        count = store.case_keys.revoke(name)
    finally:
        store.database.dispose()
    if not count:
        raise InvalidRequest("there is no key of this name that is good")
    print(f"Revoked: {count}")


def _service(settings: VerifierSettings, name: str) -> ServiceDescription:
    found = open_services(settings).get(name)
    if found is None:
        raise NotFound("there is no service of this name")
    return found
