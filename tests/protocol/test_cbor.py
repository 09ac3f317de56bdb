"""CBOR: what is read, and what is refused before it means anything."""

import contextlib
import time

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import (
    MAX_CBOR_DEPTH,
    MAX_CBOR_ITEMS,
    Tagged,
    Wrappers,
    _wrapper_heads,
    encode_bytes,
    encode_cbor,
    encode_head,
    encode_wrapped,
    read_cbor,
    read_cbor_map,
    read_wrapped,
    read_wrapper,
    wrap,
)
from protocol.errors import Malformed, ProtocolError, TooLarge, Unsupported

AT = "device response"


def read(text):
    return read_cbor(bytes.fromhex(text), AT)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("00", 0),
        ("1bffffffffffffffff", 2**64 - 1),
        ("3bffffffffffffffff", -(2**64)),
        ("f4", False),
        ("f5", True),
        ("f6", None),
        ("f93c00", 1.0),
        ("fb3ff199999999999a", 1.1),
        ("43010203", b"\x01\x02\x03"),
        ("62c3bc", "ü"),
        ("80", []),
        ("a0", {}),
        ("a2012061618101", {1: -1, "a": [1]}),
        ("c074323031332d30332d32315432303a30343a30305a", Tagged(0, "2013-03-21T20:04:00Z")),
        ("d903ec6a323032302d30312d3031", Tagged(1004, "2020-01-01")),
        ("d818410a", Tagged(24, b"\x0a")),
        ("d83dd280", Tagged(61, Tagged(18, []))),
        # Longer than needed, and still one value
        ("1801", 1),
        ("580141", b"\x41"),
    ],
)
def test_values_are_read_as_they_stand(text, value):
    assert read(text) == value
    assert type(read(text)) is type(value)


@pytest.mark.parametrize(
    "data",
    [b"\x81" * 100_000, b"\xc0" * 100_000, b"\xd8\x18" * 50_000, b"\xa1\x01" * 100_000, b"\xa1" * 100_000],
    ids=["arrays", "tags", "wrappers", "maps", "keys"],
)
def test_deep_nesting_is_refused_at_once(data):  # T020
    begun = time.perf_counter()
    with pytest.raises(Malformed):
        read_cbor(data, AT)
    assert time.perf_counter() - begun < 1


def test_nesting_up_to_the_cap_is_read():  # T020
    assert read("81" * MAX_CBOR_DEPTH + "00")
    with pytest.raises(Malformed):
        read("81" * (MAX_CBOR_DEPTH + 1) + "00")


@pytest.mark.parametrize("head", ["9b", "bb", "5b", "7b"])
@pytest.mark.parametrize("length", ["0000000100000000", "4000000000000000", "ffffffffffffffff"])
def test_a_length_that_the_input_does_not_have_is_refused(head, length):  # T021
    with pytest.raises(Malformed):
        read(head + length + "00" * 11)


@pytest.mark.parametrize(
    "text",
    [
        "a201010102",
        "a20101180102",
        "a2010119000102",
        "a20101f93c0002",
        "a2f5010102",
        "a2616101616102",
        "a261610178016102",
    ],
    ids=["twice", "wider", "wider still", "as a float", "as true", "text", "longer text"],
)
def test_a_key_that_stands_there_twice_is_refused(text):  # T022
    with pytest.raises(Malformed):
        read(text)


@pytest.mark.parametrize(
    "key",
    ["f97e00", "f90000", "f93e00", "f4", "f5", "f6", "f7", "f0", "80", "a0", "4101", "c001", "d8184101", "d81880"],
)
def test_a_key_is_a_whole_number_or_a_text(key):  # T024
    with pytest.raises(Malformed):
        read(f"a1{key}01")


@pytest.mark.parametrize("value", ["f7", "f0", "e0", "f8ff", "f97e00", "f97c00", "f9fc00", "fb7ff8000000000000"])
def test_a_value_is_one_that_we_know(value):  # T024
    for text in (value, f"81{value}", f"a101{value}", f"c0{value}"):
        with pytest.raises(Malformed):
            read(text)


