"""What the commands of every role say while somebody gets registered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from capabilities.registration.entries import read_services_file
from capabilities.registration.options import NO_CATALOGUE, CatalogueOptions
from capabilities.registration.party import Party
from capabilities.registration.registering import (
    Registrant,
    go_on,
    hand_in,
    read_party,
    services_of,
    start,
    take_over,
    withdraw,
)
from capabilities.registration.service import REFUSED, REGISTERED, Standing
from capabilities.registration.uses import Use, write_credential
from protocol.encoding import JsonObject, JsonValue
from protocol.trust.registration import RegisteredCredential
from runtime import system
from runtime.driver import drive
from runtime.http import GuardedSender, Sender
from runtime.settings import ServiceSettings
from runtime.toml import write_toml

WAIT_SECONDS = 2.0  # between two looks at whether somebody decided


def register(
    registrant: Registrant,
    settings: ServiceSettings,
    registrar: str,
    file: Path | None,
    *,
    wait: bool,
    key: str = "",
    catalogue: CatalogueOptions = NO_CATALOGUE,
    complete: Callable[[Party], Party] = lambda party: party,
    sender: Sender | None = None,
    pause: Callable[[], None] = lambda: time.sleep(WAIT_SECONDS),
) -> bool:
    """Apply, or go on with an application, and say how it stands; whether we are registered, with certificates in use.

    `file`: what is to be registered; None: what was sent before. `key`: of an application that was made by form. `wait`: until
    somebody decided. `catalogue`: what is to be done with our services, once we are registered. `complete`: adds to what is
    registered what follows from how we are set up, and needs nobody's decision.

    Raises:
        Malformed, InvalidRequest, Unauthorized, Unreachable, FileNotFoundError, FileExistsError: see `registering`.
    """
    # Read first, so that a mistake in the file is told before anything is sent
    entries = read_services_file(catalogue.services) if catalogue.services is not None else ()
    guarded = sender or GuardedSender(allow_local=settings.env.allows_local)
    if key:
        drive(take_over(registrant, registrar, key), None, guarded)
    if file is not None:
        said = read_party(file)
        party = complete(said)
        known = {use.id for use in said.uses}
        for use in party.uses:
            if use.id not in known:
                print(
                    f"{use.id} is registered too, though the file does not have it: it is asked because of another use."
                )
        print(_told(drive(start(registrant, registrar, party), None, guarded)))
    standing = drive(go_on(registrant, now=system.now()), None, guarded)
    while wait and standing.waits and standing.state != REGISTERED:
        pause()
        standing = drive(go_on(registrant, now=system.now()), None, guarded)
    print(_told(standing))
    if standing.state == REGISTERED:
        print("The certificates are in use from the next start on; wallets see who asks and what they may ask.")
        _catalogue(registrant, entries, catalogue.withdraw, guarded)
    elif catalogue != NO_CATALOGUE:
        print("Services are handed in by whoever is registered. Run this command again then.")
    return standing.state == REGISTERED


def _catalogue(registrant: Registrant, entries: tuple[JsonValue, ...], back: str, sender: Sender) -> None:
    """Hand in services and take one back, and say how all of them stand."""
    if entries:
        drive(hand_in(registrant, entries), None, sender)
    if back:
        drive(withdraw(registrant, back), None, sender)
    for service in drive(services_of(registrant), None, sender):
        waits = " · waits for a decision" if service.waits else ""
        reason = f": {service.reason}" if service.reason else ""
        print(f"service {service.id}: {service.state}{waits}{reason}")


def _told(standing: Standing) -> str:
    if standing.waits and standing.state != REGISTERED:
        return f"{standing.identifier}: the application waits for a decision. Run this command again later."
    if standing.state == REFUSED:
        return f"{standing.identifier}: refused: {standing.reason}. Nothing is registered; send another file."
    waits = " A change waits for a decision." if standing.waits else ""
    reason = f": {standing.reason}" if standing.reason else ""
    return f"{standing.identifier}: {standing.state}{reason}.{waits}"


def draft(
    settings: ServiceSettings,
    *,
    entitlement: str,
    uses: Iterable[Use] = (),
    provides: Iterable[RegisteredCredential] = (),
    authority: str = "",
    cockpit_endpoint: str = "",
) -> str:
    """A registration file with everything that an installation knows of itself; what is empty in it, a person fills in."""
    name = next(iter(settings.name.values()))
    members: JsonObject = {
        "identifier": "",
        "country": "",
        "legal_name": name,
        "trade_name": name,
        "entitlements": [entitlement],
        "info_uri": settings.public_url,
        "support_uri": settings.public_url,
        "email": "",
        "phone": "",
        "address": {"street": "", "locality": "", "postal_code": ""},
        "services": [dict[str, JsonValue](settings.name)],
        "addresses": [settings.public_url],
        "supervisory_authority": {"name": "", "country": "", "email": ""},
    }
    asked = [use.to_dict() for use in uses]
    issued = [write_credential(credential) for credential in provides]
    if asked:
        members["uses"] = list[JsonValue](asked)
    if issued:
        members["provides"] = list[JsonValue](issued)
    if authority:
        members["authorities"] = [authority]
    if cockpit_endpoint:
        members["cockpit_endpoint"] = cockpit_endpoint
    return f"{_HINT}\n{write_toml(members)}"


_HINT = """# What is to be registered. Fill in what is empty, and read the rest.
# identifier: such as NTRDE-HRB 4711 (register of companies), VATDE-123456789 (VAT) or LEIXG-529900T8BM49AURSDO55 (LEI)
# cockpit_endpoint: who runs several services, such as one that issues and one that asks, registers them in one file, with
# cockpit_endpoints = ["https://…/cockpit", "https://…/cockpit"] in its place
# legal_basis: such as GDPR Art. 6 (1) b · retention_days: how long data is kept; 0: no longer than the answer is shown
"""
