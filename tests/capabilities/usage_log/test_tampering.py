"""A party that tampers with its own store is found out by what a wallet checks: whatever it does, to whichever entry."""

import shutil
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import encode_base64url
from protocol.errors import NotAuthentic
from protocol.sovereignty.findings import (
    Rule,
    find_altered,
    find_gaps,
    find_gone,
    find_not_in_tree,
    find_past_changed,
    find_split_view,
)
from protocol.sovereignty.log_heads import LogHead
from protocol.sovereignty.merkle import TreeHead, prove_inclusion, root_of, verify_inclusion
from protocol.sovereignty.partner_directory import Witnessed
from protocol.sovereignty.usage import BLOCK
from protocol.sovereignty.usage_report import Asked, PastChanged, Seen, UsageRequest, check_report
from tests.support.merkle import root_over
from tests.support.partners import COCKPIT, RECEIPT
from tests.support.strategies import flip
from tests.support.usage import FORWARDED, RECEIVED, VIEWED, Reader, do, head_of, open_party


def told(party, asked=None):
    """What the party would sign; ours signs no report that contradicts itself, others might."""
    seen = asked and asked.seen and Seen(asked.seen.log, asked.seen.tree.size)
    return party.log._report(RECEIPT, UsageRequest(seen=seen or None))


def leaves_of(report):
    return {reported.blinded.entry.n: reported.blinded.leaf for reported in report.entries}


@pytest.fixture
def shown(party):
    """A party after some hours, and what a wallet knows of it."""
    party.use(RECEIVED, VIEWED)
    party.hour()
    party.use(FORWARDED)
    party.hour()
    return party, Reader(party).ask()


def asked_after(report):
    return Asked(RECEIPT, report.issued_at, seen=report.heads[-1], known=report.heads, last_report_at=report.issued_at)


def test_an_entry_that_is_dropped_is_a_gap_and_gone(shown):
    party, before = shown
    party.change("DELETE FROM usage_entries WHERE n = 1")
    report = told(party)
    assert find_gaps([reported.blinded.entry for reported in report.entries]).entries == (1,)
    assert find_gone(leaves_of(before), report, None).entries == (1,)


def test_an_entry_that_is_altered_is_not_in_the_tree(shown):
    party, before = shown
    party.change("UPDATE usage_entries SET members = replace(members, 'clerk', 'robot')")
    report = told(party)
    assert find_not_in_tree(report).entries == (1, 2)
    assert find_altered(leaves_of(before), report.entries).entries == (1, 2)
    with pytest.raises(ValueError, match="does not prove"):
        do(party.log.report(RECEIPT, UsageRequest()))


def test_a_pending_entry_that_is_altered_is_not_the_one_that_was_shown(party):
    party.use(RECEIVED)
    before = Reader(party).ask()
    party.change("UPDATE usage_entries SET members = replace(members, 'portal', 'robot')")
    assert find_altered(leaves_of(before), told(party).entries).entries == (0,)


def test_entries_that_are_renumbered_are_altered(shown):
    party, before = shown
    for old, new in ((1, 9), (2, 1), (9, 2)):
        party.change("UPDATE usage_entries SET n = :new WHERE n = :old", old=old, new=new)
        party.change(
            "UPDATE usage_entries SET members = replace(members, '\"n\":' || :old, '\"n\":' || :new) WHERE n = :new",
            old=old,
            new=new,
        )
    report = told(party)
    assert find_altered(leaves_of(before), report.entries).entries == (1, 2)
    assert find_not_in_tree(report).entries == (1, 2)


def test_an_entry_in_another_place_is_not_there(shown):
    party, _ = shown
    party.change("UPDATE usage_entries SET place = (place + 1) % 64 WHERE n = 1")
    assert find_not_in_tree(told(party)).entries == (1,)


def test_a_log_that_became_shorter_has_another_past(shown):
    party, before = shown
    party.change("UPDATE usage_logs SET size = 64, root = (SELECT hash FROM usage_nodes WHERE number = 64)")
    assert find_past_changed(told(party, asked_after(before)), asked_after(before)).rule is Rule.PAST_CHANGED


