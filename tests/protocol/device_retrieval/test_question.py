"""A reader's request is a question like any other: what it asks, who asks, and what an answer may leave out."""

import json
from dataclasses import replace

import pytest

from protocol.cbor import encode_cbor, read_cbor_map
from protocol.cose import X5CHAIN
from protocol.device_retrieval.question import (
    DEVICE_RETRIEVAL,
    answerable_part,
    ask_reader_question,
    mdoc_part,
    verify_device_request,
)
from protocol.encoding import decode_base64url, encode_base64url, sha256
from protocol.errors import InvalidRequest
from protocol.mdoc.device_request import (
    DeviceRequest,
    ItemsRequest,
    Signatory,
    verify_reader_auth,
    write_device_request,
    write_whole_request,
)
from protocol.oid4vp.request_object import Unauthenticated
from protocol.trust.anchors import TrustAnchors
from protocol.trust.carried import Carried, carried_registration
from tests.protocol.device_retrieval.samples import (
    ANCHORS,
    ASKED,
    LICENCE,
    OTHER,
    READER_PKI,
    VEHICLE,
    Holder,
    dcql,
    look,
    meet,
    query,
)
from tests.protocol.mdoc.samples import MDL, SPACE
from tests.support.pki import NOW, make_pki, seeded_key


def asked_of(met, **others):
    return look(met.holder.open(met.establishment), **others)


def sd_jwt(**members):
    return {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]}, **members}


def handover_of(met):
    return met.reader.handover


def written(met, *items, signer=READER_PKI.signer, chain=READER_PKI.certificates):
    transcript = handover_of(met).session_transcript()
    return write_device_request(items, transcript=transcript, signer=signer, chain=chain)


def verified(met, data):
    return verify_device_request(data, handover_of(met), anchors=ANCHORS, now=NOW)


LICENCE_ITEMS = ItemsRequest.of(MDL, {SPACE: {"family_name": False}})
VEHICLE_ITEMS = ItemsRequest.of(OTHER, {SPACE: {"family_name": True}})


def test_what_is_asked_arrives():
    met = meet(dcql(query((SPACE, "family_name")), query((SPACE, "given_name"), id="vehicle", doc_type=OTHER)))
    request = asked_of(met).request
    assert [
        (asked.meta.doctype_value, [claim.path for claim in asked.claims]) for asked in request.dcql_query.credentials
    ] == [
        (MDL, [(SPACE, "family_name")]),
        (OTHER, [(SPACE, "given_name")]),
    ]
    assert (request.response_mode, request.choose_encryption(), request.state) == (DEVICE_RETRIEVAL, None, None)


def test_whether_something_is_kept_arrives():
    asked = query((SPACE, "family_name"))
    asked["claims"][0]["intent_to_retain"] = True
    (document,) = asked_of(meet(dcql(asked))).request.dcql_query.credentials
    assert [claim.intent_to_retain for claim in document.claims] == [True]


def test_who_asks_is_known_by_the_access_certificate():
    met = meet()
    found = asked_of(met)
    assert not isinstance(found.party, Unauthenticated)
    assert (found.party.name, found.party.vouched_by) == ("Car hire", READER_PKI.anchor.name)
    leaf = READER_PKI.certificates[0]
    assert found.request.audience == f"x509_hash:{encode_base64url(sha256(leaf.der))}"


def test_what_was_signed_can_be_proven_later():
    met = meet()
    kept = json.loads(asked_of(met).raw)
    (document,) = DeviceRequest.from_bytes(decode_base64url(kept["device_request"])).doc_requests
    chain = verify_reader_auth(document, transcript=decode_base64url(kept["session_transcript"]))
    assert chain == READER_PKI.certificates


def test_nobody_is_known_where_nobody_signed():
    found = asked_of(meet(signer=None))
    assert found.party == Unauthenticated("")
    assert (found.raw, found.request.audience) == ("", "reader")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"chain": make_pki(role=READER_PKI.role).certificates}, id="nobody trusted"),
        pytest.param({"signer": seeded_key(99)}, id="another key"),
    ],
)
def test_a_signature_that_proves_nothing_is_refused(change):
    with pytest.raises(InvalidRequest):
        asked_of(meet(**change))


def test_an_issuers_certificate_makes_no_reader():
    with pytest.raises(InvalidRequest):
        asked_of(meet(), anchors=TrustAnchors([replace(READER_PKI.anchor, role=make_pki().role)]))


def test_t059_a_signature_for_another_session_is_refused():
    data = written(meet(), LICENCE_ITEMS)
    with pytest.raises(InvalidRequest):
        verified(meet(seed=40), data)