@pytest.mark.parametrize(
    "text",
    [
        *("c101", "c24101", "c34101", "c4820101", "d8194100", "d81c80", "d81d00", "d81e820102", "d8236161", "d8246161"),
        *(
            "d8255000000000000000000000000000000000",
            "d90100816161",
            "d9010280",
            "d9d9f700",
            "d9010444c0a80001",
            "d86401",
        ),
    ],
)
def test_a_tag_that_is_not_understood_stays_a_tag_and_is_refused(text):
    """Dates, large numbers, shared references, regular expressions, messages: nothing is made of them."""
    for inner in (text, f"81{text}", f"a101{text}", f"c0{text}"):
        with pytest.raises(Unsupported):
            read(inner)


@pytest.mark.parametrize("text", ["62c328", "61ff", "62c080", "63eda080", "64f0808080"])
def test_text_that_is_no_utf8_is_refused(text):  # T025
    with pytest.raises(Malformed):
        read(text)


@pytest.mark.parametrize("text", ["9f01ff", "bf0101ff", "5f4101ff", "7f6161ff", "ff"])
def test_indefinite_lengths_are_refused(text):
    with pytest.raises(Malformed):
        read(text)


@pytest.mark.parametrize("text", ["", "18", "a1", "a101", "1c", "1f", "f818", "0000", "a000", "d818"])
def test_what_is_not_exactly_one_value_is_refused(text):
    with pytest.raises(Malformed):
        read(text)


def test_everything_has_a_cap():  # T018
    with pytest.raises(TooLarge):
        read_cbor(bytes(11), AT, max_bytes=10)
    many = b"\x9a" + MAX_CBOR_ITEMS.to_bytes(4, "big") + bytes(MAX_CBOR_ITEMS)
    with pytest.raises(TooLarge):
        read_cbor(many, AT)
    fewer = b"\x9a" + (MAX_CBOR_ITEMS - 1).to_bytes(4, "big") + bytes(MAX_CBOR_ITEMS - 1)
    assert read_cbor(fewer, AT) == [0] * (MAX_CBOR_ITEMS - 1)


def test_a_map_is_what_was_asked_for():
    assert read_cbor_map(b"\xa0", AT) == {}
    with pytest.raises(Malformed):
        read_cbor_map(b"\x80", AT)


def test_what_is_wrapped_is_read():  # T023
    assert read_wrapped(wrap(encode_cbor({"a": 1})), AT) == ({"a": 1}, encode_cbor({"a": 1}))


@pytest.mark.parametrize(
    "value",
    [
        b"\xa0",
        {"a": 1},
        Tagged(24, "a"),
        Tagged(24, {"a": 1}),
        Tagged(18, b"\xa0"),
        wrap(b"\xa1"),
        wrap(b""),
        wrap(b"\xd8\x18\x41\xa0"),
    ],
    ids=["no tag", "no wrapper", "text", "map", "other tag", "no CBOR", "nothing", "twice"],
)
def test_a_wrapper_is_a_byte_string_with_its_tag_once(value):  # T023
    with pytest.raises(Malformed):
        read_wrapped(value, AT)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"aa": 1, 100: 2, "b": 3, 1000: 4, -1: 5, 1: 6}, "a601061864021903e804200561620362616101"),
        ([Tagged(24, b"\x01"), None, True, 1.5], "84d8184101f6f5fb3ff8000000000000"),
        ({1: {"b": 1, "a": 2}}, "a101a2616102616201"),
    ],
)
def test_a_value_has_one_encoding(value, text):
    """RFC 8949 §4.2.1: keys in the order of their bytes."""
    assert encode_cbor(value).hex() == text


@pytest.mark.parametrize("number", [2**64, -(2**64) - 1])
def test_numbers_that_cbor_does_not_hold_are_not_written(number):
    with pytest.raises(ValueError, match="too large"):
        encode_cbor([number])


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.binary(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.integers(-(2**64), 2**64 - 1) | st.text(max_size=3), inner, max_size=3)
        | st.builds(Tagged, st.sampled_from([0, 18, 24, 61, 1004]), inner)
    ),
    max_leaves=10,
)


@given(values)
def test_what_is_written_is_read_back(value):
    assert read_cbor(encode_cbor(value), AT) == value


@given(st.binary(max_size=64))
def test_no_bytes_escape_the_error_family(data):
    with contextlib.suppress(ProtocolError):
        value = read_cbor(data, AT)
        # What is read can be written, and is the same then
        assert read_cbor(encode_cbor(value), AT) == value


@given(values, st.data())
def test_no_damaged_value_escapes_the_error_family(value, data):
    encoded = bytearray(encode_cbor(value))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(ProtocolError):
        read_cbor(bytes(encoded), AT)


