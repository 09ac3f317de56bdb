"""Verifying a document as issued: whom we trust, what it says, when, and that every element is what was signed."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.cbor import Tagged, encode_cbor, encode_wrapped
from protocol.cose import X5CHAIN
from protocol.cose_key import X, Y
from protocol.credential import IdentifierReference
from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import (
    Malformed,
    NotAuthentic,
    NotTrusted,
    NotValidNow,
    ProtocolError,
    Unsupported,
)
from protocol.mdoc.mso import MsoStatus, ValidityInfo
from protocol.mdoc.values import tdate
from protocol.mdoc.verify import CLOCK_SKEW, FORMAT, _check_times
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from tests.protocol.mdoc.samples import (
    CLAIMS,
    DESK,
    HOLDER,
    MDL,
    NATIONAL,
    PATHS,
    PKI,
    SPACE,
    STATUS,
    altered,
    encoded,
    issued,
    plain,
    signed_over,
    verify,
)
from tests.protocol.mdoc.verifying import AT, LICENCE, MSO, VALUE, refused, with_mso
from tests.support.pki import DAY, NOW, make_pki
from tests.support.strategies import flip


def test_a_verified_document_says_what_its_issuer_said():
    credential = verify(LICENCE)
    assert (credential.format, credential.type, credential.claims) == (FORMAT, MDL, CLAIMS)
    assert (credential.issuer.name, credential.issuer_key) == ("Document signer", PKI.public_key)
    assert credential.holder_key == HOLDER.public_key
    assert (credential.issued_at, credential.not_before, credential.expires_at) == (NOW - 100, NOW - 50, NOW + 1000)
    assert credential.status == (STATUS,)
    assert credential.disclosed == PATHS
    assert credential.raw == LICENCE


# Whom we trust


def test_a_signature_by_somebody_else_is_refused():  # T055
    refused(NotAuthentic, encoded(altered(VALUE, ["issuerAuth", 3], HOLDER.sign(b"something"))))
    other = plain(issued(pki=replace(PKI, chain=make_pki().chain)))
    refused(NotAuthentic, encoded(altered(other, ["issuerAuth", 1], VALUE["issuerAuth"][1])))


def test_a_chain_to_another_authority_is_refused():  # T055
    other = make_pki(types=PKI.types)
    refused(NotTrusted, issued(pki=other))
    refused(NotTrusted, LICENCE, anchors=TrustAnchors())


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ISSUER])
def test_an_authority_of_another_role_vouches_for_no_document(role):  # T055
    anchors = TrustAnchors([TrustAnchor(PKI.root.certificate, role, "Authority")])
    refused(NotTrusted, LICENCE, anchors=anchors)


def test_an_authority_that_is_sent_along_is_no_anchor():  # T027, T055
    chain = [PKI.leaf.der, PKI.root.der]
    refused(NotTrusted, encoded(altered(VALUE, ["issuerAuth", 1, X5CHAIN], chain)), anchors=TrustAnchors())
    refused(NotTrusted, encoded(altered(VALUE, ["issuerAuth", 1, X5CHAIN], chain)))


@pytest.mark.parametrize(
    ("chain", "error"),
    [
        (..., NotTrusted),
        ([], Malformed),
        ([PKI.leaf.der], Malformed),
        ([PKI.leaf.der] * 2, Malformed),
        ([PKI.leaf.der] * 100, Malformed),
        (PKI.leaf.der + b"\0", Malformed),
        ("x", Malformed),
    ],
)
def test_certificates_of_another_shape_are_refused(chain, error):  # T027
    refused(error, encoded(altered(VALUE, ["issuerAuth", 1, X5CHAIN], chain)))


def test_an_issuer_that_is_not_entitled_to_the_type_is_refused():  # T186
    refused(NotTrusted, issued(doc_type="org.iso.23220.photoid.1"))
    assert verify(issued(doc_type="x"), anchors=replace(PKI, types=frozenset({"x"})).anchors).type == "x"


def test_a_certificate_outside_its_time_is_refused():
    refused(NotValidNow, LICENCE, now=NOW + 366 * DAY)


# The signed part


@pytest.mark.parametrize("version", [..., None, "", "1", "1.1", "2.0", 1, 1.0, b"1.0", ["1.0"]])
def test_another_version_is_refused(version):  # T063
    assert "version" in refused(Unsupported, with_mso(["version"], version))


@pytest.mark.parametrize("algorithm", [..., None, "", "SHA-1", "SHA-224", "sha-256", "SHA256", 1, -16, ["SHA-256"]])
def test_another_digest_algorithm_is_refused(algorithm):  # T063
    assert "digestAlgorithm" in refused(Unsupported, with_mso(["digestAlgorithm"], algorithm))


def test_digests_of_another_algorithm_than_was_said_are_refused():  # T063
    refused(Malformed, with_mso(["digestAlgorithm"], "SHA-512"))


@pytest.mark.parametrize("name", ["valueDigests", "deviceKeyInfo", "docType", "validityInfo"])
@pytest.mark.parametrize("value", [..., None, 1, [], {}, b"x", True, ""])
def test_a_member_that_is_missing_or_has_another_shape_is_refused(name, value):  # T024, T060
    with pytest.raises((Malformed, Unsupported)):
        verify(with_mso([name], value))


@pytest.mark.parametrize(
    "change",
    [{1: b""}, {1: bytes(31)}, {1: "x"}, {-1: bytes(32)}, {"1": bytes(32)}, [], None, {1: [bytes(32)]}],
)
def test_digests_of_another_shape_are_refused(change):  # T024
    refused(Malformed, with_mso(["valueDigests", NATIONAL], change))


def test_a_holders_key_off_its_curve_is_refused():  # T060
    key = MSO["deviceKeyInfo"]["deviceKey"]
    refused(Malformed, with_mso(["deviceKeyInfo", "deviceKey", Y], key[X]))
    refused(Unsupported, with_mso(["deviceKeyInfo", "deviceKey", -1], 8))
    refused(Malformed, with_mso(["deviceKeyInfo", "deviceKey"], ...))


def test_members_that_nobody_asks_for_are_ignored():
    assert verify(with_mso(["later"], {"x": 1})).type == MDL
    assert verify(encoded({**VALUE, "later": 1})).type == MDL


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        encode_cbor(MSO),  # no wrapper
        encode_cbor(encode_cbor(MSO)),  # a byte string without its tag
        encode_wrapped(encode_wrapped(encode_cbor(MSO))),  # wrapped twice
        encode_wrapped(b"\xff"),
        encode_wrapped(encode_cbor([])),
        encode_cbor(Tagged(24, "text")),
        encode_wrapped(encode_cbor(MSO)) + b"\0",
    ],
)
def test_a_signed_part_in_another_wrapper_is_refused(payload):  # T023
    auth = VALUE["issuerAuth"]
    signature = PKI.signer.sign(encode_cbor(["Signature1", auth[0], b"", payload]))
    refused(Malformed, encoded(altered(altered(VALUE, ["issuerAuth", 2], payload), ["issuerAuth", 3], signature)))


def test_a_signed_part_with_a_member_twice_is_refused():  # T022
    members = encode_cbor(MSO)[1:]
    for name in ("docType", "validityInfo"):
        twice = encode_cbor(name) + encode_cbor(MSO[name])
        refused(Malformed, signed_over(bytes((0xA0 | (len(MSO) + 1),)) + members + twice, raw=LICENCE))


def test_a_signed_part_that_is_encoded_in_another_way_is_verified_as_it_came():  # T061
    # Members in another order, and a head longer than needed
    unsorted = b"\xb9" + len(MSO).to_bytes(2, "big")
    for name in sorted(MSO, reverse=True):
        unsorted += b"\x78" + bytes((len(name),)) + name.encode() + encode_cbor(MSO[name])
    assert unsorted != encode_cbor(MSO)
    assert verify(signed_over(unsorted, raw=LICENCE)).claims == CLAIMS


def test_indefinite_lengths_are_refused():  # T061: the standard forbids them
    refused(Malformed, signed_over(b"\xbf" + encode_cbor(MSO)[1:] + b"\xff", raw=LICENCE))


def test_a_message_without_its_payload_is_refused():
    refused(Malformed, encoded(altered(VALUE, ["issuerAuth", 2], None)))


# Times


def test_a_document_holds_inside_its_time_and_a_little_skew():  # T057
    assert CLOCK_SKEW == 60
    for now in (NOW, NOW + 1000 + CLOCK_SKEW - 1, NOW - 50 - CLOCK_SKEW):
        assert verify(LICENCE, now=now)


@pytest.mark.parametrize("now", [NOW + 1000 + CLOCK_SKEW, NOW + 30 * DAY])
def test_an_expired_document_is_refused(now):  # T057
    assert "expired" in refused(NotValidNow, LICENCE, now=now)


@pytest.mark.parametrize("now", [NOW - 50 - CLOCK_SKEW - 1, NOW - 10_000])
def test_a_document_of_the_future_is_refused(now):  # T057
    assert "not valid yet" in refused(NotValidNow, LICENCE, now=now)


@pytest.mark.parametrize(
    "times",
    [
        {"valid_from": NOW, "valid_until": NOW},
        {"valid_from": NOW, "valid_until": NOW - 1},
        {"signed": NOW, "valid_from": NOW - 1},
    ],
)
def test_times_in_another_order_are_refused(times):  # T057
    mso = {"signed": NOW - 100, "valid_from": NOW - 50, "valid_until": NOW + 1000, **times}
    names = {"signed": "signed", "valid_from": "validFrom", "valid_until": "validUntil"}
    info = {names[name]: Tagged(0, tdate(time)) for name, time in mso.items()}
    assert "order" in refused(Malformed, with_mso(["validityInfo"], info))


@pytest.mark.parametrize("name", ["signed", "validFrom", "validUntil", "expectedUpdate"])
@pytest.mark.parametrize(
    "value",
    [
        None,
        NOW,
        "2027-01-15T08:00:00Z",  # without its tag
        Tagged(1004, "2027-01-15"),
        Tagged(0, "2027-01-15T08:00:00+00:00"),
        Tagged(0, "2027-01-15T08:00:00"),
        Tagged(0, "2027-02-30T08:00:00Z"),
        Tagged(0, "٢٠٢٧-01-15T08:00:00Z"),
        Tagged(0, NOW),
    ],
)
def test_a_time_of_another_shape_is_refused(name, value):  # T057
    assert name in refused(Malformed, with_mso(["validityInfo", name], value))


def test_a_fraction_of_a_second_is_cut_off():
    raw = with_mso(["validityInfo", "validUntil"], Tagged(0, "2027-01-15T08:16:40.999Z"))
    assert verify(raw).expires_at == NOW + 1000


def test_a_document_is_signed_while_its_signers_certificate_holds():  # T057
    times: Any = MSO["validityInfo"]
    first, end = DESK.not_before, DESK.not_after

    def signed_at(time, until=NOW + 1000):
        info = {**times, "signed": Tagged(0, tdate(time)), "validUntil": Tagged(0, tdate(until))}
        return with_mso(["validityInfo"], info | {"validFrom": Tagged(0, tdate(max(time, NOW - 50)))})

    assert verify(signed_at(first)).issued_at == first
    refused(NotTrusted, signed_at(first - 1))
    # One signed after its certificate's end is none of the present, so the check is asked by itself
    leaf = PKI.certificates[0]
    _check_times(ValidityInfo(end - 1, end - 1, end + 1), leaf, end - 1, AT)
    with pytest.raises(NotTrusted, match="outside the time"):
        _check_times(ValidityInfo(end, end, end + 1), leaf, end, AT)


def test_a_document_need_not_have_a_status():
    assert verify(issued(status=None)).status == ()


def test_a_status_may_stand_in_a_row_or_by_identifier_or_both():
    by_identifier = IdentifierReference("https://issuer.example/identifiers", b"7")
    assert verify(issued(status=MsoStatus(identifier_list=by_identifier))).status == (by_identifier,)
    assert verify(issued(status=MsoStatus(STATUS, by_identifier))).status == (STATUS, by_identifier)


def test_a_status_kept_in_another_way_is_not_taken_for_none():
    refused(Unsupported, with_mso(["status"], {}))
    refused(Unsupported, with_mso(["status"], {"list": {"uri": "https://issuer.example/1"}}))


# All of it


@settings(max_examples=200)
@given(st.integers(0, 2**20))
def test_any_flipped_bit_is_refused(bit):
    data = flip(decode_base64url(LICENCE), bit)
    try:
        credential = verify(encode_base64url(data))
    except ProtocolError:
        return
    raise AssertionError(f"bit {bit} says nothing: {credential.type}")


@pytest.mark.parametrize(
    "raw", ["", "=", "!", LICENCE + "=", LICENCE + "A", LICENCE[:-2], " " + LICENCE, "oA", "gA", "AA"]
)
def test_what_is_no_document_is_refused(raw):  # T028
    refused(Malformed, raw)


def test_base64_of_the_other_alphabet_is_refused():  # T028
    standard = b64encode(decode_base64url(LICENCE)).decode()
    assert not {"+", "/"}.isdisjoint(standard)
    refused(Malformed, standard)
    refused(Malformed, standard.rstrip("="))


def test_which_elements_are_bytes_is_known():
    """In JSON they are texts, and a page must not show them as such."""
    assert verify(LICENCE).binary == ((SPACE, "portrait"),)
