"""A proof that somebody acts for a child, and the documents of that child: offered and given as one set, never mixed."""

import pytest

from protocol.errors import InvalidRequest
from protocol.sovereignty.representation import TYPE
from tests.wallet.acting import ASKED, BEN, BIRTH, MIA, PROOF, speak_of
from tests.wallet.counterparts import Partner, World
from wallet.policy.people import ME, PeopleMixed

OPTIONAL = {
    **ASKED,
    "credential_sets": [
        {"options": [["pid"]]},
        {"options": [["proof", "birth"]], "required": False},
    ],
}


@pytest.fixture
def world(vault):
    """A parent whose wallet has proofs and certificates for Mia and for Ben."""
    world = World(vault, partner=Partner(query=ASKED))
    world.receive()
    for child in (MIA, BEN):
        for type_, claims in ((TYPE, {**PROOF, "represented": child}), (BIRTH, child)):
            speak_of(world, type_, claims)
            world.receive()
    return world


def look(world):
    return world.run(world.wallet.presenting.look(world.partner.link()))


def offered(seen):
    return {one.query_id: [choice.about or choice.acts_for for choice in one.choices] for one in seen.consent.questions}


def test_nothing_is_offered_before_the_user_says_for_whom(world):
    seen = look(world)
    assert [one.name for one in seen.consent.whom.options] == ["Ben", "Mia"]
    assert seen.consent.whom.open
    assert not seen.consent.answerable


@pytest.mark.parametrize(("place", "name", "other"), [(1, "Mia", "Ben"), (0, "Ben", "Mia")], ids=["mia", "ben"])
def test_each_person_is_one_whole_set(world, place, name, other):
    """T187"""
    seen = look(world)
    seen = world.run(world.wallet.presenting.answer_for(seen, seen.consent.whom.options[place].id))
    assert offered(seen) == {"pid": [""], "proof": [name], "birth": [name]}
    assert seen.consent.answerable
    assert seen.consent.whom.left_out == (f"Personal ID ({other})",)
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))
    assert world.partner.answers
    # The same request in another language, or after the register was asked, is for the same person
    assert offered(world.run(world.wallet.presenting.look_again(seen))) == offered(seen)


def test_a_mixed_choice_is_refused_before_anything_is_made(world, vault):
    """T187: whatever page or program made it."""
    seen = look(world)
    held = {(one.type, one.read_claims().get("given_name")): one.id for one in vault.credentials()}
    proofs = {one.read_claims()["represented"]["given_name"]: one.id for one in vault.credentials() if one.type == TYPE}
    mixed = {
        "pid": (next(one.id for one in vault.credentials() if one.type.startswith("urn:eudi")),),
        "proof": (proofs["Mia"],),
        "birth": (held[BIRTH, "Ben"],),
    }
    with pytest.raises(PeopleMixed):
        world.run(world.wallet.presenting.share(seen, mixed))
    assert world.partner.answers == []
    assert all(not copy.used_at for one in vault.credentials() for copy in one.copies)
    assert "sharing" not in [entry.action for entry in vault.log()]
    whole = {**mixed, "birth": (held[BIRTH, "Mia"],)}
    world.run(world.wallet.presenting.share(seen, whole))
    assert world.partner.answers


def test_where_one_person_alone_is_possible_nothing_is_asked(world, vault):
    ben = next(one for one in vault.credentials() if one.type == TYPE and "Ben" in one.claims)
    vault.write(drop=[ben])
    seen = look(world)
    assert not seen.consent.whom.open
    assert offered(seen) == {"pid": [""], "proof": ["Mia"], "birth": ["Mia"]}


def test_a_proof_for_one_and_a_document_of_another_answer_nothing(world, vault):
    vault.write(drop=[one for one in vault.credentials() if "Mia" in one.claims and one.type == BIRTH])
    vault.write(drop=[one for one in vault.credentials() if "Ben" in one.claims and one.type == TYPE])
    seen = look(world)
    assert not seen.consent.answerable
    assert not seen.consent.whom.open


def test_where_the_proof_is_optional_the_user_can_answer_for_themselves(world):
    world.partner.query = OPTIONAL
    seen = look(world)
    assert [one.id for one in seen.consent.whom.options][:1] == [ME]
    seen = world.run(world.wallet.presenting.answer_for(seen, ME))
    assert offered(seen) == {"pid": [""], "proof": [], "birth": []}
    world.run(world.wallet.presenting.share(seen, seen.default_choice()))


def test_who_is_none_of_the_options_is_refused(world):
    seen = look(world)
    for choice in ("", "new", ME, "0" * 16):
        with pytest.raises(InvalidRequest):
            world.run(world.wallet.presenting.answer_for(seen, choice))


def test_two_proofs_alone_are_chosen_as_before(world):
    world.partner.query = {"credentials": ASKED["credentials"][:2]}
    seen = look(world)
    assert not seen.consent.whom.options
    assert sorted(offered(seen)["proof"]) == ["Ben", "Mia"]
