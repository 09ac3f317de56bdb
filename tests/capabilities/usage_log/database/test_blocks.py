"""The work of every full hour, on both databases: each entry once, by one worker, whatever clocks and machines do."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from capabilities.usage_log.database import blocks
from protocol.sovereignty.usage import BLOCK, HOUR
from tests.support.merkle import root_over
from tests.support.partners import RECEIPT
from tests.support.pki import NOW
from tests.support.usage import DAY, RECEIVED, VIEWED, Reader, head_of, open_party

NEW_YEAR = 1_830_297_600  # 2028-01-01T00:00:00Z


def clerks(count, name="clerk"):
    return [replace(VIEWED, by=f"{name} {i}") for i in range(count)]


def placed(party):
    return [(entry.log, entry.index) for entry in party.store.entries(RECEIPT, after=-1, limit=10_000)]


def test_two_workers_append_each_entry_once(stored_party, database_url):
    other = open_party(database_url, clock=stored_party.clock, seed=2, create=False)
    stored_party.hour()
    for turn in range(3):
        stored_party.use(*clerks(5, f"clerk {turn}"))
        stored_party.clock.now += HOUR
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda worker: worker.append(), (stored_party, other) * 2))
        assert sorted(done) == [0, 0, 0, BLOCK]
    assert len(set(placed(stored_party))) == 15
    assert head_of(stored_party).head.tree.size == 4 * BLOCK
    Reader(stored_party).ask_all()
    other.close()


def test_what_is_written_while_a_block_is_appended_waits_for_the_next(stored_party, database_url):
    other = open_party(database_url, clock=stored_party.clock, seed=2, create=False)
    stored_party.use(*clerks(50))
    stored_party.clock.now += HOUR
    with ThreadPoolExecutor(2) as pool:
        appending = pool.submit(stored_party.append)
        for use in clerks(50, "late"):
            other.use(use)
        assert appending.result() == BLOCK
    assert [log is None for log, _ in placed(stored_party)] == [False] * 50 + [True] * 50
    stored_party.hour()
    assert len(set(placed(stored_party))) == 100
    other.close()


def test_the_tree_is_the_one_of_the_definitions_over_what_was_appended(stored_party):
    for turn in range(3):
        stored_party.use(*clerks(70, f"clerk {turn}"))
        stored_party.hour()
    leaves = stored_party.leaves()
    assert len(leaves) == len(set(leaves)) == 3 * 128
    assert head_of(stored_party).head.tree == (len(leaves), root_over(leaves))


def test_a_block_tells_neither_the_order_nor_the_number_of_its_entries(stored_party):
    sizes = []
    for count in (0, 1, 63, 64, 65):
        stored_party.use(*clerks(count, f"clerk of {count}"))
        sizes.append(stored_party.hour())
    assert sizes == [64, 64, 64, 64, 128]
    in_second = [index for log, index in placed(stored_party) if 128 <= index < 192]
    assert in_second != sorted(in_second)


def test_more_than_a_portion_comes_in_several_transactions_and_all_of_it(stored_party, monkeypatch):
    monkeypatch.setattr(blocks, "PORTION", 2 * BLOCK)
    # The query has its limit from before
    stored_party = open_again(stored_party)
    stored_party.use(*clerks(5 * BLOCK + 3))
    stored_party.clock.now += HOUR
    counts = []
    while count := stored_party.store.append(stored_party.clock.now):
        counts.append(count)
    assert counts == [2 * BLOCK, 2 * BLOCK, 2 * BLOCK]
    assert len(set(placed(stored_party))) == 5 * BLOCK + 3
    Reader(stored_party).ask_all()
    stored_party.close()


def open_again(party):
    party.close()
    return open_party(party.database.url.render_as_string(hide_password=False), clock=party.clock, create=False)


def test_missed_hours_are_made_up_for_one_by_one(stored_party):
    stored_party.hour()
    stored_party.use(RECEIVED)
    stored_party.clock.now += 5 * HOUR
    stored_party.use(VIEWED)
    assert stored_party.append() == 5 * BLOCK
    # The one from before is in the block of its hour, the other one is not yet
    [(_, index), (log, _)] = placed(stored_party)
    assert BLOCK <= index < 2 * BLOCK
    assert log is None
    stored_party.hour()
    Reader(stored_party).ask_all()


def test_a_night_over_new_year_fills_both_logs(stored_party):
    stored_party.clock.now = NEW_YEAR - 2 * HOUR
    stored_party.append()
    stored_party.clock.now += HOUR + 10
    stored_party.use(RECEIVED)
    stored_party.clock.now = NEW_YEAR + 3 * HOUR + 10
    assert stored_party.append() == 5 * BLOCK
    assert [log for log, _ in placed(stored_party)] == ["2027"]
    assert head_of(stored_party, "2027").head.tree.size == 3 * BLOCK
    assert head_of(stored_party, "2028").head.tree.size == 3 * BLOCK


def test_a_clock_that_runs_back_a_little_appends_nothing_twice(stored_party):
    stored_party.hour()
    stored_party.clock.now -= 200
    stored_party.use(RECEIVED)
    assert stored_party.append() == 0
    stored_party.clock.now += 200
    assert stored_party.append() == 0
    assert stored_party.hour() == BLOCK
    assert placed(stored_party)[0][0] == "2027"


def test_a_clock_that_was_a_year_ahead_and_is_put_right_stops_nothing(stored_party):
    """Nobody waits for a year, and what was written meanwhile can be proven."""
    later = NOW + 3 * 365 * DAY
    stored_party.use(RECEIVED, log_until=later)
    stored_party.hour()
    stored_party.clock.now += 365 * DAY
    stored_party.append()
    stored_party.use(VIEWED, log_until=later)
    stored_party.use(RECEIVED, receipt="other-receipt-0123456789", log_until=later)
    stored_party.clock.now -= 365 * DAY
    assert stored_party.append() == BLOCK
    assert stored_party.hour() == BLOCK
    assert [log for log, _ in placed(stored_party)] == ["2027", "2027"]
    # Opened in the log of the year that was not; a report has to have the head of this one
    assert stored_party.store.receipt("other-receipt-0123456789").since == "2027"


def test_what_waits_for_the_hour_can_be_appended_early_and_the_hour_comes_all_the_same(stored_party):
    stored_party.hour()
    before = head_of(stored_party).head.tree.size
    stored_party.use(*clerks(70))
    assert stored_party.append() == 0
    assert stored_party.append_early() == 2 * BLOCK
    assert [log is None for log, _ in placed(stored_party)] == [False] * 70
    reader = Reader(stored_party)
    assert all(entry.place for report in reader.ask_all() for entry in report.entries)
    # Nothing waits, so nothing is appended
    assert stored_party.append_early() == 0
    assert stored_party.hour() == BLOCK
    assert head_of(stored_party).head.tree.size == before + 3 * BLOCK
    assert head_of(stored_party).head.tree == (before + 3 * BLOCK, root_over(stored_party.leaves()))
    reader.ask_all()


def test_what_is_due_is_appended_before_what_is_early(stored_party):
    stored_party.hour()
    stored_party.use(*clerks(1, "of the hour before"))
    stored_party.clock.now += HOUR
    stored_party.use(*clerks(1, "of this hour"))
    assert stored_party.append_early() == 2 * BLOCK
    [(_, first), (_, second)] = placed(stored_party)
    assert second // BLOCK == first // BLOCK + 1
    assert stored_party.append() == 0


def test_an_early_block_in_the_first_hour_of_a_year_is_in_the_log_of_that_year(stored_party):
    stored_party.clock.now = NEW_YEAR - HOUR // 2
    stored_party.hour()
    assert stored_party.clock.now >= NEW_YEAR
    stored_party.use(*clerks(1))
    stored_party.append_early()
    assert [log for log, _ in placed(stored_party)] == ["2028"]
    Reader(stored_party).ask_all()


def test_more_than_a_portion_is_appended_early_to_its_end(monkeypatch):
    monkeypatch.setattr(blocks, "PORTION", BLOCK)
    party = open_party("sqlite:///:memory:")
    party.use(*clerks(BLOCK + 1))
    assert party.append_early() == 3 * BLOCK
    assert all(log for log, _ in placed(party))
    party.close()
