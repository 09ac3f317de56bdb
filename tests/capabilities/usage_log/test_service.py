"""What a log answers, to a wallet that checks every report against the one before."""

from dataclasses import replace

import pytest

from capabilities.usage_log.records import Told, Used
from protocol.errors import Malformed, NotFound, TooLarge
from protocol.jws import Jws
from protocol.sovereignty.merkle import MAX_SIZE
from protocol.sovereignty.usage import BLOCK, HOUR, Addressee
from protocol.sovereignty.usage_report import MAX_ENTRIES, MAX_NEWS, News, Seen, UsageRequest
from tests.support.partners import RECEIPT, both
from tests.support.pki import NOW
from tests.support.usage import (
    FORWARDED,
    LOG_UNTIL,
    RECEIVED,
    VIEWED,
    Reader,
    actions,
    do,
    head_of,
    numbers,
)

NEW_YEAR = 1_830_297_600  # 2028-01-01T00:00:00Z
OTHER = "other-receipt-0123456789"


def test_an_entry_is_pending_and_then_in_the_tree(party):
    reader = Reader(party)
    party.use(RECEIVED)
    [pending] = reader.ask().entries
    assert pending.place is None
    assert party.hour() == BLOCK
    [placed] = reader.ask().entries
    assert placed.place is not None
    assert placed.blinded == pending.blinded


def test_a_wallet_asks_for_what_is_new_and_sees_the_log_grow(party):
    reader = Reader(party)
    party.use(RECEIVED)
    party.hour()
    assert numbers(reader.ask_all()) == [0]
    party.use(VIEWED, FORWARDED)
    party.hour()
    [report] = reader.ask_all()
    assert actions(report) == ["viewed", "forwarded"]
    assert report.consistency
    party.hour()
    [last] = reader.ask_all()
    assert last.entries == ()
    assert last.heads[0].tree.size == 3 * BLOCK


def test_a_report_is_about_one_receipt(party):
    party.use(RECEIVED)
    party.use(RECEIVED, VIEWED, receipt=OTHER)
    party.hour()
    assert actions(Reader(party).ask()) == ["received"]
    assert actions(Reader(party, OTHER).ask()) == ["received", "viewed"]
    for unknown in ("unknown-receipt-12345678", ""):
        with pytest.raises(NotFound):
            do(party.log.report(unknown, UsageRequest()))


def test_after_log_until_nothing_is_said_even_before_it_is_erased(party):
    party.use(RECEIVED, log_until=NOW + HOUR)
    party.hour()
    party.clock.now = NOW + HOUR - 1
    assert actions(Reader(party).ask()) == ["received"]
    party.clock.now = NOW + HOUR
    with pytest.raises(NotFound):
        do(party.log.report(RECEIPT, UsageRequest()))


class AppendsMeanwhile:
    """A store to which another worker appends just after the heads were read."""

    def __init__(self, party):
        self.party = party

    def __getattr__(self, name):
        return getattr(self.party.store, name)

    def logs(self, since):
        found = self.party.store.logs(since)
        self.party.clock.now += HOUR
        assert self.party.store.append(self.party.clock.now) == BLOCK
        return found


def test_what_comes_into_a_tree_while_a_report_is_made_is_pending_in_it(party):
    """Every report is true to itself: it proves nothing against a head that it does not have."""
    reader = Reader(party)
    quick, party.log = party.log, replace(party.log, store=AppendsMeanwhile(party))
    party.use(RECEIVED)
    report = reader.ask()
    assert (report.heads, [entry.place for entry in report.entries]) == ((), [None])
    # The next block has no room for anything but entries, so one of them is the very next leaf
    party.use(*[replace(VIEWED, by=f"clerk {i}") for i in range(BLOCK)])
    report = reader.ask()
    assert [entry.place is None for entry in report.entries] == [False] + [True] * BLOCK
    party.log = quick
    assert all(entry.place for report in Reader(party).ask_all() for entry in report.entries)


def test_more_entries_than_fit_come_in_further_reports(party):
    party.use(*[replace(VIEWED, by=f"clerk {i}") for i in range(120)])
    party.hour()
    reports = Reader(party).ask_all()
    assert len(reports) > 2
    assert numbers(reports) == list(range(120))
    assert all(len(report.entries) > 10 for report in reports[:-1])
    assert all(len(report.entries) <= MAX_ENTRIES for report in reports)


def test_the_largest_entry_and_the_largest_news_fit(party):
    longest = both("x" * 1900, "y" * 1900)
    wide = {f"query {i}": tuple([(f"claim {n}",) for n in range(20)]) for i in range(30)}
    largest = replace(VIEWED, by="c" * 256, why=longest, claims=wide)
    party.store.record([Told(RECEIPT, LOG_UNTIL, News(NOW + i, longest)) for i in range(MAX_NEWS + 4)])
    party.use(largest)
    party.hour()
    report = Reader(party).ask()
    assert len(report.entries) == 1
    assert 0 < len(report.news) < MAX_NEWS
    assert [news.at for news in report.news] == [NOW + MAX_NEWS + 4 - n for n in range(len(report.news), 0, -1)]


