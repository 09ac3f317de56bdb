"""Two documents of one kind, such as the birth certificates of two children: told apart by name, and chosen by the citizen."""

import re

import pytest

from tests.wallet.service_town import CHILD
from tests.wallet.web.flows import follow, receive, say
from tests.wallet.web.services.people import NEEDS_BIRTH, asked_for_birth, hold_child, hold_pid, link, submit, tick
from tests.wallet.web.visitor import words_of


@pytest.fixture
def parent(served, there):
    """Somebody with the certificates of Mia and Ben."""
    hold_pid(served, there)
    hold_child(served, there)
    served.world.agency.claims = {**CHILD, "given_name": "Ben", "birthdate": "2024-05-06"}
    follow(there, say(there, receive(served, there, credential_configuration_ids=("birth",)), "yes"))
    return there


def test_the_question_says_whose_each_is_and_nothing_is_chosen(served, parent):
    page = asked_for_birth(served, parent)
    shown = parent.get(page)
    words = words_of(shown)
    assert "Several fit. Which one do you want to show?" in words
    assert "Birth certificate (Mia)" in words
    assert "Birth certificate (Ben)" in words
    assert "checked" not in shown.text.partition("Several fit.")[2].partition("</fieldset>")[0]
    again = say(parent, page, "yes")
    assert again.status_code == 400
    assert served.world.partner.answers == []


@pytest.mark.parametrize(("whose", "other"), [("Mia", "Ben"), ("Ben", "Mia")], ids=["one", "other"])
def test_the_one_that_is_chosen_is_shown_and_no_other(served, parent, whose, other):
    page = asked_for_birth(served, parent)
    found = re.findall(r'name="choice-0" value="(\d)"[^>]*>\s*<span><strong>([^<]*)', parent.get(page).text)
    [place] = [place for place, name in found if name == f"Birth certificate ({whose})"]
    done = words_of(follow(parent, say(parent, page, "yes", **{"choice-0": place})))
    assert f"Birth certificate ({whose})" in done
    assert f"({other})" not in done
    assert len(served.world.partner.presented("birth")) == 1


def begin_for(parent, name):
    """A plan for child benefit, for one of the children; the page of the question, and that of the plan."""
    found = follow(parent, parent.post("/services/find", page="/services", typed="Kindergeld"))
    question = submit(parent, found, "Show me the way there", **tick(found, "Child benefit"))
    options = re.findall(r'name="whom" value="([^"]*)"[^>]*>\s*<span>([^<]*)', question.text)
    [choice] = [value for value, words in options if words == f"For {name}"]
    preview = submit(parent, question, "Go on", whom=choice)
    assert words_of(preview).count(f"For {name}") == 1
    return question, follow(parent, submit(parent, preview, "Begin this plan", whom=choice))


def test_a_plan_asks_for_whom_it_is_and_nothing_is_chosen(parent):
    question, _ = begin_for(parent, "Mia")
    words = words_of(question)
    assert "For Mia" in words
    assert "For Ben" in words
    assert "checked" not in question.text
    again = submit(parent, question, "Go on", whom="")
    assert again.status_code == 400
    assert "Please choose for whom it is. Nothing was begun yet." in words_of(again)


@pytest.mark.parametrize(("whose", "other"), [("Mia", "Ben"), ("Ben", "Mia")], ids=["one", "other"])
def test_a_plan_says_for_whom_it_is_and_its_step_has_only_their_document(served, parent, whose, other):
    _, plan = begin_for(parent, whose)
    words = words_of(plan)
    assert f"This plan is for {whose}." in words
    assert f"You have: Birth certificate ({whose})" in words
    assert f"Birth certificate ({other})" not in words
    # T260: for whom it is stands in no address
    assert not any(name in str(plan.url) for name in ("Mia", "Ben"))
    served.world.partner.query = NEEDS_BIRTH
    asked = submit(parent, plan, "Begin this step").headers["location"]
    consent = words_of(parent.get(asked))
    assert f"This step is for {whose}, as your plan says." in consent
    assert "Several fit." not in consent
    assert f"Not offered here, because it is about somebody else: Birth certificate ({other})" in consent
    assert served.world.partner.answers == []
    done = words_of(follow(parent, say(parent, asked, "yes")))
    assert f"Birth certificate ({whose})" in done


def test_whom_a_plan_is_for_can_be_changed(served, parent):
    _, plan = begin_for(parent, "Mia")
    page = parent.get(link(plan, "It is for somebody else"))
    assert page.text.count("checked") == 1
    [ben] = re.findall(r'name="whom" value="([^"]*)"[^>]*>\s*<span>For Ben', page.text)
    changed = follow(parent, submit(parent, page, "Go on", whom=ben))
    assert "This plan is for Ben." in words_of(changed)


def test_a_plan_of_which_nobody_said_for_whom_it_is_begins_no_step(served, parent):
    [benefit] = [one for one in served.services().catalogue.services() if one.id == "child-benefit"]
    kept = served.wallet().run(served.services().journeys.begin([benefit.id]))
    page = parent.get(f"/plans/{kept.id}")
    assert "For whom is this plan?" in words_of(page)
    assert "Begin this step" not in page.text
    ticket = re.search(r"/plans/[0-9a-f]+/([0-9a-f]{32})/", begin_for(parent, "Mia")[1].text)[1]
    begun = parent.post(f"/plans/{kept.id}/{ticket}/begin", page=f"/plans/{kept.id}")
    assert begun.headers["location"] == f"/plans/{kept.id}/whom"
    assert served.world.partner.begun == []


def test_the_list_of_documents_says_whose_they_are_and_nothing_of_the_citizen(parent):
    words = words_of(parent.get("/"))
    assert "Birth certificate (Mia)" in words
    assert "Birth certificate (Ben)" in words
    assert "Personal ID (" not in words


def test_without_an_identity_card_nobody_guesses_whose_it_is(served, there):
    hold_child(served, there)
    assert "Birth certificate (" not in words_of(there.get("/"))
