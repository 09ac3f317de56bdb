"""Mandates from end to end: given in the wallet, carried out by the agency when its register changes, taken by the bank."""

from dataclasses import replace

import pytest

from capabilities.cockpit.records import COLLECTABLE
from protocol.errors import Conflict, Unreachable
from protocol.sovereignty.mandate_status import Ending
from protocol.sovereignty.rights import Right
from protocol.sovereignty.usage import HOUR
from protocol.trust.localized import Localized
from tests.flows.agency import DAY, MARKED
from tests.flows.mandate_town import (
    NAME_PATH,
    SERVICE,
    TOWN_PATH,
    bank_entry,
    mandate_town,
    own,
)
from tests.support.pki import NOW
from wallet.forwarding_words import ForwardingWords
from wallet.policy.cockpit.disclosed import entries_of, receipt_of
from wallet.policy.cockpit.rights import Wish
from wallet.policy.mandates import mandate_of
from wallet.service.cockpit.cockpit import Cockpit
from wallet.service.mandate_making import Span
from wallet.service.mandates import OfficeRefused
from wallet.words import Words

pytestmark = pytest.mark.flow

SAYS = ForwardingWords(Words("en"))
NEW = [("first_name", "Xanthippe"), ("town", "Neustadt")]


@pytest.fixture
def town(tmp_path, database_urls):
    with mandate_town(tmp_path, urls=database_urls) as made:
        yield made


def registers(town, *paths, **members):
    """From now on the bank shows this registration."""
    town.bank.registered[:] = [own(town.registrar, bank_entry(*paths, **members))]


def office_log(town):
    """What the agency says that it did with the document: action, and to whom."""
    [document] = [one for one in town.disclosures() if one.sent.issued]
    looked = town.look(document)
    assert looked.went_well, looked
    entries = entries_of(looked.disclosure)
    return [(str(one.use.action), one.use.to.name) for one in entries if one.use.to], looked.disclosure


def said_by_office(document):
    """Why the agency passed something not on, in its own words."""
    [said] = [one.use.why for one in entries_of(document) if str(one.use.action) == "refused"]
    return {text.language: text.text for text in said}["en"]


def test_a_change_of_the_register_goes_to_the_recipient_whose_receipt_reaches_the_citizen(town):
    kept = town.instruct()
    assert town.deliver() == 0
    town.move("Neustadt")
    assert town.deliver() == 1
    assert NEW in town.bank.lines()
    shown = town.look_at(kept)
    assert shown.is_going
    assert shown.status.used == 1
    receipt = town.receipt(kept)
    assert receipt.request == shown.status.mandate
    assert receipt.key == shown.says.recipient_key
    assert receipt.claims == {"urn:test:card:1": (TOWN_PATH, NAME_PATH)}
    assert office_log(town)[0] == [("forwarded", "Town bank")]


def test_nothing_goes_where_nothing_changed_that_the_mandate_names(town):
    town.instruct()
    town.desk.run(town.desk.issuer.changes.patch("anna", {"points": 4712}, "clerk:Ada"))
    assert town.deliver() == 0
    assert len(town.bank.posted) == 1


def test_another_persons_change_is_not_theirs(town):
    town.instruct()
    town.desk.run(town.desk.issuer.changes.patch("bodo", {"address": {"locality": "Neustadt"}}, "clerk:Ada"))
    assert town.deliver() == 0


def test_a_further_change_renews_the_case_and_stands_in_the_same_log(town):
    kept = town.instruct()
    for place in ("Neustadt", "Oberstadt"):
        town.move(place)
        assert town.deliver() == 1
    assert [lines for lines in town.bank.lines() if ("town", "Altstadt") not in lines] == [
        [("first_name", "Xanthippe"), ("town", "Oberstadt")]
    ]
    town.look_at(kept)
    [disclosure] = [one for one in town.disclosures() if one.id == town.look_at(kept).kept.receipt]
    looked = town.look(disclosure)
    assert looked.went_well
    town.forward(3600)
    assert [str(one.use.action) for one in entries_of(town.look(disclosure).disclosure)].count("received") >= 1
    assert town.look_at(kept).status.used == 2


def test_revoked_is_revoked_at_once_though_a_change_is_waiting(town):
    kept = town.instruct()
    town.move("Neustadt")
    shown = town.run(town.wallet.mandates.revoke(kept.id))
    assert shown.status.ending is Ending.REVOKED
    assert town.deliver() == 0
    assert NEW not in town.bank.lines()
    assert not town.run(town.wallet.mandates.revoke(kept.id)).is_going
    town.run(town.wallet.mandates.forget(kept.id))
    assert town.wallet.mandates.shown() == ()


