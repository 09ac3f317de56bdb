"""What a partner says that it did: every lie in a report is found, and what is no report changes nothing."""

from dataclasses import replace

import pytest

from protocol.encoding import read_json_object
from protocol.errors import NotTrusted, Unreachable
from protocol.exchange import HttpResponse
from protocol.sovereignty.log_heads import LogHead
from protocol.sovereignty.merkle import TreeHead
from protocol.sovereignty.usage import Action, Addressee
from protocol.sovereignty.usage_report import News
from tests.support.partners import TOWN, both
from tests.support.pki import DAY, NOW
from tests.wallet.cockpit import TO_BANK, use
from tests.wallet.counterpart_agency import answer
from tests.wallet.service.cockpit.asking import HOUR, after_a_report, given, rules
from wallet.policy.cockpit.disclosed import entries_of
from wallet.policy.cockpit.usage_known import MAX_USES


def test_what_a_partner_did_is_asked_for_and_proven(world):
    given(world)
    world.partner.did(use(), use(Action.VIEWED, NOW + 60), use(Action.FORWARDED, NOW + 120, TO_BANK))
    world.later(2 * HOUR).look()
    assert [entry.use.action for entry in entries_of(world.disclosure)] == ["received", "viewed", "forwarded"]
    assert all(one.in_tree for one in world.disclosure.usage.uses)
    assert rules(world) == []
    assert len(world.disclosure.usage.reports) == 1


def test_it_is_asked_only_for_what_is_new_and_said_how_far_it_is_known(world):
    given(world)
    world.partner.did(use())
    world.later(HOUR).look()
    world.partner.did(use(Action.VIEWED, NOW + HOUR + 10))
    world.later(HOUR).look()
    asked = [read_json_object(call.body, "body") for call in world.partner.calls if call.url.endswith("/usage")]
    assert asked[0] == {}
    assert asked[-1] == {"after": 0, "seen": {"log": "2026", "tree_size": 64}}
    assert [one.n for one in world.disclosure.usage.uses] == [0, 1]
    assert rules(world) == []


def test_many_uses_come_in_several_reports(world):
    given(world)
    world.partner.did(*[use(Action.VIEWED, NOW + n) if n else use() for n in range(9)])
    sizes = []

    def few(report):
        sizes.append(len(report.entries))
        return replace(report, entries=report.entries[:4], more=len(report.entries) > 4)

    world.partner.spoil_report = few
    world.later(HOUR).look()
    assert sizes == [9, 5, 1]
    assert [one.n for one in world.disclosure.usage.uses] == list(range(9))
    assert rules(world) == []
    assert world.disclosure.usage.complete_at == world.now


def test_reports_that_bring_nothing_new_are_kept_once(world):
    given(world)
    world.partner.did(use())
    for _ in range(4):
        world.later(HOUR).look()
    reports = world.disclosure.usage.reports
    assert [one.quiet for one in reports] == [False, True]
    assert reports[-1].issued_at == world.now


def test_opening_it_again_asks_nobody_within_a_minute(world):
    given(world)
    world.later(HOUR).look()
    calls = len(world.partner.calls)
    world.later(59).look()
    assert len(world.partner.calls) == calls
    world.later(1).look()
    assert len(world.partner.calls) > calls


def test_what_was_done_is_asked_for_at_once_though_the_receipt_has_just_come_with_the_answer(world):
    given(world)
    world.partner.did(use())
    world.look()
    assert [entry.use.action for entry in entries_of(world.disclosure)] == ["received"]


def dropped(report):
    return replace(report, entries=report.entries[1:])


def test_an_entry_that_is_dropped_is_missed(world):
    given(world)
    world.partner.did(use(), use(Action.VIEWED, NOW + 60))
    world.partner.spoil_report = dropped
    world.later(3 * HOUR).look()
    assert set(rules(world)) == {"gap", "no_received"}


def test_an_entry_that_was_pending_and_is_gone_is_missed(world):
    given(world)
    world.partner.did(use())
    world.partner.log.add(use(Action.VIEWED, NOW + HOUR))
    world.later(HOUR).look()
    world.partner.log.hour()
    world.partner.spoil_report = lambda report: replace(report, entries=())
    world.later(HOUR).look()
    assert rules(world) == ["gone"]


def test_an_entry_that_is_altered_shows_and_the_first_stays(world):
    given(world)
    world.partner.log = None
    world.partner.did(use())
    world.partner.log.add(use(Action.FORWARDED, NOW + HOUR, TO_BANK))
    world.later(HOUR).look()
    log = world.partner.log
    other = type(log)(use(), use(Action.VIEWED, NOW + HOUR), seed=9, receipt=log.receipt)
    world.partner.spoil_report = lambda report: replace(report, entries=(other.reported(other.entries[1]),))
    world.later(60).look()
    assert "altered" in rules(world)
    assert entries_of(world.disclosure)[1].use.action is Action.FORWARDED


def test_entries_out_of_order_show(world):
    given(world)
    world.partner.did(use(), use(Action.VIEWED, NOW + 60))
    world.partner.spoil_report = lambda report: replace(report, entries=report.entries[::-1])
    world.later(HOUR).look()
    assert rules(world) == ["reordered"]