def test_news_reach_the_citizen_with_an_offer(party):
    offer = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fagency.example%2Fo%2F1"
    news = News(NOW + 60, both("Bewilligt", "Granted"), offer)
    party.use(RECEIVED)
    party.store.record([Told(RECEIPT, LOG_UNTIL, news)])
    assert Reader(party).ask().news == (news,)


def test_what_no_reader_would_take_is_refused_before_it_is_written():
    wide = {"pid": tuple([(f"{n} {'x' * 40}",) for n in range(400)])}
    with pytest.raises(TooLarge):
        Used(RECEIPT, LOG_UNTIL, replace(VIEWED, claims=wide))
    with pytest.raises(Malformed):
        Used(RECEIPT, LOG_UNTIL, replace(FORWARDED, to=Addressee("<b>Bank</b>")))
    with pytest.raises(Malformed):
        Used("no id", LOG_UNTIL, VIEWED)
    with pytest.raises(Malformed):
        Told(RECEIPT, LOG_UNTIL, News(NOW, both("Bewilligt", "Granted"), "javascript:alert(1)"))
    long_words = both("ß" * 2000, "y" * 2000)
    with pytest.raises(TooLarge):
        Told(RECEIPT, LOG_UNTIL, News(NOW, long_words, "https://agency.example/" + "o" * 2000))


@pytest.mark.parametrize(
    "seen", [Seen("2027", 63), Seen("2027", 3 * BLOCK), Seen("2026", BLOCK), Seen("2027", MAX_SIZE), Seen("2027", 0)]
)
def test_what_a_wallet_saw_that_never_was_gets_no_proof(party, seen):
    party.use(RECEIVED)
    party.hour()
    party.hour()
    token = do(party.log.report(RECEIPT, UsageRequest(seen=seen)))
    assert b"consistency" not in Jws.from_compact(token, "report").payload


def test_a_year_has_a_log_and_a_receipt_is_found_in_both(party):
    party.clock.now = NEW_YEAR - HOUR - 600
    reader = Reader(party)
    party.use(RECEIVED)
    party.hour()
    party.clock.now = NEW_YEAR - 1
    party.use(VIEWED)
    assert [head.log for head in reader.ask().heads] == ["2027"]
    party.hour()
    assert [entry.place.log for entry in reader.ask().entries if entry.place] == ["2027", "2027"]
    party.use(FORWARDED)
    party.hour()
    report = reader.ask()
    assert [head.log for head in report.heads] == ["2027", "2028"]
    assert [entry.place.log for entry in report.entries if entry.place] == ["2027", "2027", "2028"]
    assert head_of(party, "2027").head.tree.size == 2 * BLOCK
    # A receipt of the new year is not told of old logs
    party.use(RECEIVED, receipt=OTHER)
    assert [head.log for head in Reader(party, OTHER).ask().heads] == ["2028"]


def test_the_head_is_signed_once_an_hour_and_anew_when_the_log_grew(party):
    party.hour()
    first = do(party.log.head("2027"))
    party.clock.forward(1200)
    assert do(party.log.head("2027")) == (first.token, HOUR - 1200)
    party.hour()
    second = do(party.log.head("2027"))
    assert second.token != first.token
    assert head_of(party).head.tree.size == 2 * BLOCK
    # Nobody appended: the head is the same, and still it is not too old
    party.clock.now += 3 * HOUR + 5
    late = do(party.log.head("2027"))
    assert late.max_age == 60
    assert head_of(party).issued_at == party.clock.now


def test_a_witness_sees_the_log_grow(party):
    party.use(RECEIVED)
    heads = []
    for _ in range(5):
        party.hour()
        heads.append(head_of(party).head)
    for i, before in enumerate(heads):
        for after in heads[i:]:
            do(party.log.consistency("2027", before.tree.size, after.tree.size)).verify(before, after)


@pytest.mark.parametrize(
    ("log", "before", "after"),
    [("2026", 64, 128), ("2027", 63, 128), ("2027", 64, 127), ("2027", 128, 64), ("2027", 64, 192), ("2027", -64, 64)],
)
def test_logs_and_sizes_that_nobody_was_shown_are_the_same_nothing(party, log, before, after):
    party.hour()
    party.hour()
    assert do(party.log.consistency("2027", 0, 128)).consistency == ()
    with pytest.raises(NotFound) as refusal:
        do(party.log.consistency(log, before, after))
    with pytest.raises(NotFound) as unknown:
        do(party.log.head("1999"))
    assert (refusal.value.status, str(refusal.value)) == (unknown.value.status, str(unknown.value))
