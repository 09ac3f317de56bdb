"""Identifier lists: what is named is revoked, and a list that does not hold names nobody."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import encode_cbor, read_cbor_with_byte_keys
from protocol.cose import sign1_message
from protocol.credential import IdentifierReference, StatusReference
from protocol.errors import Malformed, NotAuthentic, NotValidNow, ProtocolError, TooLarge
from protocol.status.identifier_list import (
    MAX_LIST,
    IdentifierList,
    identifier_reference,
    peek_identifier_list,
    read_identifier_reference,
    sign_identifier_list,
    verify_identifier_list,
)
from protocol.status.token import CLOCK_SKEW
from tests.support.pki import make_pki, seeded_key
from tests.support.strategies import flip

PKI = make_pki()
URI = "https://issuer.example/identifiers/1"
NOW = 1_800_000_000
REVOKED = frozenset((b"\1" * 16, b"\2" * 16))
PUBLISHED = sign_identifier_list(
    REVOKED, uri=URI, issued_at=NOW, expires_at=NOW + 600, ttl=300, signer=PKI.signer, chain=PKI.certificates
)
IDENTIFIERS: Any = {b"\1" * 16: {}}
CLAIMS: dict[Any, Any] = {2: URI, 6: NOW - 10, 4: NOW + 600, 65530: {"identifiers": IDENTIFIERS}}
TYP: dict[int, Any] = {16: "application/identifierlist+cwt"}
UNNAMED: tuple[Any, ...] = (
    ...,
    None,
    [],
    {},
    {"identifiers": []},
    {"identifiers": {1: {}}},
    {"identifiers": {"a": {}}},
)
BROKEN: dict[int, tuple[Any, ...]] = {
    2: (..., None, 1, b"x"),
    4: (..., None, "1", True),
    6: (..., None, "1", -1),
    65534: (None, "1", True),
    65533: (None, {"bits": 1, "lst": b"x"}),
    65530: (*UNNAMED, {"identifiers": {b"": {}}}, {"identifiers": {bytes(65): {}}}),
}


def signed(changes, *, protected=TYP, key=PKI.signer):
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    return sign1_message(encode_cbor(claims), key, protected=protected)


def verified(data, *, uri=URI, now=NOW):
    return verify_identifier_list(peek_identifier_list(data), uri=uri, key=PKI.public_key, now=now)


def test_what_was_signed_is_read_back():
    assert verified(PUBLISHED) == IdentifierList(URI, NOW, NOW + 600, 300, REVOKED)


@given(st.frozensets(st.binary(min_size=1, max_size=64), max_size=5))
def test_any_identifiers_come_back(revoked):
    data = sign_identifier_list(
        revoked, uri=URI, issued_at=NOW, expires_at=NOW + 1, ttl=None, signer=PKI.signer, chain=PKI.certificates
    )
    assert verified(data) == IdentifierList(URI, NOW, NOW + 1, None, revoked)


def test_the_wire_has_the_labels_that_others_read():
    claims: Any = read_cbor_with_byte_keys(peek_identifier_list(PUBLISHED).attached("x"), "x")
    assert claims == {
        2: URI,
        4: NOW + 600,
        6: NOW,
        65530: {"identifiers": {b"\1" * 16: {}, b"\2" * 16: {}}},
        65534: 300,
    }
    assert peek_identifier_list(PUBLISHED).header.typ == "application/identifierlist+cwt"


def test_a_list_answers_for_its_own_documents_alone():
    found = verified(PUBLISHED)
    assert found.state_of(IdentifierReference(URI, b"\1" * 16)) == 1
    assert found.state_of(IdentifierReference(URI, b"\3" * 16)) == 0
    assert found.state_of(IdentifierReference(URI + "2", b"\1" * 16)) is None
    assert found.state_of(StatusReference(URI, 1)) is None


def test_what_stands_beside_an_identifier_revokes_it_all_the_same():
    found = verified(signed({65530: {"identifiers": {b"\1" * 16: {"reason": 3}}, "aggregation_uri": "x"}}))
    assert found.revoked == {b"\1" * 16}


@given(st.integers())
def test_any_flipped_bit_is_refused(bit):
    with pytest.raises(ProtocolError):
        verified(flip(PUBLISHED, bit))


@pytest.mark.parametrize("typ", [None, "application/statuslist+cwt", "identifierlist+jwt"])
def test_a_token_of_another_type_is_refused(typ):
    with pytest.raises(NotAuthentic):
        verified(signed({}, protected={16: typ} if typ else {}))


def test_another_key_or_address_is_refused():
    with pytest.raises(NotAuthentic):
        verified(signed({}, key=seeded_key(9)))
    with pytest.raises(NotAuthentic):
        verified(signed({2: URI + "2"}))


@pytest.mark.parametrize(("label", "value"), [(label, value) for label, values in BROKEN.items() for value in values])
def test_a_claim_of_the_wrong_shape_is_refused(label, value):
    with pytest.raises(Malformed):
        verified(signed({label: value}))


def test_a_list_has_its_time():
    assert verified(signed({}), now=NOW + 599)
    assert verified(signed({6: NOW + CLOCK_SKEW}))
    for data, now in ((signed({}), NOW + 600), (signed({6: NOW + CLOCK_SKEW + 1}), NOW)):
        with pytest.raises(NotValidNow):
            verified(data, now=now)


def test_an_identifier_named_twice_is_refused():
    payload = encode_cbor({**CLAIMS, 65530: {"identifiers": {b"\1" * 16: {}, b"\2" * 16: {}}}})
    doubled = payload.replace(b"\2" * 16, b"\1" * 16)
    with pytest.raises(Malformed):
        verified(sign1_message(doubled, PKI.signer, protected=TYP))


def test_a_list_has_a_cap():
    with pytest.raises(TooLarge):
        peek_identifier_list(bytes(MAX_LIST + 1))


def test_a_reference_is_written_and_read():
    reference = IdentifierReference(URI, b"\1" * 16)
    assert read_identifier_reference(identifier_reference(reference), "status.identifier_list") == reference
    with_certificate = {**identifier_reference(reference), "certificate": b"x"}
    assert read_identifier_reference(with_certificate, "x") == reference
    assert read_identifier_reference({"id": bytes(64), "uri": URI}, "x").id == bytes(64)


@pytest.mark.parametrize(
    "value",
    [None, [], {}, {"id": b"x"}, {"uri": URI}, {"id": "x", "uri": URI}, {"id": b"", "uri": URI}, {"id": bytes(65), "uri": URI},
     {"id": b"x", "uri": "ftp://x"}, {"id": b"x", "uri": b"x"}],
    ids=repr,
)  # fmt: skip
def test_a_reference_of_another_shape_is_refused(value):
    with pytest.raises(Malformed):
        read_identifier_reference(value, "x")


@given(st.binary(max_size=100))
def test_no_bytes_escape_the_error_family(data):
    with pytest.raises(ProtocolError):
        verified(data)
