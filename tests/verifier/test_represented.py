"""What is kept so that represented people find it, and the question by which they show who they are."""

from protocol.encoding import JsonObject
from protocol.sovereignty.representation import Representation
from tests.protocol.sovereignty.disclosures import RECEIPT
from tests.support.acting import FIRM, FOR_A_FIRM, MIA, PROOF, USE_CASE
from verifier.acting import Acting
from verifier.represented import IN_OWN_NAME, ActedFor, acted_for, mark_of, own_name_question, who_shows
from verifier.use_case import UseCase


def use_case(text):
    return UseCase.from_toml(text, "case.toml")


def test_where_nobody_acts_for_people_there_is_no_question_to_them():
    assert own_name_question(()) is None
    assert own_name_question([use_case(FOR_A_FIRM)]) is None
    asked = own_name_question([use_case(FOR_A_FIRM), use_case(USE_CASE)])
    assert asked is not None
    assert (asked.id, [query.meta.vct_values for query in asked.query.credentials]) == (
        IN_OWN_NAME, [("urn:eudi:pid:1",)],
    )  # fmt: skip


def test_who_shows_nobody_is_nobody():
    assert who_shows({"you": [MIA]}) is not None
    nobody: list[JsonObject] = [{}, {"you": []}, {"you": ["Mia"]}, {"you": [{"given_name": "Mia"}]}]
    for shown in nobody:
        assert who_shows(shown) is None


def acting(**changes):
    return Acting(Representation.from_claims({**PROOF, **changes}), "school", (), "Registry office")


def test_a_person_is_kept_by_a_mark_and_a_company_or_nobody_by_none():
    secret, mia = b"s" * 32, who_shows({"you": [MIA]})
    assert mia is not None
    found = acted_for(secret, acting(), RECEIPT)
    assert found == ActedFor(RECEIPT.id, mark_of(secret, mia), "parent", RECEIPT.issued_at, RECEIPT.log_until)
    assert acted_for(secret, acting(relation="employee", represented=FIRM), RECEIPT) is None
    assert acted_for(secret, None, RECEIPT) is None
