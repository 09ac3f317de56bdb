"""The wallet says for whom its user acts, before they say yes."""

from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from protocol.sovereignty.representation import TYPE
from tests.wallet.acting import FIRM, MIA, PROOF, office, school
from tests.wallet.counterparts import World, held
from wallet.policy.representing import acts_for


def proof(**changes):
    """A proof that is held."""
    return held(type=TYPE, claims=encode_json({**PROOF, **changes}).decode())


@pytest.fixture
def world(vault):
    """A parent whose wallet has a proof, and a school that asks what it is good for."""
    world = World(vault, office(), school())
    world.receive()
    return world


def test_who_acts_for_whom_is_said_before_anything_is_shown(world):
    seen = world.run(world.wallet.presenting.look(world.partner.link()))
    [question] = seen.consent.questions
    [choice] = question.choices
    assert choice.acts_for == "Mia"
    # Nobody asked for the name: it is told to the user and to nobody else
    assert "Mia" not in str(choice.claims)
    assert choice.speaking("de").acts_for == "Mia"


def test_the_name_is_in_no_log(world):
    world.present()
    assert "Mia" not in repr(world.vault.log())


def test_the_document_says_it_where_it_is_looked_at(world):
    assert [shown.acts_for for shown in world.wallet.keeping.credentials()] == ["Mia"]


def test_an_employee_acts_for_a_company():
    assert acts_for(proof(relation="employee", represented=FIRM)) == "Muster GmbH"


@pytest.mark.parametrize(
    "changes", [{"represented": {}}, {"relation": "friend"}, {"represented": "Mia"}, {"areas": []}]
)
def test_a_proof_that_is_not_understood_says_nothing(changes):
    assert acts_for(proof(**changes)) == ""


def test_no_other_document_says_it():
    assert acts_for(held()) == ""
    assert acts_for(replace(proof(), type="urn:eudi:pid:1")) == ""


def test_a_strangers_name_is_made_plain():
    """T152"""
    assert acts_for(proof(represented={**MIA, "given_name": "\u202eMia\x1b"})) == "Mia"
