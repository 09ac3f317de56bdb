"""The log's chain: entries go and leave their hash, older vaults are brought up to it, and nothing is altered unseen."""

import hashlib
import itertools
from dataclasses import dataclass, fields, replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import NotFound
from runtime.seal import DamagedError
from tests.support.pki import NOW, seeded
from tests.wallet.counterparts import PASSPHRASE, QUICK, held
from tests.wallet.disclosures import disclosure
from tests.wallet.vault.tampering import all_bytes, file_as_database, note, opened
from wallet.records import DeletedEntry, Evidence, LogEntry, LoggedCredential
from wallet.vault import file
from wallet.vault.change import CODEC
from wallet.vault.log_chain import blinded_anew, check_chain, deleted, hash_of, link_after
from wallet.vault.vault import Vault


def entry(number, *, blind="", before="", **changes):
    members = {
        "number": number, "at": NOW + number, "action": "declined", "party": "City library", "party_id": "x509_hash:a",
        "trusted_by": "", "credentials": (), "outcome": "refused", "request": "", "completes": 0,
    }  # fmt: skip
    return LogEntry(**{**members, **changes}, before=before, blind=blind)


def chained(*entries, seed=1):
    links, end = blinded_anew(entries, seeded(seed))
    return list(links), end


def older_vault(path, notes=3):
    """A vault as an older program left it: without blinds, in the format of then."""
    with Vault.create(path, PASSPHRASE, QUICK) as vault:
        vault._format = 1
        vault.write(put=[held("a")])
        for number in range(notes):
            vault.write(note=note(at=NOW + number))
        head = file.read_header(vault._connection)
        old = replace(head, format=1, digest=file._digest(1, head.derivation, head.salt, head.wrapped))
        file.write_header(vault._connection, old)
        assert all(one.blind == "" for one in vault.log())
        return vault.log()


@given(deleting=st.sets(st.integers(1, 6)), seed=st.integers(0, 5))
def test_whatever_is_deleted_the_chain_holds_and_ends_as_before(deleting, seed):
    links, end = chained(*[entry(number) for number in range(1, 7)], seed=seed)
    left = [deleted(link) if link.number in deleting else link for link in links]
    checked = check_chain(reversed(left), length=6, end=end)
    assert [link.number for link in checked] == [1, 2, 3, 4, 5, 6]
    assert {link.number for link in checked if isinstance(link, DeletedEntry)} == deleting


@given(st.integers(0, 4), st.sampled_from(["party", "at", "outcome", "blind", "origin", "gone", "swapped", "hash"]))
def test_whatever_is_altered_shows(place, lie):
    links, end = chained(*[entry(number) for number in range(1, 6)])
    link = links[place]
    match lie:
        case "gone":
            del links[place]
        case "swapped":
            other = (place + 1) % 5
            links[place] = replace(link, number=links[other].number)
            links[other] = replace(links[other], number=link.number)
        case "hash":
            links[place] = replace(deleted(link), hash="00" * 32)
        case "origin":
            links[place] = replace(link, origin="another wallet")
        case "at":
            links[place] = replace(link, at=1)
        case "blind":
            links[place] = replace(link, blind="11" * 32)
        case _:
            links[place] = replace(link, **{lie: "another"})
    with pytest.raises(DamagedError):
        check_chain(links, length=5, end=end)


def test_what_is_left_of_an_entry_cannot_be_guessed():
    first, second = (entry(1, blind=blind * 32) for blind in ("aa", "bb"))
    assert hash_of(first) != hash_of(second)
    assert link_after(first, "") != link_after(second, "")
    with pytest.raises(ValueError, match="says what it was"):
        deleted(entry(1))


def test_a_deleted_entry_leaves_its_hash_and_nothing_else(path, vault):
    """T228"""
    for number, party in enumerate(("one", "two", "three")):
        vault.write(note=lambda n, b, at=NOW + number, who=party: entry(n, before=b, at=at, party=who))
    head = vault.log_head()
    gone = vault.log()[1]
    vault.delete_entries([2])
    assert [one.number for one in vault.log()] == [1, 3]
    assert vault.log_head() == head._replace(deleted=1)
    vault.close()
    assert CODEC.encode(gone).encode() not in all_bytes(path.parent)
    with opened(path) as again:
        assert [one.party for one in again.log()] == ["one", "three"]
        assert again.log_head() == head._replace(deleted=1)
        again.write(note=note())
        assert [one.number for one in again.log()] == [1, 3, 4]


