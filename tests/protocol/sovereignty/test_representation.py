"""Who acts for whom: read from a proof, and held against everything else that came with it."""

import contextlib
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import JsonObject
from protocol.errors import Malformed, ProtocolError
from protocol.fields import Fields
from protocol.sovereignty.representation import (
    DOCTYPE,
    TYPE,
    ActingRule,
    Company,
    MayNotAct,
    Person,
    Relation,
    Representation,
    WhyNot,
    verify_acting,
)
from tests.support.strategies import json_values

TODAY = date(2026, 11, 28)
ERIKA = {"family_name": "Mustermann", "given_name": "Erika", "birthdate": "1990-03-07"}
MIA = {"family_name": "Mustermann", "given_name": "Mia", "birthdate": "2025-05-01"}
PROOF = {**ERIKA, "relation": "parent", "represented": MIA, "areas": ["school", "health"], "alone": True}
FIRM = {"name": "Muster GmbH", "register_number": "HRB 1", "country": "DE"}
RULE = {"proof": "proof", "identity": "pid", "about": ["birth"], "relations": ["parent", "guardian"], "area": "school"}
ANSWERS = {"proof": PROOF, "pid": ERIKA, "birth": MIA}


def acting(rule=None, proof=None, **answers):
    """Check an answer, with changes."""
    found = {**ANSWERS, "proof": {**PROOF, **(proof or {})}, **answers}
    return verify_acting(
        ActingRule.from_fields(Fields({**RULE, **(rule or {})}, "acting")),
        {name: value for name, value in found.items() if value is not None},
        today=TODAY,
    )


def test_a_parent_acts_for_a_child():
    found = acting()
    assert isinstance(found.represented, Person)
    assert (found.acting.name, found.represented.name) == ("Erika Mustermann", "Mia Mustermann")
    assert found.relation is Relation.PARENT


def test_an_employee_acts_for_a_company():
    rule = {"relations": ["employee"], "about": None, "area": "tax"}
    found = acting(rule, {"relation": "employee", "represented": FIRM, "areas": ["everything"]})
    assert isinstance(found.represented, Company)
    assert found.represented.is_same(Company("Another name", "hrb  1", "DE"))
    assert not found.represented.is_same(Company("Muster GmbH", "HRB 1", "AT"))


def test_a_proof_as_mdoc_says_the_same_by_the_elements_of_its_namespace():
    proof: JsonObject = {**PROOF}
    elements: JsonObject = {"birth_date" if name == "birthdate" else name: value for name, value in proof.items()}
    said = Representation.from_document(TYPE, proof)
    assert (
        Representation.from_document(DOCTYPE, {"org.other": {**elements, "areas": ["all"]}, DOCTYPE: elements}) == said
    )
    wrong: list[tuple[str, JsonObject]] = [
        ("urn:x", proof),
        ("urn:x", {DOCTYPE: elements}),
        (DOCTYPE, proof),
        (DOCTYPE, {"org.other": elements}),
        (TYPE, {DOCTYPE: elements}),
        (DOCTYPE, {DOCTYPE: "elements"}),
    ]
    for type_, claims in wrong:
        with pytest.raises(Malformed):
            Representation.from_document(type_, claims)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"proof": None}, WhyNot.NO_PROOF),
        ({"pid": MIA}, WhyNot.ANOTHER_ACTS),
        ({"pid": None}, WhyNot.ANOTHER_ACTS),
        ({"pid": {"given_name": "Erika"}}, WhyNot.ANOTHER_ACTS),
        ({"pid": {**ERIKA, "birthdate": "1990-03-08"}}, WhyNot.ANOTHER_ACTS),
        ({"birth": ERIKA}, WhyNot.ABOUT_ANOTHER),
        ({"birth": {}}, WhyNot.ABOUT_ANOTHER),
        ({"birth": {**MIA, "given_name": "Max"}}, WhyNot.ABOUT_ANOTHER),
        ({"proof": {**PROOF, "relation": "employee", "represented": FIRM}}, WhyNot.RELATION),
        ({"proof": {**PROOF, "areas": ["health"]}}, WhyNot.AREA),
        ({"proof": {**PROOF, "until": "2026-11-27"}}, WhyNot.OVER),
        ({"proof": {**PROOF, "alone": False}}, WhyNot.NOT_ALONE),
        ({"proof": {name: value for name, value in PROOF.items() if name != "alone"}}, WhyNot.NOT_ALONE),
    ],
    ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else str(value),
)
def test_whoever_may_not_act_is_told_why(changes, why):
    rule = ActingRule.from_fields(Fields(RULE, "acting"))
    answers = {name: value for name, value in {**ANSWERS, **changes}.items() if value is not None}
    with pytest.raises(MayNotAct) as refusal:
        verify_acting(rule, answers, today=TODAY)
    assert refusal.value.why is why
    assert "Erika" not in str(refusal.value)


