"""`hoheit registrar …`: the registrar's own commands, and those that need to know the other roles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registrar.cli import app

__all__ = ["app"]


@app.command()
def lint(
    file: Annotated[Path, typer.Argument(help="A registration file, TOML.")],
    requests: Annotated[list[Path], typer.Argument(help="Use cases (TOML), queries (JSON), or folders with them.")],
) -> None:
    """Tell which data of requests a registration does not cover, before anything is sent. The status is 0 if all is covered."""
    from hoheit.registrar.lint import tell_coverage

    if not tell_coverage(file, requests):
        raise typer.Exit(1)
