"""By what an answer is known again: the same values and no others, and nobody reads them there."""

import pytest

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, encode_json
from protocol.errors import NotAuthentic
from verifier.again import question_again
from verifier.known import Known, fingerprints, is_known, known_by
from verifier.receipt_names import named_in_receipt

SECRET, RECEIPT = b"s" * 32, "receipt-0123456789abcdef"
NAMES = (("family_name",), ("given_name",))
PID = {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]}}
TWICE: JsonObject = {"pid": [{"family_name": "Mustermann", "given_name": "Erika"}] * 2}
WIRE = {"credentials": [{**PID, "claims": [{"path": list(path)} for path in NAMES]}]}
QUERY = DcqlQuery.from_dict(WIRE)
ERIKA: JsonObject = {"pid": [{"family_name": "Mustermann", "given_name": "Erika", "sex": 2}]}
MDL = "org.iso.18013.5.1.mDL"
LICENCE = {
    "id": "licence",
    "format": "mso_mdoc",
    "meta": {"doctype_value": MDL},
    "claims": [{"path": ["org.iso.18013.5.1", "family_name"]}],
}


def printed(shown, *, query=QUERY, receipt=RECEIPT, secret=SECRET):
    return fingerprints(query, receipt, shown, secret)


def kept(claims=None, shown=None):
    text = encode_json(WIRE).decode()
    return known_by(QUERY, text, RECEIPT, claims or {"pid": NAMES}, shown=shown or ERIKA, secret=SECRET)


def test_the_same_values_are_known_again_whatever_else_is_shown():
    known = Known.of(kept())
    assert is_known(known, printed(ERIKA))
    assert is_known(known, printed({"pid": [{"given_name": "Erika", "family_name": "Mustermann"}]}))
    assert DcqlQuery.from_dict(WIRE).to_dict() == QUERY.to_dict()
    assert question_again(QUERY, {"pid": NAMES}) is not None


@pytest.mark.parametrize(
    "other",
    [
        {"family_name": "Mustermann", "given_name": "Max"},
        {"family_name": "Erika", "given_name": "Mustermann"},
        {"family_name": "MustermannE", "given_name": "rika"},
        {"family_name": "Mustermann", "given_name": ["Erika"]},
        {"family_name": True, "given_name": 1},
    ],
    ids=["another", "exchanged", "shifted", "a list", "other types"],
)
def test_other_values_are_not(other):
    assert not is_known(Known.of(kept()), printed({"pid": [other]}))


def test_a_fingerprint_is_of_one_receipt_and_one_verifier():
    known = Known.of(kept())
    assert not is_known(known, printed(ERIKA, receipt="another-receipt-01234567"))
    assert not is_known(known, printed(ERIKA, secret=b"t" * 32))


def test_nothing_that_was_shown_is_not_known():
    known = Known.of(kept())
    assert not is_known(known, {})
    assert not is_known(known, {"other": "x"})


@pytest.mark.parametrize(
    "shown",
    [{}, {"pid": []}, {"pid": [{"family_name": "Mustermann"}]}, TWICE],
    ids=["no document", "none of it", "a value is missing", "two"],
)
def test_what_is_not_whole_has_no_fingerprint(shown):
    with pytest.raises(NotAuthentic):
        printed(shown)


def test_no_value_stands_in_what_is_kept():
    assert "Mustermann" not in kept()
    assert "Erika" not in kept()


@pytest.mark.parametrize(
    ("claims", "shown"),
    [({"pid": ()}, ERIKA), ({"other": NAMES}, ERIKA), ({"pid": NAMES}, TWICE)],
    ids=["nothing is named", "named otherwise", "two documents"],
)
def test_what_could_not_be_asked_again_is_not_kept(claims, shown):
    assert kept(claims, shown) == ""


def test_in_person_a_receipt_names_the_kind_of_a_document():
    query = DcqlQuery.from_dict({"credentials": [WIRE["credentials"][0], LICENCE]})
    claims = {MDL: (("org.iso.18013.5.1", "family_name"),)}
    [again] = question_again(query, claims).credentials
    assert (again.id, again.meta.types, [claim.path for claim in again.claims]) == ("licence", (MDL,), [*claims[MDL]])
    assert named_in_receipt(query, claims) == {"licence": MDL}
    twice = DcqlQuery.from_dict({"credentials": [LICENCE, {**LICENCE, "id": "other"}]})
    assert question_again(twice, claims) is None
    assert named_in_receipt(twice, claims) == {}
    # A kind of document is no name of a question in another format
    assert question_again(QUERY, {"urn:eudi:pid:1": NAMES}) is None
