"""The commands of a service, called on a data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from typer import Typer
from typer.testing import CliRunner, Result


@dataclass(frozen=True)
class Commands:
    """What `hoheit issuer` or `hoheit verifier` does and prints."""

    app: Typer

    def call(self, data: Path, command: str, *arguments: object) -> Result:
        """How a command ends, and what it prints."""
        return CliRunner().invoke(self.app, [*command.split(), "--data", str(data), *map(str, arguments)])

    def done(self, data: Path, command: str, *arguments: object) -> str:
        """What a command that goes well prints."""
        result = self.call(data, command, *arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, data: Path, command: str, *arguments: object) -> str:
        """The one line of a command that does not."""
        result = self.call(data, command, *arguments)
        assert result.exit_code == 1, result.output
        # The runner puts what Python prints on standard error at such an end into the output
        assert result.output.startswith("error: ")
        assert result.output.count("\n") == 1
        return result.output.removeprefix("error: ").rstrip()
