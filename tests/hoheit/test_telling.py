"""What the demo says that people can type works as it stands."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hoheit.cli import build
from hoheit.demo.setting_up import Town
from hoheit.demo.telling import things_to_try

COMMANDS = [
    command for _, command in things_to_try(Town(Path("/town"), "http://localhost:8480"), Path("/town/passphrase"))
]


@pytest.mark.parametrize("command", COMMANDS, ids=[str(number) for number in range(len(COMMANDS))])
def test_every_command_that_is_told_is_one(command, monkeypatch):
    """Options stand where the program takes them: with a wrong one, not even its help would be shown."""
    monkeypatch.setenv("HOHEIT_ENV", "demo")
    program, *arguments = shlex.split(command)
    assert program == "hoheit"
    said = CliRunner().invoke(build(arguments[0]), [*arguments, "--help"])
    assert said.exit_code == 0, said.output
    wrong = CliRunner().invoke(build(arguments[0]), [*arguments, "--passphrase-files", "x", "--help"])
    assert wrong.exit_code == 2
