"""Presenting: what was chosen and no more, as it was issued, with the holder's signature for this request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import encode_cbor
from protocol.cose_mac import Mac0
from protocol.encoding import decode_base64url
from protocol.errors import Malformed, NotBound
from protocol.mdoc.device_response import DeviceResponse, encode_device_response
from protocol.mdoc.present import PresentableMdoc
from protocol.mdoc.verify import verify_document
from tests.protocol.mdoc.samples import (
    CLAIMS,
    FIVE,
    HANDOVER,
    HOLDER,
    MDL,
    NATIONAL,
    PATHS,
    PKI,
    SPACE,
    issued,
    plain,
    presented,
    read,
    read_response,
    verify_presentation,
)
from tests.support.pki import NOW, seeded_key

READER = seeded_key(21)
READY = PresentableMdoc.of(issued())


@given(st.sets(st.sampled_from(PATHS)))
def test_an_answer_has_the_elements_that_were_chosen_and_no_others(paths):
    credential = verify_presentation(READY.present(paths, HANDOVER, HOLDER)).credential
    assert credential.disclosed == tuple(path for path in PATHS if path in paths)
    shown = {name: {i: v for i, v in of.items() if (name, i) in paths} for name, of in CLAIMS.items()}
    assert credential.claims == {name: of for name, of in shown.items() if of}


def test_items_and_the_issuers_signature_travel_as_they_were_issued():
    raw = issued()
    (document,) = read_response(presented(raw=raw)).documents
    whole = read(raw)
    assert document.issuer_signed.issuer_auth == whole.issuer_auth
    for name, items in document.issuer_signed.name_spaces.items():
        assert all(item in whole.name_spaces[name] for item in items)


def test_an_answer_is_the_one_encoding_of_itself_and_tells_no_order():
    raw = issued()
    answer = presented(FIVE, raw=raw)
    assert encode_cbor(plain(answer)) == decode_base64url(answer)
    (document,) = read_response(presented(FIVE[::-1], raw=raw)).documents
    assert document.issuer_signed == read_response(answer).documents[0].issuer_signed
    assert read_response(answer).to_bytes() == decode_base64url(answer)


@pytest.mark.parametrize(
    "path",
    [
        (SPACE,),
        (SPACE, "family_name", 0),
        ("family_name",),
        (SPACE, "portrait2"),
        (NATIONAL, "height"),
        (),
        (SPACE, None),
    ],
)
def test_a_path_of_no_element_is_a_mistake(path):
    with pytest.raises(ValueError, match="path"):
        presented([path])


def test_what_the_device_says_itself_is_signed_with_it():
    from_device = {"com.example": {"amount": 12}}
    (document,) = read_response(presented(elements=from_device)).documents
    assert document.device_signed.elements == from_device


def test_a_mac_answers_one_reader_and_no_other():
    transcript = HANDOVER.session_transcript()
    signed = READY.authenticate(transcript, HOLDER, READER.public_key)
    assert isinstance(signed.auth, Mac0)
    data = encode_device_response([READY.document(FIVE, signed), READY.document(PATHS, READY.sign(transcript, HOLDER))])
    by_mac, by_signature = DeviceResponse.from_bytes(data).documents

    def check(document, key):
        return verify_document(document, "", anchors=PKI.anchors, transcript=transcript, now=NOW, reader_key=key)

    assert check(by_mac, READER).credential.disclosed == FIVE
    assert check(by_signature, READER).credential.claims == CLAIMS
    for key in (None, seeded_key(22), HOLDER):
        with pytest.raises(NotBound):
            check(by_mac, key)


@pytest.mark.parametrize("raw", ["", "!", "oA", presented(), issued()[:-4]])
def test_what_is_no_document_cannot_be_presented(raw):
    with pytest.raises(Malformed):
        PresentableMdoc.of(raw)


def test_the_type_of_a_document_is_the_one_that_was_signed():
    assert READY.doc_type == MDL
