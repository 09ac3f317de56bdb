"""What acting for another asks of each document, and what an answer tells beside who acts for whom."""

from dataclasses import replace

import pytest

from protocol.dcql.query import MDOC, SD_JWT_VC, DcqlQuery
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.representation import DOCTYPE, TYPE, WhyNot
from protocol.sovereignty.rules import CredentialType
from tests.support.acting import ERIKA, MIA, PROOF
from verifier.acting import PERSON, ActingTerms, AskedAsMdoc, acted, is_needed

PID, MDL = "eu.europa.ec.eudi.pid.1", "org.iso.18013.5.1.mDL"
TABLE: JsonObject = {
    "proof": "proof", "identity": ["pid", "pid-mdoc"], "about": ["school"], "relations": ["parent"], "area": "school",
}  # fmt: skip
TERMS = replace(
    ActingTerms.from_fields(Fields(TABLE, "acting")), mdocs=(AskedAsMdoc("pid-mdoc", PID, PID),)
)  # fmt: skip
ELEMENTS: JsonObject = {"family_name": "Mustermann", "given_name": "Erika", "birth_date": "1990-03-07"}


def test_an_mdoc_is_asked_for_its_elements_and_other_documents_for_their_claims():
    assert TERMS.asked_of("pid", CredentialType(SD_JWT_VC, "urn:eudi:pid:1")) == tuple((name,) for name in PERSON)
    names = ("family_name", "given_name", "birth_date")
    assert TERMS.asked_of("pid", CredentialType(MDOC, PID)) == tuple((PID, name) for name in names)
    assert TERMS.asked_of("pid", CredentialType(MDOC, MDL)) == tuple(("org.iso.18013.5.1", name) for name in names)
    assert TERMS.asked_of("another", CredentialType(MDOC, PID)) == ()


def test_beside_who_acts_stands_what_else_came():
    disclosed: JsonObject = {
        "proof": [PROOF],
        "pid": [{**ERIKA, "nationality": "DE"}],
        "pid-mdoc": [{PID: {**ELEMENTS, "sex": 2}, "other": {"family_name": "kept"}}],
        "school": [MIA],
        "card": [{"family_name": "Mustermann"}],
    }
    assert TERMS.beside(disclosed) == {
        "pid": [{"nationality": "DE"}],
        "pid-mdoc": [{PID: {"sex": 2}, "other": {"family_name": "kept"}}],
        "card": [{"family_name": "Mustermann"}],
    }
    assert TERMS.beside({"pid-mdoc": [{PID: ELEMENTS}]}) == {}


def test_what_is_no_document_of_ours_is_told_as_it_is():
    assert TERMS.beside({"pid": ["unreadable"]}) == {"pid": ["unreadable"]}


def test_an_mdoc_names_whoever_acts_as_another_document_does():
    answer: dict[str, list[JsonValue]] = {"proof": [PROOF], "pid-mdoc": [{PID: ELEMENTS}], "school": [MIA]}
    assert TERMS.judge(answer, now=1_700_000_000) is None
    other: dict[str, list[JsonValue]] = {**answer, "pid-mdoc": [{PID: {**ELEMENTS, "given_name": "Max"}}]}
    assert TERMS.judge(other, now=1_700_000_000) is WhyNot.ANOTHER_ACTS
    elsewhere: dict[str, list[JsonValue]] = {**answer, "pid-mdoc": [{"org.example": ELEMENTS}]}
    assert TERMS.judge(elsewhere, now=1_700_000_000) is not None


def test_without_a_proof_nobody_acts_for_another_and_data_about_another_are_nobodys():
    assert TERMS.judge({"pid": [ERIKA]}, now=1_700_000_000) is WhyNot.NO_PROOF
    own = without_about()
    assert own.judge({"pid": [ERIKA]}, now=1_700_000_000) is None
    assert acted(own, {"pid": [ERIKA]}, {}) is None
    assert acted(None, {"proof": [PROOF]}, {}) is None
    found = acted(own, {"proof": [PROOF], "pid": [ERIKA]}, {"proof": ("Registry office", "Town")})
    assert found is not None
    assert (found.area, found.checked_by) == ("school", "Registry office")


def without_about():
    return ActingTerms.from_fields(Fields({name: of for name, of in TABLE.items() if name != "about"}, "acting"))


def claims(*paths):
    return [{"path": [*path]} for path in paths]


def question(identity):
    names = ("family_name", "given_name", "birthdate", "relation", "represented", "areas", "alone", "until")
    proof = {
        "id": "proof",
        "format": SD_JWT_VC,
        "meta": {"vct_values": [TYPE]},
        "claims": claims(*((name,) for name in names)),
    }
    return DcqlQuery.from_dict({"credentials": [proof, identity]})


BY_MDOC = replace(without_about(), rule=replace(without_about().rule, identity=("pid-mdoc",)))


def identity(*names, doc_type=PID):
    paths = claims(*((doc_type, name) for name in names))
    return {"id": "pid-mdoc", "format": MDOC, "meta": {"doctype_value": doc_type}, "claims": paths}


def test_a_question_for_an_mdoc_says_where_its_elements_are():
    whole = question(identity("family_name", "given_name", "birth_date"))
    assert BY_MDOC.asked_by(whole, "acting").mdocs == (AskedAsMdoc("pid-mdoc", PID, PID),)


@pytest.mark.parametrize(
    ("asked", "at", "why"),
    [
        (identity("family_name", "given_name"), "acting", f"needs {PID}.birth_date of pid-mdoc"),
        ({**identity("family_name"), "multiple": True}, "acting", "needs pid-mdoc as one SD-JWT VC or mdoc"),
        ({**identity("family_name"), "meta": {}}, "acting", "needs pid-mdoc as one SD-JWT VC or mdoc"),
        ({**identity("family_name"), "id": "other"}, "acting", "which is no credential of the query"),
    ],
)
def test_a_question_for_an_mdoc_that_could_keep_something_back_is_refused(asked, at, why):
    with pytest.raises(Malformed, match=why) as refused:
        BY_MDOC.asked_by(question(asked), "acting")
    assert refused.value.at == at
    assert DOCTYPE not in str(refused.value)


def test_what_stands_in_each_choice_is_needed():
    one = question(identity("family_name", "given_name", "birth_date"))
    assert is_needed(("proof",), one)
    assert BY_MDOC.leaves_open(one) is False
