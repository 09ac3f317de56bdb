"""Who is asked, and when: the witness, addresses that are not called, keys that are gone, and hours of the day."""

from dataclasses import replace

import pytest

from protocol.errors import Conflict, InvalidRequest, Malformed, NotFound, Unreachable
from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.log_heads import LogHead
from protocol.sovereignty.merkle import TreeHead
from protocol.sovereignty.unlinkable import NotCalled
from tests.support.pki import DAY, NOW
from tests.wallet.cockpit import COCKPIT, CockpitWorld, use
from tests.wallet.counterparts import PARTNER, dcql
from tests.wallet.meeting import LICENSED, asked, share
from tests.wallet.service.cockpit.asking import HOUR, after_a_report, given, paths, rules
from wallet.policy.cockpit.disclosed import receipt_of
from wallet.service.cockpit.collecting import NotAsked

# The witness


def test_a_head_that_the_witness_saw_is_good(world):
    given(world)
    world.partner.did(use())
    world.witnessed(world.partner.log.head())
    world.later(HOUR).look()
    assert rules(world) == []
    assert world.disclosure.usage.unwitnessed == ()


def test_another_log_of_the_same_size_is_a_split_view(world):
    given(world)
    world.partner.did(use())
    head = world.partner.log.head()
    world.witnessed(LogHead(head.log, TreeHead(head.tree.size, b"\x22" * 32)))
    world.later(HOUR).look()
    assert rules(world) == ["split_view"]


def test_a_head_between_two_that_were_seen_has_to_be_proven(world):
    given(world)
    world.partner.did(use())
    first = world.partner.log.head()
    world.later(HOUR).look()
    world.partner.log.hour()
    world.partner.log.hour()
    world.witnessed(world.partner.log.head(64), world.partner.log.head())
    world.partner.spoil_report = lambda report: replace(
        report, heads=(world.partner.log.head(128),), consistency=world.partner.log.growth(64, 128).consistency
    )
    assert first.tree.size == 64
    world.later(HOUR).look()
    assert rules(world) == []
    assert paths(world)[-1] == "/consistency?log=2026&from=128&to=192"
    assert world.disclosure.usage.unwitnessed == ()


def test_a_head_that_the_witness_never_sees_is_found_after_three_hours(world):
    given(world)
    world.partner.did(use())
    world.witnessed()
    world.later(HOUR).look()
    assert rules(world) == []
    world.partner.log.hour()
    world.later(4 * HOUR).witnessed()
    world.look()
    assert rules(world) == ["not_witnessed"]


def test_a_partner_that_the_witness_found_out_is_named(world):
    given(world)
    world.partner.did(use())
    world.witnessed(world.partner.log.head(), broken_since=NOW)
    world.later(HOUR).look()
    assert rules(world) == ["broken"]


# When nobody is called


def test_another_endpoint_than_the_directory_has_is_not_called(world):
    given(world).witnessed(endpoint="https://library.example/other")
    assert world.look().must_not.reason is NotCalled.OTHER_THAN_LISTED
    assert world.later(HOUR).look().must_not.reason is NotCalled.OTHER_THAN_LISTED
    assert world.partner.calls == []


def test_an_endpoint_on_another_host_is_not_called(vault):
    world = CockpitWorld(vault, partner={"endpoint": "https://cockpits.example/citizen-7"})
    world.receive()
    given(world)
    assert world.later(HOUR).look().must_not.reason is NotCalled.OTHER_HOST


def test_endpoints_that_differ_between_answers_are_not_called(world):
    given(world)
    other = replace(world.disclosure, id="other", sent=replace(world.disclosure.sent, announced=f"{PARTNER}/c2"))
    world.vault.write(put=[other])
    assert world.run(world.wallet.cockpit.collecting.refresh(world.vault.disclosures()[0])).must_not is not None
    assert world.partner.calls == []


def test_what_says_nothing_of_the_user_is_asked_about_only_when_they_agree(world):
    """The internet address may say more than the data did."""
    reader, found = asked(world, cockpit=COCKPIT, entry=replace(LICENSED))
    share(world, found)
    disclosure = replace(
        world.disclosure, sent=replace(world.disclosure.sent, claims=(("d", ('["org.iso.18013.5.1","age_over_18"]',)),))
    )
    world.vault.write(put=[disclosure])
    world.witnessed()
    assert world.look().not_asked is NotAsked.ADDRESS_TELLS
    assert world.partner.calls == []
    assert reader is not None
    world.look(asked=True)
    assert world.partner.calls
    assert world.disclosure.agreed


def test_after_the_time_that_the_receipt_says_nobody_is_asked(world):
    given(world)
    assert world.later(600 * DAY).look().not_asked is NotAsked.TOO_LATE


# Keys and deletion


def test_a_dropped_key_asks_nobody_any_more_and_what_is_known_stays(world):
    after_a_report(world)
    known = world.disclosure.usage
    world.run(world.wallet.cockpit.drop_key(world.disclosure))
    assert (world.disclosure.key, world.disclosure.usage) == ("", known)
    assert world.look().not_asked is NotAsked.KEY_DROPPED
    assert world.later(HOUR).look().not_asked is NotAsked.KEY_DROPPED


