"""The long ways through the town: a birth, and moving house."""

import pytest

from protocol.encoding import JsonObject
from protocol.sovereignty.journey import Journey, goals_for, plan_journey
from protocol.sovereignty.service import LifeEvent
from protocol.sovereignty.suggestions import Rank, suggest
from tests.hoheit.demo.citizens import BY_ID, CATALOGUE, Paper, holdings, paper
from tests.hoheit.demo.test_catalogue import BIRTH

BEN = paper("birth-certificate", "ben")
ANSWERS: dict[str, JsonObject] = {
    "child-benefit": {"iban": "DE02120300000000202051"},
    "parental-allowance": {"months": 12},
    "day-care": {"starts_on": "2027-11-01"},
}


def ids(plan):
    return [step.service.id for step in plan.steps]


def test_with_the_identity_card_alone_a_birth_takes_seven_steps_each_after_what_it_needs():
    """The five goals, and the two proofs that none of them gives: no plan is shorter."""
    plan = plan_journey(Journey(BIRTH), CATALOGUE, holdings("erika", "pid"))
    assert ids(plan) == [
        "birth-certificate", "child-benefit", "work-record", "parental-allowance", "address-proof", "day-care",
        "family-insurance",
    ]  # fmt: skip
    assert plan.gone == ()
    assert all(step.elsewhere == () for step in plan.steps)


def test_each_step_says_what_is_at_hand_what_comes_on_the_way_and_asks_at_most_one_question():
    plan = plan_journey(Journey(BIRTH), CATALOGUE, holdings("erika", "pid"))
    steps = {step.service.id: step for step in plan.steps}
    assert {id_: [field.name for field in step.asks] for id_, step in steps.items()} == {
        "birth-certificate": [],
        "child-benefit": ["iban"],
        "work-record": [],
        "parental-allowance": ["months"],
        "address-proof": [],
        "day-care": ["starts_on"],
        "family-insurance": [],
    }
    allowance = steps["parental-allowance"]
    assert allowance.at_hand == ("pid",)
    assert {fetched.query_id: fetched.service_id for fetched in allowance.fetched} == {
        "birth": "birth-certificate",
        "benefit": "child-benefit",
        "income": "work-record",
    }


def test_the_whole_journey_can_be_walked_and_gives_every_document_of_a_birth():
    """Step by step: what a step gives is issued from the register, and then held."""
    papers: list[str | Paper] = ["pid"]
    journey, gone_through = Journey(BIRTH), []
    about = {"birth-certificate": "ben", "kita-place": "ben", "health-insurance": "ben"}
    while (plan := plan_journey(journey, CATALOGUE, holdings("erika", *papers))).steps:
        step = plan.steps[0]
        service = step.service
        assert (step.fetched, step.awaited, step.elsewhere) == ((), (), ())
        assert next(one for one in suggest(CATALOGUE, holdings("erika", *papers)) if one.service is service).rank is (
            Rank.AT_HAND
        )
        journey = journey.after(service, ANSWERS.get(service.id, {}))
        papers += [paper(one.configuration_id, about.get(one.configuration_id, "")) for one in service.gives]
        gone_through.append(service.id)
    assert gone_through[-1] == "family-insurance"
    assert set(BIRTH) < set(gone_through)
    assert len(gone_through) == 7
    assert {one if isinstance(one, str) else one.type for one in papers} == {
        "pid", "birth-certificate", "child-benefit", "income", "employment", "parental-allowance", "residence",
        "kita-place", "health-insurance", "representation-parent",
    }  # fmt: skip
    assert {answer.name for answer in journey.answers} == {"iban", "months", "starts_on"}


def test_who_comes_back_to_the_journey_goes_on_where_they_left():
    journey = Journey(BIRTH).after(BY_ID["birth-certificate"], {})
    plan = plan_journey(journey, CATALOGUE, holdings("erika", "pid"))
    assert ids(plan)[0] == "child-benefit"
    # The certificate is on its way still, and is not asked for a second time
    assert [one.service_id for one in plan.steps[0].awaited] == ["birth-certificate"]
    resumed = plan_journey(Journey.from_dict(journey.to_dict()), CATALOGUE, holdings("erika", "pid", BEN))
    assert ids(resumed) == ids(plan)
    assert resumed.steps[0].awaited == ()


