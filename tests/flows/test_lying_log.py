"""A partner whose usage log lies to a citizen, with everything running: each lie ends as a sentence in the wallet."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from protocol.encoding import encode_base64url
from protocol.exchange import HttpResponse
from protocol.sovereignty.usage import HOUR
from tests.flows.founding import land, open_partner
from tests.flows.land import LIBRARY, SAYS
from tests.flows.lying import answering, claims_of, lying_reports
from verifier.service.partner_usage import Happened

pytestmark = pytest.mark.flow

DAY = 24 * HOUR
NOT_BELIEVED = (
    "What Library answered just now cannot be believed. What you see is from before, and nothing of it is lost."
    " Please look again later. If it stays like this, you can complain."
)
SAID = {
    "gap": "Library leaves out something that they did.",
    "gone": "Library does not show any more what they showed before.",
    "altered": "Library changed what they had written before.",
    "reordered": "Library shows things in the wrong order.",
    "not_in_tree": "Library shows something that is not in their own record.",
    "past_changed": "Library has changed its past.",
    "split_view": "Library shows you another past than it shows to the register.",
    "not_witnessed": "The register has not seen what Library shows you.",
    "broken": "The register found that Library has changed its past.",
    "told_late": "Library told you something only later, and said before that there was nothing.",
    "no_new_head": "Library has written nothing into its record for more than a day.",
    "unknown_recipient": "Library gave your data to somebody whom the receipt does not name: NTRDE-HRB 999.",
    "not_erased": "Library should have erased your data by now, and does not say that it did.",
}


@pytest.fixture(scope="module")
def everybody(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        with land(tmp_path_factory.mktemp("land")) as found:
            yield found


@pytest.fixture
def country(everybody):
    """The same land for all: what one partner did to one citizen is nothing to the next, but for what breaks its log."""
    yield everybody
    everybody.network.lies.clear()


@pytest.fixture
def broken_country(tmp_path, monkeypatch):
    """One whose log may be broken for ever."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with land(tmp_path) as found:
        yield found


@pytest.fixture
def erika(country, request):
    with country.citizen(folder=request.node.name) as found:
        found.follow()
        found.receive()
        found.give(country.library)
        yield found


def did(land_, citizen, action, **members):
    """The partner's own systems write what they did."""
    use = {"action": action, "by": "clerk", **members}
    receipt = claims_of(citizen.disclosure.receipt.raw.encode())["jti"]
    land_.library.run(land_.library.verifier.partner_usage.log(Happened("tests", use, receipt_id=receipt)))


def found(citizen, *rules):
    """Exactly these are found, and each is said."""
    assert citizen.rules == set(rules)
    for rule in rules:
        assert SAID[rule] in citizen.sentences
    # … with what it means and what to do
    advice = SAYS.advice(citizen.disclosure)
    assert advice.startswith("Your wallet keeps everything that they signed, as proof; nothing of it is lost.") == bool(
        rules
    )
    assert advice.endswith("or complain.") == bool(rules)


def test_nothing_is_wrong_where_nobody_lies(country, erika):
    did(country, erika, "viewed")
    # Not within the minutes after a full hour, in which logs grew and the witness has not looked yet
    country.later(3 * HOUR).next_hour()
    erika.follow()
    assert erika.look().went_well
    assert [use.in_tree for use in erika.disclosure.usage.uses] == [True, True]
    assert erika.disclosure.usage.unwitnessed == ()
    found(erika)


def test_an_entry_that_is_left_out_is_missed(country, erika):
    did(country, erika, "viewed")
    did(country, erika, "used")
    country.network.lies["library.example"] = lying_reports(country.library, lambda says: says["entries"].pop(1))
    country.later(2 * HOUR)
    erika.look()
    found(erika, "gap")


def test_an_entry_that_was_shown_and_is_not_any_more_is_missed(country, erika):
    country.next_hour()
    erika.look()
    did(country, erika, "viewed")
    erika.look()
    assert len(erika.disclosure.usage.uses) == 2
    country.network.lies["library.example"] = lying_reports(country.library, lambda says: says["entries"].clear())
    country.next_hour()
    erika.look()
    found(erika, "gone")


def test_an_entry_that_is_altered_before_it_was_ever_shown_is_not_in_the_tree(country, erika):
    did(country, erika, "used")

    def alter(says):
        says["entries"][1]["entry"]["action"] = "viewed"

    country.next_hour()
    country.network.lies["library.example"] = lying_reports(country.library, alter)
    erika.look()
    found(erika, "not_in_tree")


