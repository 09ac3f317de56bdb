"""What both sides know of a disclosure, by link, by the browser and in person."""

from typing import Any

import pytest

from protocol.cbor import encode_cbor
from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonValue, encode_base64url, sha256
from protocol.errors import InvalidRequest, Malformed
from protocol.mdoc.device_request import ItemsRequest, write_device_request
from protocol.mdoc.device_response import DeviceResponse, encode_device_response
from protocol.mdoc.device_signed import sign_device
from protocol.mdoc.present import PresentableMdoc
from protocol.sovereignty.canonical import check_hash, encode_canonical, hash_json
from protocol.sovereignty.receipt_evidence import evidence_in_person, evidence_of_answer
from tests.protocol.mdoc.annex_d import annex_d
from tests.protocol.mdoc.samples import HANDOVER, HOLDER, MDL, SPACE, issued
from tests.protocol.sovereignty.disclosures import EVIDENCE, PID, QUERY, REQUEST, SECRET, SHOWN, VP_TOKEN

READY = PresentableMdoc.of(issued())


def digest(data):
    return encode_base64url(sha256(data))


def in_person(asked, shown, elements=None, *, doc_type=MDL):
    request = write_device_request(
        tuple(ItemsRequest.of(doc_type, {space: dict.fromkeys(names, False)}) for space, names in asked),
        transcript=HANDOVER.session_transcript(),
        signer=None,
        chain=(),
    )
    signed = sign_device(MDL, HANDOVER.session_transcript(), HOLDER, elements)
    response = encode_device_response([READY.document(shown, signed)])
    return request, response, evidence_in_person(request, response)


def test_a_compact_request_is_hashed_as_it_came_and_a_multisigned_one_in_its_one_spelling():
    assert EVIDENCE.request == digest(REQUEST.encode())
    signatures = [{"signature": "s", "protected": "p"}]
    one = evidence_of_answer({"payload": "x", "signatures": signatures}, QUERY, VP_TOKEN, SHOWN)
    two = evidence_of_answer({"signatures": signatures, "payload": "x"}, QUERY, VP_TOKEN, SHOWN)
    assert one == two
    assert one.request == digest(b'{"payload":"x","signatures":[{"protected":"p","signature":"s"}]}')


def test_presentations_are_hashed_in_their_order():
    assert EVIDENCE.presentations == {
        "pid": (digest(PID.encode()),),
        "card": (digest(b"eyJ9.e30.c2ln~"), digest(b'{"payload":"e30","signatures":[]}')),
    }


def test_claims_are_the_requested_paths_for_which_a_value_came():
    assert EVIDENCE.claims == {"pid": (("family_name",), ("nationalities", None)), "card": ()}


def test_what_was_disclosed_without_being_asked_is_not_named():
    shown: dict[str, Any] = {"pid": ({"family_name": SECRET, "birthdate": SECRET},)}
    assert evidence_of_answer(REQUEST, QUERY, {"pid": (PID,)}, shown).claims == {"pid": (("family_name",),)}


def test_of_what_could_not_be_read_nothing_came():
    assert evidence_of_answer(REQUEST, QUERY, {"pid": (PID,)}, {}).claims == {"pid": ()}


def test_several_presentations_of_a_query_are_taken_together():
    shown: dict[str, Any] = {"pid": ({"family_name": "x"}, {"nationalities": ["DE"]})}
    assert evidence_of_answer(REQUEST, QUERY, {"pid": (PID, PID)}, shown).claims == {
        "pid": (("family_name",), ("nationalities", None))
    }


def test_a_query_that_takes_for_ever_is_refused():
    with pytest.raises(InvalidRequest):
        evidence_of_answer(REQUEST, QUERY, {"pid": (PID,)}, {"pid": ({"nationalities": list(range(60_000))},)})


def test_an_mdoc_that_answers_a_query_is_known_by_namespace_and_element():
    query = DcqlQuery.from_dict(
        {
            "credentials": [
                {
                    "id": "mdl",
                    "format": "mso_mdoc",
                    "meta": {"doctype_value": MDL},
                    "claims": [{"path": [SPACE, "portrait"]}, {"path": [SPACE, "family_name"]}],
                }
            ]
        },
        "dcql_query",
    )
    shown: dict[str, Any] = {"mdl": ({SPACE: {"family_name": "x"}},)}
    assert evidence_of_answer(REQUEST, query, {"mdl": ("o2d2",)}, shown).claims == {"mdl": ((SPACE, "family_name"),)}


def test_in_person_everything_goes_by_doctype():
    asked = [(SPACE, ("portrait", "family_name", "given_name"))]
    request, response, evidence = in_person(asked, [(SPACE, "given_name"), (SPACE, "family_name"), (SPACE, "height")])
    assert evidence.request == digest(request)
    assert evidence.presentations == {MDL: (digest(response),)}
    assert evidence.claims == {MDL: ((SPACE, "family_name"), (SPACE, "given_name"))}


def test_what_the_device_says_itself_is_data_too_and_one_doctype_may_be_asked_twice():
    asked = [(SPACE, ("family_name",)), ("com.example", ("amount",))]
    _, _, evidence = in_person(asked, [(SPACE, "family_name")], {"com.example": {"amount": 12, "tip": 1}})
    assert evidence.claims == {MDL: (("com.example", "amount"), (SPACE, "family_name"))}


def test_a_document_that_nobody_asked_for_has_no_claims():
    _, _, evidence = in_person([(SPACE, ("family_name",))], [(SPACE, "family_name")], doc_type="other")
    assert evidence.claims == {MDL: ()}


def test_the_session_of_the_standard():
    evidence = evidence_in_person(annex_d("device_request"), annex_d("device_response"))
    assert evidence.presentations == {MDL: (digest(annex_d("device_response")),)}
    assert len(evidence.claims[MDL]) == 6


def test_an_answer_without_documents_is_no_evidence_of_data():
    request, _, _ = in_person([(SPACE, ("family_name",))], [])
    assert evidence_in_person(request, DeviceResponse().to_bytes()).presentations == {}


def test_what_cannot_be_read_is_refused():
    with pytest.raises(Malformed):
        evidence_in_person(encode_cbor({}), DeviceResponse().to_bytes())


@pytest.mark.parametrize("value", [2**53, -(2**60), "\ud800", {"a": [2**53]}])
def test_what_has_no_one_spelling_is_refused(value):
    with pytest.raises(Malformed):
        encode_canonical(value, "x")


def test_the_one_spelling():
    value: JsonValue = {"é": 1.0, "b": [True, None, 1e21, "\u20ac\n"], "a": 2**53 - 1}
    assert encode_canonical(value, "x") == '{"a":9007199254740991,"b":[true,null,1e+21,"€\\n"],"é":1}'.encode()
    assert hash_json(value, "x") == digest(encode_canonical(value, "x"))


@pytest.mark.parametrize("value", [None, 7, "", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "B"])
def test_a_hash_has_one_spelling(value):
    with pytest.raises(Malformed):
        check_hash(value, "x")
