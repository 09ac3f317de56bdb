"""Each rule by which something withheld shows: it speaks where it must, and keeps silent where it must not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.sovereignty.findings import (
    CLOCKS,
    DAY,
    GROWS_WITHIN,
    RECEIVED_WITHIN,
    WITNESSED_WITHIN,
    Event,
    Finding,
    Rule,
    find_altered,
    find_broken,
    find_gaps,
    find_gone,
    find_no_new_head,
    find_no_received,
    find_not_erased,
    find_not_in_tree,
    find_past_changed,
    find_pending_too_long,
    find_reordered,
    find_split_view,
    find_told_late,
    find_unknown_recipients,
    find_unlogged,
)
from protocol.sovereignty.log_heads import LogHead
from protocol.sovereignty.merkle import EMPTY_ROOT, TreeHead
from protocol.sovereignty.partner_directory import Witnessed
from protocol.sovereignty.usage import HOUR, IN_TREE_WITHIN, Action, Addressee, UsageEntry
from protocol.sovereignty.usage_report import Asked, UsageReport
from tests.protocol.sovereignty.logs import CLAIMS, FORWARDED, RECEIVED, TO_BANK, VIEWED, WHY, Log, entries_of
from tests.support.partners import COCKPIT, RECEIPT
from tests.support.pki import NOW

ENTRIES = entries_of(RECEIVED, VIEWED, FORWARDED)
DECIDED = replace(VIEWED, action=Action.DECIDED, at=NOW + DAY)
ERASED = replace(RECEIVED, action=Action.ERASED, at=NOW + 2 * DAY)
KEPT = replace(ERASED, action=Action.KEPT)


def honest():
    """A log as an honest partner keeps it, what was seen of it, and its next report."""
    log = Log(RECEIVED).hour()
    seen = log.head()
    log.add(VIEWED)
    log.hour()
    log.add(FORWARDED)
    return log, seen, log.report(seen=64)


LOG, SEEN, REPORT = honest()
LEAVES = {blinded.entry.n: blinded.leaf for blinded in LOG.entries}
ASKED = Asked(RECEIPT, NOW + 300, seen=SEEN, known=(SEEN,))
LIES = Log(replace(RECEIVED, by="another"), VIEWED, FORWARDED, seed=2).hour().hour()


def test_an_honest_partner_is_not_accused():
    events = (Event(Action.FORWARDED, NOW + 180, TO_BANK.identifier),)
    partner = Witnessed(COCKPIT, (SEEN, LOG.head()))
    found = (
        find_no_received(ENTRIES, NOW, NOW + DAY),
        find_gaps(ENTRIES),
        find_gone(LEAVES, REPORT, None),
        find_altered(LEAVES, REPORT.entries),
        find_reordered(REPORT, None),
        find_not_in_tree(REPORT),
        find_pending_too_long(REPORT),
        find_past_changed(REPORT, ASKED),
        find_split_view(LOG.head(), partner, report_at=NOW, directory_at=NOW + DAY),
        find_broken(partner),
        find_unknown_recipients(ENTRIES, (TO_BANK,)),
        find_unlogged(events, ENTRIES, NOW + DAY),
        find_told_late(ENTRIES, NOW),
        find_not_erased(CLAIMS, entries_of(RECEIVED, ERASED), gone_at=NOW + 2 * DAY, report_at=NOW + 9 * DAY),
        find_no_new_head((SEEN,), (LOG.head(),), between=2 * DAY),
    )
    assert not any(found)


def test_data_that_came_is_said_to_have_come_within_two_hours():
    silent = ENTRIES[1:]
    assert find_no_received(silent, NOW, NOW + RECEIVED_WITHIN + 1) == Finding(Rule.NO_RECEIVED)
    assert find_no_received((), NOW, NOW + RECEIVED_WITHIN) is None


def test_a_dropped_entry_leaves_a_gap():
    assert find_gaps((ENTRIES[0], ENTRIES[2])) == Finding(Rule.GAP, (1,))
    assert find_gaps(ENTRIES[1:]) == Finding(Rule.GAP, (0,))
    assert find_gaps(()) is None


def test_a_gap_of_any_width_costs_no_more_than_its_ends():
    wide = (*ENTRIES, replace(ENTRIES[0], n=2**53 - 1))
    assert find_gaps(wide) == Finding(Rule.GAP, (2**53 - 2,))


@given(st.sets(st.integers(0, 30)))
def test_numbers_without_a_gap_are_those_that_count_from_zero(numbers):
    found = find_gaps(UsageEntry(RECEIPT, n, VIEWED) for n in numbers)
    assert (found is None) == (numbers == set(range(len(numbers))))


def test_what_was_shown_as_pending_does_not_go():
    dropped = replace(REPORT, entries=REPORT.entries[:2])
    assert find_gone(LEAVES, dropped, None) == Finding(Rule.GONE, (2,))
    assert find_gone(LEAVES, replace(REPORT, entries=()), 1) == Finding(Rule.GONE, (2,))
    # What comes with the next part, or was not asked for again, is not gone
    assert find_gone(LEAVES, replace(dropped, more=True), None) is None
    assert find_gone(LEAVES, replace(REPORT, entries=REPORT.entries[2:], more=True), 0) == Finding(Rule.GONE, (1,))
    assert find_gone(LEAVES, replace(REPORT, entries=()), 2) is None


def test_an_entry_stays_as_it_was_shown():
    assert find_altered(LEAVES, LIES.report().entries) == Finding(Rule.ALTERED, (0, 1, 2))
    assert find_altered({1: LEAVES[1]}, LIES.report().entries) == Finding(Rule.ALTERED, (1,))
    assert find_altered({}, LIES.report().entries) is None


def test_entries_out_of_order_show():
    first, second, third = REPORT.entries
    for entries in ((second, first, third), (first, first)):
        assert find_reordered(replace(REPORT, entries=entries), None) == Finding(Rule.REORDERED)
    assert find_reordered(REPORT, 0) == Finding(Rule.REORDERED)


def test_an_entry_that_is_not_in_the_tree_shows():
    mixed = replace(REPORT, entries=(REPORT.entries[0], LIES.report().entries[1]))
    assert find_not_in_tree(mixed) == Finding(Rule.NOT_IN_TREE, (1,))


def test_an_entry_is_in_the_tree_after_two_hours():
    late = FORWARDED.at + IN_TREE_WITHIN + CLOCKS
    assert find_pending_too_long(replace(REPORT, issued_at=late)) is None
    assert find_pending_too_long(replace(REPORT, issued_at=late + 1)) == Finding(Rule.PENDING_TOO_LONG, (2,))
    delayed = Log(replace(FORWARDED, delayed=WHY)).report(at=late + 1)
    assert find_pending_too_long(delayed) is None


@pytest.mark.parametrize(
    "report",
    [
        replace(REPORT, entries=(), heads=(LIES.head(),), consistency=LIES.growth(64).consistency),
        replace(REPORT, entries=(), heads=()),
        replace(REPORT, consistency=()),
    ],
    ids=["a fork", "gone", "no proof"],
)
def test_another_past_shows(report):
    assert find_past_changed(report, ASKED) == Finding(Rule.PAST_CHANGED)


PARTNER = Witnessed(COCKPIT, (LOG.head(64), LOG.head(128)))


def split(head, *, after=0, growth=None, partner=PARTNER):
    return find_split_view(head, partner, report_at=NOW, directory_at=NOW + after, growth=growth)


def test_a_past_that_the_witness_did_not_see_shows():
    assert split(LIES.head(128)) == Finding(Rule.SPLIT_VIEW, log="2026")


def test_a_newer_head_is_witnessed_within_three_hours():
    newer = LogHead("2026", TreeHead(192, b"\1" * 32))
    assert split(newer, after=WITNESSED_WITHIN) is None
    assert split(newer, after=WITNESSED_WITHIN + 1) == Finding(Rule.NOT_WITNESSED, log="2026")


def test_a_head_between_those_of_the_witness_is_proven_to_have_grown_into_them():
    between, late = LOG.head(100), WITNESSED_WITHIN + 1
    assert split(between, after=late, growth=LOG.growth(100, 128)) is None
    assert split(between, after=late) == Finding(Rule.NOT_WITNESSED, log="2026")
    assert split(between) is None
    for lie in (LIES.growth(100, 128), LOG.growth(100, 127)):
        assert split(between, growth=lie) == Finding(Rule.SPLIT_VIEW, log="2026")
    assert split(LIES.head(100), growth=LIES.growth(100, 128)) == Finding(Rule.SPLIT_VIEW, log="2026")


def test_an_empty_log_needs_no_witness():
    assert split(LogHead("2027", TreeHead(0, EMPTY_ROOT)), after=DAY) is None


def test_a_partner_that_showed_the_witness_two_pasts_is_named():
    assert find_broken(replace(PARTNER, broken_since=NOW)) == Finding(Rule.BROKEN)


def test_data_goes_to_nobody_whom_the_receipt_does_not_name():
    landlord = Addressee("landlord")
    twice = entries_of(FORWARDED, replace(FORWARDED, to=landlord), VIEWED, FORWARDED)
    assert find_unknown_recipients(twice, (landlord,)) == (
        Finding(Rule.UNKNOWN_RECIPIENT, (0, 3), who=TO_BANK.identifier),
    )
    assert find_unknown_recipients(twice, (TO_BANK, landlord)) == ()
    # What an organisation is called is not who it is, and a role is no identifier
    assert len(find_unknown_recipients(twice, (Addressee(TO_BANK.name), Addressee("x", "landlord")))) == 2


@pytest.mark.parametrize(
    ("event", "entries", "found"),
    [
        (Event(Action.FORWARDED, NOW + 180, TO_BANK.identifier), ENTRIES[:2], True),
        (Event(Action.FORWARDED, NOW + 180, "X"), ENTRIES, True),
        (Event(Action.FORWARDED, FORWARDED.at - CLOCKS, TO_BANK.identifier), ENTRIES, False),
        (Event(Action.FORWARDED, FORWARDED.at - CLOCKS - 1, TO_BANK.identifier), ENTRIES, True),
        (Event(Action.DECIDED, NOW + DAY), ENTRIES, True),
        (Event(Action.DECIDED, NOW + DAY), (*ENTRIES, UsageEntry(RECEIPT, 3, DECIDED)), False),
        (Event(Action.DECIDED, NOW + 4 * DAY - RECEIVED_WITHIN), (), False),
        (Event(Action.DECIDED, NOW + 4 * DAY - RECEIVED_WITHIN - 1), (), True),
    ],
    ids=["dropped", "to somebody else", "at once", "afterwards", "decision", "decided", "not yet due", "due"],
)
def test_what_happened_has_its_entry(event, entries, found):
    expected = (Finding(Rule.UNLOGGED, who=event.who),) if found else ()
    assert find_unlogged((event,), entries, NOW + 4 * DAY) == expected


def test_one_entry_answers_for_one_event_or_for_those_of_its_hour():
    def events(*times):
        return [Event(Action.FORWARDED, at, TO_BANK.identifier) for at in times]

    missing = Finding(Rule.UNLOGGED, who=TO_BANK.identifier)
    assert find_unlogged(events(NOW + 180, NOW + 180 + HOUR), ENTRIES, NOW + DAY) == ()
    assert find_unlogged(events(NOW + 180, NOW + 180 + HOUR + CLOCKS), ENTRIES, NOW + DAY) == (missing,)
    two = entries_of(FORWARDED, replace(FORWARDED, at=NOW + 3 * HOUR))
    assert find_unlogged(events(NOW + 180, NOW + 4 * HOUR), two, NOW + DAY) == ()
    anybody = Event(Action.FORWARDED, NOW + 4 * HOUR)
    assert find_unlogged((anybody, *events(NOW + 3 * HOUR)), entries_of(FORWARDED), NOW + DAY) == ()
    other = entries_of(FORWARDED, replace(FORWARDED, to=Addressee("landlord"), at=NOW))
    assert find_unlogged((Event(Action.FORWARDED, NOW + 9 * HOUR), *events(NOW + 180)), other, NOW + DAY) == ()


def test_what_an_earlier_report_left_out_contradicts_it():
    told = NOW + 60 + CLOCKS
    assert find_told_late((ENTRIES[1],), told) is None
    assert find_told_late(ENTRIES, told + 1) == Finding(Rule.TOLD_LATE, (0, 1))
    assert find_told_late(entries_of(replace(VIEWED, delayed=WHY)), told + DAY) is None


GONE_AT = NOW + 2 * DAY
LATER = GONE_AT + IN_TREE_WITHIN + 1
FAMILY_NAME, BIRTHDATE = (("pid", path) for path in CLAIMS["pid"])


def erased(*uses, claims=CLAIMS, gone_at=GONE_AT, report_at=LATER):
    return find_not_erased(claims, entries_of(RECEIVED, *uses), gone_at=gone_at, report_at=report_at)


def test_data_is_erased_or_kept_with_a_reason_when_its_time_is_over():
    assert erased() == Finding(Rule.NOT_ERASED, claims=(FAMILY_NAME, BIRTHDATE))
    assert erased(report_at=LATER - 1) is None
    assert erased(gone_at=None) is None
    assert erased(ERASED) is None
    assert erased(KEPT) is None


def test_each_claim_is_erased_or_kept():
    part = replace(ERASED, claims={"pid": (("family_name",),)})
    assert erased(part) == Finding(Rule.NOT_ERASED, claims=(BIRTHDATE,))
    assert erased(part, replace(KEPT, claims={"pid": (("birthdate",),)})) is None
    assert erased(replace(ERASED, claims={"other": CLAIMS["pid"]})) == erased()
    whole = {"address": (("address", "locality"), ("address", "country"))}
    assert erased(replace(ERASED, claims={"address": (("address",),)}), claims=whole) is None


def test_a_presentation_without_claims_is_erased_too():
    whole = {"ticket": ()}
    assert erased(claims=whole) == Finding(Rule.NOT_ERASED, claims=(("ticket", ()),))
    assert erased(replace(ERASED, claims=whole), claims=whole) is None


def test_a_reason_from_long_before_does_not_say_why_data_is_still_there():
    assert erased(replace(KEPT, at=GONE_AT - DAY)) is None
    assert erased(replace(KEPT, at=GONE_AT - DAY - 1)) == erased()
    assert erased(replace(ERASED, at=NOW)) is None


def test_a_log_grows_every_day():
    heads = (LOG.head(),)
    assert find_no_new_head(heads, heads, between=GROWS_WITHIN) is None
    assert find_no_new_head(heads, heads, between=GROWS_WITHIN + 1) == Finding(Rule.NO_NEW_HEAD)
    assert find_no_new_head((), (), between=GROWS_WITHIN + 1) == Finding(Rule.NO_NEW_HEAD)
    next_year = Log(year="2027").hour().head()
    assert find_no_new_head(heads, (*heads, next_year), between=GROWS_WITHIN + 1) is None


def test_a_report_without_anything_is_not_a_crash():
    empty = UsageReport(RECEIPT, NOW, ())
    rules = (
        find_reordered(empty, None),
        find_not_in_tree(empty),
        find_pending_too_long(empty),
        find_gone({}, empty, None),
    )
    assert not any(rules)
