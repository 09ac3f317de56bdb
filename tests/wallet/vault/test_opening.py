"""Who gets in, who has to wait, and what the file may ask of the machine."""

import os
import stat
import subprocess
import sys
import unicodedata

import pytest

from runtime.seal import DamagedError
from tests.support.pki import NOW
from tests.support.tree import ROOT
from tests.wallet.counterparts import PASSPHRASE, QUICK, held
from tests.wallet.vault.tampering import file_as_database, note, opened
from wallet.vault.file import FORMAT, InUse
from wallet.vault.passphrase import KeyDerivation, Tries, WrongPassphrase
from wallet.vault.vault import Vault


@pytest.mark.parametrize("wrong", ["", "wrong", "x" * 1_000_000, PASSPHRASE + " ", PASSPHRASE.upper(), "\ud800"])
def test_every_wrong_passphrase_gets_the_same_answer(path, vault, wrong):
    """T217: empty and huge ones too; nothing is unlocked."""
    vault.close()
    with pytest.raises(WrongPassphrase, match=r"^this passphrase does not open the wallet$"):
        opened(path, wrong)
    with file_as_database(path) as connection:
        assert connection.execute("SELECT failures FROM meta").fetchone() == (1,)


def test_wrong_passphrases_cost_more_and_more_time(path, vault):
    """T217: the delay doubles up to five minutes and stands in the file; the right one ends it."""
    vault.close()
    now, waits = NOW, []
    for _ in range(14):
        with pytest.raises(WrongPassphrase, match="does not open"):
            opened(path, "wrong one", now=now)
        with file_as_database(path) as connection:
            [(next_try,)] = connection.execute("SELECT next_try FROM meta").fetchall()
        waits.append(next_try - now)
        if next_try > now:
            with pytest.raises(WrongPassphrase, match=f"wait {next_try - now} seconds"):
                opened(path, now=now)
            with pytest.raises(WrongPassphrase, match="wait 1 seconds"):
                opened(path, now=next_try - 1)
        now = next_try
    assert waits == [0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    opened(path, now=now).close()
    with file_as_database(path) as connection:
        assert connection.execute("SELECT failures, next_try FROM meta").fetchone() == (0, 0)


def test_a_clock_that_was_set_back_does_not_lock_out_for_a_year():
    """T229: a wait that is longer than the longest one comes from a clock, not from a wrong passphrase."""
    Tries(5, NOW).check(NOW - 31_536_000)
    with pytest.raises(WrongPassphrase):
        Tries(5, NOW).check(NOW - 300)


def test_the_count_of_failures_may_be_anything():
    assert Tries(10**9, 0).failed(NOW).next_try == NOW + 300


def test_two_spellings_of_the_same_passphrase_are_the_same(path):
    """T217: composed and decomposed letters look alike, and different keyboards send different ones."""
    spoken = "Grüße aus Köln"
    composed, decomposed = unicodedata.normalize("NFC", spoken), unicodedata.normalize("NFD", spoken)
    assert composed != decomposed
    Vault.create(path, composed, QUICK).close()
    opened(path, decomposed).close()


@pytest.mark.parametrize("bad", ["", "seven77", "x" * 1025, "ü" * 600])
def test_a_passphrase_that_is_no_good_makes_no_wallet(path, bad):
    with pytest.raises(WrongPassphrase):
        Vault.create(path, bad, QUICK)
    assert not path.exists()


def test_a_wallet_is_sealed_by_argon2id_with_enough_memory(path):
    """T218: 64 MiB and three passes, and the file says so."""
    Vault.create(path, PASSPHRASE).close()
    with file_as_database(path) as connection:
        assert connection.execute("SELECT operations, memory FROM meta").fetchone() == (3, 64 << 20)


def test_the_derivation_is_argon2id():
    """T218: the same parameters and salt give what libsodium's argon2id gives, for a known answer."""
    key = KeyDerivation(2, 19 << 20).derive("password", b"somesaltsomesalt")
    assert len(key) == 32
    assert key == KeyDerivation(2, 19 << 20).derive("password", b"somesaltsomesalt")
    assert key != KeyDerivation(3, 19 << 20).derive("password", b"somesaltsomesalt")
    assert key != KeyDerivation(2, 20 << 20).derive("password", b"somesaltsomesalt")
    assert key != KeyDerivation(2, 19 << 20).derive("password", b"othersaltothersa")


@pytest.mark.parametrize(
    ("operations", "memory"), [(1, 64 << 20), (17, 64 << 20), (3, (19 << 20) - 1), (3, (1 << 30) + 1), (0, 0), (-1, -1)]
)
def test_parameters_out_of_bounds_are_refused_before_anything_is_derived(tmp_path, operations, memory):
    """T218: neither too weak, nor a file that takes all memory."""
    with pytest.raises(DamagedError, match="not safe"):
        KeyDerivation(operations, memory).check()
    with pytest.raises(DamagedError, match="not safe"):
        Vault.create(tmp_path / "wallet.db", PASSPHRASE, KeyDerivation(operations, memory))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_asks_for_all_memory_is_refused(path, vault):
    """T218: even where everything else about the header was made to fit."""
    vault.close()
    from protocol.encoding import encode_json, sha256  # noqa: PLC0415 - the forger's own tools

    with file_as_database(path) as connection:
        salt, wrapped = connection.execute("SELECT salt, wrapped FROM meta").fetchone()
        digest = sha256(encode_json([FORMAT, 3, 1 << 40, salt.hex(), wrapped.hex()]))
        connection.execute("UPDATE meta SET operations = 3, memory = ?, digest = ?", (1 << 40, digest))
    with pytest.raises(DamagedError, match="not safe"):
        opened(path)


def test_a_second_program_is_told_that_the_wallet_is_in_use(path, vault):
    """T221: another process, whose answer is one clear error, and who changes nothing."""
    script = (
        "import sys; from pathlib import Path; from wallet.vault.vault import Vault; from wallet.vault.file import InUse\n"
        "try: Vault.open(Path(sys.argv[1]), 'correct horse battery', now=1)\n"
        "except InUse as error: print(error)"
    )
    command = [sys.executable, "-c", script, str(path)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout == "another program has this wallet open; close it and try again\n"
    vault.write(put=[held("a")], note=note())
    vault.close()
    opened(path).close()


def test_the_same_program_cannot_open_it_twice_either(path, vault):
    """T221"""
    with pytest.raises(InUse):
        opened(path)
    with pytest.raises(InUse):
        Vault.create(path, PASSPHRASE, QUICK)


def test_a_refused_opening_lets_go_of_the_wallet(path, vault):
    vault.close()
    with pytest.raises(WrongPassphrase):
        opened(path, "wrong one")
    opened(path).close()


def test_there_is_no_wallet_where_none_was_made(tmp_path):
    with pytest.raises(FileNotFoundError, match="hoheit wallet init"):
        opened(tmp_path / "wallet.db")
    assert list(tmp_path.iterdir()) == []


def test_a_wallet_is_never_made_over_another(path, vault):
    vault.write(put=[held("a")])
    vault.close()
    with pytest.raises(FileExistsError, match="nothing was changed"):
        Vault.create(path, "another passphrase", QUICK)
    with opened(path) as again:
        assert len(again.credentials()) == 1


def test_what_was_left_of_a_wallet_that_was_never_finished_is_no_hindrance(path):
    """T219: killed while it was made, there is no wallet yet, and making one works."""
    path.parent.mkdir()
    for name in (f".{path.name}.new", ".wallet.seen.new", "wallet.seen", "wallet.lock"):
        (path.parent / name).write_bytes(b"left over")
    Vault.create(path, PASSPHRASE, QUICK).close()
    opened(path).close()
    assert not (path.parent / f".{path.name}.new").exists()


def test_nobody_else_can_read_the_files(path):
    """T227: whatever the umask."""
    before = os.umask(0)
    try:
        with Vault.create(path, PASSPHRASE, QUICK) as vault:
            vault.write(put=[held("a")], note=note())
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert set(modes) >= {"wallet.db", "wallet.lock", "wallet.seen"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_others_can_read_is_closed_to_them(path, vault):
    """T227: a backup tool may have put it back with other rights."""
    vault.close()
    path.chmod(0o644)
    opened(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["wallet.db", "wallet.lock", ".wallet.seen.new"])
def test_a_symbolic_link_is_not_followed(path, vault, tmp_path, name):
    """T227: nothing is read or written elsewhere."""
    vault.write(note=note())
    vault.close()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"untouched")
    (path.parent / name).unlink(missing_ok=True)
    (path.parent / name).symlink_to(elsewhere)
    if name == ".wallet.seen.new":
        with opened(path) as again:
            again.write(note=note())
    else:
        with pytest.raises((DamagedError, OSError)):
            opened(path)
    assert elsewhere.read_bytes() == b"untouched"


def test_a_wallet_is_not_made_through_a_dangling_link(path, tmp_path):
    """T227"""
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        Vault.create(path, PASSPHRASE, QUICK)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("kind", ["folder", "pipe", "text", "empty", "other database"])
def test_something_that_is_no_wallet_is_refused(path, kind):
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "text":
        path.write_text("this is no database at all, but it is long enough to be looked at as one" * 100)
    elif kind == "empty":
        path.touch()
    else:
        with file_as_database(path) as connection:
            connection.execute("CREATE TABLE meta (other TEXT)")
    with pytest.raises(DamagedError):
        opened(path)


def test_a_newer_file_is_left_to_the_newer_program(path, vault):
    """T222"""
    vault.close()
    with file_as_database(path) as connection:
        connection.execute("UPDATE meta SET format = 3")
    with pytest.raises(DamagedError, match="newer version"):
        opened(path)
