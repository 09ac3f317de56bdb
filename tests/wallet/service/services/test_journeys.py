"""Plans are begun, left, gone on with, and forgotten, and what was answered once is not asked again."""

import pytest

from protocol.errors import Conflict, InvalidRequest, NotFound
from protocol.sovereignty.rules import About
from protocol.sovereignty.service import LifeEvent
from tests.protocol.sovereignty.services import LEAST
from tests.wallet.counterparts import PASSPHRASE, dcql
from tests.wallet.service_town import gives
from wallet.service.services.journeys import MAX_JOURNEYS, NoPlan, WrongAnswer
from wallet.vault.vault import Vault

BIRTH = ["birth-certificate", "child-benefit"]


def journeys(town):
    return town.wallet.services.journeys


def begin(town, *goals, event=None):
    return town.run(journeys(town).begin(goals, event)).id


def steps(town, journey):
    return [one.service.id for one in town.run(journeys(town).show(journey)).steps]


def test_a_wish_becomes_steps_in_an_order_that_works(there):
    plan = there.run(journeys(there).preview(["child-benefit"], LifeEvent.BIRTH))
    assert [one.service.id for one in plan.steps] == BIRTH
    certificate, benefit = plan.steps
    assert (certificate.ready, benefit.ready, certificate.gives) == (True, False, True)
    assert benefit.fetched == ("Get a birth certificate",)
    assert [one.title for one in benefit.questions] == ["Account number", "E-mail"]
    assert journeys(there).kept() == ()


def test_what_is_at_hand_needs_no_step(there):
    there.receive_pid()
    (birth,) = there.receive_child()
    there.run(there.wallet.services.catalogue.mark(birth.id, About.REPRESENTED))
    plan = there.run(journeys(there).preview(["child-benefit"]))
    assert [(one.service.id, one.at_hand) for one in plan.steps] == [("child-benefit", ("Birth certificate (Mia)",))]


def test_a_plan_is_left_and_gone_on_with_after_a_restart(there, path):
    journey = begin(there, *BIRTH, event=LifeEvent.BIRTH)
    there.run(journeys(there).went_through(journey, "birth-certificate"))
    there.vault.close()
    with Vault.open(path, PASSPHRASE, now=there.now) as vault:
        (kept,) = vault.journeys()
        assert (kept.id, kept.event, kept.read().done) == (journey, "birth", ("birth-certificate",))


def test_a_step_that_was_gone_through_is_awaited_until_what_it_gives_is_there(there):
    journey = begin(there, "child-benefit")
    there.run(journeys(there).went_through(journey, "birth-certificate"))
    plan = there.run(journeys(there).show(journey))
    assert [(one.service.id, one.awaited) for one in plan.steps] == [("child-benefit", ("Get a birth certificate",))]
    assert [one.id for one in plan.done] == ["birth-certificate"]
    # What it gives comes, and the plan goes on by itself
    there.receive_child()
    (step,) = there.run(journeys(there).show(journey)).steps
    assert (step.awaited, step.at_hand, step.ready) == ((), ("Birth certificate",), True)


def test_a_step_of_which_nothing_came_is_gone_through_again(there):
    journey = begin(there, "child-benefit")
    there.run(journeys(there).went_through(journey, "birth-certificate"))
    there.run(journeys(there).again(journey, "birth-certificate"))
    assert steps(there, journey) == BIRTH


def test_a_plan_whose_goals_are_done_is_over(there):
    journey = begin(there, "library-card")
    there.run(journeys(there).went_through(journey, "library-card"))
    plan = there.run(journeys(there).show(journey))
    assert (plan.over, [one.id for one in plan.done]) == (True, ["library-card"])


def test_what_was_answered_once_is_shown_where_it_is_asked_again(there):
    journey = begin(there, "library-card", "child-benefit")
    there.run(journeys(there).note(journey, "library-card", {"email": " erika@example.org "}))
    plan = there.run(journeys(there).show(journey))
    found = {
        (step.service.id, one.field.name): (one.answer, one.asked_before)
        for step in plan.steps
        for one in step.questions
    }
    assert found["library-card", "email"] == ("erika@example.org", True)
    assert found["child-benefit", "email"] == ("erika@example.org", True)
    assert found["child-benefit", "iban"] == (None, False)
    # A later answer to the same question is the one that counts, wherever it was given
    there.run(journeys(there).note(journey, "child-benefit", {"email": "mia@example.org", "iban": ""}))
    assert there.run(journeys(there).show(journey)).steps[0].questions[0].answer == "mia@example.org"


@pytest.mark.parametrize(
    ("typed", "field"), [({"email": "no address"}, "email"), ({"iban": "short"}, "iban")], ids=["email", "iban"]
)
def test_an_answer_that_cannot_be_right_is_refused_and_nothing_is_kept(there, typed, field):
    journey = begin(there, "child-benefit")
    with pytest.raises(WrongAnswer) as wrong:
        there.run(journeys(there).note(journey, "child-benefit", {"email": "a@b.example", **typed}))
    assert wrong.value.field == field
    assert "short" not in str(wrong.value)
    assert journeys(there).find(journey).read().answers == ()


