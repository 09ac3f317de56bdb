"""What an issuer signed about each element, and what is no element of it."""

from typing import Any

import pytest

from protocol.cbor import Tagged, encode_cbor, encode_wrapped, wrap
from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import (
    Malformed,
    NotAuthentic,
    TooLarge,
)
from tests.protocol.mdoc.samples import (
    NATIONAL,
    SPACE,
    altered,
    bare_item,
    encoded,
    presented,
    signed_over,
    verify,
    verify_presentation,
)
from tests.protocol.mdoc.verifying import LICENCE, MSO, VALUE, refused, resigned_item, with_item
from tests.support.strategies import flip


def test_an_element_that_was_changed_is_refused():  # T052
    refused(NotAuthentic, with_item(lambda item: item.replace(b"Mustermann", b"Musterfrau")))
    refused(NotAuthentic, with_item(lambda item: item.replace(b"family_name", b"family_nama")))
    position = len(b"\xa4\x66random\x58\x20")
    refused(NotAuthentic, with_item(lambda item: flip(item, position * 8)))


def test_an_element_that_was_not_signed_is_refused():  # T053
    more = wrap(bare_item(99, bytes(32), "age_over_65", True))
    refused(NotAuthentic, encoded(altered(VALUE, ["nameSpaces", SPACE], [*VALUE["nameSpaces"][SPACE], more])))
    refused(NotAuthentic, encoded(altered(VALUE, ["nameSpaces", "com.example"], [more])))


def test_an_element_of_another_namespace_is_refused():  # T053
    (element,) = VALUE["nameSpaces"][NATIONAL]
    moved = altered(VALUE, ["nameSpaces"], {SPACE: [*VALUE["nameSpaces"][SPACE], element]})
    refused(NotAuthentic, encoded(moved))
    refused(NotAuthentic, encoded(altered(VALUE, ["nameSpaces"], {"com.example": [element]})))


def test_elements_that_changed_their_numbers_are_refused():  # T053
    swapped = altered(
        MSO,
        ["valueDigests", SPACE],
        dict(zip(range(7), [MSO["valueDigests"][SPACE][n] for n in (1, 0, 2, 3, 4, 5, 6)], strict=True)),
    )
    refused(NotAuthentic, signed_over(swapped, raw=LICENCE))


def test_an_element_twice_is_refused():
    items = VALUE["nameSpaces"][SPACE]
    assert "twice" in refused(Malformed, encoded(altered(VALUE, ["nameSpaces", SPACE], [*items, items[0]])))


def test_a_document_without_elements_is_refused():
    refused(Malformed, encoded(altered(VALUE, ["nameSpaces"], ...)))
    refused(Malformed, encoded(altered(VALUE, ["nameSpaces"], {})))
    refused(Malformed, encoded(altered(VALUE, ["nameSpaces", SPACE], [])))


@pytest.mark.parametrize("length", [0, 1, 15])
def test_few_random_bytes_are_refused(length):  # T062
    assert "random" in refused(Malformed, resigned_item(bare_item(0, bytes(length), "height", 170)))
    assert verify(resigned_item(bare_item(0, bytes(16), "height", 170))).claims == {SPACE: {"height": 170}}


def test_a_giant_item_is_refused():  # T062
    for giant in (encode_cbor({"random": bytes(10 << 20)}), bytes(10 << 20)):
        refused(TooLarge, with_item(lambda _, giant=giant: giant))


def test_an_item_that_is_encoded_in_another_way_counts_as_it_came():  # T061
    good = bare_item(0, bytes(32), "height", 170)
    longer = good.replace(b"digestID\x00", b"digestID\x18\x00")
    backwards = (
        b"\xa4" + b"\x71elementIdentifier\x66height" + b"\x6celementValue\x18\xaa" + b"\x68digestID\x00" + good[1:42]
    )
    for item in (longer, backwards):
        assert item != good
        assert verify(resigned_item(item)).claims == {SPACE: {"height": 170}}
        refused(NotAuthentic, resigned_item(item, digest_of=encode_wrapped(good)))