def test_kindergeld_alone_is_two_steps():
    assert ids(plan_journey(Journey(("child-benefit",)), CATALOGUE, holdings("erika", "pid"))) == [
        "birth-certificate",
        "child-benefit",
    ]


def test_without_anything_a_journey_begins_with_the_identity_card():
    assert ids(plan_journey(Journey(("child-benefit",)), CATALOGUE, holdings("erika"))) == [
        "identity-card",
        "birth-certificate",
        "child-benefit",
    ]


@pytest.mark.parametrize("event", LifeEvent)
def test_every_life_event_has_a_plan_for_whoever_has_only_an_identity_card(event):
    """Nothing that is needed has to be found elsewhere, and each step comes after what gives what it needs."""
    for citizen in ("erika", "sam", "helga"):
        plan = plan_journey(Journey(goals_for(CATALOGUE, event)), CATALOGUE, holdings(citizen, "pid"))
        done: set[str] = set()
        for step in plan.steps:
            assert step.elsewhere == ()
            assert {one.service_id for one in step.fetched} <= done
            done.add(step.service.id)


# Moving house

OLD, NEW = paper("residence"), paper("residence", address__street_address="Am Anger 1", address__formatted="Am Anger 1")
AWAY = paper("residence", address__locality="Neustadt")
FORWARDED = {"new-address-bank", "new-address-health", "new-address-power"}  # whoever takes it when it is forwarded
DEPEND = {
    "resident-parking",
    "power-contract",
    "housing-benefit",
    "marriage",
    "register-business",
    "day-care",
    "social-tariff",
    *FORWARDED,
}  # whoever has an old address on record in these has to be told


def test_these_services_depend_on_the_proof_of_residence():
    found = {
        service.id
        for service in CATALOGUE
        if service.needs and any("urn:hoheit:residence:1" in asked.meta.types for asked in service.needs.credentials)
    }
    assert found == DEPEND


def address_shown(service, held):
    """The address that a service would get."""
    (candidate,) = held.candidates(next(one.type for one in BY_ID["address-proof"].gives))
    return candidate.claims["address"]


def test_who_moves_within_the_town_shows_the_new_address_where_the_old_one_was_shown():
    before, after = holdings("erika", "pid", OLD), holdings("erika", "pid", NEW)
    ready = {one.service.id for one in suggest(CATALOGUE, after) if one.rank is Rank.AT_HAND}
    assert {"resident-parking", "power-contract", "marriage", "register-business"} <= ready
    assert ready == {one.service.id for one in suggest(CATALOGUE, before) if one.rank is Rank.AT_HAND}
    assert address_shown("power-contract", after) != address_shown("power-contract", before)
    assert address_shown("power-contract", after)["street_address"] == "Am Anger 1"


def test_who_moves_away_is_offered_no_more_what_is_for_people_of_the_town():
    here = {one.service.id for one in suggest(CATALOGUE, holdings("erika", "pid", OLD, BEN, "income"))}
    gone = {one.service.id for one in suggest(CATALOGUE, holdings("erika", "pid", AWAY, BEN, "income"))}
    assert here - gone == {
        "resident-parking", "power-contract", "new-address-power", "day-care", "social-tariff"
    }  # fmt: skip
    assert gone <= here
    assert "register-address" in gone


def test_moving_begins_with_the_new_address_and_then_goes_on_with_what_depends_on_it():
    goals = ("register-address", "resident-parking", "power-contract")
    plan = plan_journey(Journey(goals), CATALOGUE, holdings("erika", "pid"))
    assert ids(plan) == [*goals]
    assert [[one.service_id for one in step.fetched] for step in plan.steps] == [
        [],
        ["register-address"],
        ["register-address"],
    ]
    assert [[field.name for field in step.asks] for step in plan.steps] == [["new_address"], ["plate"], ["meter"]]
