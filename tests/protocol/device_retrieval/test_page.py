"""A page that asks for documents and a wallet behind its browser: bound to the page, signed or not, encrypted always."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given

from protocol.cbor import encode_cbor, read_cbor_map
from protocol.device_retrieval.answer import device_response
from protocol.device_retrieval.page import (
    answer_documents,
    refuse_documents,
    verify_documents_request,
)
from protocol.device_retrieval.question import DeviceQuestion, ask_reader_question
from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import InvalidRequest, ProtocolError, VpFormatsNotSupported
from protocol.mdoc.device_request import ItemsRequest, write_device_request
from protocol.mdoc.org_iso_mdoc import DocumentsRequest, EncryptionInfo, seal_device_response
from protocol.mdoc.transcript import ProximityHandover
from protocol.oid4vp.answer import RequestPolicy
from protocol.oid4vp.dc_api import PageRequest
from protocol.oid4vp.request_object import Unauthenticated
from protocol.oid4vp.response import ErrorResponse
from protocol.oid4vp.verify import CheckName
from tests.protocol.device_retrieval.page_side import EVIL, NONCE, ORIGIN, Page
from tests.protocol.device_retrieval.samples import (
    ANCHORS,
    ASKED,
    OTHER,
    READER_PKI,
    WALLET,
    dcql,
    query,
)
from tests.protocol.mdoc.samples import MDL, SPACE
from tests.support.pki import NOW, make_pki, seeded_key
from tests.support.strategies import almost, flip, json_values

CERTIFICATE = "a.registration.certificate"
PAGE = Page()


def look(data, *, origin=ORIGIN, anchors=ANCHORS, policy=None, protocol="org-iso-mdoc"):
    """What the wallet behind the page's browser finds out."""
    asked = PageRequest(protocol, data, origin)
    return verify_documents_request(asked, anchors=anchors, policy=policy or RequestPolicy(), now=NOW)


def answered(data, **options):
    verified = look(data, **options)
    return answer_documents(verified.request, WALLET.present(verified.request))


def test_a_page_gets_what_it_asked_for():
    found = PAGE.judges(answered(PAGE.asks()))
    assert found.accepted
    assert found.claims == {"licence": ({SPACE: {"family_name": "Mustermann", "age_over_18": True}},)}


def test_whoever_signed_is_who_asks():
    verified = look(PAGE.asks())
    assert verified.party.name == "Car hire"
    assert verified.request.audience.startswith("x509_hash:")
    assert verified.request.handover == PAGE.encryption.handover(ORIGIN)


def test_without_a_signature_the_page_alone_is_known():
    verified = look(PAGE.asks(signer=None))
    assert verified.party == Unauthenticated("hire.example")
    assert (verified.request.audience, verified.raw) == (f"origin:{ORIGIN}", "")
    assert PAGE.judges(answered(PAGE.asks(signer=None))).accepted


def test_what_was_signed_is_kept_with_all_that_it_was_signed_over():
    data = PAGE.asks()
    kept = json.loads(look(data).raw)
    assert kept == {"protocol": "org-iso-mdoc", "origin": ORIGIN, **data}


def test_the_registration_arrives():
    (info,) = look(PAGE.asks(registration=CERTIFICATE)).request.verifier_info
    assert decode_base64url(info.data).decode() == CERTIFICATE


def test_t167_a_signed_request_that_another_page_passes_on_is_refused():
    with pytest.raises(InvalidRequest, match="does not hold"):
        look(PAGE.asks(), origin=EVIL)


def test_t167_an_unsigned_request_that_another_page_passes_on_is_answered_for_that_page_alone():
    data = answered(PAGE.asks(signer=None), origin=EVIL)
    with pytest.raises(InvalidRequest, match="cannot be decrypted"):
        PAGE.reads(data)
    assert Page(EVIL).judges(data).accepted


def test_t059_what_the_holder_signed_for_another_page_is_refused_however_it_was_encrypted():
    """A page that has the answer of another one, and encrypts it anew."""
    stolen = look(Page(EVIL).asks(signer=None), origin=EVIL).request
    response = device_response(stolen.dcql_query, WALLET.present(stolen))
    found = PAGE.judges(seal_device_response(response, PAGE.encryption.handover(ORIGIN)))
    assert not found.accepted
    assert [check.name for check in found.checks if check.passed is False] == [CheckName.HOLDER_BOUND]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Page(nonce=NONCE[::-1]), id="another nonce"),
        pytest.param(Page(key_seed=51), id="another key"),
        pytest.param(Page(origin=EVIL), id="another origin"),
    ],
)
def test_t059_an_answer_to_another_view_of_a_page_is_none(other):
    with pytest.raises(InvalidRequest, match="cannot be decrypted"):
        PAGE.reads(answered(other.asks(), origin=other.origin))


def test_t059_a_signature_for_another_key_of_the_answer_is_refused():
    """Somebody between page and wallet who puts a key of their own in place of the page's."""
    data = PAGE.asks()
    theirs = EncryptionInfo.of(NONCE, seeded_key(52).public_key)
    with pytest.raises(InvalidRequest, match="does not hold"):
        look({**data, "encryptionInfo": theirs.text})