def test_an_entry_that_is_altered_after_it_was_shown_is_found_and_the_first_stays(country, erika):
    country.next_hour()
    erika.look()
    did(country, erika, "used")
    erika.look()

    def alter(says):
        says["entries"][-1]["entry"]["action"] = "viewed"

    country.network.lies["library.example"] = lying_reports(country.library, alter)
    erika.look()
    found(erika, "altered")
    assert "Library used your data." in erika.sentences
    assert "Library looked at your data." not in erika.sentences


def test_entries_in_another_order_are_found(country, erika):
    did(country, erika, "viewed")
    country.network.lies["library.example"] = lying_reports(country.library, lambda says: says["entries"].reverse())
    country.next_hour()
    erika.look()
    found(erika, "reordered")


def test_entries_that_changed_their_numbers_are_not_in_the_tree(country, erika):
    did(country, erika, "viewed")

    def swap(says):
        first, second = (one["entry"] for one in says["entries"])
        first["n"], second["n"] = second["n"], first["n"]
        says["entries"].reverse()

    country.network.lies["library.example"] = lying_reports(country.library, swap)
    country.next_hour()
    erika.look()
    found(erika, "not_in_tree")


def test_what_an_operator_changes_in_the_database_is_signed_by_no_honest_software(country, erika):
    """What was written stands in the tree: the verifier proves every entry before it signs a report."""
    did(country, erika, "viewed")
    country.next_hour()
    tampering = text("UPDATE usage_entries SET members = replace(members, 'viewed', 'erased')")
    country.library.store.database.write(lambda connection: connection.execute(tampering))
    try:
        looked = erika.look()
    finally:
        back = text("UPDATE usage_entries SET members = replace(members, 'erased', 'viewed')")
        country.library.store.database.write(lambda connection: connection.execute(back))
    assert country.network.seen[-1].response.status == 500
    assert erika.said_of(looked) == "Library cannot be reached just now. What you see is from before."
    assert erika.disclosure.usage.uses == ()


def test_something_that_is_told_later_than_it_happened_contradicts_what_was_signed_before(country, erika):
    country.later(2 * HOUR)
    erika.look()
    did(country, erika, "viewed", at=country.clock() - HOUR)
    country.next_hour()
    erika.look()
    found(erika, "told_late")


def test_a_law_that_forbade_telling_earlier_is_no_lie(country, erika):
    country.later(2 * HOUR)
    erika.look()
    did(country, erika, "viewed", at=country.clock() - HOUR, delayed={"en": "A court forbade it."})
    country.next_hour()
    erika.look()
    found(erika)


def test_a_recipient_whom_nobody_named_is_found(country, erika):
    did(country, erika, "forwarded", to={"name": "Ads", "identifier": "NTRDE-HRB 999"})
    country.next_hour()
    erika.look()
    found(erika, "unknown_recipient")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (404, NOT_BELIEVED),
        (503, "Library cannot be reached just now. What you see is from before."),
    ],
)
def test_a_report_that_is_withheld_is_said_and_what_is_known_stays(country, erika, status, sentence):
    country.next_hour()
    erika.look()
    known = erika.disclosure.usage
    country.network.lies["library.example"] = answering("/usage", lambda _: HttpResponse(status, (), b""))
    looked = erika.look()
    assert not looked.went_well
    assert erika.said_of(looked) == sentence
    assert replace(erika.disclosure.usage, refused="") == known


def test_a_report_of_yesterday_is_none_of_today(country, erika):
    """T070 is the same for status lists: what is old is not taken for new."""
    country.next_hour()
    erika.look()
    old = country.network.between(erika.sends_as, LIBRARY, "/usage")[-1].response
    known = erika.disclosure.usage
    country.network.lies["library.example"] = answering("/usage", lambda _: old)
    country.later(2 * HOUR)
    looked = erika.look()
    assert erika.said_of(looked) == NOT_BELIEVED
    assert replace(erika.disclosure.usage, refused="") == known


def test_a_report_about_somebody_elses_receipt_is_refused(country, erika):
    country.network.lies["library.example"] = lying_reports(
        country.library, lambda says: says.update(receipt="receipt-of-another-one")
    )
    looked = erika.look()
    assert erika.disclosure.usage.refused == "NotForThisRequest"
    assert erika.said_of(looked) == NOT_BELIEVED


