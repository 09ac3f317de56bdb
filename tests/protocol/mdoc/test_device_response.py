"""Answers: documents, or why there are none; written in their one encoding."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import encode_cbor, read_cbor
from protocol.encoding import decode_base64url
from protocol.errors import Malformed, ProtocolError, TooLarge
from protocol.mdoc.device_response import (
    DATA_NOT_RETURNED,
    GENERAL_ERROR,
    MAX_DOCUMENTS,
    DeviceResponse,
    Document,
)
from tests.protocol.mdoc.samples import MDL, SPACE, altered, plain, presented, read_response
from tests.support.strategies import cbor_values, flip

ANSWER = presented()
VALUE = plain(ANSWER)
(DOCUMENT,) = read_response(ANSWER).documents
names = st.text(min_size=1, max_size=20)
codes = st.integers(-(2**63), 2**63 - 1)


@given(
    st.lists(st.dictionaries(names, st.dictionaries(names, codes, max_size=3), max_size=2), max_size=3),
    st.lists(st.tuples(names, codes), max_size=3),
    st.integers(0, 2**32),
)
def test_an_answer_is_read_as_it_was_written(errors, document_errors, status):
    documents = tuple(
        Document(DOCUMENT.doc_type, DOCUMENT.issuer_signed, DOCUMENT.device_signed, error) for error in errors
    )
    response = DeviceResponse(documents, tuple(document_errors), status)
    written = response.to_bytes()
    assert DeviceResponse.from_bytes(written) == response
    assert encode_cbor(read_cbor(written, "response")) == written


def test_an_answer_without_documents_says_why():
    response = DeviceResponse(document_errors=((MDL, DATA_NOT_RETURNED),), status=GENERAL_ERROR)
    assert read_cbor(response.to_bytes(), "response") == {
        "version": "1.0",
        "documentErrors": [{MDL: 0}],
        "status": 10,
    }
    assert read_cbor(DeviceResponse().to_bytes(), "response") == {"version": "1.0", "status": 0}


def test_elements_that_are_not_there_are_told_with_their_document():
    value = altered(VALUE, ["documents", 0, "errors"], {SPACE: {"eye_colour": 0}})
    (document,) = DeviceResponse.from_bytes(encode_cbor(value)).documents
    assert document.errors == {SPACE: {"eye_colour": 0}}


@pytest.mark.parametrize(
    "value", [None, 1, "x", {}, [1], [None], [[]], [{"a": "0"}], [{"a": True}], [{1: 0}], [{"": 0}]]
)
def test_errors_of_another_shape_are_refused(value):  # T024
    with pytest.raises(Malformed):
        DeviceResponse.from_bytes(encode_cbor({**VALUE, "documentErrors": value}))


@pytest.mark.parametrize(
    "value", [None, 1, [], {SPACE: []}, {SPACE: {"a": None}}, {SPACE: {"a": 2**63}}, {1: {"a": 0}}]
)
def test_errors_of_a_document_of_another_shape_are_refused(value):  # T024
    with pytest.raises(Malformed):
        DeviceResponse.from_bytes(encode_cbor(altered(VALUE, ["documents", 0, "errors"], value)))


@pytest.mark.parametrize("value", [None, {}, 1, "x", [1], [[]]])
def test_documents_of_another_shape_are_refused(value):  # T024
    with pytest.raises(Malformed):
        DeviceResponse.from_bytes(encode_cbor({**VALUE, "documents": value}))


def test_there_are_not_more_documents_than_the_cap():
    most = DeviceResponse.from_bytes(encode_cbor({**VALUE, "documents": VALUE["documents"] * MAX_DOCUMENTS}))
    assert len(most.documents) == MAX_DOCUMENTS
    with pytest.raises(TooLarge):
        DeviceResponse.from_bytes(encode_cbor({**VALUE, "documents": VALUE["documents"] * (MAX_DOCUMENTS + 1)}))


def test_a_giant_answer_is_refused_before_it_is_read():  # T062
    data = encode_cbor({**VALUE, "later": bytes(1 << 20)})
    with pytest.raises(TooLarge):
        DeviceResponse.from_bytes(data)
    assert DeviceResponse.from_bytes(data, max_bytes=2 << 20).status == 0
    with pytest.raises(TooLarge):
        DeviceResponse.from_bytes(decode_base64url(ANSWER), max_bytes=100)


@pytest.mark.parametrize("name", ["documents", "status", "version"])
def test_a_member_twice_is_refused(name):  # T022
    data = encode_cbor(VALUE)
    twice = bytes((data[0] + 1,)) + data[1:] + encode_cbor(name) + encode_cbor(VALUE[name])
    with pytest.raises(Malformed):
        DeviceResponse.from_bytes(twice)


@given(st.integers(0, 2**20))
def test_what_is_read_is_written_again(bit):
    with contextlib.suppress(ProtocolError):
        response = DeviceResponse.from_bytes(flip(decode_base64url(ANSWER), bit))
        assert DeviceResponse.from_bytes(response.to_bytes()) == response


@given(st.dictionaries(st.sampled_from(sorted(VALUE)), cbor_values) | st.binary(max_size=100))
def test_no_answer_leaves_the_family_of_errors(changes):
    with contextlib.suppress(ProtocolError):
        DeviceResponse.from_bytes(changes if isinstance(changes, bytes) else encode_cbor({**VALUE, **changes}))
