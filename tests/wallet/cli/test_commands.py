"""What holds for every command: languages, scripts, help, and answers that only a test may give."""

import json

import pytest
from typer.testing import CliRunner

from wallet.cli import app


def test_it_speaks_german(machine):
    result = machine.run("receive", machine.world.agency.offer(), keys="jb", language="de")
    assert "Nachname: Mustermann" in result.stdout
    assert "Geburtsdatum: 7. März 1990" in result.stdout
    assert "Das ist jetzt in Ihrer Wallet: Personalausweis" in result.stdout


def test_the_language_of_the_system_is_taken_where_none_is_said(tmp_path, machine):
    options = ["--data", str(tmp_path / "data"), "--passphrase-file", str(tmp_path / "passphrase"), "list"]
    result = CliRunner().invoke(app, options, env={"LC_ALL": "de_DE.UTF-8"})
    assert "Ihre Wallet ist leer." in result.stdout
    result = CliRunner().invoke(app, options, env={"LC_ALL": "fr_FR.UTF-8"})
    assert "Your wallet is empty." in result.stdout


def test_with_json_only_the_answer_is_on_standard_output(machine):
    result = machine.run("receive", machine.world.agency.offer(), "--json", keys="yk")
    assert json.loads(result.stdout)["received"]
    assert "Do you want this?" in result.stderr
    declined = machine.run("present", machine.world.partner.link(), "--json", keys="n", status=3)
    assert json.loads(declined.stdout) == {"declined": True}


@pytest.mark.parametrize("arguments", [(), ("--help",), ("receive", "--help")])
def test_help_is_there_without_opening_anything(arguments):
    result = CliRunner().invoke(app, list(arguments))
    assert "Usage" in result.output


def test_a_test_may_answer_everything_with_yes(machine):
    """T157: and only a test may."""
    machine.world.agency.signed = False
    machine.environment = {"HOHEIT_ENV": "test", "HOHEIT_WALLET_AUTOMATIC_CONSENT": "1"}
    machine.run("receive", machine.world.agency.offer())
    machine.run("present", machine.world.partner.link())
    machine.run("present", machine.world.partner.link())
    assert len(machine.world.partner.answers) == 2
