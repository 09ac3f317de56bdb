import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import JsonObject
from protocol.errors import Malformed, ProtocolError
from protocol.sovereignty.comparing import Why
from protocol.sovereignty.journey import MAX_GOALS, Journey, goals_for, plan_journey
from protocol.sovereignty.service import LifeEvent
from tests.protocol.sovereignty.held import ERIKA, PID, holding, wallet
from tests.protocol.sovereignty.services import service
from tests.support.pki import NOW
from tests.support.strategies import almost, json_values

IBAN = {"iban": {"type": "string", "title": {"en": "Account"}}}
CERTIFICATE, BENEFIT, INSURED = "urn:birth", "urn:benefit", "urn:insured"
OFFICE = service("office", needs=[PID], gives=[CERTIFICATE])
BENEFITS = service("benefits", needs=[PID, CERTIFICATE], gives=[BENEFIT], asks=IBAN)
ALLOWANCE = service(
    "allowance", needs=[PID, BENEFIT], asks={**IBAN, "from": {"type": "string", "title": {"en": "From"}}}
)
INSURER = service("insurer", needs=[CERTIFICATE], gives=[INSURED])
TOWN = [INSURER, ALLOWANCE, BENEFITS, OFFICE]


def plan(journey, *held, services=TOWN, **options):
    return plan_journey(journey, services, wallet(*held), **options)


def ids(found):
    return [step.service.id for step in found.steps]


def held(type_, **times):
    return holding(type_, type_, {}, **times)


def test_a_wish_becomes_a_plan_with_what_is_fetched_on_the_way():
    found = plan(Journey(("allowance",)), ERIKA)
    assert ids(found) == ["office", "benefits", "allowance"]
    office, benefits, allowance = found.steps
    assert (office.at_hand, office.fetched) == (("q0",), ())
    assert (benefits.at_hand, benefits.fetched) == (("q0",), (("q1", "office"),))
    assert allowance.fetched == (("q1", "benefits"),)


def test_what_is_held_is_not_fetched():
    assert ids(plan(Journey(("allowance",)), ERIKA, held(BENEFIT))) == ["allowance"]
    assert ids(plan(Journey(("allowance",)), ERIKA, held(BENEFIT, expires_at=NOW))) == [
        "office",
        "benefits",
        "allowance",
    ]


def test_a_question_is_asked_once():
    _, benefits, allowance = plan(Journey(("allowance",)), ERIKA).steps
    assert [field.name for field in benefits.asks] == ["iban"]
    assert ([field.name for field in allowance.asks], [field.name for field in allowance.known]) == (["from"], ["iban"])


def test_another_question_of_the_same_name_is_asked():
    other = service("other", asks={"iban": {"type": "string", "title": {"en": "Account"}, "maxLength": 22}})
    steps = plan(Journey(("benefits", "other")), ERIKA, services=[*TOWN, other]).steps
    assert [field.name for step in steps for field in step.asks] == ["iban", "iban"]


def test_what_nobody_gives_is_for_the_citizen_to_find():
    (step,) = plan(Journey(("office",)), services=[OFFICE]).steps
    (want,) = step.elsewhere
    assert (want.query_id, want.gap.why) == ("q0", Why.NOT_HELD)
    # A renewal needs the old one
    (step,) = plan(Journey(("self",)), services=[service("self", needs=["urn:a"], gives=["urn:a"])]).steps
    assert step.elsewhere


def test_a_proof_to_be_found_counts_once_whoever_wants_it():
    one = service("one", needs=["urn:p"], gives=["urn:x"])
    two = service("two", needs=["urn:q"], gives=["urn:x"])
    goals = [service("goal", needs=["urn:x"]), service("other", needs=["urn:q"])]
    assert ids(plan(Journey(("goal", "other")), services=[one, two, *goals])) == ["two", "goal", "other"]


def test_proofs_that_nothing_is_known_of_count_one_by_one():
    one = service("one", needs=[(), ()], gives=["urn:x"])
    two = service("two", needs=["urn:q"], gives=["urn:x"])
    goal = service("goal", needs=["urn:x"])
    assert ids(plan(Journey(("goal",)), services=[one, two, goal])) == ["two", "goal"]