def test_the_head_of_an_item_counts_as_it_came():  # T061, T023
    item = bare_item(0, bytes(32), "height", 170)
    short, longer = encode_wrapped(item), b"\xd8\x18\x59" + len(item).to_bytes(2, "big") + item
    as_signed = decode_base64url(resigned_item(item, digest_of=longer))
    # Whoever shows it shows the bytes that were signed
    raw = encode_base64url(as_signed.replace(short, longer))
    assert verify(raw).claims == {SPACE: {"height": 170}}
    shown = presented([(SPACE, "height")], raw=raw)
    assert longer in decode_base64url(shown)
    assert verify_presentation(shown).credential.claims == {SPACE: {"height": 170}}
    # A head that somebody else wrote is not what was signed
    refused(NotAuthentic, encode_base64url(as_signed))
    good = decode_base64url(resigned_item(item))
    refused(NotAuthentic, encode_base64url(good.replace(short, longer)))


@pytest.mark.parametrize(
    "item",
    [
        Tagged(24, "text"),
        b"\xa0",
        {"digestID": 0},
        Tagged(24, encode_wrapped(bare_item(0, bytes(32), "height", 170))),
        Tagged(24, b"\xff"),
        Tagged(24, b""),
        Tagged(0, bare_item(0, bytes(32), "height", 170)),
        Tagged(24, bare_item(0, bytes(32), "height", 170) + b"\0"),
        None,
        1,
    ],
)
def test_an_item_in_another_wrapper_is_refused(item):  # T023
    refused(Malformed, encoded(altered(VALUE, ["nameSpaces", SPACE, 0], item)))


@pytest.mark.parametrize("name", ["digestID", "random", "elementIdentifier"])
@pytest.mark.parametrize("value", [..., None, True, 1.0, -1, "", b"", [], {}, "x" * 2000])
def test_a_member_of_an_item_of_another_kind_is_refused(name, value):  # T024
    good: Any = {"digestID": 0, "random": bytes(32), "elementIdentifier": "height", "elementValue": 170}
    refused(Malformed, resigned_item(encode_cbor(altered(good, [name], value))))


def test_an_item_without_a_value_is_refused_and_one_with_null_is_not():
    good: Any = {"digestID": 0, "random": bytes(32), "elementIdentifier": "height"}
    refused(Malformed, resigned_item(encode_cbor(good)))
    assert verify(resigned_item(encode_cbor({**good, "elementValue": None}))).claims == {SPACE: {"height": None}}


def test_an_item_with_a_member_twice_is_refused():  # T022
    item = bare_item(0, bytes(32), "height", 170)
    refused(Malformed, resigned_item(b"\xa5" + item[1:] + b"\x71elementIdentifier\x66weight"))


@pytest.mark.parametrize("text", [b"\x62\xc3\x28", b"\x62\xc0\xaf", b"\x63\xed\xa0\x80"])
def test_text_that_is_no_utf_8_is_refused(text):  # T025
    item = bare_item(0, bytes(32), "height", 170)
    assert item.count(b"\x18\xaa") == 1
    refused(Malformed, resigned_item(item.replace(b"\x18\xaa", text)))


@pytest.mark.parametrize("value", [b"\xf7", b"\xe0", b"\xf9\x7e\x00", b"\xfb\x7f\xf0" + bytes(6), b"\xf8\x20"])
def test_a_value_that_is_none_is_refused(value):  # T024
    item = bare_item(0, bytes(32), "height", 170)
    refused(Malformed, resigned_item(item.replace(b"\x18\xaa", value)))


@pytest.mark.parametrize("head", [b"\x81", b"\xa1\x00", b"\xc0"])
def test_a_bomb_is_refused_at_the_cap_of_depth(head):  # T020
    item = bare_item(0, bytes(32), "height", 170)
    refused(Malformed, resigned_item(item.replace(b"\x18\xaa", head * 100_000 + b"\x00")))
    refused(Malformed, encode_base64url(head * 100_000 + b"\x00"))


@pytest.mark.parametrize("head", [b"\x9a", b"\xba", b"\x5a", b"\x7a"])
def test_a_length_that_no_memory_has_is_refused(head):  # T021
    bomb = head + b"\xff\xff\xff\xff" + bytes(15)
    refused(Malformed, encode_base64url(bomb))
    refused(Malformed, resigned_item(bomb))
