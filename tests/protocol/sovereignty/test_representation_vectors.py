"""The vectors of docs/sovereignty/representation.md: current, and each with who acts for whom, or why nobody may."""

import json
from datetime import date

import pytest

from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.representation import ActingRule, MayNotAct, WhyNot, verify_acting
from tests.protocol.sovereignty.test_representation import ANSWERS, ERIKA, FIRM, MIA, PROOF, RULE, TODAY
from tests.support.sovereignty_vectors import FOLDER, check_current

FILE = "representation.json"
EMPLOYEE = {"relations": ["employee"], "area": "tax", "about": None}
FORMS = {"proof": ["proof", "proof-mdoc"], "identity": ["pid", "pid-mdoc"], "about": ["birth", "birth-mdoc"]}
FOR_FIRM = {**PROOF, "relation": "employee", "represented": FIRM, "areas": ["everything"]}


def case(*, rule=None, proof=None, without=(), **answers):
    found = {**ANSWERS, "proof": {**PROOF, **(proof or {})}, **answers}
    return {
        "rule": {name: value for name, value in {**RULE, **(rule or {})}.items() if value is not None},
        "today": TODAY.isoformat(),
        "answers": {name: value for name, value in found.items() if name not in without},
    }


def accepted():
    return {
        "a parent": case(),
        "a document about the child was left out": case(without=("birth",)),
        "an employee": case(rule=EMPLOYEE, proof=FOR_FIRM, without=("birth",)),
        "everything has the area in it": case(proof={"areas": ["everything"]}),
        "names in other spellings": case(pid={**ERIKA, "family_name": "  MUSTERMANN ", "given_name": "ｅrika"}),
        "each document in the other form": case(
            rule=FORMS, without=("proof", "pid", "birth"), **{"proof-mdoc": PROOF, "pid-mdoc": ERIKA, "birth-mdoc": MIA}
        ),
        "both forms of the proof": case(rule=FORMS, **{"proof-mdoc": PROOF}),
        "the last day": case(proof={"until": TODAY.isoformat()}),
        "with another, where that is enough": case(rule={"alone": False}, proof={"alone": False}),
    }


def refused():
    return {
        "no proof": ("no_proof", case(without=("proof",))),
        "no identity": ("another_acts", case(without=("pid",))),
        "the proof of another": ("another_acts", case(pid={**ERIKA, "birthdate": "1990-03-08"})),
        "an identity without a date of birth": ("another_acts", case(pid={"family_name": "Mustermann"})),
        "a relation that is not taken": ("relation", case(rule=EMPLOYEE, without=("birth",))),
        "another area": ("area", case(proof={"areas": ["health"]})),
        "the day after the last": ("over", case(proof={"until": "2026-11-27"})),
        "with another only": ("not_alone", case(proof={"alone": False})),
        "alone is not said": ("not_alone", case(proof={"alone": False})),
        "a document about another child": ("about_another", case(birth={**MIA, "given_name": "Max"})),
        "a document that says nobody": ("about_another", case(birth={})),
        "the other form of the proof is for another child": (
            "about_another",
            case(
                rule=FORMS, without=("birth",), **{"proof-mdoc": {**PROOF, "represented": {**MIA, "given_name": "Max"}}}
            ),
        ),
        "the other form of the proof is over": (
            "over",
            case(rule=FORMS, **{"proof-mdoc": {**PROOF, "until": "2026-11-27"}}),
        ),
        "the other form of the identity is of another": ("another_acts", case(rule=FORMS, **{"pid-mdoc": MIA})),
        "another acts, in another area": ("another_acts", case(pid=MIA, proof={"areas": ["health"]})),
    }


def malformed():
    return {
        "a relation that nobody knows": case(proof={"relation": "friend"}),
        "a parent of a company": case(proof={"represented": FIRM}),
        "no areas": case(proof={"areas": []}),
        "areas that are no list": case(proof={"areas": "everything"}),
        "an end that is no date": case(proof={"until": "2026-13-01"}),
        "an end in another form": case(proof={"until": "20261127"}),
    }


def made():
    vectors = {
        "about": "Vectors of docs/sovereignty/representation.md. `answers`: verified claims by query id.",
        "type": "urn:hoheit:representation:1",
        "doctype": "org.hoheit.representation.1",
        "accepted": accepted(),
        "refused": {name: {"why": why, **each} for name, (why, each) in refused().items()},
        "malformed": malformed(),
    }
    del vectors["refused"]["alone is not said"]["answers"]["proof"]["alone"]
    return vectors


def judged(vector):
    rule = ActingRule.from_fields(Fields(vector["rule"], "acting"))
    return verify_acting(rule, vector["answers"], today=date.fromisoformat(vector["today"]))


PUBLISHED = json.loads((FOLDER / FILE).read_bytes()) if (FOLDER / FILE).exists() else made()


def test_what_is_published_is_what_is_made():
    check_current(FILE, made())


@pytest.mark.parametrize("name", PUBLISHED["accepted"])
def test_whoever_may_act_does(name):
    vector = PUBLISHED["accepted"][name]
    found = judged(vector)
    proof = next(vector["answers"][id_] for id_ in ("proof", "proof-mdoc") if id_ in vector["answers"])
    assert found.to_claims() == {"alone": False, **proof, "areas": sorted(found.areas)}


@pytest.mark.parametrize("name", PUBLISHED["refused"])
def test_whoever_may_not_act_is_refused_for_that(name):
    vector = PUBLISHED["refused"][name]
    with pytest.raises(MayNotAct) as refusal:
        judged(vector)
    assert refusal.value.why is WhyNot(vector["why"])


@pytest.mark.parametrize("name", PUBLISHED["malformed"])
def test_what_has_not_the_shape_of_a_proof_is_none(name):
    with pytest.raises(Malformed):
        judged(PUBLISHED["malformed"][name])


def test_every_reason_has_a_vector():
    assert {each["why"] for each in PUBLISHED["refused"].values()} == {*WhyNot}
