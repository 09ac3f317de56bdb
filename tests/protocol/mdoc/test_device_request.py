"""Requests of readers: annex D, and a signature that holds for one request in one session."""

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import CborKey, CborMap, Tagged, encode_cbor, read_cbor, wrap
from protocol.cose import Sign1
from protocol.errors import Malformed, NotAuthentic, NotTrusted, ProtocolError, TooLarge, Unsupported
from protocol.mdoc.device_request import (
    MAX_DEVICE_REQUEST,
    DeviceRequest,
    DocRequest,
    ItemsRequest,
    verify_reader_auth,
    write_device_request,
)
from tests.protocol.mdoc.annex_d import TRANSCRIPT, annex_d
from tests.support.pki import make_pki
from tests.support.strategies import flip

PKI = make_pki()
MDL, SPACE = "org.iso.18013.5.1.mDL", "org.iso.18013.5.1"
ITEMS = ItemsRequest.of(MDL, {SPACE: {"age_over_18": False, "portrait": True}})
SIGNED = write_device_request((ITEMS,), transcript=TRANSCRIPT, signer=PKI.signer, chain=PKI.certificates)
GOOD: CborMap = {"docType": MDL, "nameSpaces": {SPACE: {"age_over_18": False}}}


def items(**changes):
    members: dict[CborKey, Any] = {**GOOD, **changes}
    value = {name: item for name, item in members.items() if item is not ...}
    return ItemsRequest.from_wrapped(wrap(encode_cbor(value)), "items")


def request(documents, version="1.0"):
    value = {"version": version, "docRequests": documents}
    return DeviceRequest.from_bytes(encode_cbor({name: item for name, item in value.items() if item is not ...}))


def test_annex_d_is_read():
    read = DeviceRequest.from_bytes(annex_d("device_request"))
    (document,) = read.doc_requests
    assert read.version == "1.0"
    assert document.items.raw == annex_d("items_request")
    assert document.items.doc_type == MDL
    assert document.items.elements == {
        SPACE: {
            "family_name": True,
            "document_number": True,
            "driving_privileges": True,
            "issue_date": True,
            "expiry_date": True,
            "portrait": False,
        }
    }
    assert document.reader_auth == Sign1.from_bytes(annex_d("reader_auth"), "x")


def test_the_reader_of_annex_d_signed_for_its_session():
    (document,) = DeviceRequest.from_bytes(annex_d("device_request")).doc_requests
    (certificate,) = verify_reader_auth(document, transcript=TRANSCRIPT)
    assert certificate.der == annex_d("reader_cert")


@given(st.integers())
def test_the_signature_of_annex_d_is_for_these_bytes_and_this_session(bit):
    (document,) = DeviceRequest.from_bytes(annex_d("device_request")).doc_requests
    with pytest.raises(NotAuthentic):
        verify_reader_auth(document, transcript=flip(TRANSCRIPT, bit))
    changed = replace(document.items, raw=flip(document.items.raw, bit))
    with pytest.raises(NotAuthentic):
        verify_reader_auth(replace(document, items=changed), transcript=TRANSCRIPT)


def test_what_is_signed_is_what_is_read():
    (document,) = DeviceRequest.from_bytes(SIGNED).doc_requests
    assert document.items == ITEMS
    assert verify_reader_auth(document, transcript=TRANSCRIPT) == PKI.certificates


def test_requests_are_deterministic_and_shaped_as_annex_d():
    document: Any = read_cbor(SIGNED, "x")["docRequests"][0]
    theirs: Any = read_cbor(annex_d("device_request"), "x")["docRequests"][0]
    assert document.keys() == theirs.keys()
    assert document["readerAuth"][0] == theirs["readerAuth"][0]
    assert document["readerAuth"][1].keys() == theirs["readerAuth"][1].keys()
    assert document["readerAuth"][2] is None
    assert encode_cbor(read_cbor(SIGNED, "x")) == SIGNED


def test_a_request_may_be_unsigned_and_then_says_so():
    data = write_device_request((ITEMS, ITEMS), transcript=TRANSCRIPT, signer=None, chain=())
    read = DeviceRequest.from_bytes(data)
    assert read.doc_requests == (DocRequest(ITEMS, None),) * 2
    with pytest.raises(NotTrusted):
        verify_reader_auth(read.doc_requests[0], transcript=TRANSCRIPT)


def test_a_signature_does_not_move_to_another_request():
    (document,) = DeviceRequest.from_bytes(SIGNED).doc_requests
    other = ItemsRequest.of(MDL, {SPACE: {"age_over_18": True, "portrait": True}})
    with pytest.raises(NotAuthentic):
        verify_reader_auth(replace(document, items=other), transcript=TRANSCRIPT)


def test_a_signature_without_certificate_names_nobody():
    value = read_cbor(SIGNED, "x")
    value["docRequests"][0]["readerAuth"][1] = {}
    (document,) = DeviceRequest.from_bytes(encode_cbor(value)).doc_requests
    with pytest.raises(NotTrusted):
        verify_reader_auth(document, transcript=TRANSCRIPT)


