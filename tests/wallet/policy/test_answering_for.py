"""For whom an answer is: asked only where documents of two people could be mixed, and answered with one whole set."""

import pytest

from protocol.dcql.match import Candidate
from protocol.dcql.query import DcqlQuery
from protocol.errors import InvalidRequest
from protocol.sovereignty.representation import TYPE
from tests.wallet.acting import ASKED, BIRTH
from tests.wallet.counterparts import dcql
from tests.wallet.policy.test_people import BEN_, BENS, MIA_, MIAS, PID, PROOF_BEN, PROOF_MIA
from wallet.policy.answering_for import NOBODY_ASKED, WhomAsked, aim_of, match_for
from wallet.policy.people import ME, NEW, Aim, People, WhomShown, person_id

FAMILY = (PID, PROOF_MIA, PROOF_BEN, MIAS, BENS)
PEOPLE = People.among(FAMILY)
MIA, BEN = WhomShown(person_id(MIA_), "Mia"), WhomShown(person_id(BEN_), "Ben")
BIRTHS = {"credentials": [dcql(("given_name",), query_id="birth", vct=BIRTH)]}
PROOFS = {"credentials": [dcql(("relation",), query_id="proof", vct=TYPE)]}
OPTIONAL = {
    **ASKED,
    "credential_sets": [{"options": [["pid"]]}, {"options": [["proof", "birth"]], "required": False}],
}


def matched(aim=None, *, planned=False, query=ASKED, held=FAMILY):
    """What answers a query."""
    candidates = [Candidate(one.id, one.format, one.type, one.read_claims(), (), holder_bound=True) for one in held]
    by_id = {one.id: one for one in held}
    return match_for(DcqlQuery.from_dict(query), candidates, by_id, PEOPLE, aim, planned=planned)


def offered(found):
    return {query_id: [one.candidate.id for one in fitting] for query_id, fitting in found.match.matches.items()}


def test_where_two_people_are_possible_the_user_says_for_whom():
    """T187"""
    found = matched()
    assert found.aim is None
    assert found.whom == WhomAsked((BEN, MIA))
    assert found.whom.open


@pytest.mark.parametrize(("whom", "shown", "id_"), [(MIA_, MIA, "mia"), (BEN_, BEN, "ben")], ids=["mia", "ben"])
def test_what_was_said_is_answered_with_the_documents_of_that_person_alone(whom, shown, id_):
    """T187"""
    found = matched(Aim(whom))
    assert offered(found) == {"pid": ["pid"], "proof": [f"proof-{id_}"], "birth": [id_]}
    assert found.aim == Aim(whom)
    assert (found.whom.options, found.whom.chosen, found.whom.planned) == ((BEN, MIA), shown.id, False)
    other = "ben" if id_ == "mia" else "mia"
    assert found.whom.left_out == (f"proof-{other}", other)


def test_a_plan_says_for_whom_and_nothing_is_asked():
    found = matched(Aim(MIA_), planned=True)
    assert offered(found) == {"pid": ["pid"], "proof": ["proof-mia"], "birth": ["mia"]}
    assert found.whom == WhomAsked((), "Mia", MIA.id, planned=True, left_out=("proof-ben", "ben"))
    # Also where nothing could be mixed: who plans for Mia is not offered what is about Ben
    assert offered(matched(Aim(MIA_), planned=True, query=BIRTHS)) == {"birth": ["mia"]}


def test_a_plan_for_nobody_in_particular_says_nothing():
    assert matched(planned=True).whom == WhomAsked((BEN, MIA))


@pytest.mark.parametrize(
    ("query", "ids"), [(BIRTHS, {"birth": ["mia", "ben"]}), (PROOFS, {"proof": ["proof-mia", "proof-ben"]})], ids=str
)
def test_where_nothing_could_be_mixed_everything_that_fits_is_offered(query, ids):
    found = matched(query=query)
    assert offered(found) == ids
    assert (found.aim, found.whom) == (None, NOBODY_ASKED)


def test_where_one_person_alone_is_possible_it_is_for_them():
    found = matched(held=(PID, PROOF_MIA, MIAS, BENS))
    assert offered(found) == {"pid": ["pid"], "proof": ["proof-mia"], "birth": ["mia"]}
    assert not found.whom.open
    assert (found.whom.name, found.whom.left_out) == ("Mia", ("ben",))


def test_a_proof_for_one_and_a_document_of_another_answer_nothing():
    """T187"""
    found = matched(held=(PID, PROOF_MIA, BENS))
    assert not found.match.satisfied
    assert not found.whom.open
    assert found.whom.options == ()


def test_where_the_proof_is_optional_the_answer_can_be_for_the_user():
    me = WhomShown(ME)
    assert matched(query=OPTIONAL).whom == WhomAsked((me, BEN, MIA))
    assert offered(matched(Aim(None), query=OPTIONAL)) == {"pid": ["pid"], "proof": [], "birth": []}


def test_an_option_stands_for_somebody_who_is_known_and_nothing_else_does():
    whom = WhomAsked((WhomShown(ME), MIA))
    assert aim_of(whom, ME, PEOPLE) == Aim(None)
    assert aim_of(whom, MIA.id, PEOPLE) == Aim(MIA_)
    # Ben is known, and none of the options; nobody is known by the last id, and it is one of them
    for choice, among in ((BEN.id, whom), ("", whom), (NEW, whom), ("0" * 16, WhomAsked((WhomShown("0" * 16),)))):
        with pytest.raises(InvalidRequest):
            aim_of(among, choice, PEOPLE)
