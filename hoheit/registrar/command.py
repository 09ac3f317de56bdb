"""`hoheit registrar …`: the registrar's own commands, and those that need to know the other roles."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from registrar.cli import app

__all__ = ["app"]

DEFAULT_PORT = 8490


@app.command()
def lint(
    file: Annotated[Path, typer.Argument(help="A registration file, TOML.")],
    requests: Annotated[list[Path], typer.Argument(help="Use cases (TOML), queries (JSON), or folders with them.")],
) -> None:
    """Tell which data of requests a registration does not cover, before anything is sent. The status is 0 if all is covered."""
    from hoheit.registrar.lint import tell_coverage

    if not tell_coverage(file, requests):
        raise typer.Exit(1)


@app.command()
def quickstart(
    folder: Annotated[Path, typer.Argument(help="Where everything is kept.")],
    *,
    name: Annotated[str, typer.Option(help="Who asks.")] = "Kino Capitol",
    identifier: Annotated[str, typer.Option(help="Of who asks.")] = "NTRDE-HRB 4711",
    use_case: Annotated[list[str] | None, typer.Option(help="What is asked; without any: over-18.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of both services.")] = DEFAULT_PORT,
    once: Annotated[bool, typer.Option("--once", help="Set up, tell, and end.")] = False,
) -> None:
    """From nothing to a partner whose requests a strict wallet accepts: a register and a partner in it, on this machine."""
    if os.environ.setdefault("HOHEIT_ENV", "demo") not in ("demo", "test"):
        raise ValueError("quickstart is for trying out: it needs HOHEIT_ENV to be demo or test, or not set at all")
    from hoheit.registrar.quickstart import start_quickly

    start_quickly(folder.resolve(), name, identifier, tuple(use_case or ("over-18",)), port, once=once)