OURS = Signatory(READER_PKI.signer, READER_PKI.certificates)
ELSEWHERE = make_pki(role=READER_PKI.role)
THEIRS = Signatory(ELSEWHERE.signer, ELSEWHERE.certificates)
FORGED = Signatory(seeded_key(99), READER_PKI.certificates)


def whole(met, *signatories):
    transcript = handover_of(met).session_transcript()
    return write_whole_request((LICENCE_ITEMS, VEHICLE_ITEMS), transcript=transcript, signatories=signatories)


@pytest.mark.parametrize("signatories", [(OURS,), (THEIRS, OURS), (FORGED, OURS), (OURS, THEIRS)], ids=range(4))
def test_one_signature_of_the_whole_says_who_asks(signatories):
    met = meet()
    data = whole(met, *signatories)
    found = verified(met, data)
    assert not isinstance(found.party, Unauthenticated)
    assert found.party.name == "Car hire"
    assert found.request.audience == f"x509_hash:{encode_base64url(sha256(READER_PKI.certificates[0].der))}"
    assert decode_base64url(json.loads(found.raw)["device_request"]) == data


@pytest.mark.parametrize("signatories", [(THEIRS,), (FORGED,), (THEIRS, FORGED)], ids=range(3))
def test_signatures_of_the_whole_that_prove_nothing_are_refused(signatories):
    met = meet()
    with pytest.raises(InvalidRequest):
        verified(met, whole(met, *signatories))


def test_t059_a_signature_of_the_whole_for_another_session_is_refused():
    data = whole(meet(), OURS)
    with pytest.raises(InvalidRequest):
        verified(meet(seed=40), data)


def test_where_those_of_the_whole_prove_nothing_those_of_all_documents_may():
    met = meet()
    of_all = read_cbor_map(whole(met, THEIRS), "test")
    documents = _documents(written(met, LICENCE_ITEMS, VEHICLE_ITEMS))
    found = verified(met, encode_cbor({**of_all, "docRequests": documents}))
    assert not isinstance(found.party, Unauthenticated)
    assert found.party.name == "Car hire"
    with pytest.raises(InvalidRequest, match="in part"):
        verified(met, encode_cbor({**of_all, "docRequests": [documents[0], of_all["docRequests"][1]]}))


def test_a_request_that_is_signed_in_part_is_refused():
    met = meet()
    transcript = handover_of(met).session_transcript()
    signed, unsigned = (
        write_device_request((items,), transcript=transcript, signer=signer, chain=READER_PKI.certificates)
        for items, signer in ((LICENCE_ITEMS, READER_PKI.signer), (VEHICLE_ITEMS, None))
    )
    documents = [_documents(signed), _documents(unsigned)]
    with pytest.raises(InvalidRequest, match="in part"):
        verified(met, encode_cbor({"version": "1.0", "docRequests": [one for part in documents for one in part]}))


def test_a_request_that_two_parties_sign_is_refused():
    met = meet()
    other = make_pki(role=READER_PKI.role)
    documents = [
        *_documents(written(met, LICENCE_ITEMS)),
        *_documents(written(met, VEHICLE_ITEMS, signer=other.signer, chain=other.certificates)),
    ]
    with pytest.raises(InvalidRequest, match="several"):
        verify_device_request(
            encode_cbor({"version": "1.0", "docRequests": documents}),
            handover_of(met),
            anchors=TrustAnchors([READER_PKI.anchor, other.anchor]),
            now=NOW,
        )


def test_a_certificate_that_cannot_be_read_is_refused():
    met = meet()
    (document,) = _documents(written(met, LICENCE_ITEMS))
    document["readerAuth"][1][X5CHAIN] = b"no certificate"
    with pytest.raises(InvalidRequest):
        verified(met, encode_cbor({"version": "1.0", "docRequests": [document]}))


def test_a_registration_travels_with_every_document_and_counts_once():
    asked = dcql(query((SPACE, "family_name")), query((SPACE, "given_name"), id="vehicle", doc_type=OTHER))
    found = asked_of(meet(asked, registration="head.body.signature")).request.verifier_info
    assert carried_registration([Carried(info.format, info.data) for info in found], "x") == "head.body.signature"


def test_a_registration_in_cbor_is_handed_on_as_it_is():
    met = meet()
    items = ItemsRequest.of(MDL, {SPACE: {"family_name": False}}, {"euWrprc": b"\xd2\x84"})
    (info,) = verified(met, written(met, items)).request.verifier_info
    assert (info.format, info.data) == ("registration_cert", encode_base64url(b"\xd2\x84"))


def test_a_registration_of_another_shape_is_refused():
    met = meet()
    items = ItemsRequest.of(MDL, {SPACE: {"family_name": False}}, {"euWrprc": "text"})
    with pytest.raises(InvalidRequest, match="euWrprc"):
        verified(met, written(met, items))