def test_a_report_signed_by_a_stranger_is_refused(country, erika):
    """T049"""
    country.network.lies["library.example"] = lying_reports(country.library, lambda says: None, signer=country.bank)
    erika.look()
    assert erika.disclosure.usage.refused == "NotTrusted"
    assert erika.disclosure.usage.uses == ()


def test_a_log_that_stands_still_for_a_day_is_found(country, erika):
    """It shows every day what it had on the first, signed anew."""
    country.next_hour()
    erika.look()
    [head] = erika.disclosure.usage.heads

    def stand_still(says):
        says["heads"] = [{"log": head.log, "tree_size": head.size, "root": encode_base64url(bytes.fromhex(head.root))}]
        says.pop("consistency", None)

    country.network.lies["library.example"] = lying_reports(country.library, stand_still)
    country.later(DAY + HOUR)
    erika.look()
    found(erika, "no_new_head")


def test_data_that_are_past_their_time_and_not_erased_are_found(country, erika):
    """The partner's software forgets nothing while it does not sweep, and says nothing."""
    country.clock.ahead += 31 * DAY
    country.tick()
    erika.follow()
    erika.look()
    assert SAID["not_erased"] in erika.sentences
    assert "not_erased" in erika.rules


class Fork:
    """The partner runs twice from one moment on: two logs with one past, and keys that sign for both."""

    def __init__(self, land_):
        partner, self.land = land_.library, land_
        copy = land_.folder / "library-again"
        shutil.copytree(partner.settings.data, copy, ignore=shutil.ignore_patterns("*.db*"))
        name = Path(partner.settings.database.removeprefix("sqlite:///")).name
        with (
            closing(sqlite3.connect(partner.settings.data / name)) as one,
            closing(sqlite3.connect(copy / name)) as other,
        ):
            one.backup(other)
        self.other = open_partner(land_, partner.settings.model_copy(update={"data": copy, "database_url": ""}))
        land_.partners["fork"] = self.other

    def to(self, *who):
        """Lead these to the second one from now on, and everybody else to the first."""

        def elsewhere(sender, request):
            return self.other.application if sender in who and request.url.startswith(LIBRARY) else None

        self.land.network.elsewhere = elsewhere
        return self


def test_one_past_for_the_citizen_and_another_for_the_witness_is_found(broken_country):
    with broken_country.citizen() as erika:
        erika.follow()
        erika.receive()
        erika.give(broken_country.library)
        broken_country.next_hour()
        Fork(broken_country).to("erika")
        broken_country.later(2 * HOUR)
        erika.follow()
        erika.look()
        found(erika, "split_view")


def test_a_past_that_the_witness_never_gets_to_see_is_found_after_three_hours(broken_country):
    """The log for the register stands still, and the one for the citizen grows: no two heads of one size contradict."""
    with broken_country.citizen() as erika:
        erika.follow()
        erika.receive()
        erika.give(broken_country.library)
        broken_country.next_hour()
        Fork(broken_country).to("erika")
        still = broken_country.partners.pop(LIBRARY)
        broken_country.later(2 * HOUR)
        erika.follow()
        erika.look()
        found(erika)
        broken_country.later(4 * HOUR)
        erika.follow()
        erika.look()
        found(erika, "not_witnessed")
        still.close()


def test_two_pasts_for_one_citizen_are_found(broken_country):
    with broken_country.citizen() as erika:
        erika.follow()
        erika.receive()
        erika.give(broken_country.library)
        fork = Fork(broken_country)
        broken_country.next_hour()
        erika.look()
        fork.to("erika")
        broken_country.next_hour()
        erika.look()
        assert "past_changed" in erika.rules
        assert SAID["past_changed"] in erika.sentences


def test_two_pasts_for_the_witness_are_told_to_every_citizen(broken_country):
    with broken_country.citizen() as erika:
        erika.follow()
        erika.receive()
        erika.give(broken_country.library)
        fork = Fork(broken_country)
        broken_country.next_hour()
        fork.to("register")
        broken_country.next_hour()
        erika.follow()
        erika.look()
        found(erika, "broken")
        # What is shown later heals nothing
        fork.to()
        broken_country.next_hour()
        erika.follow()
        erika.look()
        assert "broken" in erika.rules
