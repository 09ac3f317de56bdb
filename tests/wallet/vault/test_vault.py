"""The vault keeps what it is given, as a whole or not at all, and forgets what it is told to forget."""

import sqlite3
import threading
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.errors import NotFound, Unavailable
from runtime.seal import DamagedError
from tests.support.pki import NOW
from tests.wallet.counterpart_agency import CLAIMS
from tests.wallet.counterparts import PASSPHRASE, QUICK, held
from tests.wallet.vault.tampering import all_bytes, file_as_database, note, opened
from wallet.records import LogEntry, LoggedCredential, PendingIssuance, WantedCredential
from wallet.vault.log_chain import digest_of
from wallet.vault.passphrase import WrongPassphrase
from wallet.vault.vault import Vault

PENDING = PendingIssuance("p1", "{}", "{}", "22" * 32, "", (WantedCredential("pid", ("33" * 32,)),), NOW)


def test_what_was_kept_is_there_again_when_the_wallet_is_opened(path, vault):
    vault.write(put=[held("b"), held("a", received_at=NOW - 1), PENDING], note=note())
    vault.close()
    with opened(path) as again:
        assert [record.id for record in again.credentials()] == ["a", "b"]
        assert again.credentials()[1] == held("b")
        assert again.pending() == (PENDING,)
        assert [entry.number for entry in again.log()] == [1]
        assert again.damaged() == ()


def test_the_file_shows_nothing_of_what_is_in_it(path, vault):
    """T263: the history is sealed like everything else."""
    vault.write(put=[held("a"), PENDING], note=note())
    vault.close()
    stored = all_bytes(path.parent)
    for secret in ("Erika", "Mustermann", "11" * 32, "33" * 32, "given_name", "Personal ID", "received", PASSPHRASE):
        assert secret.encode() not in stored
    assert bytes.fromhex("11" * 32) not in stored


def test_a_record_says_nothing_of_its_secrets_when_it_is_printed():
    shown = repr([held("a"), held("a").copies, PENDING, PENDING.wanted])
    assert "raw-a" not in shown
    assert "11111111" not in shown
    assert "33333333" not in shown
    assert CLAIMS["given_name"] not in shown


def test_writing_is_all_or_nothing(vault):
    """T219: a record that cannot be kept leaves nothing of the others behind, in the file or in memory."""
    vault.write(put=[held("a")], note=note())
    with pytest.raises(TypeError):
        vault.write(put=[held("b"), replace(held("c"), received_at=object())], note=note())
    assert [record.id for record in vault.credentials()] == ["a"]
    assert len(vault.log()) == 1
    vault.write(put=[held("d")], note=note())
    assert [entry.number for entry in vault.log()] == [1, 2]


def test_a_step_that_refuses_changes_nothing(vault):
    vault.write(put=[held("a")])

    def refuse(_):
        raise NotFound("no")

    with pytest.raises(NotFound):
        vault.change(["a"], refuse, note())
    assert vault.credentials() == (held("a"),)
    assert vault.log() == ()


def test_a_credential_that_is_gone_cannot_be_changed(vault):
    with pytest.raises(NotFound):
        vault.change(["a"], lambda records: records, note())


