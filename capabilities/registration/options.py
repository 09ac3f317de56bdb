"""What the commands of every role can be told about services in the catalogue; light, since each command line loads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer


@dataclass(frozen=True, slots=True)
class CatalogueOptions:
    """What a command says of our services in the catalogue."""

    services: Path | None = None  # a file of services to hand in
    withdraw: str = ""  # id of one to take back


NO_CATALOGUE = CatalogueOptions()

ServicesFile = Annotated[
    Path | None, typer.Option("--services", help="Hand in the services of this file for the catalogue, JSON.")
]
Withdraw = Annotated[str, typer.Option("--withdraw", help="Take this service out of the catalogue, by its id.")]
