"""Making a wallet and opening it: the passphrase, a file in use, damaged or older than it was."""

import json
import re
import stat

import pytest

from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import World
from tests.wallet.vault.tampering import opened


def test_a_wallet_is_made_once(tmp_path):
    machine = Machine(tmp_path, World(None), {})
    result = machine.run("init")
    assert "Your wallet is ready" in result.stdout
    assert stat.S_IMODE(machine.vault.stat().st_mode) == 0o600
    again = machine.run("init", status=1)
    assert again.stderr.startswith("error: ")
    assert "nothing was changed" in again.stderr


def test_a_passphrase_is_typed_twice_and_never_shown(tmp_path):
    """T217"""
    machine = Machine(tmp_path, World(None), {})
    typed = machine.run("init", keys="secret passphrase\nsecret passphrase\n", passphrase=False)
    assert "secret passphrase" not in typed.output
    listed = machine.run("list", keys="secret passphrase\n", passphrase=False)
    assert "empty" in listed.stdout
    assert "secret passphrase" not in listed.output


def test_a_passphrase_that_is_too_short_makes_no_wallet(tmp_path):
    machine = Machine(tmp_path, World(None), {})
    (tmp_path / "passphrase").write_text("short")
    result = machine.run("init", status=1)
    assert "at least 8 characters" in result.stderr
    assert not machine.vault.exists()


def test_a_wrong_passphrase_is_one_line_and_status_one(machine, tmp_path):
    """T217"""
    (tmp_path / "passphrase").write_text("wrong passphrase")
    result = machine.run("list", status=1)
    assert result.stderr == (
        "error: The wallet stays closed. Nothing was changed. (this passphrase does not open the wallet)\n"
    )
    as_json = json.loads(machine.run("list", "--json", status=1).stdout)
    assert as_json["error"] == "wrong_passphrase"


def test_a_passphrase_in_the_environment_is_refused_in_production(machine):
    environment = {"HOHEIT_ENV": "production", "HOHEIT_WALLET_PASSPHRASE": "secret passphrase"}
    machine.environment = environment
    result = machine.run("list", status=1, passphrase=False)
    assert "passphrase" in result.stderr
    assert "secret passphrase" not in result.output


def test_the_passphrase_can_be_changed(holder, tmp_path):
    (tmp_path / "new").write_text("quite another one")
    holder.run("passphrase", "--new-passphrase-file", str(tmp_path / "new"))
    holder.run("list", status=1)
    (tmp_path / "passphrase").write_text("quite another one")
    assert len(holder.json("list")["credentials"]) == 1
    holder.run("passphrase", keys="typed by hand\ntyped by hand\n")
    (tmp_path / "passphrase").write_text("typed by hand")
    assert len(holder.json("list")["credentials"]) == 1


def test_a_wallet_in_use_is_one_line_and_status_one(machine):
    """T221"""
    with opened(machine.vault):
        result = machine.run("list", status=1)
    assert result.stderr.startswith("error: The wallet is open in another program.")


@pytest.mark.parametrize("arguments", [("list",), ("receive",), ("log", "--delete")])
def test_without_a_wallet_the_user_is_told_how_to_make_one(tmp_path, arguments):
    machine = Machine(tmp_path, World(None), {})
    result = machine.run(*arguments, status=1)
    assert re.fullmatch(r"error: .*hoheit wallet init\n", result.stderr)


def test_a_damaged_file_is_one_line(machine):
    """T215"""
    machine.vault.write_bytes(b"nothing that was ever a wallet" * 1000)
    result = machine.run("list", status=1)
    assert result.stderr == "error: the wallet file is damaged\n"


def test_an_older_copy_is_found_and_can_be_taken_into_use(holder, tmp_path):
    """T216"""
    backup = holder.vault.read_bytes()
    holder.run("present", holder.world.partner.link(), "--yes")
    holder.vault.write_bytes(backup)
    assert "hoheit wallet restore" in holder.run("list", status=1).stderr
    holder.run("restore")
    [listed] = holder.json("list")["credentials"]
    assert listed["unused_copies"] == 0
    assert listed["cautions"] == ["shown_before"]
    assert "You put an older copy" in holder.run("log").stdout
