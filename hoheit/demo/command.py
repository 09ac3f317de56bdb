"""`hoheit demo`: starts the town, walks through it once, and stays up to be tried out by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

DEFAULT_PORT = 8480
ALLOWED = ("demo", "test")


def command(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of all services.")] = DEFAULT_PORT,
    data: Annotated[
        Path | None,
        typer.Option(help="Where the town is kept; by default ~/.local/share/hoheit/town-PORT or town-HOST."),
    ] = None,
    public_url: Annotated[
        str, typer.Option(help="Where phones reach it: an address that leads here, as does every name below it.")
    ] = "",
    once: Annotated[bool, typer.Option("--once", help="End after the walk; status 0 if every step verified.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each step as a line of JSON.")] = False,
) -> None:
    """Start a town of agencies and partners and a citizen's wallet on this machine, and walk credentials through them."""
    env = os.environ.setdefault("HOHEIT_ENV", "demo")
    if env not in ALLOWED:
        raise ValueError("the demo needs HOHEIT_ENV to be demo or test, or not set at all")
    from hoheit.demo.running import open_town
    from runtime.settings import check_public_url

    if public_url:
        check_public_url(public_url, "--public-url")
    name = urlsplit(public_url).hostname or port
    folder = data or Path.home() / ".local" / "share" / "hoheit" / f"town-{name}"
    with open_town(folder.resolve(), port, public_url, as_json=as_json) as town:
        complete = town.walk()
        if not once:
            town.stay()
    if not complete:
        raise typer.Exit(1)