def test_an_entry_that_is_not_where_it_is_said_to_be_shows(world):
    given(world)
    world.partner.did(use())

    def moved(report):
        [entry] = report.entries
        return replace(report, entries=(entry._replace(place=replace(entry.place, index=entry.place.index ^ 1)),))

    world.partner.spoil_report = moved
    world.later(HOUR).look()
    assert rules(world) == ["not_in_tree"]
    assert not world.disclosure.usage.uses[0].in_tree


@pytest.mark.parametrize("fork", ["root", "shrunk", "gone", "no proof"])
def test_a_log_with_another_past_shows(world, fork):
    after_a_report(world)
    world.partner.did(use(Action.USED, NOW + 2 * HOUR))

    def forked(report):
        [head] = report.heads
        if fork == "root":
            before = world.disclosure.usage.heads[0]
            heads = (LogHead(head.log, TreeHead(before.size, b"\x11" * 32)),)
            return replace(report, heads=heads, entries=(), consistency=())
        if fork == "shrunk":
            return replace(report, heads=(LogHead(head.log, TreeHead(1, b"\x11" * 32)),), entries=(), consistency=())
        if fork == "gone":
            return replace(report, heads=(), entries=(), consistency=())
        return replace(report, consistency=())

    world.partner.spoil_report = forked
    world.later(HOUR).look()
    assert "past_changed" in rules(world)


def test_what_is_told_later_than_it_happened_contradicts_an_earlier_report(world):
    after_a_report(world)
    world.partner.did(use(Action.FORWARDED, NOW + 600, TO_BANK))
    world.later(HOUR).look()
    assert rules(world) == ["told_late"]


def test_who_was_never_named_shows(world):
    after_a_report(world, use(), use(Action.FORWARDED, NOW + 60, TO_BANK))
    world.partner.did(use(Action.FORWARDED, NOW + 2 * HOUR, Addressee("Town", TOWN.identifier)))
    world.later(HOUR).look()
    assert [(one.rule, one.who) for one in world.disclosure.usage.findings] == [("unknown_recipient", TOWN.identifier)]


def test_what_is_kept_too_long_shows_until_it_is_erased(world):
    world.partner.retention = "PT1H"
    after_a_report(world)
    world.later(2 * HOUR).look()
    assert rules(world) == ["not_erased"]
    world.partner.did(use(Action.ERASED, world.now))
    world.later(HOUR).look()
    assert rules(world) == []


def test_a_log_that_does_not_grow_for_a_day_shows(world):
    after_a_report(world)
    world.later(DAY + 1).look()
    assert rules(world) == ["no_new_head"]


def test_news_are_kept_and_a_decision_that_has_no_entry_shows(world):
    after_a_report(world)
    world.partner.news = (News(world.now, both("Bewilligt", "Granted"), "openid-credential-offer://?x"),)
    world.partner.log.hour()
    world.later(HOUR).look()
    assert [one.offer for one in world.disclosure.usage.news] == ["openid-credential-offer://?x"]
    assert rules(world) == []
    world.partner.log.hour()
    world.later(2 * HOUR).look()
    assert rules(world) == ["unlogged"]
    assert len(world.disclosure.usage.news) == 1


@pytest.mark.parametrize(
    ("lie", "refused"),
    [
        (lambda report: replace(report, receipt="receipt-of-somebody-else"), "NotForThisRequest"),
        (lambda report: replace(report, issued_at=report.issued_at - HOUR), "NotValidNow"),
        (lambda report: replace(report, issued_at=report.issued_at + HOUR), "NotValidNow"),
        (lambda report: replace(report, more=True, entries=()), "Malformed"),
    ],
)
def test_a_report_that_is_none_is_refused_and_leaves_what_is_known(world, lie, refused):
    after_a_report(world)
    known = world.disclosure.usage
    world.partner.spoil_report = lie
    looked = world.later(HOUR).look()
    assert looked.error is not None
    assert world.disclosure.usage == replace(known, refused=refused)
    world.partner.spoil_report = None
    world.partner.log.hour()
    world.later(HOUR).look()
    assert world.disclosure.usage.refused == ""


def test_a_report_of_somebody_else_is_refused(world):
    after_a_report(world)
    world.partner.sign_with = world.agency.pki
    assert isinstance(world.later(HOUR).look().error, NotTrusted)
    assert world.disclosure.usage.refused == "NotTrusted"


def test_more_than_anybody_could_look_at_is_refused(world, monkeypatch):
    monkeypatch.setattr("wallet.policy.cockpit.usage_known.MAX_USES", 1)
    given(world)
    world.partner.did(use(), use(Action.VIEWED, NOW + 60))
    assert world.later(HOUR).look().error is not None
    assert world.disclosure.usage.uses == ()
    assert MAX_USES > 1000


@pytest.mark.parametrize(
    "say",
    [
        Unreachable("away"),
        HttpResponse(503, (), b""),
        HttpResponse(302, (("location", "https://elsewhere.example/"),), b""),
        answer({"usage": []}),
        HttpResponse(401, (("www-authenticate", 'DPoP error="use_dpop_nonce"'), ("dpop-nonce", "x")), b""),
        HttpResponse(404, (), b""),
    ],
)
def test_what_is_no_answer_changes_nothing_that_is_known(world, say):
    after_a_report(world)
    known = world.disclosure.usage
    world.partner.say = say
    assert world.later(HOUR).look().error is not None
    assert replace(world.disclosure.usage, refused="") == known
