"""Whatever is done to the file from outside is found, and what was not touched stays usable."""

import shutil
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.errors import NotFound, ProtocolError
from runtime.seal import DamagedError
from tests.support.pki import NOW
from tests.wallet.counterparts import PASSPHRASE, QUICK, held
from tests.wallet.vault.tampering import file_as_database, note, opened
from wallet.vault.file import OlderCopyError
from wallet.vault.vault import Vault


@pytest.fixture
def filled(path, vault):
    """A closed wallet with two credentials and three entries in its log."""
    vault.write(put=[held("a")], note=note())
    vault.write(put=[held("b")], note=note())
    vault.write(note=note("sharing"))
    vault.close()
    return path


def flipped(data, bit):
    """The same bytes with one bit turned over."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_any_flipped_bit_of_a_record_is_found_and_the_others_are_usable(filled):
    """T215: version, nonce, ciphertext and tag, bit by bit at every place that is something of its own."""
    with file_as_database(filled) as connection:
        [(sealed,)] = connection.execute("SELECT sealed FROM records WHERE id = 'a'").fetchall()
    with opened(filled) as vault:
        places = {*range(8), *range(8, 25 * 8, 11), *range(25 * 8, len(sealed) * 8, 997), len(sealed) * 8 - 1}
        for bit in places:
            vault._connection.execute("UPDATE records SET sealed = ? WHERE id = 'a'", (flipped(sealed, bit),))
            assert vault.damaged() == ("a",)
            assert [record.id for record in vault.credentials()] == ["b"]
        vault.write(put=[held("c")])
        assert [record.id for record in vault.credentials()] == ["b", "c"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET version = version + 1 WHERE id = 'a'",
        "UPDATE records SET version = NULL WHERE id = 'a'",
        "UPDATE records SET version = 'x' WHERE id = 'a'",
        "UPDATE records SET sealed = NULL WHERE id = 'a'",
        "UPDATE records SET sealed = 'text' WHERE id = 'a'",
        "UPDATE records SET sealed = 7 WHERE id = 'a'",
        "UPDATE records SET sealed = x'' WHERE id = 'a'",
        "UPDATE records SET sealed = (SELECT sealed FROM records WHERE id = 'b') WHERE id = 'a'",
        "UPDATE records SET kind = 'pending' WHERE id = 'a'",
        "UPDATE records SET kind = 'other' WHERE id = 'a'",
        "UPDATE records SET id = 'z' WHERE id = 'a'",
        "UPDATE records SET id = NULL WHERE id = 'a'",
        "DELETE FROM records WHERE id = 'a'",
    ],
)
def test_a_record_that_was_altered_swapped_or_taken_away_is_found(filled, statement):
    """T215"""
    with file_as_database(filled) as connection:
        connection.execute(statement)
    with opened(filled) as vault:
        assert "a" in vault.damaged()
        assert [record.id for record in vault.credentials()] == ["b"]
        assert vault.pending() == ()
        vault.forget_damaged("a", note("deleted"))
        for other in vault.damaged():
            vault.forget_damaged(other, note("deleted"))
        assert vault.damaged() == ()


def test_what_is_not_damaged_is_not_forgotten_as_damaged(filled):
    with opened(filled) as vault:
        with pytest.raises(NotFound):
            vault.forget_damaged("a", note())
        assert len(vault.credentials()) == 2
        assert len(vault.log()) == 3


def test_a_record_in_an_older_state_is_found(filled):
    """T216: a copy that was used must not become unused again by putting back its record alone."""
    with file_as_database(filled) as connection:
        [row] = connection.execute("SELECT * FROM records WHERE id = 'a'").fetchall()
    with opened(filled) as vault:
        vault.change(["a"], lambda _: [held("a", used=1)], note("sharing"))
    with file_as_database(filled) as connection:
        connection.execute("REPLACE INTO records VALUES (?, ?, ?, ?)", row)
    with opened(filled) as vault:
        assert vault.damaged() == ("a",)
        assert [record.id for record in vault.credentials()] == ["b"]


def test_an_older_manifest_does_not_fit_newer_records(filled):
    """T216: records and manifest put back together, without the counter beside them."""
    with file_as_database(filled) as connection:
        rows = connection.execute("SELECT * FROM records").fetchall()
        [(manifest,)] = connection.execute("SELECT manifest FROM meta").fetchall()
    with opened(filled) as vault:
        vault.change(["a"], lambda _: [held("a", used=1)], note("sharing"))
    with file_as_database(filled) as connection:
        connection.execute("UPDATE meta SET manifest = ?", (manifest,))
    with pytest.raises(OlderCopyError):
        opened(filled)
    with file_as_database(filled) as connection:
        connection.execute("DELETE FROM records")
        connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", rows)
    with pytest.raises(OlderCopyError):
        opened(filled)


@pytest.mark.parametrize("seen", ["kept", "deleted", "emptied", "altered", "of another wallet"])
def test_an_older_copy_of_the_file_is_found(filled, tmp_path, seen):
    """T216: also when the counter was taken away or spoiled, because then nobody can tell."""
    shutil.copy(filled, tmp_path / "backup.db")
    with opened(filled) as vault:
        vault.change(["a"], lambda _: [held("a", used=1)], note("sharing"))
    shutil.copy(tmp_path / "backup.db", filled)
    counter = filled.with_suffix(".seen")
    if seen == "deleted":
        counter.unlink()
    elif seen == "emptied":
        counter.write_bytes(b"")
    elif seen == "altered":
        counter.write_bytes(flipped(counter.read_bytes(), 300))
    elif seen == "of another wallet":
        Vault.create(tmp_path / "other" / "wallet.db", PASSPHRASE, QUICK).close()
        shutil.copy(tmp_path / "other" / "wallet.seen", counter)
    with pytest.raises(OlderCopyError, match="hoheit wallet restore"):
        opened(filled)


def test_an_older_copy_that_is_taken_into_use_has_no_fresh_copies(filled, tmp_path):
    """T216: every copy in it may have been shown since, so none is shown as if it were new."""
    shutil.copy(filled, tmp_path / "backup.db")
    with opened(filled) as vault:
        vault.change(["a"], lambda _: [held("a", used=1)], note("sharing"))
    shutil.copy(tmp_path / "backup.db", filled)
    Vault.restore(filled, PASSPHRASE, now=NOW + 5, note=note("restored")).close()
    with opened(filled) as vault:
        assert {copy.used_at for record in vault.credentials() for copy in record.copies} == {NOW + 5}
        assert [entry.action for entry in vault.log()] == ["received", "received", "sharing", "restored"]
        vault.write(put=[held("c")])
    with opened(filled) as vault:
        assert len(vault.credentials()) == 3


def test_a_kill_between_the_commit_and_the_counter_accuses_nobody(filled):
    """T219: the counter stays behind, and the next write catches up."""
    counter = filled.with_suffix(".seen")
    before = counter.read_bytes()
    with opened(filled) as vault:
        vault.write(note=note())
    counter.write_bytes(before)
    with opened(filled) as vault:
        assert len(vault.log()) == 4
        vault.write(note=note())
    assert counter.read_bytes() != before


def test_a_counter_that_cannot_be_written_does_not_undo_what_was_kept(filled):
    """T220: the change is durable already, so it is not reported as lost."""
    with opened(filled) as vault:
        (filled.parent / ".wallet.seen.new").mkdir()
        vault.write(put=[held("c")], note=note())
        assert len(vault.credentials()) == 3
    with opened(filled) as vault:
        assert len(vault.credentials()) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET sealed = x'00' WHERE kind = 'log' AND id = '2'",
        "UPDATE records SET sealed = (SELECT sealed FROM records WHERE id = '1') WHERE kind = 'log' AND id = '2'",
        "UPDATE records SET id = '9' WHERE kind = 'log' AND id = '2'",
        "UPDATE records SET version = 9 WHERE kind = 'log' AND id = '2'",
        "DELETE FROM records WHERE kind = 'log' AND id = '1'",
        "DELETE FROM records WHERE kind = 'log' AND id = '2'",
        "DELETE FROM records WHERE kind = 'log' AND id = '3'",
        "DELETE FROM records WHERE kind = 'log'",
    ],
)
def test_a_log_that_was_altered_or_shortened_is_found(filled, statement):
    """T263: and the credentials stay usable, and the user can begin a new log."""
    with file_as_database(filled) as connection:
        connection.execute(statement)
    with opened(filled) as vault:
        with pytest.raises(DamagedError, match=r"^log: "):
            vault.log()
        assert len(vault.credentials()) == 2
        vault.write(put=[held("c")], note=note())
        vault.clear_log(note("log deleted"))
        assert len(vault.log()) == 1


def test_an_entry_of_a_deleted_log_does_not_come_back(filled):
    """T263: its seal holds, its place in the chain does not."""
    with file_as_database(filled) as connection:
        [row] = connection.execute("SELECT * FROM records WHERE kind = 'log' AND id = '1'").fetchall()
    with opened(filled) as vault:
        vault.clear_log(note("log deleted"))
    with file_as_database(filled) as connection:
        connection.execute("REPLACE INTO records VALUES (?, ?, ?, ?)", row)
    with opened(filled) as vault, pytest.raises(DamagedError):
        vault.log()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET salt = x'00112233445566778899aabbccddeeff'",
        "UPDATE meta SET salt = 'text'",
        "UPDATE meta SET salt = x'00'",
        "UPDATE meta SET wrapped = x'00'",
        "UPDATE meta SET operations = 4",
        "UPDATE meta SET operations = 'many'",
        "UPDATE meta SET memory = NULL",
        "UPDATE meta SET digest = x'00'",
        "UPDATE meta SET manifest = x'00'",
        "UPDATE meta SET manifest = NULL",
        "UPDATE meta SET failures = 'x'",
        "UPDATE meta SET format = 'x'",
        "DELETE FROM meta",
        "DROP TABLE meta",
    ],
)
def test_a_damaged_header_is_called_damaged_and_no_wrong_passphrase(filled, statement):
    """T215"""
    with file_as_database(filled) as connection:
        connection.execute(statement)
    with pytest.raises(DamagedError, match="damaged"):
        opened(filled)


def test_a_manifest_of_another_wallet_does_not_fit(filled, tmp_path):
    """T215"""
    other = tmp_path / "other" / "wallet.db"
    Vault.create(other, PASSPHRASE, QUICK).close()
    with file_as_database(other) as connection:
        [(manifest,)] = connection.execute("SELECT manifest FROM meta").fetchall()
    with file_as_database(filled) as connection:
        connection.execute("UPDATE meta SET manifest = ?", (manifest,))
    with pytest.raises(DamagedError):
        opened(filled)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_the_file_leaves_the_family_of_errors(filled, tmp_path_factory, data):
    """T215, T216: a byte anywhere, or an end cut off: refused in words, or found, or without any effect."""
    original = filled.read_bytes()
    folder = tmp_path_factory.mktemp("broken")
    copy = folder / "wallet.db"
    shutil.copy(filled.with_suffix(".seen"), folder / "wallet.seen")
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(original) - 1))
        changed = bytearray(original)
        changed[place] ^= data.draw(st.integers(1, 255))
    else:
        changed = original[: data.draw(st.integers(0, len(original) - 1))]
    copy.write_bytes(changed)
    try:
        with opened(copy) as vault:
            for record in vault.credentials():
                assert record in (held("a"), held("b"))
            assert {record.id for record in vault.credentials()} | set(vault.damaged()) >= {"a", "b"}
            vault.log()
            vault.write(put=[held("c")], note=note())
            assert held("c") in vault.credentials()
    except (ProtocolError, DamagedError, OSError):
        pass


def test_a_broken_schema_that_is_no_text_is_called_damaged(filled):
    """T215: SQLite itself stumbles over it while it says what is wrong."""
    content = filled.read_bytes()
    place = content.index(b"CREATE TABLE meta")
    filled.write_bytes(content[: place + 3] + b"\xed\xa0" + content[place + 5 :])
    with pytest.raises(DamagedError):
        opened(filled)


def test_a_trigger_that_somebody_put_into_the_file_cannot_bring_anything_back(filled):
    """T215: whatever SQL does to sealed records, what comes out is what was put in, or damaged."""
    with file_as_database(filled) as connection:
        connection.execute("CREATE TABLE old AS SELECT * FROM records")
        connection.execute(
            "CREATE TRIGGER t AFTER INSERT ON records BEGIN"
            " UPDATE records SET sealed = (SELECT sealed FROM old WHERE id = 'b') WHERE id = NEW.id; END"
        )
    with opened(filled) as vault:
        vault.change(["a"], lambda _: [held("a", used=1)], note("sharing"))
        assert vault.damaged() == ("a",)


def test_the_database_is_durable_and_erases_what_it_deletes(vault):
    """T219, T228"""
    pragmas = {
        name: vault._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "secure_delete", "locking_mode", "trusted_schema")
    }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "locking_mode": "exclusive",
        "trusted_schema": 0,
    }


def test_another_connection_is_kept_out(path, vault):
    """T221: also a program that knows nothing of our lock."""
    vault.write(note=note())
    other = sqlite3.connect(path, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("UPDATE meta SET failures = 0")
    other.close()
