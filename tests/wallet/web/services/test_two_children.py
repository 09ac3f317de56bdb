"""Two documents of one kind, such as the birth certificates of two children: told apart by name, and chosen by the citizen."""

import re

import pytest

from tests.wallet.service_town import CHILD
from tests.wallet.web.flows import follow, receive, say
from tests.wallet.web.services.people import NEEDS_BIRTH, asked_for_birth, begin_plan, hold_child, hold_pid, submit
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


def test_a_plan_names_both_and_lets_choose_at_its_step(served, parent):
    plan = begin_plan(parent, "Kindergeld", "Child benefit")
    words = words_of(plan)
    assert "You have: Birth certificate (Mia)" in words
    assert "You have: Birth certificate (Ben)" in words
    served.world.partner.query = NEEDS_BIRTH
    consent = words_of(parent.get(submit(parent, plan, "Begin this step").headers["location"]))
    assert "Several fit. Which one do you want to show?" in consent


def test_the_list_of_documents_says_whose_they_are_and_nothing_of_the_citizen(parent):
    words = words_of(parent.get("/"))
    assert "Birth certificate (Mia)" in words
    assert "Birth certificate (Ben)" in words
    assert "Personal ID (" not in words


def test_without_an_identity_card_nobody_guesses_whose_it_is(served, there):
    hold_child(served, there)
    assert "Birth certificate (" not in words_of(there.get("/"))
