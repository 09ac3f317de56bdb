"""What the town offers: one file for each service, in a folder for each place that offers it (docs/operating/services.md).

In the files every place has an address below lindenau.example; in a town that runs, its own stands there instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from hoheit.demo.places import BELONGINGS, PROVIDING
from protocol.sovereignty.service import Service
from verifier.once_only.description import ServiceDescription
from verifier.service.context import service_forward, service_start

FILES = BELONGINGS / "services"

Addresses = Callable[[str], str]  # of a place, by its id

_PLACE = re.compile(r"https://([a-z0-9-]+)\.lindenau\.example\b")


def service_files(place: str, address: Addresses) -> dict[str, str]:
    """The files of what a place offers, by their names, with the addresses of this town; empty: it offers nothing."""
    return {
        file.name: _PLACE.sub(lambda found: address(found[1]), file.read_text(encoding="utf-8"))
        for file in sorted((FILES / place).glob("*.toml"))
    }


def descriptions(place: str, address: Addresses) -> tuple[ServiceDescription, ...]:
    """What a place offers, as its files say it."""
    return tuple(
        [
            ServiceDescription.from_toml(Path(name).stem, text, f"{place}/{name}")
            for name, text in service_files(place, address).items()
        ]
    )


def entries(place: str, address: Addresses) -> tuple[Service, ...]:
    """What a place offers, as it stands in the catalogue."""
    return tuple([_entry(found, address(place)) for found in descriptions(place, address)])


def town_catalogue(address: Addresses) -> tuple[Service, ...]:
    """Everything that the town offers, in the order in which its register publishes it."""
    found = [service for place in PROVIDING for service in entries(place.id, address)]
    return tuple(sorted(found, key=lambda service: service.id))


def _entry(found: ServiceDescription, home: str) -> Service:
    # What asks for nothing has no purpose that is registered
    registration = found.announced.provider.identifier if found.announced.needs is None else found.id
    return found.entry(service_start(home, found.id), registration, service_forward(home, found.id))