@given(values)
def test_the_library_alone_reads_the_same(value):
    """The decoder of `cbor2` with its own way of tags agrees on everything without tags."""

    def plain(item):
        if isinstance(item, dict):
            return {key: plain(inner) for key, inner in item.items()}
        if isinstance(item, list):
            return [plain(inner) for inner in item]
        return plain(item.value) if isinstance(item, Tagged) else item

    assert cbor2.loads(encode_cbor(plain(value))) == plain(value)


@pytest.mark.parametrize("number", [0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**64 - 1])
def test_a_head_is_the_shortest_there_is(number):
    assert encode_head(0, number) == encode_cbor(number)


@pytest.mark.parametrize("length", [0, 23, 24, 255, 256, 65_535, 65_536])
def test_what_is_wrapped_is_encoded_like_any_value(length):
    assert encode_wrapped(bytes(length)) == encode_cbor(wrap(bytes(length)))


def test_a_tag_of_another_kind_may_be_wrapped():
    assert read_wrapped(wrap(encode_cbor(Tagged(1004, "2026-11-28"))), AT)[0] == Tagged(1004, "2026-11-28")


@pytest.mark.parametrize("length", [0, 1, 23, 24, 255, 256, 257, 65_535, 65_536])
def test_what_is_in_a_wrapper_by_itself_is_handed_out_as_it_is(length):  # T023
    inner = bytes(range(256)) * (length // 256) + bytes(length % 256)
    assert read_wrapper(encode_wrapped(inner), AT) == inner


@pytest.mark.parametrize(
    "text",
    [
        "",
        "d818",
        "d81859",
        "d8185900",
        "d818590001",  # a byte less
        "d8185900010000",  # a byte more
        "d818590100" + "00" * 255,
        "d818590100" + "00" * 257,
        "4100",
        "d8186100",
        "d81880",
        "c04100",
        "d8185f4100ff",
    ],
)
def test_what_is_no_wrapper_is_refused(text):  # T023
    with pytest.raises(Malformed):
        read_wrapper(bytes.fromhex(text), AT)


def test_a_wrapper_with_a_longer_head_than_needed_is_read():  # T061
    assert read_wrapper(bytes.fromhex("d8185900020102"), AT) == b"\x01\x02"
    assert read_wrapper(bytes.fromhex("d9001858020102"), AT) == b"\x01\x02"


@pytest.mark.parametrize("length", [1, 23, 24, 255, 256, 65535, 65536])
def test_every_head_of_a_wrapper_is_one_that_the_decoder_reads(length):
    content = b"\xa4" + bytes(length - 1)
    heads = _wrapper_heads(length)
    assert heads[0] + content == encode_wrapped(content)
    assert len(set(heads)) == len(heads)
    for head in heads:
        assert read_cbor(head + content, AT) == wrap(content)
        assert Wrappers(b"\x81" + head + content).find(content, AT) == head + content


def test_what_only_looks_like_a_wrapper_is_refused():
    with pytest.raises(Malformed):
        Wrappers(b"\x41\x07" + encode_wrapped(b"\x07")).find(b"\x07", AT)
    with pytest.raises(Malformed):
        Wrappers(b"").find(b"\x07", AT)


def test_equal_wrappers_are_found_one_after_the_other():
    longer = b"\xd8\x18\x58\x01\x07"
    wrappers = Wrappers(b"\x82" + encode_wrapped(b"\x07") + longer)
    assert [wrappers.find(b"\x07", AT) for _ in range(2)] == [encode_wrapped(b"\x07"), longer]


@pytest.mark.parametrize(
    "head", ["d81845", "d8185805", "d90018590005", "da000000185a00000005", "db00000000000000185805"]
)
def test_a_wrapper_is_found_whichever_way_its_tag_and_length_are_written(head):  # T061
    whole = bytes.fromhex(head) + b"\x84\x01\x02\x03\x04"
    assert Wrappers(b"\x82\x00" + whole).find(whole[-5:], AT) == whole


@given(st.text(max_size=400) | st.binary(max_size=400))
def test_texts_and_bytes_are_encoded_as_the_encoder_does(value):
    assert encode_cbor(value) == cbor2.dumps(value)
    if isinstance(value, bytes):
        assert encode_bytes(value) == cbor2.dumps(value)


def test_a_text_that_no_utf8_can_say_is_the_callers_mistake():
    with pytest.raises(ValueError, match="surrogates"):
        encode_cbor("\ud800")
