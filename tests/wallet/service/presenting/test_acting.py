"""The wallet says for whom its user acts, before they say yes."""

from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from protocol.sovereignty.representation import TYPE
from tests.support.pki import seeded
from tests.wallet.acting import FIRM, MIA, PROOF, office, school
from tests.wallet.counterparts import World, held
from wallet.policy.cockpit.timeline import Filter
from wallet.policy.representing import (
    ME,
    OTHERS,
    acts_for,
    entries_about,
    for_whom,
    marks_of,
    represented_people,
)


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


def about(world, wanted):
    """The numbers of the entries that the timeline finds for somebody."""
    log = world.vault.log()
    people = represented_people(world.vault.credentials())
    found = world.wallet.cockpit.timeline().find(Filter(entries=entries_about(log, wanted, people)))
    return {item.number for item in found}


def shared_with(world):
    return {entry.number for entry in world.vault.log() if entry.action == "sharing"}


def test_the_timeline_finds_what_was_shown_for_somebody(world):
    world.present()
    [mia] = represented_people(world.vault.credentials())
    [number] = shared_with(world)
    assert about(world, mia.id) == {number}
    # What was got, and everything else, is about the user
    assert number not in about(world, ME)
    assert about(world, ME)
    assert about(world, OTHERS) == set()
    [entry] = [entry for entry in world.vault.log() if entry.number == number]
    assert for_whom([entry], [mia]) == {number: "Mia"}


def test_two_entries_about_one_person_share_nothing(world):
    world.present()
    world.present()
    first, second = (entry.acting for entry in world.vault.log() if entry.action == "sharing")
    assert len(first) == len(second) == 1
    assert first[0][:32] != second[0][:32]
    assert first[0][32:] != second[0][32:]


def test_whom_it_was_for_is_not_known_without_a_proof(world):
    world.present()
    [number] = shared_with(world)
    world.vault.write(drop=world.vault.credentials())
    assert represented_people(world.vault.credentials()) == ()
    assert about(world, OTHERS) == {number}
    [entry] = [entry for entry in world.vault.log() if entry.number == number]
    assert for_whom([entry], ()) == {number: ""}


def test_a_document_about_the_child_is_for_the_child_and_an_own_one_is_not():
    child = held("birth", type="urn:x:birth", claims=encode_json(MIA).decode())
    own = held("pid", claims=encode_json({**MIA, "given_name": "Erika"}).decode())
    marks = marks_of([child], [proof(), child, own], seeded(1))
    assert represented_people([proof()])[0].is_marked(marks)
    assert marks_of([own], [proof(), child, own], seeded(1)) == ()
    # Without a proof that the user acts for them, a document about somebody else says nothing
    assert marks_of([child], [child, own], seeded(1)) == ()


def test_a_proof_is_for_whom_it_names_and_not_for_whoever_acts_with_it():
    for_erika = proof(
        given_name="Max", represented={name: PROOF[name] for name in ("family_name", "given_name", "birthdate")}
    )
    marks = marks_of([proof()], [proof(), for_erika], seeded(1))
    mia, erika = represented_people([proof(), for_erika])
    assert mia.is_marked(marks)
    assert not erika.is_marked(marks)


def test_somebody_else_of_another_name_is_not_found():
    marks = marks_of([proof()], [proof()], seeded(1))
    other = proof(represented={**MIA, "given_name": "Ben"})
    assert not represented_people([other])[0].is_marked(marks)
    firm = proof(relation="employee", represented=FIRM)
    assert not represented_people([firm])[0].is_marked(marks)
    assert [who.name for who in represented_people([proof(), proof(), firm, other])] == ["Mia", "Muster GmbH", "Ben"]
