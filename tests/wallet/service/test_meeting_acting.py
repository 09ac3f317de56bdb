"""Acting for somebody else in person: the same question for whom, and the same whole sets, as by link (decision 0068)."""

import pytest

from protocol.errors import AccessDenied
from protocol.sovereignty.representation import DOCTYPE
from tests.wallet.acting_in_person import ASKED, BIRTH, BIRTHS, CARD, FAMILY, PROOFS, asks_of
from tests.wallet.meeting import MeetingWorld, asked, share, verified_claims
from wallet.policy.people import PeopleMixed
from wallet.policy.representing import for_whom, represented_people


@pytest.fixture
def world(vault):
    """A parent at a counter, with proofs and certificates for Mia and for Ben in the form for it."""
    return MeetingWorld(vault).keep(*FAMILY)


def offered(seen):
    return {one.query_id: [choice.about or choice.acts_for for choice in one.choices] for one in seen.consent.questions}


def answer_for(world, found, name):
    """The user says for whom."""
    [option] = [one for one in found.seen.consent.whom.options if one.name == name]
    return world.run(world.wallet.presenting.answer_for(found.seen, option.id))


def test_nothing_is_offered_before_the_user_says_for_whom(world):
    _, found = asked(world, *ASKED)
    assert [one.name for one in found.seen.consent.whom.options] == ["Ben", "Mia"]
    assert found.seen.consent.whom.open
    assert not found.seen.consent.answerable


@pytest.mark.parametrize(("name", "other"), [("Mia", "Ben"), ("Ben", "Mia")])
def test_each_person_is_one_whole_set(world, name, other):
    """T187"""
    reader, found = asked(world, *ASKED)
    seen = answer_for(world, found, name)
    assert [*offered(seen).values()] == [[""], [name], [name]]
    assert seen.consent.whom.left_out == (f"Proof of custody ({other})", f"Birth certificate ({other})")
    answer = world.run(world.wallet.meetings.share(found.met, seen, seen.default_choice()))
    claims = verified_claims(reader, answer.message)
    assert claims[BIRTH.replace(".", "-")] == ({BIRTH: {"given_name": name}},)
    assert claims[DOCTYPE.replace(".", "-")] == ({DOCTYPE: {"relation": "parent"}},)


def test_who_acts_for_whom_is_said_before_anything_is_shown(world, vault):
    vault.write(drop=[PROOFS["Ben"]])
    _, found = asked(world, asks_of(DOCTYPE, "areas"))
    [question] = found.seen.consent.questions
    [choice] = question.choices
    assert choice.acts_for == "Mia"
    assert "Mia" not in str(choice.claims)


def test_a_mixed_choice_is_refused_before_a_copy_is_used(world, vault):
    """T187: whatever page or program made it."""
    _, found = asked(world, *ASKED)
    seen = found.seen
    # What the questions are about, in the order of the request
    mixed = dict(zip(seen.match.matches, [(CARD.id,), (PROOFS["Mia"].id,), (BIRTHS["Ben"].id,)], strict=True))
    with pytest.raises(PeopleMixed):
        world.run(world.wallet.meetings.share(found.met, seen, mixed))
    assert all(not copy.used_at for one in vault.credentials() for copy in one.copies)
    assert "sharing" not in [entry.action for entry in vault.log()]
    whole = {**mixed, [*mixed][2]: (BIRTHS["Mia"].id,)}
    assert world.run(world.wallet.meetings.share(found.met, seen, whole)).begun is not None


def test_a_proof_for_one_and_a_document_of_another_answer_nothing(world, vault):
    """T187"""
    vault.write(drop=[PROOFS["Ben"], BIRTHS["Mia"]])
    _, found = asked(world, *ASKED)
    assert not found.seen.consent.answerable
    assert not found.seen.consent.whom.open
    with pytest.raises(AccessDenied):
        found.seen.default_choice()


def test_the_log_knows_for_whom_it_was_and_has_no_name(world, vault):
    _, found = asked(world, *ASKED)
    seen = answer_for(world, found, "Mia")
    world.run(world.wallet.meetings.share(found.met, seen, seen.default_choice()))
    [entry] = [one for one in vault.log() if one.action == "sharing"]
    assert entry.in_person
    assert for_whom([entry], represented_people(vault.credentials())) == {entry.number: "Mia"}
    assert "Mia" not in repr(vault.log())


def test_a_proof_alone_is_for_whom_it_names(world, vault):
    _, found = asked(world, asks_of(DOCTYPE, "relation"))
    [question] = found.seen.consent.questions
    assert sorted(choice.acts_for for choice in question.choices) == ["Ben", "Mia"]
    answer = share(world, found, {question.query_id: (PROOFS["Ben"].id,)})
    assert answer.begun is not None
    [entry] = [one for one in vault.log() if one.action == "sharing"]
    assert for_whom([entry], represented_people(vault.credentials())) == {entry.number: "Ben"}
