"""A consent as a form: only what is on the page can be chosen, and nothing is chosen for anybody."""

import pytest

from protocol.errors import InvalidRequest
from tests.wallet.consents import consent, question
from wallet.policy.choosing import ChoiceMissing, NothingChosen, chosen_documents, read_choice, ways_of

PLAIN = consent([question("a", "one")], [([("a",)], True)])
WAYS = consent([question("a", "one"), question("b", "two")], [([("a",), ("b",)], True)])
OPTIONAL = consent([question("a", "one"), question("b", "two")], [([("a",)], True), ([("b",)], False)])
ALL_OPTIONAL = consent([question("a", "one"), question("b", "two")], [([("a",), ("b",)], False)])
TWO_CARDS = consent([question("a", "one", "two")], [([("a",)], True)])
SEVERAL = consent([question("a", "one", "two", several=True)], [([("a",)], True)])
PAIR = consent([question("a", "one"), question("b", "two")], [([("a", "b"), ("a",)], True)])
NOTHING_FITS = consent([question("a", "one"), question("b")], [([("a",)], True), ([], False)])


@pytest.mark.parametrize(
    ("asked", "form", "choice"),
    [
        (PLAIN, {}, {"a": ("one",)}),
        (PLAIN, {"way-0": "7", "choice-0": "9", "other": "x"}, {"a": ("one",)}),
        (WAYS, {"way-0": "1"}, {"b": ("two",)}),
        (OPTIONAL, {}, {"a": ("one",)}),
        (OPTIONAL, {"way-1": "0"}, {"a": ("one",), "b": ("two",)}),
        (ALL_OPTIONAL, {"way-0": "1"}, {"b": ("two",)}),
        (TWO_CARDS, {"choice-0": "1"}, {"a": ("two",)}),
        (SEVERAL, {"choice-0-1": "yes"}, {"a": ("two",)}),
        (SEVERAL, {"choice-0-0": "yes", "choice-0-1": "yes"}, {"a": ("one", "two")}),
        (PAIR, {"way-0": "0"}, {"a": ("one",), "b": ("two",)}),
        (PAIR, {"way-0": "1"}, {"a": ("one",)}),
        (NOTHING_FITS, {"way-1": "0"}, {"a": ("one",)}),
    ],
)
def test_what_a_form_says_is_what_is_chosen(asked, form, choice):
    assert read_choice(asked, form) == choice


@pytest.mark.parametrize(("asked", "form"), [(WAYS, {}), (TWO_CARDS, {}), (SEVERAL, {}), (SEVERAL, {"choice-0": "1"})])
def test_what_is_needed_is_not_guessed(asked, form):
    with pytest.raises(ChoiceMissing):
        read_choice(asked, form)


def test_nothing_at_all_is_no_answer():
    with pytest.raises(NothingChosen):
        read_choice(ALL_OPTIONAL, {})


@pytest.mark.parametrize("value", ["2", "-1", "x", "²", "1 ", "00001", "9" * 5000])
def test_only_what_is_on_the_page_can_be_chosen(value):
    for asked, name in ((WAYS, "way-0"), (TWO_CARDS, "choice-0")):
        with pytest.raises(InvalidRequest) as refusal:
            read_choice(asked, {name: value})
        assert not isinstance(refusal.value, ChoiceMissing)


def test_a_document_that_serves_twice_is_shown_once():
    [way] = ways_of(PAIR)
    assert [[item.first for item in option] for option in way.options] == [[True, True], [False]]


def test_what_is_required_comes_first_and_what_cannot_be_answered_not_at_all():
    asked = consent([question("a", "one"), question("b", "two")], [([("b",)], False), ([("a",)], True), ([], False)])
    assert [(way.place, way.required, way.decided) for way in ways_of(asked)] == [(1, True, True), (0, False, False)]


def test_chosen_documents_are_those_of_the_choice():
    assert [found.held_id for found in chosen_documents(OPTIONAL, {"b": ("two",)})] == ["two"]