def test_with_an_entry_goes_what_became_of_it_and_all_that_belongs_to_it(vault):
    proof = Evidence("r1", NOW, "City library", "x", "", "f", (), (), "", "")
    vault.write(
        put=[proof, replace(proof, id="r2"), disclosure("d1", log_number=1), disclosure("d2", log_number=3)],
        note=lambda n, b: entry(n, before=b, action="sharing", request="r1"),
    )
    vault.write(note=lambda n, b: entry(n, before=b, action="shared", completes=1, request="r1"))
    vault.write(note=lambda n, b: entry(n, before=b, action="sharing", request="r2"))
    vault.delete_entries([1])
    assert [one.number for one in vault.log()] == [3]
    assert [one.id for one in vault.evidence()] == ["r2"]
    assert [one.id for one in vault.disclosures()] == ["d2"]
    assert vault.log_head().deleted == 2
    for number in (1, 2, 9):
        with pytest.raises(NotFound):
            vault.delete_entries([number])


def test_proof_that_another_entry_names_stays(vault):
    vault.write(put=[Evidence("r1", NOW, "a", "x", "", "f", (), (), "", "")])
    for _ in range(2):
        vault.write(note=lambda n, b: entry(n, before=b, request="r1"))
    vault.delete_entries([1])
    assert [one.id for one in vault.evidence()] == ["r1"]


def test_with_the_whole_log_goes_what_belongs_to_its_entries(vault):
    vault.write(put=[disclosure("d1"), held("a")], note=note())
    vault.clear_log(note("log deleted"))
    assert vault.disclosures() == ()
    assert [one.id for one in vault.credentials()] == ["a"]
    assert vault.damaged() == ()


def test_an_older_vault_is_brought_up_to_today_when_it_is_opened(path):
    before = older_vault(path)
    with opened(path) as vault:
        log = vault.log()
        assert [replace(one, blind="", before="") for one in log] == [replace(one, before="") for one in before]
        assert len({one.blind for one in log}) == 3
        assert all(len(one.blind) == 64 for one in log)
        vault.delete_entries([2])
        vault.write(note=note())
    with opened(path) as again:
        assert [one.number for one in again.log()] == [1, 3, 4]
        assert [one.id for one in again.credentials()] == ["a"]
        assert again.log()[0].blind == log[0].blind
    with file_as_database(path) as connection:
        assert connection.execute("SELECT format FROM meta").fetchone() == (file.FORMAT,)


def test_an_older_vault_with_an_empty_log_is_brought_up_too(path):
    older_vault(path, notes=0)
    with opened(path) as vault:
        vault.write(note=note())
        assert vault.log()[0].blind


def test_an_older_vault_whose_log_is_damaged_stays_as_it_is_until_there_is_a_new_one(path):
    older_vault(path)
    with file_as_database(path) as connection:
        connection.execute("DELETE FROM records WHERE kind = 'log' AND id = '2'")
    with opened(path) as vault:
        with pytest.raises(DamagedError):
            vault.log()
        vault.write(note=note())
        vault.clear_log(note("log deleted"))
        assert [one.action for one in vault.log()] == ["log deleted"]
    with opened(path) as again:
        assert again.log()[0].blind


def test_a_restored_older_copy_is_brought_up_too(path):
    older_vault(path)
    Vault.restore(path, PASSPHRASE, now=NOW, note=note("restored")).close()
    with opened(path) as vault:
        assert [one.action for one in vault.log()][-1] == "restored"
        assert all(one.blind for one in vault.log())


def test_a_new_passphrase_keeps_what_is_left_of_deleted_entries(path, vault):
    for _ in range(3):
        vault.write(put=[disclosure("d3", log_number=3)], note=note())
    vault.delete_entries([2])
    head = vault.log_head()
    vault.change_passphrase("quite another one", QUICK)
    vault.close()
    with opened(path, "quite another one") as again:
        assert again.log_head() == head
        assert [one.id for one in again.disclosures()] == ["d3"]


