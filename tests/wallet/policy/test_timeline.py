"""The timeline: everything in its order, found by what it is about, and the same however it came to be known."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.sovereignty.receipt_check import Absence
from tests.support.partners import AGENCY
from tests.support.pki import DAY, NOW
from tests.wallet.counterpart_agency import VCT
from tests.wallet.disclosures import disclosure
from wallet.disclosure_records import KnownFinding, KnownNews, UsageKnown
from wallet.policy.cockpit.timeline import PAGE, Filter, Kind, Timelines, part_of
from wallet.records import LogEntry, LoggedCredential

ACTIONS = ("sharing", "received", "declined", "failed", "overasked", "deleted")


def entry(number, action="sharing", party="library", at=None, completes=0, **changes):
    members = {
        "at": NOW + number if at is None else at, "party": party.title(), "party_id": party, "trusted_by": "", "request": "",
        "credentials": (LoggedCredential("Personal ID", VCT, ('["given_name"]',)),), "outcome": "done", "before": "",
    }  # fmt: skip
    return LogEntry(**{"number": number, "action": action, "completes": completes, **members, **changes})


ENTRIES = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from(["library", "shop", ""]), st.integers(0, 50)), max_size=12
).map(lambda drawn: tuple(entry(n, *one[:2], at=NOW + one[2]) for n, one in enumerate(drawn, 1)))


@given(log=ENTRIES, split=st.integers(0, 12))
def test_a_log_that_is_gone_on_with_is_the_same_as_one_that_is_read_at_once(log, split):
    begun = Timelines()
    begun.of(log[:split], (), NOW)
    gone_on, at_once = begun.of(log, (), NOW), Timelines().of(log, (), NOW)
    assert gone_on == at_once
    times = [item.at for item in at_once.items]
    assert times == sorted(times, reverse=True)
    assert len(at_once.items) == len(log)


@given(log=ENTRIES, gone=st.sets(st.integers(1, 12)))
def test_a_log_that_lost_entries_is_read_anew(log, gone):
    known = Timelines()
    known.of(log, (), NOW)
    left = tuple(one for one in log if one.number not in gone)
    assert known.of(left, (), NOW) == Timelines().of(left, (), NOW)


@given(
    log=ENTRIES,
    wanted=st.builds(
        Filter,
        partner=st.sampled_from(["", "library", "nobody"]),
        document=st.sampled_from(["", VCT, "other"]),
        kind=st.none() | st.sampled_from(Kind),
        since=st.sampled_from([0, NOW + 10]),
        until=st.sampled_from([0, NOW + 30]),
        needles=st.sampled_from([(), ("library",), ("shop", "given_name"), ("library\nlibrary",), ("(",)]),
    ),
)
def test_what_is_found_is_what_a_plain_search_finds(log, wanted):
    timeline = Timelines().of(log, (), NOW)

    def fits(item):
        return (
            (not wanted.partner or item.party == wanted.partner)
            and (not wanted.document or any(one.type == wanted.document for one in item.entry.credentials))
            and (wanted.kind is None or item.kind is wanted.kind)
            and item.at >= wanted.since
            and (not wanted.until or item.at < wanted.until)
            and (not wanted.needles or any(needle in item.text for needle in wanted.needles))
        )

    assert list(timeline.find(wanted)) == [item for item in timeline.items if fits(item)]


def test_what_became_of_an_answer_is_said_with_it():
    log = (entry(1, outcome="begun"), entry(2, "shared", completes=1, outcome="done"))
    timelines = Timelines()
    assert timelines.of(log[:1], (), NOW).happened(log[0]).outcome == "begun"
    timeline = timelines.of(log, (), NOW)
    assert [item.number for item in timeline.items] == [1]
    assert timeline.happened(log[0]).outcome == "done"


def test_as_long_as_nothing_changes_it_is_the_same_value():
    log, disclosures = (entry(1),), (disclosure(),)
    timelines = Timelines()
    assert timelines.of(log, disclosures, NOW) is timelines.of(log, disclosures, NOW + 10)


def test_a_promised_receipt_is_missing_after_a_day_by_itself():
    log, disclosures = (entry(1, at=NOW),), (disclosure(),)
    timelines = Timelines()
    assert [item.what for item in timelines.of(log, disclosures, NOW).items] == [None]
    assert [item.what for item in timelines.of(log, disclosures, NOW + DAY - 1).items] == [None]
    late = timelines.of(log, disclosures, NOW + DAY)
    assert [(item.kind, item.what) for item in late.items] == [(Kind.WARNING, Absence.PROMISED), (Kind.GIVEN, None)]


def test_news_and_findings_stand_at_their_time_and_are_searched():
    usage = UsageKnown(
        news=(KnownNews(NOW + 5, (("en", "Your card is ready"),), ""),),
        findings=(KnownFinding("gap", NOW + 9, who="Advertiser"),),
    )
    timeline = Timelines().of((entry(1, at=NOW),), (disclosure(usage=usage),), NOW + 10)
    assert [item.kind for item in timeline.items] == [Kind.WARNING, Kind.NEWS, Kind.GIVEN]
    assert [item.kind for item in timeline.find(Filter(needles=("card is ready",)))] == [Kind.NEWS]
    assert [item.kind for item in timeline.find(Filter(needles=("advertiser",)))] == [Kind.WARNING]
    assert len(timeline.of_entry(1)) == 3


def test_a_partner_with_a_new_certificate_is_still_the_same():
    """Who they are is the registered identifier, never a client identifier."""
    log = (
        entry(1, party="x509_hash:old"),
        entry(2, party="x509_hash:new"),
        entry(3, "declined", party="x509_hash:new"),
    )
    timeline = Timelines().of(log, (disclosure("a", log_number=1), disclosure("b", log_number=2)), NOW)
    [met] = timeline.partners
    assert (met.name, met.number, met.times) == ("Family Office", 3, 3)
    assert timeline.partner(1) == met
    assert len([item for item in timeline.find(Filter(partner=met.key)) if item.what is None]) == 3


def test_who_asks_for_several_is_none_of_them():
    log = (entry(1, party="broker"), entry(2, party="broker"), entry(3, party="broker"))
    other = disclosure("b", log_number=2, requesters=(("LEIXG-OTHER", "AT"),), name="Other")
    timeline = Timelines().of(log, (disclosure("a", log_number=1), other), NOW)
    assert sorted((met.name, met.times) for met in timeline.partners) == [
        ("Broker", 1),
        ("Family Office", 1),
        ("Other", 1),
    ]
    for number in (1, 2, 3):
        met = timeline.partner(number)
        assert met.number == number
        assert {item.number for item in timeline.find(Filter(partner=met.key))} == {number}


@pytest.mark.parametrize("action", ["barred", "not looked up"])
def test_t091_whoever_came_under_a_name_that_nothing_showed_to_be_theirs_is_nobody_of_that_name(action):
    log = (entry(1), entry(2, action), entry(3, action, organisation="DE library"))
    timeline = Timelines().of(log, (), NOW)
    [met] = timeline.partners
    assert (met.number, met.times) == (1, 1)
    assert [item.number for item in timeline.find(Filter(partner=met.key))] == [1]
    for number in (2, 3):
        assert timeline.partner(number) is None


def test_a_disclosure_whose_entry_is_gone_is_left_out():
    timeline = Timelines().of((entry(1),), (disclosure(log_number=7),), NOW + 2 * DAY)
    assert len(timeline.items) == 1


@given(st.integers(0, 130), st.integers(-3, 9))
def test_every_line_is_on_one_page(count, number):
    items = Timelines().of(tuple(entry(n) for n in range(1, count + 1)), (), NOW).items
    part = part_of(items, number)
    assert 1 <= part.number <= part.last
    pages = [part_of(items, page).items for page in range(1, part.last + 1)]
    assert tuple(item for page in pages for item in page) == items
    assert all(len(page) <= PAGE for page in pages)
    assert part.older == (part.number + 1 if part.number < part.last else 0)


def test_of_somebody_unknown_there_is_no_partner():
    timeline = Timelines().of((entry(1, "deleted", party="", party_id=""),), (), NOW)
    assert timeline.partners == ()
    assert timeline.partner(1) is None
    assert timeline.partner(9) is None
    assert replace(timeline.items[0], number=1) == timeline.items[0]


OFFICE = f"{AGENCY.country} {AGENCY.identifier}"
ISSUER = "https://agency.example"


def test_who_issues_and_asks_is_one_partner_whatever_either_is_called():
    log = (
        entry(1, "received", party=ISSUER, organisation=OFFICE),
        entry(2, party="x509_hash:a", organisation=OFFICE),
        entry(3, "declined", party="x509_hash:b", organisation=OFFICE),
        entry(4, "declined", party="x509_hash:b"),  # written before the log named organisations
    )
    disclosures = (
        disclosure("a", log_number=1, issued=True, client_id=ISSUER, name="Register"),
        disclosure("b", log_number=2, name="Counter"),
    )
    timeline = Timelines().of(log, disclosures, NOW)
    [met] = timeline.partners
    assert (met.key, met.name, met.number, met.times) == (OFFICE, "Counter", 4, 4)
    assert {item.number for item in timeline.find(Filter(partner=met.key))} == {1, 2, 3, 4}
    assert {timeline.partner(number) for number in (1, 2, 3, 4)} == {met}


@pytest.mark.parametrize(
    "stranger",
    [
        {"organisation": "AT LEIXG-AGENCY00000000000001"},
        {"organisation": "DE LEIXG-AGENCY0000000000000"},
        {"organisation": ""},
        {"organisation": "", "party_id": "Family Office"},
        {"organisation": "", "party_id": OFFICE, "party": ""},
        {"organisation": "", "party_id": "x509_hash:a", "party": ""},
    ],
    ids=[
        "another country", "another number", "a name", "a name as identifier", "a claim to be the organisation",
        "a claim to be the client",
    ],
)  # fmt: skip
def test_who_only_claims_to_be_a_partner_is_somebody_else(stranger):
    """T159, T170: what a register signed makes two one, and no name does."""
    log = (
        entry(1, party="x509_hash:a", organisation=OFFICE),
        replace(entry(2, "failed"), **{"party_id": "x509_hash:c", "party": "Family Office", **stranger}),
    )
    timeline = Timelines().of(log, (disclosure("a", log_number=1),), NOW)
    assert len(timeline.partners) == 2
    assert {item.number for item in timeline.find(Filter(partner=OFFICE))} == {1}


def test_what_went_wrong_at_the_issuers_own_address_belongs_to_the_issuer():
    log = (
        entry(1, "received", party=ISSUER, organisation=OFFICE),
        replace(entry(2, "failed"), party_id=ISSUER, party=""),
    )
    [met] = Timelines().of(log, (disclosure("a", log_number=1, issued=True, client_id=ISSUER),), NOW).partners
    assert met.times == 2


def test_an_intermediary_is_none_of_those_it_asks_for_by_a_register_either():
    log = (
        entry(1, party="broker", organisation=OFFICE),
        entry(2, party="broker", organisation="AT OTHER"),
        entry(3, "failed", party="broker"),
    )
    met = Timelines().of(log, (disclosure("a", log_number=1),), NOW).partners
    assert sorted(one.key for one in met) == ["AT OTHER", OFFICE, "broker"]