def test_request_info_of_another_shape_is_refused():
    met = meet()
    items = replace(
        LICENCE_ITEMS,
        raw=encode_cbor({"docType": MDL, "nameSpaces": {SPACE: {"family_name": False}}, "requestInfo": 1}),
    )
    with pytest.raises(InvalidRequest, match="requestInfo"):
        verified(met, written(met, items))


def test_two_sessions_have_two_nonces():
    first, second = (asked_of(meet(seed=seed)).request for seed in (20, 30))
    assert first.nonce != second.nonce
    assert first.nonce == asked_of(meet(seed=20)).request.nonce


def test_what_is_not_held_is_left_out():
    held = Holder((LICENCE,)).candidates()
    asked = dcql(
        query((SPACE, "family_name"), (SPACE, "eye_colour"), ("other.space", "family_name")),
        query((SPACE, "given_name"), id="vehicle", doc_type=OTHER),
    )
    part = answerable_part(asked, held)
    assert [(one.id, [claim.path for claim in one.claims]) for one in part.credentials] == [
        ("licence", [(SPACE, "family_name")])
    ]


def test_where_nothing_is_held_the_question_stays_as_it_is():
    assert answerable_part(ASKED, Holder((VEHICLE,)).candidates()) is ASKED
    nothing = dcql(query((SPACE, "eye_colour")))
    assert answerable_part(nothing, Holder((LICENCE,)).candidates()) is nothing


def test_a_reader_asks_for_documents_alone():
    assert mdoc_part(ASKED) == ASKED
    assert mdoc_part(dcql(query((SPACE, "family_name")), sd_jwt())) is None
    assert mdoc_part(dcql(query())) is None
    assert mdoc_part(dcql({**query((SPACE, "family_name")), "meta": {}})) is None


def test_a_reader_takes_the_first_option_that_has_documents_alone():
    credentials = (sd_jwt(), query((SPACE, "age_over_18")), query((SPACE, "family_name"), id="vehicle", doc_type=OTHER))
    sets = [{"options": [["pid"], ["pid", "licence"], ["licence"], ["vehicle"]]}]
    part = mdoc_part(dcql(*credentials, credential_sets=sets))
    assert part is not None
    assert [one.id for one in part.credentials] == ["licence"]
    assert part.credential_sets == ()


def test_what_need_not_be_given_a_reader_does_not_ask():
    credentials = (query((SPACE, "age_over_18")), query((SPACE, "family_name"), id="vehicle", doc_type=OTHER))
    sets = [{"options": [["licence"]]}, {"options": [["vehicle"]], "required": False}]
    part = mdoc_part(dcql(*credentials, credential_sets=sets))
    assert part is not None
    assert [one.id for one in part.credentials] == ["licence"]
    optional = [{"options": [["licence"]], "required": False}, {"options": [["vehicle"]], "required": False}]
    assert mdoc_part(dcql(*credentials, credential_sets=optional)) is None
    assert mdoc_part(dcql(*credentials, sd_jwt(), credential_sets=[*sets, {"options": [["pid"]]}])) is None


def test_a_document_that_two_sets_want_is_asked_once():
    credentials = (query((SPACE, "age_over_18")), query((SPACE, "family_name"), id="vehicle", doc_type=OTHER))
    sets = [{"options": [["licence"]]}, {"options": [["vehicle", "licence"]]}]
    part = mdoc_part(dcql(*credentials, credential_sets=sets))
    assert part is not None
    assert [one.id for one in part.credentials] == ["licence", "vehicle"]


def test_of_several_sets_of_claims_a_reader_asks_the_first():
    asked = query((SPACE, "family_name"), (SPACE, "given_name"), (SPACE, "age_over_18"))
    for number, claim in enumerate(asked["claims"]):
        claim["id"] = f"c{number}"
    asked["claim_sets"] = [["c2"], ["c0", "c1"]]
    part = mdoc_part(dcql(asked))
    assert part is not None
    assert [claim.path for claim in part.credentials[0].claims] == [(SPACE, "age_over_18")]
    assert part.credentials[0].claim_sets == ()


@pytest.mark.parametrize(
    "wrong",
    [dcql(sd_jwt()), dcql(query()), dcql({**query((SPACE, "x")), "meta": {}})],
    ids=["format", "claims", "type"],
)
def test_a_question_that_no_reader_can_ask_is_the_callers_mistake(wrong):
    with pytest.raises(ValueError, match="reader asks"):
        ask_reader_question(wrong, handover_of(meet()), signer=None, chain=())


def _documents(data):
    return read_cbor_map(data, "request")["docRequests"]
