"""What is read off its bytes reads as `read_cbor` has it, and everything else is left to that."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import (
    CborValue,
    encode_bytes,
    encode_cbor,
    encode_wrapped,
    read_wrapper,
)
from protocol.encoding import decode_base64url
from protocol.errors import Malformed
from protocol.mdoc.device_response import DeviceResponse
from protocol.mdoc.issuer_signed import IssuerSigned
from protocol.mdoc.mso import MobileSecurityObject
from protocol.mdoc.plain import MAX_DEPTH, read_plain
from protocol.mdoc.plain_mso import read_mso
from protocol.mdoc.plain_response import read_issuer_signed, read_response
from tests.protocol.mdoc.samples import SPACE, issued, presented, read
from tests.protocol.mdoc.spelled import (
    AT,
    DEVICE,
    DIGEST,
    DOCUMENT,
    ISSUER,
    ITEM,
    KEY,
    MSO,
    PLACE,
    PROTECTED,
    READERS,
    RESPONSE,
    SIGNATURE,
    SIGNED,
    TEXT,
    TIMES,
    X,
    array,
    both_of_response,
    changed,
    in_auth,
    in_device,
    in_issuer,
    in_item,
    in_items,
    in_mso,
    in_place,
    in_response,
    pairs,
)
from tests.support.strategies import cbor_values, flip


def orders(build, members):
    return [build(list(order)) for order in permutations(members)]


VALUES: list[CborValue] = [
    "ü" * 90, b"", bytes(300), 23, 24, 255, 2**32 - 1, True, False, [], {}, [["DE"]], {"a": {"b": 1}},
]  # fmt: skip
SPELLINGS = [
    *[("response", data) for data in orders(lambda members: pairs(*members), RESPONSE)],
    *[("response", data) for data in orders(lambda members: in_response(pairs(*members)), DOCUMENT)],
    *[("response", data) for data in orders(lambda members: in_issuer(pairs(*members)), ISSUER)],
    *[("response", data) for data in orders(lambda members: in_device(pairs(*members)), DEVICE)],
    *[("response", data) for data in orders(in_item, ITEM)],
    *[("document", data) for data in orders(lambda members: pairs(*members), ISSUER)],
    *[("mso", data) for data in orders(lambda members: pairs(*members), MSO)[::97]],
    *[("mso", data) for data in orders(lambda members: in_place(*members), PLACE)],
    ("mso", in_mso("status", ...)),
    ("mso", in_mso("validityInfo", pairs(*TIMES, ("expectedUpdate", b"\xc0" + TEXT("2027-01-12T08:00:00Z"))))),
    ("response", in_auth(PROTECTED, b"\xa0", b"\xf6", SIGNATURE)),
    ("response", in_auth(PROTECTED, encode_cbor({33: [b"one", b"two"]}), encode_bytes(bytes(300)), SIGNATURE)),
    ("response", in_issuer(pairs(*changed(ISSUER, "nameSpaces", b"\xa0")))),
    *[("response", in_item(changed(ITEM, "elementValue", encode_cbor(value)))) for value in VALUES],
    ("response", in_item(changed(ITEM, "elementValue", b"\xd9\x03\xec" + TEXT("1984-01-17")))),
    # Longer than needed
    ("response", in_item(changed(ITEM, "digestID", b"\x18\x07"))),
    ("response", in_item(changed(ITEM, "digestID", b"\x1b" + bytes(7) + b"\x07"))),
    ("response", in_items(b"\xd8\x18\x59" + len(pairs(*ITEM)).to_bytes(2, "big") + pairs(*ITEM))),
]
BUILDERS = {
    "response": ("response", RESPONSE, pairs),
    "document": ("response", DOCUMENT, lambda *members: in_response(pairs(*members))),
    "issuer": ("response", ISSUER, lambda *members: in_issuer(pairs(*members))),
    "device": ("response", DEVICE, lambda *members: in_device(pairs(*members))),
    "item": ("response", ITEM, lambda *members: in_item(members)),
    "mso": ("mso", MSO, pairs),
    "place": ("mso", PLACE, in_place),
}


def as_array(members):
    """The same bytes under another head."""
    return array(*[part for name, value in members for part in (TEXT(name), value)])


def one_twice():
    """Every map with one member twice in the place of each of the others."""
    for what, (kind, members, build) in BUILDERS.items():
        for missing, one in permutations(members, 2):
            yield (
                f"{what} twice its {one[0]}, without {missing[0]}",
                (kind, build(*[one if member is missing else member for member in members])),
            )


OTHERS = {
    **dict(one_twice()),
    "response in an array": ("response", as_array(RESPONSE)),
    "document in an array": ("response", in_response(as_array(DOCUMENT))),
    "issuer in an array": ("response", in_issuer(as_array(ISSUER))),
    "device in an array": ("response", in_device(as_array(DEVICE))),
    "item in an array": ("response", in_items(encode_wrapped(as_array(ITEM)))),
    "mso in an array": ("mso", as_array(MSO)),
    # A head that is read as another length has its end in the same place
    "value with a longer head": ("response", in_item(changed(ITEM, "elementValue", b"\x79\x00\x17" + b"a" * 23))),
    "identifier with a longer head": (
        "response",
        in_item(changed(ITEM, "elementIdentifier", b"\x79\x00\x17" + b"a" * 23)),
    ),
    "random in an array": ("response", in_item(changed(ITEM, "random", b"\x82" + encode_bytes(bytes(31)) * 2))),
    "number with a head that there is not": ("response", in_item(changed(ITEM, "digestID", b"\x1c" + bytes(16)))),
    "digest that is shorter": (
        "mso",
        in_mso("valueDigests", pairs((SPACE, b"\xa1\x07\x58\x1f" + bytes(31)), ("aa", b"\xa1\x07" + DIGEST))),
    ),
    "certificates in a longer array": ("response", in_auth(PROTECTED, b"\xa1\x18\x21\x98\x41\x00" + b"\x40" * 23, *SIGNED[2:])),
    # What is refused, however it is read
    "response behind the end": ("response", pairs(*RESPONSE) + b"\x00"),
    "response version": ("response", pairs(*changed(RESPONSE, "version", TEXT("2.0")))),
    "response without version": ("response", pairs(*changed(RESPONSE, "version", ...))),
    "response status": ("response", pairs(*changed(RESPONSE, "status", b"\x20"))),
    "documents": ("response", pairs(*changed(RESPONSE, "documents", array(*[pairs(*DOCUMENT)] * 33)))),
    "document type": ("response", in_response(pairs(*changed(DOCUMENT, "docType", TEXT(""))))),
    "namespace twice": ("response", in_issuer(pairs(*changed(ISSUER, "nameSpaces", pairs(
        (SPACE, array(encode_wrapped(pairs(*ITEM)))), (SPACE, array(encode_wrapped(pairs(*ITEM)))),
    ))))),
    "namespace without items": ("response", in_items()),
    "namespace of too many": ("response", in_items(*[
        encode_wrapped(pairs(*changed(ITEM, "elementIdentifier", TEXT(f"element {n}")))) for n in range(1001)
    ])),
    "element twice": ("response", in_items(*[encode_wrapped(pairs(*ITEM))] * 2)),
    "item behind its end": ("response", in_items(encode_wrapped(pairs(*ITEM) + b"\x00"))),
    "item beyond its end": ("response", in_items(b"\xd8\x18\x58" + bytes((len(pairs(*ITEM)) - 1,)) + pairs(*ITEM))),
    "item in another tag": ("response", in_items(b"\xd8\x19" + encode_bytes(pairs(*ITEM)))),
    "item without a tag": ("response", in_items(encode_bytes(pairs(*ITEM)))),
    "item random": ("response", in_item(changed(ITEM, "random", encode_bytes(bytes(15))))),
    "item random is text": ("response", in_item(changed(ITEM, "random", TEXT("r" * 16)))),
    "item number": ("response", in_item(changed(ITEM, "digestID", b"\x20"))),
    "item identifier": ("response", in_item(changed(ITEM, "elementIdentifier", b"\x60"))),
    "item identifier is no UTF-8": ("response", in_item(changed(ITEM, "elementIdentifier", b"\x61\xff"))),
    **{f"item without {name}": ("response", in_item(changed(ITEM, name, ...))) for name, _ in ITEM},
    "value with a key twice": ("response", in_item(changed(ITEM, "elementValue", b"\xa2\x61a\x01\x61a\x02"))),
    "value deeper than all": ("response", in_item(changed(ITEM, "elementValue", b"\x81" * 40 + b"\x00"))),
    "value of indefinite length": ("response", in_item(changed(ITEM, "elementValue", b"\x9f\x00\xff"))),
    "value that is none": ("response", in_item(changed(ITEM, "elementValue", b"\xf7"))),
    "header of another kind": ("response", in_auth(PROTECTED, encode_cbor({34: b"certificate"}), *SIGNED[2:])),
    "header with more": ("response", in_auth(PROTECTED, b"\xa2" + SIGNED[1][1:] + b"\x18\x21\x41a", *SIGNED[2:])),
    "header that says it has more": ("response", in_auth(PROTECTED, b"\xa2" + SIGNED[1][1:], *SIGNED[2:])),
    "certificates": ("response", in_auth(PROTECTED, encode_cbor({33: [b"one"]}), *SIGNED[2:])),
    "certificates too many": ("response", in_auth(PROTECTED, encode_cbor({33: [bytes(n) for n in range(9)]}), *SIGNED[2:])),
    "certificates as text": ("response", in_auth(PROTECTED, encode_cbor({33: "one"}), *SIGNED[2:])),
    "signed by five": ("response", in_auth(*SIGNED, b"\x00")),
    "signed by three": ("response", in_auth(*SIGNED[:3])),
    "algorithm": ("response", in_auth(encode_bytes(encode_cbor({1: -257})), *SIGNED[1:])),
    "no signature": ("response", in_auth(*SIGNED[:3], b"\x40")),
    "document alone behind the end": ("document", pairs(*ISSUER) + b"\x00"),
    "mso behind the end": ("mso", pairs(*MSO) + b"\x00"),
    "mso version": ("mso", in_mso("version", TEXT("1.1"))),
    **{f"mso without {name}": ("mso", in_mso(name, ...)) for name, _ in MSO[:-1]},
    "mso type": ("mso", in_mso("docType", TEXT(""))),
    "mso algorithm": ("mso", in_mso("digestAlgorithm", TEXT("SHA-512"))),
    "digests none": ("mso", in_mso("valueDigests", b"\xa0")),
    "digests twice": ("mso", in_mso("valueDigests", pairs((SPACE, b"\xa2\x07" + DIGEST + b"\x18\x07" + DIGEST)))),
    "digests namespace twice": ("mso", in_mso("valueDigests", pairs((SPACE, b"\xa0"), (SPACE, b"\xa0")))),
    "digests too long": ("mso", in_mso("valueDigests", pairs((SPACE, b"\xa1\x07\x58\x21" + bytes(33))))),
    "digests as text": ("mso", in_mso("valueDigests", pairs((SPACE, b"\xa1\x07\x78\x20" + bytes(32))))),
    "digests of a text": ("mso", in_mso("valueDigests", pairs((SPACE, b"\xa1\x61a" + DIGEST)))),
    "key off its curve": ("mso", in_mso("deviceKeyInfo", pairs(("deviceKey", KEY.replace(X, bytes(32)))))),
    "key of another kind": ("mso", in_mso("deviceKeyInfo", pairs(("deviceKey", b"\xa4\x01\x02\x20\x04" + KEY[5:])))),
    "times are one less": ("mso", in_mso("validityInfo", b"\xa4" + pairs(*TIMES)[1:])),
    "times are one more": ("mso", in_mso("validityInfo", b"\xa3" + pairs(*TIMES, ("expectedUpdate", TIMES[0][1]))[1:])),
    "times are none": ("mso", in_mso("validityInfo", pairs(*TIMES).replace(b"-12T", b"-32T"))),
    "times are no UTF-8": ("mso", in_mso("validityInfo", pairs(*TIMES).replace(b"-12T", b"\xff12T"))),
    "place beyond the end": ("mso", in_place(("idx", b"\x1a\xff\xff\xff\xff"), PLACE[1])),
    "place at another address": ("mso", in_place(PLACE[0], ("uri", TEXT("ftp://a")))),
    # What is read, by way of the decoder
    "response with more": ("response", pairs(*RESPONSE, ("later", b"\x00"))),
    "document with more": ("response", in_response(pairs(*DOCUMENT, ("later", b"\x00")))),
    "issuer with more": ("response", in_issuer(pairs(*ISSUER, ("later", b"\x00")))),
    "device with more": ("response", in_device(pairs(*DEVICE, ("later", b"\x00")))),
    "item with more": ("response", in_item([*ITEM, ("later", b"\x00")])),
    "mso with more": ("mso", pairs(*MSO[:6], ("later", b"\x00"))),
    "device with elements": (
        "response", in_device(pairs(*changed(DEVICE, "nameSpaces", encode_wrapped(b"\xa1\x61a\xa1\x61b\x00")))),
    ),
    "value of a number that is negative": ("response", in_item(changed(ITEM, "elementValue", b"\x20"))),
    "value in a namespace": ("response", in_item(changed(ITEM, "elementValue", b"\xf6"))),
    "value without characters": ("response", in_item(changed(ITEM, "elementValue", b"\x60"))),
    "value deeper": ("response", in_item(changed(ITEM, "elementValue", b"\x81" * (MAX_DEPTH + 1) + b"\x00"))),
    "status with more": ("mso", in_place(*PLACE, ("later", b"\x00"))),
    "digests of large numbers": ("mso", in_mso("valueDigests", pairs((SPACE, b"\xa1\x19\x01\x00" + DIGEST)))),
    "key with an algorithm": ("mso", in_mso("deviceKeyInfo", pairs(("deviceKey", b"\xa5" + KEY[1:] + b"\x03\x26")))),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "data"), SPELLINGS, ids=[f"{kind} {i}" for i, (kind, _) in enumerate(SPELLINGS)])
def test_the_usual_spelling_is_read_off_its_bytes_and_means_the_same(kind, data):
    read_it, both_of = READERS[kind]
    found, expected = both_of(data)
    assert read_plain(read_it, data) is not None
    assert found == expected
    assert isinstance(found, DeviceResponse | IssuerSigned | MobileSecurityObject)


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_spelling_is_left_to_the_decoder_or_refused_as_it_does(name):
    kind, data = OTHERS[name]
    found, expected = READERS[kind][1](data)
    assert found == expected


def test_what_we_and_others_make_is_in_the_usual_spelling():
    assert read_plain(read_response, decode_base64url(presented()))
    assert read_plain(read_issuer_signed, decode_base64url(issued()))
    assert read_plain(read_mso, read_wrapper(read(issued()).issuer_auth.payload, AT))


def signed_object():
    return read_wrapper(read(issued()).issuer_auth.payload, AT)


MADE = {
    "response": decode_base64url(presented()),
    "document": decode_base64url(issued()),
    "mso": signed_object(),
}


@pytest.mark.parametrize("kind", MADE)
@given(st.data())
def test_a_bit_turned_changes_nothing_but_what_the_decoder_sees_too(kind, data):
    found, expected = READERS[kind][1](flip(MADE[kind], data.draw(st.integers(0, len(MADE[kind]) * 8 - 1))))
    assert found == expected


@pytest.mark.parametrize("kind", MADE)
@given(st.data())
def test_bytes_put_in_or_taken_out_change_nothing_but_what_the_decoder_sees_too(kind, data):
    made = MADE[kind]
    start = data.draw(st.integers(0, len(made)))
    end = data.draw(st.integers(start, min(start + 40, len(made))))
    found, expected = READERS[kind][1](made[:start] + data.draw(st.binary(max_size=4)) + made[end:])
    assert found == expected


@given(cbor_values)
def test_any_value_of_an_element_reads_as_the_decoder_has_it(value):
    found, expected = both_of_response(in_item(changed(ITEM, "elementValue", encode_cbor(value))))
    assert found == expected
    assert isinstance(found, DeviceResponse)


@given(st.binary(max_size=60))
def test_any_bytes_read_as_the_decoder_has_them(data):
    for _, both_of in READERS.values():
        found, expected = both_of(data)
        assert found == expected


COPY = pairs(*ITEM)
HOLDS_A_COPY = pairs(*changed(changed(ITEM, "elementValue", encode_bytes(COPY)), "elementIdentifier", TEXT("x")))


@pytest.mark.parametrize(
    "auth",
    [(PROTECTED, encode_cbor({33: COPY}), *SIGNED[2:]), (*SIGNED[:2], encode_bytes(COPY), SIGNATURE)],
    ids=["certificate", "payload"],
)
def test_an_item_whose_bytes_stand_before_it_too_is_refused_both_ways(auth):
    """T023: it would have to be told which of them were hashed."""
    found, expected = both_of_response(in_issuer(pairs(("issuerAuth", array(*auth)), ISSUER[0])))
    assert found == expected
    assert isinstance(found, tuple)
    assert found[0] is Malformed


@pytest.mark.parametrize("spaces", [1, 2])
def test_an_item_before_may_hold_the_bytes_of_the_next(spaces):
    items = [encode_wrapped(HOLDS_A_COPY), encode_wrapped(COPY)]
    names = pairs((SPACE, array(*items))) if spaces == 1 else pairs(("a", array(items[0])), ("b", array(items[1])))
    data = in_issuer(pairs(("nameSpaces", names), ISSUER[1]))
    found, expected = both_of_response(data)
    assert found == expected
    assert isinstance(found, DeviceResponse)
    assert read_plain(read_response, data) is not None
