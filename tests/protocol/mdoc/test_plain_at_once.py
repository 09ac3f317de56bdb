"""What is looked at in one go, because its parts are where they must be, reads as `read_cbor` has it all the same."""

from itertools import permutations

import pytest

from protocol.cbor import encode_bytes, encode_wrapped
from protocol.mdoc.device_response import DeviceResponse
from protocol.mdoc.mso import MobileSecurityObject
from protocol.mdoc.plain_mso import _few_digests
from protocol.mdoc.plain_response import _text_item
from tests.protocol.mdoc.samples import SPACE
from tests.protocol.mdoc.spelled import (
    DIGEST,
    ITEM,
    MSO,
    TEXT,
    array,
    both_of_mso,
    both_of_response,
    changed,
    in_item,
    in_items,
    pairs,
)

AS_MOST = changed(ITEM, "random", encode_bytes(b"r" * 32))


def item(name, value):
    return pairs(*changed(AS_MOST, name, value))


AT_ONCE = {
    "as most": pairs(*AS_MOST),
    "the least": item("elementValue", b"\x60"),
    "a short value": item("elementValue", TEXT("D")),
    "a value with a byte of length": item("elementValue", TEXT("a" * 24)),
    "a long value": item("elementValue", TEXT("a" * 120)),
    "a value with a longer head": item("elementValue", b"\x78\x03abc"),
    "a name of one": item("elementIdentifier", TEXT("a")),
    "a name of 23": item("elementIdentifier", TEXT("a" * 23)),
    "no number": item("digestID", b"\x00"),
    "the largest number": item("digestID", b"\x17"),
}

NOT_AT_ONCE = {
    "as an array": array(*[part for name, value in AS_MOST for part in (TEXT(name), value)]),
    "other random bytes": item("random", encode_bytes(b"r" * 31)),
    "random text": item("random", TEXT("r" * 32)),
    "another name for what is random": pairs(*[("rondam" if n == "random" else n, v) for n, v in AS_MOST]),
    "another name for the number": pairs(*[("digestNo" if n == "digestID" else n, v) for n, v in AS_MOST]),
    "another name for the value": pairs(*[("elementThing" if n == "elementValue" else n, v) for n, v in AS_MOST]),
    "another name for the name": pairs(
        *[("elementIdentified" if n == "elementIdentifier" else n, v) for n, v in AS_MOST]
    ),
    "a number of a byte": item("digestID", b"\x18\x18"),
    "a number that stands in the next name": item("digestID", b"\x18"),
    "a negative number": item("digestID", b"\x20"),
    "bytes": item("elementValue", encode_bytes(b"abc")),
    "no bytes": item("elementValue", b"\x40"),
    "an array": item("elementValue", b"\x80"),
    "a value with a length of two bytes": item("elementValue", b"\x79\x00\x17" + b"a" * 23),
    "no UTF-8": item("elementValue", b"\x61\xff"),
    "no name": item("elementIdentifier", b"\x60"),
    "a name of 24": item("elementIdentifier", TEXT("a" * 24)),
    "a name of 23 with a longer head": item("elementIdentifier", b"\x78\x17" + b"a" * 23),
    "a name in bytes": item("elementIdentifier", encode_bytes(b"family_name")),
    "a name that ends later": item("elementIdentifier", b"\x6cfamily_name"),
    "a name that ends before": item("elementIdentifier", b"\x6afamily_name"),
    "one more member": pairs(*AS_MOST, ("later", b"\x00")),
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_items_that_are_read_at_once(name):
    encoded = AT_ONCE[name]
    assert _text_item(encoded, 0, 0, len(encoded)) is not None
    found, expected = both_of_response(in_items(encode_wrapped(encoded)))
    assert found == expected
    assert isinstance(found, DeviceResponse)


@pytest.mark.parametrize("name", NOT_AT_ONCE)
def test_items_that_are_not_read_at_once(name):
    found, expected = both_of_response(in_items(encode_wrapped(NOT_AT_ONCE[name])))
    assert found == expected


def test_an_item_does_not_end_before_what_it_says():
    """A head below those of texts would lead back into the random bytes, to a name there."""
    lured = changed(AS_MOST, "random", b"\x58\x20\x71elementIdentifier\x6d" + b"r" * 13)
    encoded = pairs(*changed(lured, "elementValue", b"\x28"))
    assert _text_item(encoded, 0, 0, 42) is None
    assert _text_item(pairs(*lured), 0, 0, len(pairs(*lured))) is not None


@pytest.mark.parametrize("order", list(permutations(AS_MOST)), ids=lambda order: "-".join(name for name, _ in order))
def test_items_in_any_order(order):
    found, expected = both_of_response(in_item(order))
    assert found == expected
    assert isinstance(found, DeviceResponse)


def digests(*entries, number=None):
    """The member with one namespace; `number`: what it says how many there are."""
    return pairs((SPACE, bytes((0xA0 + (len(entries) if number is None else number),)) + b"".join(entries)))


FEW = [bytes((number,)) + DIGEST for number in (23, 0, 7)]
DIGESTS = {
    "few": digests(*FEW),
    "one": digests(FEW[0]),
    "none": digests(),
    "one twice": digests(FEW[0], FEW[1], FEW[0]),
    "a negative number between": digests(FEW[0], b"\x20" + DIGEST, FEW[1]),
    "a number of a byte between": digests(FEW[0], b"\x18\x18" + DIGEST, FEW[1]),
    "a text between": digests(FEW[0], b"\x05\x78\x20" + bytes(32), FEW[1]),
    "a longer one between": digests(FEW[0], b"\x05\x58\x21" + bytes(32), FEW[1]),
    "more than there are": digests(*FEW, number=4),
    "fewer than there are": digests(*FEW, number=2),
}


@pytest.mark.parametrize("name", DIGESTS)
@pytest.mark.parametrize("place", ["between", "last"])
def test_digests_that_are_read_at_once(name, place):
    members = changed(MSO, "valueDigests", DIGESTS[name])
    if place == "last":
        members.append(members.pop(2))
    found, expected = both_of_mso(pairs(*members))
    assert found == expected
    assert isinstance(found, MobileSecurityObject) == (name in {"few", "one", "none", "a number of a byte between"})


@pytest.mark.parametrize("cut", [1, 31, 32, 33, 34, 35])
def test_digests_that_end_too_early(cut):
    members = changed(MSO, "valueDigests", DIGESTS["few"])
    members.append(members.pop(2))
    found, expected = both_of_mso(pairs(*members)[:-cut])
    assert found == expected


def test_few_digests_are_read_at_once():
    encoded = b"".join(FEW)
    assert _few_digests(encoded, 0, 3) == ({23: DIGEST[2:], 0: DIGEST[2:], 7: DIGEST[2:]}, len(encoded))


@pytest.mark.parametrize(("count", "at_once"), [(24, True), (25, False)])
def test_more_digests_than_there_are_small_numbers_are_not_read_at_once(count, at_once):
    """Whoever sends them would have layouts of any length made and remembered."""
    encoded = b"".join([bytes((number % 24,)) + DIGEST for number in range(count)])
    assert (_few_digests(encoded, 0, count) is not None) is at_once