def test_any_flipped_bit_of_a_signed_request_is_refused_or_changes_nothing():
    """One that makes the signature something unknown leaves a request that nobody signed: nobody is named then."""
    data = PAGE.asks()
    good = look(data)
    raw = decode_base64url(data["deviceRequest"])
    for bit in range(0, len(raw) * 8, 7):
        changed = {**data, "deviceRequest": encode_base64url(flip(raw, bit))}
        try:
            found = look(changed)
        except ProtocolError:
            continue
        if isinstance(found.party, Unauthenticated):
            assert found.request.audience == f"origin:{ORIGIN}"
        else:
            assert (found.request, found.party) == (good.request, good.party)


def test_any_flipped_bit_of_the_encryption_is_refused():
    data = PAGE.asks()
    raw = decode_base64url(data["encryptionInfo"])
    for bit in range(len(raw) * 8):
        with pytest.raises(InvalidRequest):
            look({**data, "encryptionInfo": encode_base64url(flip(raw, bit))})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"signer": seeded_key(99)}, id="another key"),
        pytest.param({"chain": make_pki(role=READER_PKI.role).certificates}, id="nobody trusted"),
    ],
)
def test_a_signature_that_proves_nothing_is_refused(change):
    with pytest.raises(InvalidRequest):
        look(PAGE.asks(**change))


def test_a_request_that_is_signed_in_part_is_refused():
    """Else what nobody signed would pass as asked by whoever signed the rest."""
    handover = PAGE.encryption.handover(ORIGIN)
    items = (ItemsRequest.of(MDL, {SPACE: {"a": False}}), ItemsRequest.of(OTHER, {SPACE: {"a": False}}))
    signed = write_device_request(
        items, transcript=handover.session_transcript(), signer=READER_PKI.signer, chain=READER_PKI.certificates
    )
    assert look(DocumentsRequest(signed, PAGE.encryption).to_data()).party.name == "Car hire"
    value: Any = read_cbor_map(signed, "request")
    del value["docRequests"][1]["readerAuth"]
    with pytest.raises(InvalidRequest, match="part"):
        look(DocumentsRequest(encode_cbor(value), PAGE.encryption).to_data())


@pytest.mark.parametrize(
    "origin", ["null", "http://hire.example", "https://Hire.example", "android:apk-key-hash:x", ""]
)
def test_what_no_page_is_is_refused(origin):
    # Unsigned, so that nothing else refuses it
    with pytest.raises(InvalidRequest, match="origin"):
        look(PAGE.asks(signer=None), origin=origin)
    with pytest.raises(ValueError, match="page"):
        Page(origin).asks()


def test_another_protocol_is_none_of_this():
    with pytest.raises(InvalidRequest, match="protocol"):
        look(PAGE.asks(), protocol="openid4vp-v1-unsigned")


def test_a_wallet_without_documents_says_so():
    with pytest.raises(VpFormatsNotSupported):
        look(PAGE.asks(), policy=RequestPolicy(formats=frozenset(("dc+sd-jwt",))))


@pytest.mark.parametrize("signer", [READER_PKI.signer, None])
def test_a_strict_wallet_answers_it_too(signer):
    """HAIP 1.0 is about OpenID4VP, and says nothing of this way; an answer is always encrypted."""
    assert PAGE.judges(answered(PAGE.asks(signer=signer), policy=RequestPolicy.haip())).accepted


# Answers


def test_t168_a_no_is_encrypted_and_says_no_word_more():
    question = look(PAGE.asks()).request
    said = PAGE.reads(refuse_documents(question))
    assert said == ErrorResponse("access_denied")
    lengths = {len(json.dumps(refuse_documents(question))) for _ in range(3)}
    assert len(lengths) == 1


def test_t176_a_document_that_nobody_asked_for_is_no_answer():
    data = answered(PAGE.asks())
    with pytest.raises(InvalidRequest, match="nobody"):
        PAGE.reads(data, dcql(query((SPACE, "family_name"), doc_type=OTHER)))


def test_t177_an_answer_with_less_than_was_asked_is_not_accepted():
    asked = dcql(query((SPACE, "family_name"), (SPACE, "birth_place")))
    found = PAGE.judges(answered(PAGE.asks(asked)), asked)
    assert not found.accepted
    assert [check.name for check in found.checks if check.passed is False] == [CheckName.QUERY_COMPLETE]


@pytest.mark.parametrize("inner", [b"", b"\xa0", b"\x80", b"not cbor"])
def test_t176_what_is_no_device_response_is_no_answer(inner):
    with pytest.raises(InvalidRequest):
        PAGE.reads(seal_device_response(inner, PAGE.encryption.handover(ORIGIN)))


@given(json_values | almost(PAGE.asks()))
def test_no_request_escapes_the_error_family(data):
    with contextlib.suppress(ProtocolError):
        look(data)


@given(json_values | almost({"response": "x"}))
def test_no_answer_escapes_the_error_family(data):
    with contextlib.suppress(ProtocolError):
        PAGE.reads(data)


def test_who_asks_nearby_is_not_answered_through_a_browser():
    nearby = DeviceQuestion(ASKED, ProximityHandover(b"\xa0", b"\xa0"))
    with pytest.raises(TypeError):
        refuse_documents(nearby)
    with pytest.raises(TypeError):
        answer_documents(nearby, {})


def test_a_request_made_for_a_meeting_is_none_for_a_page():
    """T059: the same bytes, signed over another transcript."""
    request = ask_reader_question(
        ASKED, ProximityHandover(b"\xa0", b"\xa0"), signer=READER_PKI.signer, chain=READER_PKI.certificates
    )
    with pytest.raises(InvalidRequest, match="does not hold"):
        look(DocumentsRequest(request, PAGE.encryption).to_data())