def test_two_proofs_are_about_the_same_person():
    """A document may come in both of its forms, and nobody acts for one person by a proof about another."""
    rule = {"proof": ["proof", "proof-mdoc"]}
    found = acting(rule, **{"proof-mdoc": PROOF})
    assert isinstance(found.represented, Person)
    assert found.represented.name == "Mia Mustermann"
    with pytest.raises(MayNotAct) as refusal:
        acting(rule, **{"proof-mdoc": {**PROOF, "represented": {**MIA, "given_name": "Max"}}})
    assert refusal.value.why is WhyNot.ABOUT_ANOTHER


def test_the_last_day_counts():
    assert acting(proof={"until": "2026-11-28"}).until == TODAY


def test_everything_has_each_area_in_it():
    assert acting(proof={"areas": ["everything"]}).covers("school")


def test_two_may_be_enough_where_the_use_case_says_so():
    assert not acting({"alone": False}, {"alone": False}).alone


def test_what_was_left_out_is_about_nobody():
    assert acting(birth=None)


@pytest.mark.parametrize("given_name", ["ERIKA", " erika ", "Eri\u00adka".replace("\u00ad", ""), "\uff25rika"])
def test_names_are_compared_as_people_read_them(given_name):
    assert acting(pid={**ERIKA, "given_name": given_name})


def test_a_name_with_accents_is_the_same_in_both_spellings():
    one = Person("Müller", "Jörg", TODAY)
    assert one.is_same(Person("Mu\u0308ller", "Jo\u0308rg", TODAY))
    assert not one.is_same(Person("Mueller", "Joerg", TODAY))


@pytest.mark.parametrize(
    "changes",
    [
        {"relation": "friend"},
        {"relation": "employee"},
        {"represented": FIRM},
        {"represented": None},
        {"areas": []},
        {"areas": [7]},
        {"areas": ["x"] * 51},
        {"until": "28.11.2026"},
        {"until": "20261128"},
        {"birthdate": "1990-13-01"},
        {"alone": "yes"},
        {"given_name": ""},
    ],
    ids=lambda changes: json.dumps(changes)[:50],
)
def test_a_proof_of_another_shape_is_refused(changes):
    with pytest.raises(Malformed):
        Representation.from_claims({**PROOF, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"relations": ["friend"]},
        {"relations": []},
        {"about": ["pid"]},
        {"identity": "proof"},
        {"relations": ["employee"]},
        {"area": None},
        {"alone": 1},
    ],
    ids=json.dumps,
)
def test_a_rule_that_makes_no_sense_is_refused(changes):
    with pytest.raises(Malformed):
        ActingRule.from_fields(Fields({**RULE, **changes}, "acting"))


def test_the_receipt_names_what_is_about_the_represented_person():
    rule = ActingRule.from_fields(Fields(RULE, "acting"))
    assert rule.represented == ("proof", "birth")
    assert rule.queries == ("proof", "pid", "birth")


@given(json_values, json_values, json_values)
def test_no_answer_escapes_the_error_family(proof, pid, birth):
    answers = {name: one for name, one in {"proof": proof, "pid": pid, "birth": birth}.items() if isinstance(one, dict)}
    with contextlib.suppress(ProtocolError):
        verify_acting(ActingRule.from_fields(Fields(RULE, "acting")), answers, today=TODAY)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(PROOF, json_values)))
def test_no_proof_escapes_it_either(changes):
    with contextlib.suppress(Malformed):
        Representation.from_claims({**PROOF, **changes})


def test_nobody_is_named_where_things_are_printed():
    assert "Erika" not in repr(acting())
    assert "Muster" not in repr(Company.from_fields(Fields(FIRM, "company")))