def test_a_party_that_began_anew_from_a_backup_has_another_past(tmp_path):
    """A fork: both logs are good in themselves, and no wallet and no witness that saw one believes the other."""
    party = open_party(f"sqlite:///{tmp_path}/usage.db")
    party.use(RECEIVED)
    party.hour()
    party.database.dispose()
    shutil.copy(tmp_path / "usage.db", tmp_path / "backup.db")
    party.use(VIEWED)
    party.hour()
    reader = Reader(party)
    before = reader.ask()
    fork = open_party(f"sqlite:///{tmp_path}/backup.db", clock=party.clock, seed=9, create=False)
    fork.append()
    for _ in range(3):
        report = told(fork, asked_after(before))
        assert find_not_in_tree(report) is None
        assert find_past_changed(report, asked_after(before)).rule is Rule.PAST_CHANGED
        with pytest.raises(PastChanged):
            check_report(report, asked_after(before))
        fork.hour()
    witnessed = Witnessed(COCKPIT, (before.heads[0],))
    same_size = LogHead("2027", TreeHead(*tree_at(fork, 2 * BLOCK)))
    assert find_split_view(same_size, witnessed, report_at=0, directory_at=0).rule is Rule.SPLIT_VIEW
    grown = head_of(fork).head
    wrong = Witnessed(COCKPIT, (grown,))
    growth = do(fork.log.consistency("2027", 2 * BLOCK, grown.tree.size))
    assert find_split_view(before.heads[0], wrong, report_at=0, directory_at=0, growth=growth).rule is Rule.SPLIT_VIEW
    party.close()
    fork.close()


def tree_at(party, size):
    [root] = party.store.prove("2027", [lambda nodes: (root_of(nodes, size),)])
    return size, root[0]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE usage_nodes SET hash = :hash WHERE number = 192",
        "UPDATE usage_nodes SET hash = :hash WHERE number = 128",
        "UPDATE usage_leaves SET hashes = CAST(substr(hashes, 33) || :hash AS BLOB) WHERE number = 3",
    ],
)
def test_a_tree_that_is_altered_proves_nothing(party, damage):
    party.use(RECEIVED, VIEWED, FORWARDED)
    for _ in range(3):
        party.hour()
    party.use(*[replace(VIEWED, by=f"clerk {i}") for i in range(64)])
    party.hour()
    before = Reader(party).ask()
    party.hour()
    party.change(damage, hash=bytes(32))
    report = told(party, asked_after(before))
    assert find_not_in_tree(report) is not None
    with pytest.raises(NotAuthentic):
        check_report(report, asked_after(before))


@settings(max_examples=15)
@given(st.lists(st.integers(0, 80), min_size=1, max_size=5), st.data())
def test_whatever_was_written_each_proof_is_the_definitions_and_no_other_holds(counts, data):
    party = open_party("sqlite:///:memory:")
    for hour, count in enumerate(counts):
        party.use(RECEIVED, *[replace(VIEWED, by=f"clerk {hour} {i}") for i in range(count)])
        party.hour()
    leaves = party.leaves()
    head = head_of(party).head.tree
    assert head == (len(leaves), root_over(leaves))
    entries = party.store.entries(RECEIPT, after=-1, limit=10_000)
    assert [entry.n for entry in entries] == list(range(len(entries)))
    entry = data.draw(st.sampled_from(entries))
    size = data.draw(st.integers(entry.index // BLOCK + 1, len(leaves) // BLOCK)) * BLOCK
    [proof] = party.store.prove("2027", [lambda nodes: prove_inclusion(nodes, entry.index, size)])
    leaf, at = leaves[entry.index], TreeHead(size, root_over(leaves[:size]))
    verify_inclusion(leaf, entry.index, at, proof, "log")
    with pytest.raises(NotAuthentic):
        verify_inclusion(flip(leaf, data.draw(st.integers(0, 255))), entry.index, at, proof, "log")
    party.close()


def test_a_leaf_is_its_entry_and_nobody_elses(shown):
    party, report = shown
    stored = {row[1]: row[6] for row in party.rows("entries")}
    assert stored == {n: encode_base64url(leaf) for n, leaf in leaves_of(report).items()}