def test_revoked_between_asking_the_recipient_and_counting_nothing_is_posted(town):
    kept = town.instruct()
    town.move("Neustadt")
    town.bank.before_answer = lambda: town.run(town.wallet.mandates.revoke(kept.id))
    assert town.deliver() == 0
    assert len(town.bank.posted) == 1
    assert office_log(town)[0] == [("refused", "Town bank")]


def test_a_mandate_for_the_next_change_is_used_up_after_it(town):
    kept = town.instruct(Span.ONCE)
    for place in ("Neustadt", "Oberstadt"):
        town.move(place)
        town.deliver()
    assert NEW in town.bank.lines()
    shown = town.look_at(kept)
    assert (shown.status.ending, shown.status.used) == (Ending.USED_UP, 1)
    assert town.bank.lines().count([("first_name", "Xanthippe"), ("town", "Oberstadt")]) == 0
    said = "It was sent as often as you wanted. Nothing more goes there. If you want it again, forward it anew."
    assert SAYS.mandate_state(shown) == said


def test_a_mandate_past_its_end_is_not_used(town):
    kept = town.instruct()
    town.desk.clock.move(kept_seconds(town, kept))
    town.publisher.expires_at = town.desk.clock.now + DAY
    town.publisher.seq += 1
    town.move("Neustadt")
    assert town.deliver() == 0
    assert len(town.bank.posted) == 1


def kept_seconds(town, kept):
    [shown] = town.wallet.mandates.shown()
    return shown.says.expires_at - town.now


@pytest.mark.parametrize(
    "members",
    [
        {"purpose": (Localized("en", "To send you advertisements."),)},
        {"paths": (NAME_PATH, TOWN_PATH, ("points",))},
    ],
    ids=["purpose", "claims"],
)
def test_a_recipient_that_changed_its_registration_gets_nothing_any_more(town, members):
    kept = town.instruct()
    paths = members.get("paths", ())
    registers(town, *paths, **{name: value for name, value in members.items() if name != "paths"})
    town.move("Neustadt")
    assert town.deliver() == 0
    assert len(town.bank.posted) == 1
    shown = town.look_at(kept)
    assert shown.status.ending is Ending.RECIPIENT_CHANGED
    assert "They got nothing since. If you still want it, look at what they want now" in SAYS.mandate_state(shown)
    log, document = office_log(town)
    assert log == [("refused", "Town bank")]
    assert said_by_office(document).endswith("we passed nothing on. If you still want it, instruct us anew.")
    assert document.usage.findings == ()
    # Back again is not the same as never changed
    registers(town)
    town.move("Oberstadt")
    assert town.deliver() == 0


def test_a_recipient_that_asks_for_more_gets_nothing_and_the_citizen_reads_it(town):
    town.instruct()
    town.bank.ask_for_more()
    town.move("Neustadt")
    assert town.deliver() == 0
    assert len(town.bank.posted) == 1
    log, document = office_log(town)
    assert log == [("refused", "Town bank")]
    said = "The recipient wanted more than you allowed. We passed nothing on. Your instruction goes on; you can ask the"
    assert said_by_office(document).startswith(said)
    # It is said once for this change, and what is asked rightly goes with the next
    assert town.deliver() == 0
    town.bank.ask_rightly()
    town.move("Oberstadt")
    assert town.deliver() == 1


def test_a_recipient_that_is_away_gets_it_later_and_it_counts_once(town):
    kept = town.instruct()
    town.move("Neustadt")
    town.bank.down = True
    assert town.deliver() == 0
    town.bank.down = False
    assert town.deliver() == 0, "not before its time"
    town.forward(61)
    assert town.deliver() == 1
    assert town.look_at(kept).status.used == 1


def test_what_arrived_and_whose_answer_was_lost_is_sent_again_as_the_same_use(town):
    kept = town.instruct()
    town.move("Neustadt")
    town.bank.lose = True
    assert town.deliver() == 0
    town.bank.lose = False
    town.forward(61)
    assert town.deliver() == 1
    assert town.bank.lines().count(NEW) == 1
    assert town.look_at(kept).status.used == 1
    assert office_log(town)[0] == [("forwarded", "Town bank")]


def test_whoever_withdraws_at_the_recipient_gets_nothing_forwarded_there(town):
    kept = town.instruct()
    town.move("Neustadt")
    town.deliver()
    town.look_at(kept)
    [disclosure] = [one for one in town.disclosures() if one.id == town.look_at(kept).kept.receipt]
    town.run(town.wallet.cockpit.rights.ask(disclosure, Wish(Right.WITHDRAW_CONSENT)))
    town.move("Oberstadt")
    assert town.deliver() == 0
    assert town.bank.counter.store.mandates.last(town.receipt(kept).request).n == 1
    assert office_log(town)[0] == [("forwarded", "Town bank"), ("refused", "Town bank")]


