"""One signature for all that is asked, as the second edition has it: for these requests, in this order, in this session."""

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import Tagged, encode_cbor, encode_wrapped, read_cbor_map, wrap
from protocol.cose import sign1
from protocol.errors import Malformed, NotAuthentic, NotTrusted, ProtocolError
from protocol.mdoc.device_request import (
    MAX_SIGNATURES,
    DeviceRequest,
    DocRequest,
    ItemsRequest,
    Signatory,
    verify_reader_auth_all,
    write_device_request,
    write_whole_request,
)
from tests.protocol.mdoc.annex_d import TRANSCRIPT
from tests.support.pki import make_pki
from tests.support.strategies import flip

PKI, OTHER = make_pki(), make_pki()
OURS, THEIRS = (Signatory(pki.signer, pki.certificates) for pki in (PKI, OTHER))
MDL, SPACE = "org.iso.18013.5.1.mDL", "org.iso.18013.5.1"
LICENCE = ItemsRequest.of(MDL, {SPACE: {"age_over_18": False, "portrait": True}})
VEHICLE = ItemsRequest.of("org.iso.18013.5.1.mVRC", {SPACE: {"registration_number": False}})
ITEMS = (LICENCE, VEHICLE)
WHOLE = write_whole_request(ITEMS, transcript=TRANSCRIPT, signatories=(OURS, THEIRS))
INFO = encode_cbor({"useCases": [{"mandatory": True, "documentSets": [[0, 1]]}]})


def read(data=WHOLE, **changes):
    """The request with other members; `...` leaves one out."""
    members: dict[Any, Any] = {**read_cbor_map(data, "test"), **changes}
    return DeviceRequest.from_bytes(encode_cbor({name: value for name, value in members.items() if value is not ...}))


def signed_by_hand(*, info, name="ReaderAuthenticationAll"):
    """A signature as peers make it: one array, encoded as a whole."""
    documents = encode_cbor([wrap(items.raw) for items in ITEMS])
    array = b"\x84" + encode_cbor(name) + TRANSCRIPT + documents + encode_cbor(None if info is None else wrap(info))
    signature = sign1(encode_wrapped(array), PKI.signer, unprotected={33: PKI.certificates[0].der})
    signature[2] = None
    return signature


def chains(request, *, transcript=TRANSCRIPT):
    return [verify_reader_auth_all(request, one, transcript=transcript) for one in request.reader_auth_all]


def test_all_who_signed_are_known():
    request = read()
    assert (request.version, request.info) == ("1.1", None)
    assert request.doc_requests == tuple(DocRequest(items, None) for items in ITEMS)
    assert chains(request) == [PKI.certificates, OTHER.certificates]


@pytest.mark.parametrize("info", [None, INFO])
def test_a_signature_of_a_peer_holds(info):
    request = read(readerAuthAll=[signed_by_hand(info=info)], deviceRequestInfo=... if info is None else wrap(info))
    assert (request.info, chains(request)) == (info, [PKI.certificates])


def test_a_signature_does_not_move():
    request = read()
    swapped = replace(request, doc_requests=request.doc_requests[::-1])
    for other in (swapped, replace(request, doc_requests=request.doc_requests[:1]), replace(request, info=INFO)):
        with pytest.raises(NotAuthentic):
            chains(other)
    with pytest.raises(NotAuthentic):
        chains(request, transcript=flip(TRANSCRIPT, 7))
    with pytest.raises(NotAuthentic):
        chains(read(readerAuthAll=[signed_by_hand(info=None, name="ReaderAuthentication")]))


def test_a_documents_signature_is_none_of_the_whole():
    single = write_device_request((LICENCE,), transcript=TRANSCRIPT, signer=PKI.signer, chain=PKI.certificates)
    (document,) = DeviceRequest.from_bytes(single).doc_requests
    whole = DeviceRequest.from_bytes(write_whole_request((LICENCE,), transcript=TRANSCRIPT, signatories=(OURS,)))
    with pytest.raises(NotAuthentic):
        verify_reader_auth_all(whole, document.reader_auth or pytest.fail("unsigned"), transcript=TRANSCRIPT)


def test_a_signature_without_certificate_names_nobody():
    signature = signed_by_hand(info=None)
    signature[1] = {}
    with pytest.raises(NotTrusted):
        chains(read(readerAuthAll=[signature]))


def test_a_payload_of_its_own_is_refused():
    signature = signed_by_hand(info=None)
    signature[2] = b"anything"
    with pytest.raises(Malformed):
        chains(read(readerAuthAll=[signature]))


def test_one_that_nobody_here_can_read_is_left_out():
    foreign: list[Any] = [encode_cbor({1: -65535}), {}, None, b"x"]
    request = read(readerAuthAll=[foreign, signed_by_hand(info=None)])
    assert chains(request) == [PKI.certificates]
    assert read(readerAuthAll=[foreign]).reader_auth_all == ()


@pytest.mark.parametrize("version", ["1.0", "1.00"])
def test_a_version_that_knows_no_such_thing_has_none(version):
    request = read(version=version, deviceRequestInfo=b"anything")
    assert (request.reader_auth_all, request.info) == ((), None)


@pytest.mark.parametrize("version", ["1.1", "1.2", "1.10"])
def test_versions_to_come_have_it_too(version):
    assert len(read(version=version).reader_auth_all) == 2


@pytest.mark.parametrize(
    "value",
    [None, {}, [], [None], [[]], signed_by_hand(info=None), [signed_by_hand(info=None)] * (MAX_SIGNATURES + 1)],
    ids=range(7),
)  # fmt: skip
def test_signatures_of_another_shape_are_refused(value):
    with pytest.raises(Malformed):
        read(readerAuthAll=value)


def test_as_many_signatures_as_are_allowed_are_read():
    assert len(read(readerAuthAll=[signed_by_hand(info=None)] * MAX_SIGNATURES).reader_auth_all) == MAX_SIGNATURES


@pytest.mark.parametrize(
    "value", [None, {}, INFO, wrap(b"\x80"), wrap(b""), Tagged(24, "x"), Tagged(0, "x")], ids=range(7)
)
def test_what_stands_beside_them_is_a_map_in_its_wrapper(value):  # T023
    with pytest.raises(Malformed):
        read(deviceRequestInfo=value)


@given(st.integers())
def test_any_flipped_bit_is_refused(bit):
    with contextlib.suppress(ProtocolError):
        request = DeviceRequest.from_bytes(flip(WHOLE, bit))
        for signature in request.reader_auth_all:
            # A bit of the certificate, but for its key, is for whoever checks the chain
            (leaf, *_) = verify_reader_auth_all(request, signature, transcript=TRANSCRIPT)
            assert leaf.public_key in {PKI.public_key, OTHER.public_key}
            assert tuple(document.items for document in request.doc_requests) == ITEMS
