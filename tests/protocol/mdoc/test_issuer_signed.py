"""What an issuer signed is read strictly, and written so that its bytes stay what they were."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import Wrappers, encode_cbor, encode_wrapped, read_cbor, wrap
from protocol.errors import Malformed, ProtocolError, Unsupported
from protocol.mdoc.issuer_signed import IssuerSigned, encode_issuer_signed
from protocol.mdoc.item import MAX_ITEMS, IssuerSignedItem
from tests.protocol.mdoc.samples import SPACE, altered, bare_item, encoded, issued, plain, read
from tests.support.strategies import cbor_values, flip

AT = "item"
VALUE = plain(issued())
ITEM = bare_item(3, bytes(range(32)), "height", 170)


def read_item(encoded):
    return IssuerSignedItem.from_value(wrap(encoded), Wrappers(encode_wrapped(encoded)), AT)


@given(st.integers(0, 2**64 - 1), st.binary(min_size=16, max_size=300), st.text(min_size=1, max_size=300), cbor_values)
def test_an_item_is_read_as_it_was_written(digest_id, random, identifier, value):
    written = bare_item(digest_id, random, identifier, value)
    assert read_item(written) == (digest_id, random, identifier, value, encode_wrapped(written))
    assert encode_cbor(read_cbor(written, AT)) == written


def test_members_of_an_item_that_nobody_asks_for_are_ignored():
    item: Any = read_cbor(ITEM, AT)
    more = encode_cbor({**item, "later": 1})
    assert read_item(more)[:4] == (3, bytes(range(32)), "height", 170)


@pytest.mark.parametrize("value", [None, 1, "x", b"x", [], {}, {"issuerAuth": None}, {"nameSpaces": {}}])
def test_what_is_no_document_is_refused(value):
    with pytest.raises(Malformed):
        IssuerSigned.from_value(value, Wrappers(b""))


@pytest.mark.parametrize(
    "name_spaces", [None, [], 1, {SPACE: {}}, {SPACE: None}, {SPACE: []}, {1: [wrap(ITEM)]}, {"": [wrap(ITEM)]}]
)
def test_elements_of_another_shape_are_refused(name_spaces):  # T024
    with pytest.raises(Malformed):
        read(encoded(altered(VALUE, ["nameSpaces"], name_spaces)))


def test_there_are_not_more_items_than_the_cap():
    items = [wrap(bare_item(n, bytes(16), str(n), n)) for n in range(MAX_ITEMS + 1)]
    assert read(encoded(altered(VALUE, ["nameSpaces"], {SPACE: items[:-1]})))
    with pytest.raises(Malformed):
        read(encoded(altered(VALUE, ["nameSpaces"], {SPACE: items})))


@pytest.mark.parametrize("auth", [..., None, {}, [], b"x", [b"", {}, b"", b""]])
def test_a_signature_of_another_shape_is_refused(auth):
    with pytest.raises((Malformed, Unsupported)):
        read(encoded(altered(VALUE, ["issuerAuth"], auth)))


@pytest.mark.parametrize("head", [b"", encode_cbor({}), encode_cbor({1: -257}), encode_cbor({1: "ES256"})])
def test_an_algorithm_that_is_not_accepted_or_not_protected_is_refused(head):  # T026
    auth = altered(VALUE["issuerAuth"], [0], head)
    for unprotected in (auth[1], {**auth[1], 1: -7}):
        with pytest.raises((Malformed, Unsupported)):
            read(encoded(altered(VALUE, ["issuerAuth"], [head, unprotected, *auth[2:]])))


def test_a_critical_label_that_is_not_understood_is_refused():  # T026
    with pytest.raises(Unsupported):
        read(encoded(altered(VALUE, ["issuerAuth", 0], encode_cbor({1: -7, 2: [99], 99: 1}))))


def test_a_namespace_twice_is_refused():  # T022
    auth = encode_cbor(VALUE["issuerAuth"])
    once = encode_cbor(SPACE) + b"\x81" + encode_wrapped(ITEM)
    data = b"\xa2\x6aissuerAuth" + auth + b"\x6anameSpaces"
    assert list(IssuerSigned.from_bytes(data + b"\xa1" + once).name_spaces) == [SPACE]
    with pytest.raises(Malformed):
        IssuerSigned.from_bytes(data + b"\xa2" + once * 2)


def test_a_document_without_elements_is_written_without_them():
    signed = IssuerSigned.from_value({"issuerAuth": VALUE["issuerAuth"]}, Wrappers(b""))
    assert signed.name_spaces == {}
    assert signed.to_bytes() == encode_cbor({"issuerAuth": VALUE["issuerAuth"]})
    assert encode_issuer_signed({}, b"\x80") == encode_cbor({"issuerAuth": []})


@given(st.integers(0, 2**20))
def test_what_is_read_is_written_again(bit):
    with contextlib.suppress(ProtocolError):
        signed = IssuerSigned.from_bytes(flip(encode_cbor(VALUE), bit))
        assert IssuerSigned.from_bytes(signed.to_bytes()) == signed


@given(st.binary(max_size=200) | cbor_values.map(encode_cbor))
def test_no_bytes_leave_the_family_of_errors(data):
    with contextlib.suppress(ProtocolError):
        IssuerSigned.from_bytes(data)