def test_a_recipient_that_is_not_registered_for_it_is_refused_when_the_mandate_is_given(town):
    recipients = town.forward_once()
    registers(town, NAME_PATH)
    [one] = recipients.asked
    with pytest.raises(OfficeRefused, match="not registered"):
        town.run(town.wallet.mandates.give(recipients, SERVICE, one.seen.default_choice(), Span.YEAR))
    assert town.wallet.mandates.shown() == ()


def test_an_answer_of_the_office_that_was_lost_loses_no_mandate(town):
    recipients = town.forward_once()
    [one] = recipients.asked
    office = town.office
    office.spoil = lambda path, found: replace(found, status=503) if path.endswith("/mandates") else found
    with pytest.raises(Unreachable):
        town.run(town.wallet.mandates.give(recipients, SERVICE, one.seen.default_choice(), Span.YEAR))
    [shown] = town.wallet.mandates.shown()
    assert shown.status is None
    office.spoil = lambda _, found: found
    stopped = town.run(town.wallet.mandates.revoke(shown.kept.id))
    assert stopped.status.ending is Ending.REVOKED
    town.move("Neustadt")
    assert town.deliver() == 0


def test_the_same_recipient_is_named_once(town):
    recipients = town.forward_once()
    [one] = recipients.asked
    town.run(town.wallet.mandates.give(recipients, SERVICE, one.seen.default_choice(), Span.YEAR))
    with pytest.raises(Conflict):
        town.run(town.wallet.mandates.give(recipients, SERVICE, one.seen.default_choice(), Span.YEAR))


def test_no_value_stands_in_what_both_write_down(town):
    kept = town.instruct()
    town.move("Neustadt")
    town.deliver()
    receipt = town.receipt(kept)
    said = str(receipt.to_claims())
    town.desk.sweep()
    with town.desk.store.database.reading() as connection:
        rows = [str(row) for row in connection.exec_driver_sql("select * from mandates").all()]
        uses = [str(row) for row in connection.exec_driver_sql("select * from usage_entries").all()]
    assert rows
    assert uses
    for value in MARKED:
        assert not any(value in text for text in (said, *rows, *uses)), value


def test_both_keys_of_a_mandate_are_made_for_it_and_share_nothing(town):
    kept = town.instruct()
    town.move("Neustadt")
    town.deliver()
    town.look_at(kept)
    prints = [one.thumbprint for one in town.disclosures()]
    assert len(set(prints)) == len(prints) == 3
    assert all(receipt_of(one) is not None for one in town.disclosures())


def test_the_minute_in_which_a_mandate_was_given_is_in_none(town):
    """Recipients of two mandates that were given at once do not see it by the time."""
    town.forward(61)
    says = mandate_of(town.instruct()).says
    assert (says.issued_at, says.issued_at % HOUR, says.expires_at % HOUR) == (NOW, 0, 0)


def test_a_wallet_that_is_not_opened_for_months_still_gets_the_receipt_of_the_first_use(town):
    kept = town.instruct()
    town.move("Neustadt")
    assert town.deliver() == 1
    town.forward(COLLECTABLE + 10 * DAY)
    assert town.look_at(kept).kept.receipt
    assert town.receipt(kept).issued_at < town.now - COLLECTABLE


def test_the_timeline_says_what_was_told_to_whom_and_when_it_was_stopped(town):
    kept = town.instruct()
    town.run(town.wallet.mandates.revoke(kept.id))
    cockpit: Cockpit = town.wallet.cockpit
    said = [item.entry.action for item in cockpit.timeline().items if item.what is None]
    assert said[0] == "stopped"
    assert "instructed" in said
    assert sorted(met.name for met in cockpit.timeline().partners) == ["Town agency", "Town bank"]
    assert {item.entry.party for item in cockpit.timeline().items if item.entry.action == "instructed"} == {"Town bank"}


def test_an_office_without_a_list_of_services_takes_no_mandates(tmp_path):
    with mandate_town(tmp_path, registrar_url="") as town:
        recipients = town.forward_once()
        [one] = recipients.asked
        with pytest.raises(OfficeRefused, match="no mandates are taken here"):
            town.run(town.wallet.mandates.give(recipients, SERVICE, one.seen.default_choice(), Span.YEAR))


def test_a_registrar_that_is_no_longer_trusted_leads_to_nobody(town):
    town.instruct()
    town.distrusted = True
    town.move("Neustadt")
    assert town.deliver() == 0
    assert len(town.bank.posted) == 1