@pytest.mark.parametrize(
    ("schema", "typed", "kept"),
    [
        ({"type": "boolean"}, "yes", True),
        ({"type": "boolean"}, "no", False),
        ({"type": "integer"}, "3", 3),
        ({"type": "number"}, "2,5", 2.5),
        ({"type": "integer", "enum": [1, 2]}, "2", 2),
        ({"type": "string", "format": "date"}, "2026-11-02", "2026-11-02"),
        ({"type": "boolean"}, "perhaps", None),
        ({"type": "integer"}, "three", None),
        ({"type": "integer", "enum": [1, 2]}, "3", None),
        ({"type": "number"}, "nan", None),
        ({"type": "number"}, "1e999", None),
        ({"type": "string", "format": "date"}, "2. November", None),
    ],
)
def test_an_answer_is_kept_as_the_kind_that_is_asked_for(there, schema, typed, kept):
    asks = {"type": "object", "properties": {"x": {"title": {"en": "x"}, **schema}}}
    there.publisher.services = ({**LEAST, "asks": asks},)
    there.publisher.seq += 1
    there.now += 3600
    there.fetch()
    journey = begin(there, LEAST["id"])
    if kept is None:
        with pytest.raises(WrongAnswer):
            there.run(journeys(there).note(journey, LEAST["id"], {"x": typed}))
    else:
        there.run(journeys(there).note(journey, LEAST["id"], {"x": typed}))
        (answer,) = journeys(there).find(journey).read().answers
        assert (answer.value, type(answer.value)) == (kept, type(kept))


def test_a_plan_is_forgotten_with_its_answers(there):
    journey = begin(there, "library-card")
    there.run(journeys(there).note(journey, "library-card", {"email": "erika@example.org"}))
    there.run(journeys(there).forget(journey))
    assert journeys(there).kept() == ()
    with pytest.raises(NotFound):
        there.run(journeys(there).show(journey))
    # A step that comes to its end later does not bring it back
    there.run(journeys(there).went_through(journey, "library-card"))
    assert journeys(there).kept() == ()


def test_nothing_of_a_plan_is_in_the_log(there):
    before = there.actions()
    journey = begin(there, *BIRTH)
    there.run(journeys(there).went_through(journey, "birth-certificate"))
    there.run(journeys(there).forget(journey))
    assert there.actions() == before


def test_what_is_not_offered_or_too_much_is_no_plan(there):
    with pytest.raises(NotFound):
        begin(there, "nothing")
    with pytest.raises(InvalidRequest):
        begin(there)
    with pytest.raises(InvalidRequest):
        begin(there, *[f"service-{i}" for i in range(65)])
    assert journeys(there).kept() == ()


def test_there_are_only_so_many_plans(there):
    for _ in range(MAX_JOURNEYS):
        begin(there, "library-card")
    with pytest.raises(Conflict):
        begin(there, "library-card")


def publish(town, *services):
    town.publisher.services, town.publisher.seq = services, town.publisher.seq + 1
    town.now += 3600
    town.fetch()


def ring(size):
    """Services that need each other in a ring."""
    return [
        {
            **LEAST,
            "id": f"ring-{i}",
            "needs": {"credentials": [dcql(vct=f"urn:ring:{(i + 1) % size}")]},
            "gives": gives(f"urn:ring:{i}", "x"),
        }
        for i in range(size)
    ]


@pytest.mark.parametrize("size", [2, 7])
def test_services_in_a_ring_are_refused_in_plain_words(there, size):
    publish(there, *ring(size))
    with pytest.raises(NoPlan):
        begin(there, "ring-0")
    assert journeys(there).kept() == ()


def test_goals_that_are_not_offered_any_more_are_said_to_be_gone(there):
    journey = begin(there, "library-card", "child-benefit")
    publish(there, *[one for one in there.publisher.services if one["id"] != "library-card"])
    plan = there.run(journeys(there).show(journey))
    assert (plan.gone, [one.service.id for one in plan.steps]) == (1, BIRTH)


def test_what_a_rule_excludes_is_planned_where_it_is_wanted_and_never_on_the_way(there):
    there.receive_pid()
    plan = there.run(journeys(there).preview(["pension"]))
    assert [(one.service.id, one.excluded) for one in plan.steps] == [("pension", True)]
    pension = next(one for one in there.publisher.services if one["id"] == "pension")
    wanting = {**LEAST, "id": "wants", "needs": {"credentials": [dcql(vct="urn:old")]}}
    publish(there, {**pension, "gives": gives("urn:old", "x")}, wanting)
    (step,) = there.run(journeys(there).preview(["wants"])).steps
    assert (step.service.id, len(step.elsewhere)) == ("wants", 1)
