"""A plan is for one person: known where it can be, asked once where it cannot, and each step uses only what belongs to them."""

from dataclasses import replace
from datetime import date

import pytest

from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest
from protocol.sovereignty.representation import Company, Person
from protocol.sovereignty.service import LifeEvent
from tests.wallet.counterparts import dcql
from tests.wallet.service_town import BIRTH, CHILD, CHILD_BENEFIT, LIBRARY_CARD, REGISTER_BIRTH, gives
from wallet.policy.people import ME, NEW
from wallet.policy.services.whom import Meant
from wallet.service.services.journeys import WhomOpen

MIA = Person("Mustermann", "Mia", date(2026, 11, 2))
FIRM = Company("Muster GmbH", "HRB 1", "DE")
BEN = {**CHILD, "given_name": "Ben", "birthdate": "2024-05-06"}
NOTICE = "urn:town:notice:1"
# Needs a notice for the child, which child benefit gives; and, if wanted, a certificate, for oneself or a child
ALLOWANCE: JsonObject = {
    **CHILD_BENEFIT,
    "id": "allowance",
    "name": {"de": "Elterngeld", "en": "Parental allowance"},
    "needs": {
        "credentials": [
            dcql(("birthdate",), query_id="birth", vct=BIRTH),
            dcql(("given_name",), query_id="notice", vct=NOTICE),
        ]
    },
}
CLUB: JsonObject = {
    **LIBRARY_CARD,
    "id": "club",
    "needs": {
        "credentials": [dcql(("given_name",)), dcql(("birthdate",), query_id="birth", vct=BIRTH)],
        "credential_sets": [{"options": [["pid"]]}, {"options": [["birth"]], "required": False}],
    },
}


@pytest.fixture
def parent(town):
    """Somebody with an identity card, and nothing of a child yet."""
    town.receive_pid()
    town.publisher.services = (
        REGISTER_BIRTH, {**CHILD_BENEFIT, "gives": gives(NOTICE, "notice")}, ALLOWANCE, CLUB, LIBRARY_CARD,
    )  # fmt: skip
    town.fetch()
    return town


def child(town, claims):
    town.speak_of_child()
    town.agency.claims = dict(claims)
    return town.receive(town.agency.offer(credential_configuration_ids=("birth",)))


def journeys(town):
    return town.wallet.services.journeys


def begin(town, *goals, whom=""):
    return town.run(journeys(town).begin(goals, LifeEvent.BIRTH, whom)).id


def shown(town, journey):
    return town.run(journeys(town).show(journey))


def option(town, journey, name):
    return next(one.id for one in shown(town, journey).aimed.options if one.name == name)


def at_hand(plan):
    return [one.at_hand for one in plan.steps]


def test_with_two_children_it_is_asked_and_no_step_begins_before(parent):
    child(parent, CHILD)
    child(parent, BEN)
    journey = begin(parent, "child-benefit")
    plan = shown(parent, journey)
    assert plan.aimed.asks
    assert [one.name for one in plan.aimed.options] == ["Ben", "Mia", ""]
    with pytest.raises(WhomOpen):
        parent.run(journeys(parent).settle(journey))


@pytest.mark.parametrize(("name", "other"), [("Mia", "Ben"), ("Ben", "Mia")], ids=["mia", "ben"])
def test_what_was_chosen_is_kept_and_counts_at_each_step(parent, name, other):
    """T187: no step has a document of the other child."""
    child(parent, CHILD)
    child(parent, BEN)
    journey = begin(parent, "child-benefit", "allowance")
    parent.run(journeys(parent).choose(journey, option(parent, journey, name)))
    plan = shown(parent, journey)
    assert (plan.aimed.asks, plan.aimed.name) == (False, name)
    assert at_hand(plan)[0] == (f"Birth certificate ({name})",)
    assert all(step.about_other for step in plan.steps)
    parent.run(journeys(parent).went_through(journey, "child-benefit"))
    parent.run(journeys(parent).note(journey, "allowance", {"email": "a@b.example"}))
    assert shown(parent, journey).aimed.name == name
    aim = parent.run(journeys(parent).settle(journey))
    seen = parent.run(parent.wallet.services.starting.start(parent.shown("child-benefit"), aim))
    assert seen.planned
    parent.partner.query = CHILD_BENEFIT["needs"]
    seen = parent.run(parent.wallet.services.starting.start(parent.shown("child-benefit"), aim))
    [question] = seen.consent.questions
    assert [one.about for one in question.choices] == [name]
    assert seen.consent.whom.name == name
    assert seen.consent.whom.left_out == (f"Birth certificate ({other})",)
    again = parent.run(parent.wallet.presenting.look_again(seen))
    assert again.consent.questions == seen.consent.questions


