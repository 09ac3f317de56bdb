"""The store, on both databases: numbers without gaps, an hour's first, and erasing what is over."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from capabilities.usage_log.records import Told, Used
from protocol.sovereignty.usage import BLOCK, HOUR
from protocol.sovereignty.usage_report import News
from tests.support.partners import RECEIPT, both
from tests.support.pki import NOW
from tests.support.usage import (
    DAY,
    FORWARDED,
    LOG_UNTIL,
    METADATA,
    RECEIVED,
    VIEWED,
    Reader,
    actions,
    do,
    head_of,
    open_party,
)

OTHER = "other-receipt-0123456789"
YEAR = 365 * DAY


def entries_of(party, receipt=RECEIPT):
    return party.store.entries(receipt, after=-1, limit=10_000)


def test_a_migration_makes_the_tables_that_the_program_uses(stored_party):
    def compare(connection):
        if not stored_party.database.is_sqlite:
            return []
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    assert stored_party.database.write(compare) == []


def test_numbers_count_for_each_receipt_alone(stored_party):
    stored_party.use(RECEIVED, VIEWED)
    stored_party.use(RECEIVED, receipt=OTHER)
    stored_party.use(FORWARDED)
    assert [entry.n for entry in entries_of(stored_party)] == [0, 1, 2]
    assert [entry.n for entry in entries_of(stored_party, OTHER)] == [0]


def test_of_uses_that_differ_only_in_their_time_the_first_in_an_hour_is_written(stored_party):
    stored_party.use(VIEWED)
    stored_party.clock.forward(HOUR - 1)
    stored_party.use(VIEWED, VIEWED)
    stored_party.use(replace(VIEWED, by="portal"))
    assert [(entry.n, entry.members["at"]) for entry in entries_of(stored_party)] == [(0, NOW), (1, NOW + HOUR - 1)]
    stored_party.clock.forward(1)
    stored_party.use(VIEWED)
    assert [entry.n for entry in entries_of(stored_party)] == [0, 1, 2]


def test_which_query_is_named_first_makes_no_other_use(stored_party):
    claims = {"pid": (("family_name",),), "address": (("city",),)}
    stored_party.use(replace(VIEWED, claims=claims), replace(VIEWED, claims=dict(reversed(claims.items()))))
    assert len(entries_of(stored_party)) == 1


def test_what_a_transaction_takes_back_leaves_no_gap(stored_party):
    stored_party.use(RECEIVED)

    def work(connection):
        stored_party.store.write(connection, [Used(RECEIPT, LOG_UNTIL, VIEWED)])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        stored_party.database.write(work)
    stored_party.use(FORWARDED)
    assert [(entry.n, entry.members["action"]) for entry in entries_of(stored_party)] == [
        (0, "received"),
        (1, "forwarded"),
    ]


def test_two_workers_number_without_gaps_and_write_the_first_of_an_hour_once(stored_party, database_url):
    other = open_party(database_url, clock=stored_party.clock, seed=2, create=False)

    def work(number):
        worker = (stored_party, other)[number % 2]
        # Each is told by both workers, and the two come at the same moment
        worker.use(replace(VIEWED, by=f"clerk {number // 2}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    found = entries_of(stored_party)
    assert [entry.n for entry in found] == list(range(20))
    assert len({entry.members["by"] for entry in found}) == 20
    other.close()


def test_after_log_until_entry_blind_and_news_are_gone(stored_party):
    """What is left is a leaf that means nothing any more."""
    stored_party.use(RECEIVED, VIEWED, log_until=NOW + DAY)
    stored_party.store.record([Told(RECEIPT, NOW + DAY, News(NOW, both("Bewilligt", "Granted")))])
    stored_party.use(RECEIVED, receipt=OTHER)
    stored_party.hour()
    before = head_of(stored_party).head
    stored_party.clock.now = NOW + DAY - 1
    assert stored_party.sweep() == 0
    stored_party.clock.now = NOW + DAY
    assert stored_party.sweep() > 0
    assert entries_of(stored_party) == ()
    assert stored_party.store.news(RECEIPT, 16) == ()
    assert stored_party.store.receipt(RECEIPT) is None
    assert [entry.n for entry in entries_of(stored_party, OTHER)] == [0]
    assert head_of(stored_party).head == before
    assert actions(Reader(stored_party, OTHER).ask()) == ["received"]
    # It does not begin again
    stored_party.use(VIEWED, log_until=NOW + DAY)
    assert entries_of(stored_party) == ()


def test_a_file_keeps_nothing_of_what_was_erased(tmp_path):
    """T228: neither the words of an entry nor its blind, in free pages or in the log of SQLite."""
    party = open_party(f"sqlite:///{tmp_path}/usage.db")
    party.use(replace(VIEWED, by="clerk of the unmistakable"), log_until=NOW + DAY)
    [row] = party.rows("entries")
    party.hour()
    party.clock.now = NOW + DAY
    party.sweep()
    party.close()
    for secret in (b"unmistakable", str(row[5]).encode()):
        assert all(secret not in path.read_bytes() for path in tmp_path.iterdir())


def test_erasing_goes_in_portions(stored_party):
    stored_party.use(*[replace(VIEWED, by=f"clerk {i}") for i in range(30)], log_until=NOW + DAY)
    stored_party.use(RECEIVED, receipt=OTHER, log_until=NOW + DAY)
    stored_party.clock.now = NOW + DAY
    rounds = 0
    while stored_party.sweep(limit=10) >= 10:
        rounds += 1
    assert rounds >= 3
    assert (stored_party.rows("entries"), stored_party.rows("receipts")) == ([], [])


def test_the_leaves_of_an_old_year_go_with_its_last_receipt_and_its_heads_stay(stored_party):
    """Spec §2: old logs close. What a witness holds of them can still be proven."""
    stored_party.use(RECEIVED, log_until=NOW + 2 * YEAR)
    stored_party.use(RECEIVED, receipt=OTHER, log_until=NOW + DAY)
    heads = []
    for _ in range(5):
        stored_party.hour()
        heads.append(head_of(stored_party).head)

    def rows():
        return [row[0] for row in stored_party.rows("leaves")]

    # The year is over, but one receipt of it is not
    stored_party.clock.now = NOW + 2 * YEAR - 1
    sweep_all(stored_party)
    assert rows() == ["2027"] * 5
    assert actions(Reader(stored_party).ask(check=lambda report, asked: None)) == ["received"]
    stored_party.clock.now += 1
    sweep_all(stored_party)
    assert rows() == []
    for before in heads:
        do(stored_party.log.consistency("2027", before.tree.size, 5 * BLOCK)).verify(before, heads[-1])
    assert stored_party.store.log("2027").head == heads[-1]


def test_leaves_of_this_year_stay(stored_party):
    stored_party.use(RECEIVED, log_until=NOW + DAY)
    stored_party.hour()
    stored_party.clock.now = NOW + 2 * DAY
    sweep_all(stored_party)
    assert len(stored_party.rows("leaves")) == 1


def sweep_all(party):
    while party.sweep() >= 500:
        pass
