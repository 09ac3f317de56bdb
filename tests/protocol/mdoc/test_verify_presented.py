"""Verifying an answer: one document, of one type, whose holder answered this request and no other."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.cbor import Tagged, encode_cbor, wrap
from protocol.cose_mac import mac0
from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import Malformed, NotAuthentic, NotBound, NotTrusted, NotValidNow, ProtocolError, Unsupported
from protocol.mdoc.device_signed import device_authentication, sign_device
from protocol.mdoc.mso import KeyAuthorizations
from protocol.mdoc.present import PresentableMdoc
from protocol.mdoc.transcript import DcApiHandover, ProximityHandover
from tests.protocol.mdoc.samples import (
    CLAIMS,
    DESK,
    FIVE,
    HANDOVER,
    HOLDER,
    IACA,
    MDL,
    NATIONAL,
    PKI,
    SPACE,
    STRANGER,
    altered,
    device_value,
    encoded,
    issued,
    plain,
    presented,
    verify_presentation,
)
from tests.support.pki import NOW, make_pki
from tests.support.strategies import flip

LICENCE = issued()
ANSWER = presented(raw=LICENCE)
VALUE = plain(ANSWER)
OF_DEVICE = ["documents", 0, "deviceSigned"]


def refused(error, raw, **rest):
    with pytest.raises(error) as refusal:
        verify_presentation(raw, **rest)
    assert type(refusal.value) is error
    return refusal.value.description


def with_device_signed(value):
    return encoded(altered(VALUE, OF_DEVICE, value))


def test_a_verified_answer_says_only_what_was_chosen():
    found = verify_presentation(ANSWER)
    assert found.credential.disclosed == FIVE
    assert found.credential.claims == {
        SPACE: {name: CLAIMS[SPACE][name] for name in ("family_name", "birth_date", "height", "age_over_18")},
        NATIONAL: CLAIMS[NATIONAL],
    }
    assert (found.credential.type, found.credential.holder_key) == (MDL, HOLDER.public_key)
    assert found.credential.raw == ANSWER
    assert found.device_elements == {}


# The device's part


def test_an_answer_that_the_device_did_not_sign_is_refused():  # T058
    refused(Malformed, with_device_signed(...))
    refused(Malformed, encoded(altered(VALUE, [*OF_DEVICE, "deviceAuth"], {})))
    refused(Malformed, encoded(altered(VALUE, [*OF_DEVICE, "deviceAuth", "deviceSignature"], ...)))


@pytest.mark.parametrize("path", [OF_DEVICE, [*OF_DEVICE, "deviceAuth", "deviceSignature"]])
def test_of_what_nobody_verified_is_not_said_that_only_the_holder_is_in_doubt(path):  # T058, T055
    # `NotBound` tells a verifier that issuer, trust and time are in order; a stranger's document must never get there
    strangers = make_pki(DESK, root=IACA)
    value = plain(presented(raw=issued(pki=strangers)))
    refused(NotTrusted, encoded(value))
    refused(Malformed, encoded(altered(value, path, ...)))


@pytest.mark.parametrize("value", [None, 1, [], {}, b"x"])
def test_a_devices_part_of_another_shape_is_refused(value):  # T058
    refused(Malformed, with_device_signed(value))
    if value != {}:
        refused(Malformed, encoded(altered(VALUE, [*OF_DEVICE, "deviceAuth"], value)))


def test_both_a_signature_and_a_mac_are_refused():  # T058
    auth = {**VALUE["documents"][0]["deviceSigned"]["deviceAuth"], "deviceMac": mac0(b"x", b"y").to_value()}
    refused(Malformed, encoded(altered(VALUE, [*OF_DEVICE, "deviceAuth"], auth)))


def test_a_mac_without_the_key_of_a_session_is_refused():  # T058
    auth: Any = {"deviceMac": mac0(b"x", b"y").to_value()}
    refused(NotBound, encoded(altered(VALUE, [*OF_DEVICE, "deviceAuth"], auth)))


def test_a_signature_of_somebody_else_is_refused():  # T058, T059
    refused(NotBound, presented(raw=LICENCE, signer=STRANGER))
    refused(NotBound, presented(raw=LICENCE, signer=PKI.signer))


@pytest.mark.parametrize(
    "other",
    [
        replace(HANDOVER, client_id="x509_san_dns:museum.example"),
        replace(HANDOVER, client_id="library.example"),
        replace(HANDOVER, nonce="n-0S6_WzA2MJ"),
        replace(HANDOVER, response_uri="https://library.example/other"),
        replace(HANDOVER, jwk_thumbprint=bytes(32)),
        replace(HANDOVER, jwk_thumbprint=None),
        DcApiHandover("https://library.example", HANDOVER.nonce, HANDOVER.jwk_thumbprint),
        ProximityHandover(b"\xa0", b"\xa0"),
    ],
)
def test_an_answer_to_another_request_is_refused(other):  # T059, T064
    refused(NotBound, ANSWER, handover=other)
    refused(NotBound, presented(raw=LICENCE, handover=other))
    assert verify_presentation(presented(raw=LICENCE, handover=other), handover=other)


def test_a_plain_answer_and_an_encrypted_one_are_not_mistaken_for_each_other():  # T064
    plainly = replace(HANDOVER, jwk_thumbprint=None)
    refused(NotBound, presented(raw=LICENCE, handover=plainly), handover=HANDOVER)
    refused(NotBound, presented(raw=LICENCE, handover=HANDOVER), handover=plainly)


def test_a_signature_with_its_payload_inside_is_refused():
    transcript = HANDOVER.session_transcript()
    covered = device_authentication(MDL, transcript, b"\xa0")
    path = [*OF_DEVICE, "deviceAuth", "deviceSignature", 2]
    refused(NotBound, encoded(altered(VALUE, path, covered)))


def test_a_signature_of_another_document_is_refused():
    other = sign_device("org.iso.23220.photoid.1", HANDOVER.session_transcript(), HOLDER)
    refused(NotBound, with_device_signed(device_value(other)))


@pytest.mark.parametrize(
    "wrapper",
    [b"\xa0", {}, Tagged(24, "x"), Tagged(24, b""), Tagged(24, b"\x80"), Tagged(0, b"\xa0"), Tagged(24, b"\xa0\xa0")],
)
def test_elements_of_the_device_in_another_wrapper_are_refused(wrapper):  # T023
    refused(Malformed, encoded(altered(VALUE, [*OF_DEVICE, "nameSpaces"], wrapper)))


@pytest.mark.parametrize(
    "elements", [{"x": {}}, {"x": []}, {"x": [1]}, {"x": "y"}, {1: {"a": 1}}, {"x": {1: 1}}, {"": {"a": 1}}]
)
def test_elements_of_the_device_of_another_shape_are_refused(elements):  # T024
    refused(Malformed, encoded(altered(VALUE, [*OF_DEVICE, "nameSpaces"], wrap(encode_cbor(elements)))))


# What the device may say


def test_what_the_device_says_counts_where_the_issuer_lets_it():
    from_device = {"com.example": {"amount": 12}, SPACE: {"seen": True}}
    allowed = KeyAuthorizations(frozenset({"com.example"}), {SPACE: frozenset({"seen"})})
    answer = presented(raw=issued(authorizations=allowed), elements=from_device)
    found = verify_presentation(answer)
    assert found.device_elements == from_device
    # What the device says is no claim of the issuer's
    assert "com.example" not in found.credential.claims
    assert "seen" not in found.credential.claims[SPACE]


@pytest.mark.parametrize(
    "allowed",
    [
        KeyAuthorizations(),
        KeyAuthorizations(frozenset({SPACE})),
        KeyAuthorizations(elements={"com.example": frozenset({"other"})}),
        KeyAuthorizations(elements={SPACE: frozenset({"amount"})}),
    ],
)
def test_what_the_device_says_without_leave_is_refused(allowed):
    answer = presented(raw=issued(authorizations=allowed), elements={"com.example": {"amount": 12}})
    assert "let the device sign" in refused(NotAuthentic, answer)
    assert "let the device sign" in refused(NotAuthentic, answer, handover=None)


def test_elements_that_were_added_to_what_the_device_signed_are_refused():
    allowed = KeyAuthorizations(frozenset({"com.example"}))
    value = plain(presented(raw=issued(authorizations=allowed), elements={"com.example": {"amount": 12}}))
    more = wrap(encode_cbor({"com.example": {"amount": 13}}))
    refused(NotBound, encoded(altered(value, [*OF_DEVICE, "nameSpaces"], more)))


# Without holder binding


def test_where_holder_binding_was_not_asked_for_the_signature_is_not_looked_at():
    answer = presented(raw=LICENCE, signer=STRANGER)
    assert verify_presentation(answer, handover=None).credential.disclosed == FIVE
    refused(Malformed, with_device_signed(...), handover=None)
    refused(NotTrusted, answer, handover=None, anchors=make_pki().anchors)


# The document


def test_a_document_of_another_type_than_was_signed_is_refused():  # T054
    refused(NotAuthentic, encoded(altered(VALUE, ["documents", 0, "docType"], "org.iso.23220.photoid.1")))
    other = device_value(sign_device("org.iso.23220.photoid.1", HANDOVER.session_transcript(), HOLDER))
    changed = altered(altered(VALUE, ["documents", 0, "docType"], "org.iso.23220.photoid.1"), OF_DEVICE, other)
    refused(NotAuthentic, encoded(changed))


@pytest.mark.parametrize("doc_type", [..., None, 1, "", b"x", "x" * 2000])
def test_a_document_without_a_type_is_refused(doc_type):  # T054
    refused(Malformed, encoded(altered(VALUE, ["documents", 0, "docType"], doc_type)))


def test_what_the_issuer_said_is_checked_as_when_it_was_issued():
    refused(NotValidNow, ANSWER, now=NOW + 2000)
    refused(NotTrusted, ANSWER, anchors=make_pki().anchors)
    item = VALUE["documents"][0]["issuerSigned"]["nameSpaces"][SPACE][0].value
    path = ["documents", 0, "issuerSigned", "nameSpaces", SPACE, 0]
    refused(NotAuthentic, encoded(altered(VALUE, path, wrap(item.replace(b"Mustermann", b"Musterfrau")))))  # T052
    refused(Malformed, encoded(altered(VALUE, ["documents", 0, "issuerSigned"], ...)))


def test_an_answer_may_disclose_nothing():
    assert verify_presentation(presented((), raw=LICENCE)).credential.claims == {}


# The answer


@pytest.mark.parametrize("status", [1, 10, 11, 12])
def test_an_answer_that_reports_an_error_is_refused(status):
    refused(Malformed, encoded(altered(VALUE, ["status"], status)))


def test_an_answer_has_exactly_one_document():
    refused(Malformed, encoded(altered(VALUE, ["documents"], VALUE["documents"] * 2)))
    refused(Malformed, encoded(altered(VALUE, ["documents"], [])))
    refused(Malformed, encoded(altered(VALUE, ["documents"], ...)))


@pytest.mark.parametrize("version", [..., None, 1, "", "2.0", "1", "1.", "1.0.0", "10.0", b"1.0", "1.1000", "1.0\n"])
def test_another_version_is_refused(version):
    refused(Unsupported, encoded(altered(VALUE, ["version"], version)))


def test_a_later_minor_version_is_read():
    assert verify_presentation(encoded({**VALUE, "version": "1.1", "later": 1})).credential.type == MDL


@pytest.mark.parametrize("status", [..., None, "0", True, False, -1, 0.0])
def test_a_status_of_another_kind_is_refused(status):  # T024
    refused(Malformed, encoded(altered(VALUE, ["status"], status)))


@settings(max_examples=200)
@given(st.integers(0, 2**20))
def test_any_flipped_bit_is_refused(bit):
    data = flip(decode_base64url(ANSWER), bit)
    try:
        found = verify_presentation(encode_base64url(data))
    except ProtocolError:
        return
    # What nobody signs says nothing: the minor version, and names of members that are ignored
    assert found.credential._replace(raw=ANSWER) == verify_presentation(ANSWER).credential


@pytest.mark.parametrize("raw", ["", "=", "!", ANSWER + "=", ANSWER + "A", ANSWER[:-2], ANSWER + "\n", LICENCE])
def test_what_is_no_answer_is_refused(raw):  # T028
    with pytest.raises((Malformed, Unsupported)):
        verify_presentation(raw)


def test_a_presentable_document_can_be_used_again():
    ready = PresentableMdoc.of(LICENCE)
    answers = [ready.present(FIVE, HANDOVER, HOLDER) for _ in range(2)]
    assert [verify_presentation(answer).credential.disclosed for answer in answers] == [FIVE, FIVE]