def test_a_journey_is_left_and_resumed():
    journey = Journey(("allowance", "insurer")).after(OFFICE, {})
    found = plan(journey, ERIKA)
    # The certificate is on its way
    assert ids(found) == ["benefits", "allowance", "insurer"]
    assert found.steps[0].awaited == (("q1", "office"),)
    arrived = plan(journey, ERIKA, held(CERTIFICATE))
    assert [step.awaited for step in arrived.steps] == [(), (), ()]
    further = journey.after(BENEFITS, {"iban": "DE00"})
    resumed = Journey.from_dict(further.to_dict())
    assert resumed == further
    allowance, insurer = plan(resumed, ERIKA, held(CERTIFICATE), held(BENEFIT)).steps
    assert [field.name for field in allowance.asks] == ["from"]
    assert insurer.service.id == "insurer"
    assert plan(resumed.after(ALLOWANCE, {}).after(INSURER, {})).steps == ()


def test_what_came_of_nothing_is_gone_through_again():
    journey = Journey(("insurer",)).after(OFFICE, {}).again("office")
    assert ids(plan(journey, ERIKA)) == ["office", "insurer"]


def test_what_was_given_and_is_over_is_given_again():
    journey = Journey(("insurer",)).after(OFFICE, {})
    assert ids(plan(journey, ERIKA, held(CERTIFICATE, expires_at=NOW))) == ["office", "insurer"]


def test_a_later_answer_replaces_the_earlier_one():
    journey = Journey(("a",)).after(BENEFITS, {"iban": "old"}).after(ALLOWANCE, {"iban": "new", "from": "2027"})
    assert [(answer.name, answer.value) for answer in journey.answers] == [("iban", "new"), ("from", "2027")]
    assert journey.after(ALLOWANCE, {}).answers == journey.answers


def test_only_answers_to_what_was_asked_are_kept():
    wrong: tuple[JsonObject, ...] = ({"iban": 7}, {"other": "x"})
    for answers in wrong:
        with pytest.raises(Malformed):
            Journey(("a",)).after(BENEFITS, answers)


def test_only_answers_to_what_is_asked_are_noted():
    noted = Journey(("benefits",)).noting(BENEFITS, {"iban": "DE02"})
    assert [answer.value for answer in noted.answers] == ["DE02"]
    wrong: tuple[JsonObject, ...] = ({"nobody-asked": "x"}, {"iban": 7})
    for answers in wrong:
        with pytest.raises(Malformed):
            Journey(("benefits",)).noting(BENEFITS, answers)
    with pytest.raises(Malformed):
        Journey(("benefits",)).noting(OFFICE, {"iban": "DE02"})


def test_goals_that_are_gone_are_said_and_the_rest_is_planned():
    found = plan(Journey(("benefits", "gone", "insurer")), ERIKA, excluded={"insurer"})
    assert (ids(found), found.gone) == (["office", "benefits"], ("gone", "insurer"))
    (step,) = plan(Journey(("benefits",)), ERIKA, excluded={"office"}).steps
    assert step.elsewhere


def test_a_circle_of_services_is_refused():
    circle = [service("a", needs=["urn:b"], gives=["urn:a"]), service("b", needs=["urn:a"], gives=["urn:b"])]
    with pytest.raises(Malformed):
        plan(Journey(("a",)), services=circle)
    assert ids(plan(Journey(("a",)), held("urn:a"), services=circle)) == ["b", "a"]


def test_a_life_event_names_the_services_to_choose_from():
    born = [service("x", life_events=["birth", "moving"]), service("y"), service("z", life_events=["birth"])]
    assert goals_for(born, LifeEvent.BIRTH) == ("x", "z")
    assert goals_for(born, LifeEvent.BIRTH, excluded={"z"}) == ("x",)
    assert goals_for(born, LifeEvent.DYING) == ()


KEPT = Journey(("allowance",)).after(BENEFITS, {"iban": "DE00"}).to_dict()


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"goals": []}, "goals"),
        ({"goals": ["a", "a"]}, "goals"),
        ({"goals": ["a" * 129]}, "goals"),
        ({"goals": [f"{i}" for i in range(MAX_GOALS + 1)]}, "goals"),
        ({"done": ["a", "a"]}, "done"),
        ({"answers": [{"name": "x", "question": "y", "value": 1}]}, "answers[0].question"),
        ({"answers": [{"name": "x", "question": {}}]}, "answers[0].value"),
    ],
)
def test_a_journey_that_was_not_kept_well_is_refused(changes, at):
    with pytest.raises(Malformed) as refusal:
        Journey.from_dict({**KEPT, **changes})
    assert refusal.value.at == f"journey.{at}"


@given(st.one_of(json_values, almost(KEPT)))
def test_no_journey_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        assert Journey.from_dict(Journey.from_dict(value).to_dict()) == Journey.from_dict(value)