def test_a_payload_of_its_own_is_refused():
    value = read_cbor(SIGNED, "x")
    value["docRequests"][0]["readerAuth"][2] = b"anything"
    (document,) = DeviceRequest.from_bytes(encode_cbor(value)).doc_requests
    with pytest.raises(Malformed):
        verify_reader_auth(document, transcript=TRANSCRIPT)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=9),
        st.dictionaries(st.text(min_size=1, max_size=9), st.booleans(), min_size=1, max_size=4),
        min_size=1,
        max_size=3,
    )
)
def test_what_is_asked_is_what_is_read(elements):
    asked = ItemsRequest.of("d", elements)
    assert ItemsRequest.from_wrapped(wrap(asked.raw), "items") == asked


def test_what_else_is_said_is_what_is_read():
    asked = ItemsRequest.of(MDL, {SPACE: {"portrait": True}}, {"reason": "age"})
    assert asked.info == {"reason": "age"}
    assert ItemsRequest.from_wrapped(wrap(asked.raw), "items") == asked
    assert ItemsRequest.of(MDL, {SPACE: {"portrait": True}}).info == {}


def test_members_and_versions_to_come_are_taken():
    assert items(requestInfo={"x": 1}).doc_type == MDL
    assert request([{"itemsRequest": wrap(encode_cbor(GOOD)), "more": 1}], version="1.1").version == "1.1"


@pytest.mark.parametrize(
    "changes",
    [{"docType": ...}, {"docType": ""}, {"docType": 1}, {"docType": "x" * 257},
     {"requestInfo": None}, {"requestInfo": []}, {"nameSpaces": ...}, {"nameSpaces": {}}, {"nameSpaces": []},
     {"nameSpaces": {1: {"a": True}}}, {"nameSpaces": {"": {"a": True}}}, {"nameSpaces": {"s": {}}}, {"nameSpaces": {"s": []}},
     {"nameSpaces": {"s": {1: True}}}, {"nameSpaces": {"s": {"a": 1}}}, {"nameSpaces": {"s": {"a": None}}},
     {"nameSpaces": {str(i): {"a": True} for i in range(17)}}, {"nameSpaces": {"s": {str(i): True for i in range(257)}}}],
    ids=lambda value: repr(value)[:50],
)  # fmt: skip
def test_a_request_of_another_shape_is_refused(changes):
    with pytest.raises(Malformed):
        items(**changes)


@pytest.mark.parametrize(
    "value", [None, GOOD, encode_cbor(GOOD), Tagged(24, GOOD), Tagged(0, "x"), wrap(b"\x80"),
     wrap(encode_cbor(wrap(encode_cbor(GOOD))))],
    ids=lambda value: repr(value)[:50],
)  # fmt: skip
def test_a_request_that_is_not_wrapped_is_refused(value):  # T023
    with pytest.raises(Malformed):
        ItemsRequest.from_wrapped(value, "items")


@pytest.mark.parametrize("documents", [..., None, [], {}, [1], [{}], [{"itemsRequest": wrap(encode_cbor(GOOD))}] * 17,
                                       [{"itemsRequest": wrap(encode_cbor(GOOD)), "readerAuth": None}]],
                         ids=lambda value: repr(value)[:50])  # fmt: skip
def test_documents_of_another_shape_are_refused(documents):
    with pytest.raises(Malformed):
        request(documents)


@pytest.mark.parametrize("version", [..., 1, None])
def test_a_version_is_a_text(version):
    with pytest.raises(Malformed):
        request([{"itemsRequest": wrap(encode_cbor(GOOD))}], version=version)


@pytest.mark.parametrize("version", ["2.0", "", "10", "1.", "1.x", "1.1000", "1.0.0"])
def test_another_version_is_refused(version):
    with pytest.raises(Unsupported):
        request([{"itemsRequest": wrap(encode_cbor(GOOD))}], version=version)


def test_what_is_just_within_the_caps_is_read():
    assert len(items(docType="x" * 256).doc_type) == 256
    assert len(items(nameSpaces={str(i): {"a": True} for i in range(16)}).elements) == 16
    assert len(items(nameSpaces={"s": {str(i): True for i in range(256)}}).elements["s"]) == 256
    assert len(request([{"itemsRequest": wrap(encode_cbor(GOOD))}] * 16).doc_requests) == 16


def test_a_request_has_a_cap():
    with pytest.raises(TooLarge):
        DeviceRequest.from_bytes(bytes(MAX_DEVICE_REQUEST + 1))


@given(st.binary(max_size=60) | st.integers().map(lambda bit: flip(SIGNED, bit)))
def test_no_bytes_escape_the_error_family_and_any_flipped_bit_is_refused(data):
    with contextlib.suppress(ProtocolError):
        for document in DeviceRequest.from_bytes(data).doc_requests:
            # A bit of the certificate, but for its key, is for whoever checks the chain
            assert verify_reader_auth(document, transcript=TRANSCRIPT)[0].public_key == PKI.public_key
            assert document.items == ITEMS