def test_while_a_partner_is_asked_nothing_is_destroyed_or_asked_twice(world):
    """What comes back would bring the key back."""
    given(world)
    world.wallet.context.busy.add(world.disclosure.id)
    assert world.later(HOUR).look().not_asked is NotAsked.AT_WORK
    with pytest.raises(Conflict):
        world.run(world.wallet.cockpit.drop_key(world.disclosure))
    with pytest.raises(Conflict):
        world.run(world.wallet.cockpit.delete_entry(world.disclosure.log_number))
    world.wallet.context.busy.clear()
    world.look()
    assert world.wallet.context.busy == set()


def test_a_deleted_entry_takes_everything_with_it(world):
    given(world)
    world.run(world.wallet.cockpit.delete_entry(world.disclosure.log_number))
    assert world.vault.disclosures() == ()
    with pytest.raises(NotFound):
        world.run(world.wallet.cockpit.delete_entry(99))


# How long it is kept


def test_what_is_older_than_its_owner_wants_goes_with_everything_that_belongs_to_it(world):
    given(world)
    number = world.disclosure.log_number
    until = receipt_of(world.disclosure).log_until
    cockpit = world.wallet.cockpit
    assert cockpit.keep_years() == 0
    world.now = add_months(until, 12)
    assert world.run(cockpit.forget_over()) == 0
    assert world.run(cockpit.choose_keeping(1)) == 2  # the document that was got, and what was given
    assert cockpit.keep_years() == 1
    assert world.vault.disclosures() == ()
    assert world.vault.log() == ()
    head = world.vault.log_head()
    assert (head.length, head.deleted) == (number + 1, number + 1)
    assert world.run(cockpit.choose_keeping(0)) == 0


def test_what_a_partner_can_still_be_asked_by_and_what_is_asked_just_now_stay(world):
    world.partner.retention = "P2Y"
    given(world)
    number, until = world.disclosure.log_number, receipt_of(world.disclosure).log_until
    cockpit = world.wallet.cockpit
    world.now = add_months(NOW, 12)
    assert world.run(cockpit.choose_keeping(1)) == 1
    left = [entry.number for entry in world.vault.log() if not entry.completes]
    assert (left, world.disclosure.key != "") == ([number], True)
    world.now = until
    world.wallet.context.busy.add(world.disclosure.id)
    assert world.run(cockpit.forget_over()) == 0
    world.wallet.context.busy.clear()
    assert world.run(cockpit.forget_over()) == 1
    assert world.vault.disclosures() == ()
    with pytest.raises(InvalidRequest):
        world.run(cockpit.choose_keeping(3))


# In the background


def test_nobody_is_asked_in_the_background_unless_the_user_wants_it(world):
    given(world)
    world.later(DAY)
    cockpit = world.wallet.cockpit
    for hour in range(24):
        world.now = NOW - NOW % DAY + DAY + hour * HOUR
        assert world.run(cockpit.refresh_due(set())) == 0
    assert world.partner.calls == []


def test_each_answer_is_asked_about_once_in_its_own_hour(world):
    given(world)
    cockpit = world.wallet.cockpit
    world.run(cockpit.choose_refresh(wanted=True))
    assert cockpit.refreshes()
    tried: set[tuple[str, int]] = set()
    asked_in = []
    for quarter in range(96):
        world.now = NOW - NOW % DAY + DAY + quarter * 900
        if world.run(cockpit.refresh_due(tried)):
            asked_in.append(quarter // 4)
    assert asked_in == [world.disclosure.hour]
    world.run(cockpit.choose_refresh(wanted=False))
    world.now += DAY
    assert world.run(cockpit.refresh_due(set())) == 0


def test_a_partner_that_is_away_is_tried_once_a_day(world):
    given(world)
    cockpit = world.wallet.cockpit
    world.run(cockpit.choose_refresh(wanted=True))
    world.partner.say = Unreachable("away")
    tried: set[tuple[str, int]] = set()
    for quarter in range(96):
        world.now = NOW - NOW % DAY + DAY + quarter * 900
        world.run(cockpit.refresh_due(tried))
    assert len(world.partner.calls) == 1


def test_ids_find_what_they_begin(world):
    given(world)
    cockpit = world.wallet.cockpit
    assert cockpit.find(world.disclosure.id[:6]) == world.disclosure
    assert cockpit.of_entry(world.disclosure.log_number) == world.disclosure
    assert cockpit.of_entry(99) is None
    for name in ("", "zz"):
        with pytest.raises(NotFound):
            cockpit.find(name)


def test_a_query_with_no_spelling_has_no_receipt_and_no_key(world, monkeypatch):
    def none(*_):
        raise Malformed("vp_token", "has a number without one spelling")

    monkeypatch.setattr("wallet.service.cockpit.disclosing.evidence_of_answer", none)
    world.partner.query = {"credentials": [dcql(("given_name",))]}
    assert world.present().arrived
    assert world.vault.disclosures() == ()