def test_a_document_of_the_other_child_does_not_count_as_the_missing_one(parent):
    child(parent, CHILD)
    child(parent, BEN)
    [certificate] = [one for one in parent.vault.credentials() if "Ben" in one.claims]
    notice = replace(
        certificate, id="notice", type=NOTICE, document="",
        claims=certificate.claims.replace(BIRTH, NOTICE),
    )  # fmt: skip
    parent.vault.write(put=[notice])
    ben = begin(parent, "allowance")
    parent.run(journeys(parent).choose(ben, option(parent, ben, "Ben")))
    assert [one.service.id for one in shown(parent, ben).steps] == ["allowance"]
    mia = begin(parent, "allowance")
    parent.run(journeys(parent).choose(mia, option(parent, mia, "Mia")))
    assert [one.service.id for one in shown(parent, mia).steps] == ["child-benefit", "allowance"]


def test_one_child_is_known_without_asking_and_stays_when_another_comes(parent):
    child(parent, CHILD)
    journey = begin(parent, "child-benefit")
    assert shown(parent, journey).aimed.name == "Mia"
    child(parent, BEN)
    assert (shown(parent, journey).aimed.name, shown(parent, journey).aimed.asks) == ("Mia", False)


def test_a_plan_from_before_the_birth_is_for_the_child_that_comes(parent):
    journey = begin(parent, "birth-certificate", "child-benefit")
    assert not shown(parent, journey).aimed.options
    child(parent, CHILD)
    assert shown(parent, journey).aimed.name == "Mia"
    parent.run(journeys(parent).settle(journey))
    child(parent, BEN)
    assert shown(parent, journey).aimed.name == "Mia"


def test_another_child_of_whom_nothing_is_there_gets_a_certificate_first(parent):
    child(parent, CHILD)
    journey = begin(parent, "child-benefit", whom=NEW)
    plan = shown(parent, journey)
    assert [one.service.id for one in plan.steps] == ["birth-certificate", "child-benefit"]
    assert (plan.aimed.chosen, plan.aimed.name) == (NEW, "")
    child(parent, BEN)
    plan = shown(parent, journey)
    assert plan.aimed.name == "Ben"
    assert at_hand(plan) == [("Birth certificate (Ben)",)]


def test_what_is_missing_at_a_step_is_missing_of_that_child(parent):
    child(parent, CHILD)
    journey = begin(parent, "child-benefit", whom=NEW)
    parent.partner.query = CHILD_BENEFIT["needs"]
    aim = parent.run(journeys(parent).settle(journey))
    seen = parent.run(parent.wallet.services.starting.start(parent.shown("child-benefit"), aim))
    assert not seen.consent.answerable
    [proof] = parent.wallet.services.errands.missing(seen)
    assert [one.id for one in proof.givers] == ["birth-certificate"]


def test_what_can_be_for_the_user_too_is_asked(parent):
    child(parent, CHILD)
    journey = begin(parent, "club")
    plan = shown(parent, journey)
    assert plan.aimed.options[0].id == ME
    assert plan.aimed.asks
    parent.run(journeys(parent).choose(journey, ME))
    assert at_hand(shown(parent, journey)) == [("Personal ID",)]


def test_what_concerns_nobody_else_is_not_asked(parent):
    child(parent, CHILD)
    child(parent, BEN)
    plan = shown(parent, begin(parent, "library-card"))
    assert not plan.aimed.options
    assert not any(step.about_other for step in plan.steps)


@pytest.mark.parametrize("whom", ["", ME, "0" * 16], ids=["nobody", "me", "stranger"])
def test_who_is_none_of_the_options_is_not_taken(parent, whom):
    child(parent, CHILD)
    child(parent, BEN)
    journey = begin(parent, "child-benefit")
    with pytest.raises(InvalidRequest):
        parent.run(journeys(parent).choose(journey, whom))
    assert shown(parent, journey).aimed.asks


def test_for_whom_it_is_is_told_to_nobody_before_the_consent(parent):
    """What leaves when a step begins is the same for each child, byte for byte."""
    child(parent, CHILD)
    child(parent, BEN)
    said = []
    for name in ("Mia", "Ben"):
        journey = begin(parent, "child-benefit")
        parent.run(journeys(parent).choose(journey, option(parent, journey, name)))
        aim = parent.run(journeys(parent).settle(journey))
        parent.partner.begun.clear()
        parent.run(parent.wallet.services.starting.start(parent.shown("child-benefit"), aim))
        [request] = parent.partner.begun
        said.append(request)
    first, second = said
    assert first.url == second.url
    assert first.headers == second.headers
    assert len(first.body) == len(second.body)
    assert b"Mia" not in first.body
    assert b"Ben" not in second.body
    assert not any(name in repr(parent.vault.log()) for name in ("Mia", "Ben"))


def test_a_certificate_that_is_there_may_be_wanted_for_another_child(parent):
    child(parent, CHILD)
    journey = begin(parent, "birth-certificate", "child-benefit")
    assert shown(parent, journey).aimed.asks
    parent.run(journeys(parent).choose(journey, NEW))
    assert [one.at_hand for one in shown(parent, journey).steps] == [(), ()]


@pytest.mark.parametrize(
    "meant",
    [Meant(), Meant(decided=True), Meant(new=True), Meant(True, MIA), Meant(new=True, but=(MIA, FIRM))],
    ids=["open", "me", "new", "somebody", "not-these"],
)
def test_what_is_kept_is_read_again(meant):
    assert Meant.read(meant.write()) == meant
