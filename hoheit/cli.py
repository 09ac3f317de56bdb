"""The one command: every role's commands under one name.

A role's module is imported when one of its commands is called, so `hoheit --help` is there at once.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from protocol.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives: a module with an `app` of several commands, or with one function `command`."""

    module: str
    help: str


COMMANDS = {
    "demo": Entry("hoheit.demo.command", "Start the demo town and walk one credential through it."),
    "issuer": Entry("issuer.cli", "Run an agency: define, issue, suspend and revoke credentials."),
    "wallet": Entry("wallet.cli", "Receive, keep and present credentials."),
    "verifier": Entry("verifier.cli", "Run a partner's counter: ask for what is needed, get a verdict."),
    "registrar": Entry(
        "hoheit.registrar.command", "Keep a register: who may ask, who may issue; certificates and lists."
    ),
    "inspect": Entry("hoheit.inspect.command", "Explain any token, offer, request, QR image or file, offline."),
    "doctor": Entry("hoheit.doctor", "Check this machine and the services on it."),
}


def build(asked: str | None) -> typer.Typer:
    """The command with all its names; only the one that is `asked` for is imported."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Credentials that belong to the people they are about: issue, keep, present, verify.",
    )
    app.callback()(_program)
    for name, entry in COMMANDS.items():
        module = importlib.import_module(entry.module) if name == asked else None
        if module is not None and hasattr(module, "app"):
            app.add_typer(module.app, name=name, help=entry.help)
        else:
            app.command(name, help=entry.help)(module.command if module is not None else _named_only)
    return app


def main() -> NoReturn:
    """The entry point: what a peer or the surroundings caused is one line on standard error and status 1."""
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    try:
        build(asked)()
    except ProtocolError as error:
        problem = error.description
    except (OSError, RuntimeError, ValueError) as error:
        problem = str(error)
    else:
        raise SystemExit(0)
    print(f"error: {problem}", file=sys.stderr)
    raise SystemExit(1)


def _show_version(asked: bool) -> None:
    if asked:
        print(version("hoheit"))
        raise typer.Exit


def _program(
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Say which.")
    ] = False,
) -> None:
    """The options that stand before a command."""


def _named_only() -> None:
    """Stands in the list for a command that was not asked for."""