def test_changes_from_several_threads_do_not_lose_one_another(vault):
    """T171: whoever comes second sees what the first one left."""
    vault.write(put=[held("a", copies=8)])

    def use_one():
        def step(records):
            [record] = records
            copies = list(record.copies)
            place = next(i for i, copy in enumerate(copies) if not copy.used_at)
            copies[place] = replace(copies[place], used_at=NOW)
            return [replace(record, copies=tuple(copies))]

        vault.change(["a"], step, note())

    threads = [threading.Thread(target=use_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(copy.used_at for copy in vault.credentials()[0].copies)
    assert [entry.number for entry in vault.log()] == list(range(1, 9))


def test_what_is_deleted_is_gone_from_every_byte_of_the_file(path, vault):
    """T228: also from free pages and the journal, while the wallet is still open."""
    vault.write(put=[held("a"), held("keep")], note=note())
    vault.close()
    with file_as_database(path) as connection:
        sealed = dict(connection.execute("SELECT id, sealed FROM records WHERE kind = 'credential'"))
    with opened(path) as again:
        again.write(drop=[held("a")], note=note("deleted"))
        stored = all_bytes(path.parent)
        for start in range(0, len(sealed["a"]) - 32, 32):
            assert sealed["a"][start : start + 32] not in stored
        assert sealed["keep"] in stored or sealed["keep"][:64] in stored
        assert [record.id for record in again.credentials()] == ["keep"]


def test_the_log_can_be_deleted_and_begins_anew(path, vault):
    """T263: the history belongs to the user, who may end it; what remains says that this happened."""
    for _ in range(3):
        vault.write(note=note())
    vault.clear_log(note("log deleted"))
    vault.close()
    with opened(path) as again:
        assert [(entry.number, entry.action, entry.before) for entry in again.log()] == [(1, "log deleted", "")]
        again.write(note=note())
        assert [entry.number for entry in again.log()] == [1, 2]


def test_each_entry_of_the_log_holds_the_hash_of_the_one_before(vault):
    for _ in range(3):
        vault.write(note=note())
    before = [entry.before for entry in vault.log()]
    assert before[0] == ""
    assert len(set(before)) == 3
    assert all(len(digest) == 64 for digest in before[1:])


def test_a_field_that_came_later_leaves_older_entries_what_they_are():
    entry = LogEntry(
        1, NOW, "sharing", "City library", "x509_hash:abc", "Authority",
        (LoggedCredential("Personal ID", "urn:eudi:pid:1", ('["given_name"]',)),), "begun", "00", 0, "ab",
    )  # fmt: skip
    assert digest_of(entry) == "ba2c35575fa1af40c14bab7375a4c3b7bbb2e946344bf460c3bebbd06afdbf4c"
    assert digest_of(replace(entry, in_person=True)) != digest_of(entry)


def test_a_new_passphrase_opens_and_the_old_one_does_not(path, vault):
    vault.write(put=[held("a"), PENDING], note=note())
    vault.change_passphrase("quite another one", QUICK)
    vault.write(put=[held("b")], note=note())
    vault.close()
    with pytest.raises(WrongPassphrase):
        opened(path)
    with opened(path, "quite another one") as again:
        assert [record.id for record in again.credentials()] == ["a", "b"]
        assert again.pending() == (PENDING,)
        assert len(again.log()) == 2
        assert again.damaged() == ()


def test_a_new_passphrase_leaves_nothing_that_the_old_one_opens(path, vault):
    """T225: everything is sealed anew by another key, so an old copy of the header opens nothing of today."""
    vault.write(put=[held("a")], note=note())
    vault.close()
    with file_as_database(path) as connection:
        [header] = connection.execute("SELECT * FROM meta").fetchall()
    with opened(path) as again:
        again.change_passphrase("quite another one", QUICK)
    with file_as_database(path) as connection:
        connection.execute("DELETE FROM meta")
        connection.execute("INSERT INTO meta VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", header)
    with pytest.raises(DamagedError):
        opened(path)


def test_a_bad_new_passphrase_changes_nothing(path, vault):
    for bad in ("short", "x" * 1025):
        with pytest.raises(WrongPassphrase):
            vault.change_passphrase(bad, QUICK)
    vault.close()
    opened(path).close()


def test_a_full_disk_is_said_and_changes_nothing(path, vault):
    """T220: no space is no damage, and when there is space again, it goes on."""
    vault.write(put=[held("a")], note=note())
    connection = vault._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    large = held("b", claims='{"x": "' + "x" * 200_000 + '"}')
    with pytest.raises(Unavailable, match="nothing was changed"):
        vault.write(put=[large], note=note())
    with pytest.raises(Unavailable, match="nothing was changed"):
        vault.change(["a"], lambda records: [replace(records[0], claims=large.claims)], note())
    assert [record.id for record in vault.credentials()] == ["a"]
    assert len(vault.log()) == 1
    connection.execute("PRAGMA max_page_count=100000")
    vault.write(put=[large], note=note())
    vault.close()
    with opened(path) as again:
        assert [record.id for record in again.credentials()] == ["a", "b"]
        assert len(again.log()) == 2


def test_a_full_disk_leaves_the_old_passphrase(path, vault):
    """T220"""
    vault.write(put=[held("a", claims='{"x": "' + "x" * 100_000 + '"}')])
    pages = vault._connection.execute("PRAGMA page_count").fetchone()[0]
    vault._connection.execute(f"PRAGMA max_page_count={pages}")
    before = vault._sealer

    class Full:
        def __getattr__(self, name):
            return getattr(connection, name)

        def execute(self, statement, *values):
            if statement == "COMMIT":
                raise sqlite3.OperationalError("database or disk is full")
            return connection.execute(statement, *values)

    connection, vault._connection = vault._connection, Full()
    with pytest.raises(Unavailable):
        vault.change_passphrase("quite another one", QUICK)
    vault._connection = connection
    assert vault._sealer is before
    assert [record.id for record in vault.credentials()] == ["a"]
    vault.close()
    opened(path).close()


def test_nonces_never_meet(path, vault):
    """T226: every record, each time that it is written, has a random nonce of 192 bits."""
    nonces = set()
    for _ in range(50):
        vault.write(put=[held("a")], note=note())
        [(sealed,)] = vault._connection.execute("SELECT sealed FROM records WHERE kind = 'credential'").fetchall()
        nonces.add(sealed[1:25])
    assert len(nonces) == 50


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["put", "drop", "use", "note", "clear", "reopen", "refused"]),
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 3),
    ),
    max_size=12,
)


def becomes(record):
    """A change whose outcome is this record."""
    return lambda _: [record]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_whatever_is_done_the_vault_holds_what_a_dictionary_would(tmp_path_factory, operations):
    """T219: after every operation, and after every opening, the vault and a plain model agree."""
    path = tmp_path_factory.mktemp("model") / "wallet.db"
    vault = Vault.create(path, PASSPHRASE, QUICK)
    model, length = {}, 0
    for operation, name, number in operations:
        record = held(name, copies=number + 1)
        match operation:
            case "put":
                vault.write(put=[record], note=note())
                model[name], length = record, length + 1
            case "drop":
                vault.write(drop=[record])
                model.pop(name, None)
            case "use" if name in model:
                changed = replace(model[name], received_at=number)
                vault.change([name], becomes(changed), note())
                model[name], length = changed, length + 1
            case "note":
                vault.write(note=note())
                length += 1
            case "clear":
                vault.clear_log(note())
                length = 1
            case "reopen":
                vault.close()
                vault = opened(path)
            case "refused":
                with pytest.raises(NotFound):
                    vault.change(["nobody"], lambda records: records, note())
        assert {record.id: record for record in vault.credentials()} == model
        assert len(vault.log()) == length
        assert vault.damaged() == ()
    vault.close()
    with opened(path) as again:
        assert {record.id: record for record in again.credentials()} == model
        assert len(again.log()) == length
