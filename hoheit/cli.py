"""The one command: every role's commands under one name.

A role's module is imported when one of its commands is called, so `hoheit --help` is there at once.
"""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click
import typer
import typer.main
from typer.core import TyperGroup

from protocol.errors import ProtocolError

COMMANDS = {
    "demo": ("hoheit.demo.command", "Start the demo town and walk one credential through it."),
    "issuer": ("issuer.cli", "Run an agency: define, issue, suspend and revoke credentials."),
    "wallet": ("wallet.cli", "Receive, keep and present credentials."),
    "verifier": ("verifier.cli", "Run a partner's counter: ask for what is needed, get a verdict."),
    "inspect": ("hoheit.inspect.command", "Explain any token, offer, request, QR image or file, offline."),
    "doctor": ("hoheit.doctor", "Check this machine and the services on it."),
}


class RolesGroup(TyperGroup):
    """Finds the commands of a role in the role's own module, when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a first visit."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, help_text = COMMANDS[cmd_name]
        if ctx.resilient_parsing or (len(sys.argv) > 1 and sys.argv[1] == cmd_name) or ctx.protected_args == [cmd_name]:
            command: click.Command = typer.main.get_command(importlib.import_module(module).app)
            command.name = cmd_name
            command.help = help_text
            return command
        return click.Command(cmd_name, help=help_text)


app = typer.Typer(cls=RolesGroup, no_args_is_help=True, add_completion=False)


@app.callback()
def hoheit() -> None:
    """Credentials that belong to the people they are about: issue, keep, present, verify."""


def main() -> NoReturn:
    """The entry point: a refusal is one line on stderr and status 1."""
    try:
        app()
    except ProtocolError as error:
        print(f"error: {error.description}", file=sys.stderr)
        raise SystemExit(1) from None
    raise SystemExit(0)