def test_what_was_read_is_kept_in_memory_until_something_changes(vault):
    for _ in range(3):
        vault.write(put=[disclosure("d1")], note=note())
    log, known = vault.log(), vault.disclosures()
    assert vault.log() is log
    assert vault.disclosures() is known
    vault.write(put=[held("a")])
    assert vault.log() is log
    assert vault.disclosures() is known
    vault.write(put=[disclosure("d2")], note=note())
    assert len(vault.log()) == 4
    assert vault.log()[:3] == log
    assert [one.id for one in vault.disclosures()] == ["d1", "d2"]
    vault.write(drop=[disclosure("d1")])
    assert [one.id for one in vault.disclosures()] == ["d2"]


@pytest.mark.parametrize("kind", ["log", "disclosure"])
def test_what_others_do_to_the_open_file_over_its_connection_shows(vault, kind):
    """T215"""
    vault.write(put=[disclosure("d1")], note=note())
    assert len(vault.log()) == len(vault.disclosures()) == 1
    vault._connection.execute("UPDATE records SET sealed = x'00' WHERE kind = ?", (kind,))
    if kind == "disclosure":
        assert vault.disclosures() == ()
        vault.write(put=[held("a")])
        assert vault.disclosures() == ()
        return
    for _ in range(2):
        with pytest.raises(DamagedError):
            vault.log()
        vault.write(put=[held("a")])


def test_what_is_refused_leaves_memory_as_it_was(vault):
    vault.write(put=[disclosure("d1")], note=note())
    log = vault.log()
    with pytest.raises(TypeError):
        vault.write(put=[disclosure("d2"), replace(held("c"), received_at=object())], note=note())
    assert vault.log() == log
    assert [one.id for one in vault.disclosures()] == ["d1"]


def test_no_two_entries_have_one_blind(vault):
    for _ in range(20):
        vault.write(note=note())
    assert all(first.blind != second.blind for first, second in itertools.combinations(vault.log(), 2))


def test_whom_an_entry_is_about_is_in_its_link_and_changes_none_that_was_written_before():
    blind = "11" * 32
    plain_entry = entry(1, blind=blind)
    members = {
        "number": 1, "at": NOW + 1, "action": "declined", "party": "City library", "party_id": "x509_hash:a",
        "trusted_by": "", "credentials": [], "outcome": "refused", "request": "", "completes": 0,
    }  # fmt: skip
    before = hashlib.sha256(b"\0" + bytes.fromhex(blind) + orjson.dumps(["LogEntry", members])).hexdigest()
    assert hash_of(plain_entry) == before
    assert hash_of(replace(plain_entry, acting=("aa" * 48,))) != before


@dataclass(frozen=True, slots=True)
class _Before:
    """A document in the log, as programs before this one wrote it."""

    name: str
    type: str
    claims: tuple[str, ...]


def test_a_log_from_before_documents_had_several_names_still_holds():
    of_now = entry(1, blind="ab" * 32, credentials=(LoggedCredential("Card", "urn:card", ('["a"]',)),))
    members = {
        one.name: getattr(of_now, one.name)
        for one in fields(LogEntry)
        if one.name not in ("blind", "before", "in_person", "origin", "acting", "noted", "organisation")
    }
    members["credentials"] = (_Before("Card", "urn:card", ('["a"]',)),)
    text = orjson.dumps(["LogEntry", members])
    assert hash_of(of_now) == hashlib.sha256(b"\0" + bytes.fromhex("ab" * 32) + text).hexdigest()


def test_another_name_of_a_document_is_another_entry():
    names = (("de", "Karte"), ("en", "Card"))
    one = entry(1, blind="ab" * 32, credentials=(LoggedCredential("Card", "urn:card", (), names),))
    other = entry(1, blind="ab" * 32, credentials=(LoggedCredential("Card", "urn:card", (), names[:1]),))
    assert hash_of(one) != hash_of(other)
    assert CODEC.decode(CODEC.encode(one)) == one
