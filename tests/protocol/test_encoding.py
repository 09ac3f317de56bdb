"""Bytes, text and JSON: one value has one spelling, everything has a cap, and nothing of a stranger's is echoed.

Vectors. `jcs`: inputs and outputs are read and are the same values; writing canonical JSON is not done here.
"""

import base64
import contextlib
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import (
    MAX_JSON_BYTES,
    MAX_JSON_DEPTH,
    MAX_NUMBER,
    decode_base64url,
    encode_base64url,
    encode_json,
    read_json,
    read_json_object,
    sha256,
)
from protocol.errors import Malformed, ProtocolError, TooLarge
from tests.support.bounds import BOUNDED
from tests.support.strategies import json_values
from tests.support.vectors import vector_files

# Base64url


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\x00", "AA"),
        (b"\xff", "_w"),
        (b"\xfb\xff", "-_8"),
        (bytes((3, 236, 255, 224, 193)), "A-z_4ME"),  # RFC 7515 appendix C
        (b"\xfb\xf0\x00", "-_AA"),
    ],
)
def test_base64url_has_its_own_alphabet_and_no_padding(data, text):
    assert encode_base64url(data) == text
    assert decode_base64url(text) == data


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AAAAA",
        "AA==",
        "AA=",
        "=",
        "AAAA====",
        "+/8",
        "A/A",
        "AA A",
        " AAAA",
        "AAAA\n",
        "AA\r\nAA",
        "AB",  # bits beyond the last byte
        "AAB",
        "_x",
        "-_9",
        "!!!!",
        "äöü",
        "ＡＡ",
        "AA\x00A",
        "\ud800AAA",
        "AA.AA",
    ],
)
def test_another_spelling_of_base64url_is_refused(text):  # T015
    with pytest.raises(Malformed) as refusal:
        decode_base64url(text, "token")
    assert refusal.value.at == "token"


@given(st.binary(max_size=80))
@settings(max_examples=100)
def test_base64url_is_what_the_standard_library_writes_without_padding(data):
    text = encode_base64url(data)
    assert text == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert decode_base64url(text) == data


@given(st.text(alphabet="AQgw_-zZ09=+/ \n", max_size=12) | st.text(max_size=12))
@settings(max_examples=100)
def test_what_is_read_has_no_second_spelling(text):  # T015
    with contextlib.suppress(ProtocolError):
        assert encode_base64url(decode_base64url(text)) == text


# JSON


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"null", None),
        (b" [1, -2, 0] ", [1, -2, 0]),
        (b'{"a":{"a":[{"a":1}]},"b":{"a":1}}', {"a": {"a": [{"a": 1}]}, "b": {"a": 1}}),
        (b"1.5", 1.5),
        (b"-0.0", 0.0),
        (b"1e2", 100.0),
        (b"18446744073709551615", 2**64 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b'"\\ud83d\\ude00"', "😀"),
        ('"ä😀"'.encode(), "ä😀"),
        (b'{"a":"\\":","b":1}', {"a": '":', "b": 1}),  # looks like a member, and is text
        (b'{"\\":":1}', {'":': 1}),
        (b'{"a" \t\r\n :1.5}', {"a": 1.5}),
        (b'{"":0}', {"": 0}),
        (b'"\\u0000"', "\0"),
    ],
)
def test_json_is_read_as_it_stands(data, value):
    found = read_json(data, "body")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"{}x",
        b"{} {}",
        b"{'a':1}",
        b'{"a":1,}',
        b"[1,]",
        b"// comment\n1",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"0x1",
        b"True",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e400",
        b"-1e400",
        b"[1.5,1e999]",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'"\xff"',
        b'"\xc0\xaf"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\n"',
        b'"\x00"',
        b"\x00",
        b"9" * (MAX_NUMBER + 1),
        b"0." + b"1" * MAX_NUMBER,
        b"18446744073709551616",
        b"-9223372036854775809",
        b"9" * 100_000,
        b"[" * 2000,
    ],
)
def test_what_is_no_json_for_everybody_is_refused(data):  # T016
    start = time.process_time()
    with pytest.raises(Malformed) as refusal:
        read_json(data, "body")
    assert time.process_time() - start < BOUNDED
    assert (type(refusal.value), refusal.value.at) == (Malformed, "body")


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":{"x":1,"x":1}}',
        b'[[{"b":1.5,"b":1}]]',
        b'{"a":{"b":1,"c":2},"a":"\\":\\":"}',
        b'{"a":"\\":","a":1}',
        b'{"a" :1,"a"\n:2}',
        b'{"":1,"":2}',
    ],
)
def test_a_member_twice_is_refused(data):
    with pytest.raises(Malformed, match="twice"):
        read_json(data, "body")


@pytest.mark.parametrize("leaf", [b"", b"1.5", b'"\\":"', b'{"a":1}'])
@pytest.mark.parametrize("before", [b"", b"1.5,", b'"\\":",'])
def test_what_is_nested_too_deep_is_refused_whatever_stands_beside_it(before, leaf):  # T016
    def nested(depth):
        return b"[" + before + b"[" * depth + leaf + b"]" * depth + b"]"

    read_json(nested(MAX_JSON_DEPTH - 4), "body")
    for depth in (MAX_JSON_DEPTH + 1, 500, 1000):
        with pytest.raises(TooLarge):
            read_json(nested(depth), "body")


@pytest.mark.parametrize("data", [b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000])
def test_ten_thousand_levels_are_refused(data):  # T016
    with pytest.raises(Malformed):
        read_json(data, "body")


def test_the_deepest_level_that_is_read_is_the_cap():
    read_json(b"[" * (MAX_JSON_DEPTH + 1) + b"]" * (MAX_JSON_DEPTH + 1), "body")
    with pytest.raises(TooLarge):
        read_json(b"[" * (MAX_JSON_DEPTH + 2) + b"1" + b"]" * (MAX_JSON_DEPTH + 2), "body")


def test_a_size_beyond_the_cap_is_refused_before_it_is_read():  # T018
    with pytest.raises(TooLarge) as refusal:
        read_json(b"{" * 101, "body", max_bytes=100)
    assert refusal.value.status == 413
    with pytest.raises(TooLarge):
        read_json(b" " * (MAX_JSON_BYTES + 1), "body")
    assert read_json(b" " * 99 + b"1", "body", max_bytes=100) == 1


@pytest.mark.parametrize("data", [b"[]", b'"{}"', b"1", b"null", b"true"])
def test_an_object_is_asked_for_and_nothing_else(data):
    assert read_json_object(b'{"a":[]}', "body") == {"a": []}
    with pytest.raises(Malformed, match="must be an object"):
        read_json_object(data, "body")


def test_a_refusal_repeats_nothing_of_the_input():  # T259
    for data in (b'{"secret":1,"secret":2}', b'["secret', b"99999999999999999999999999"):
        with pytest.raises(Malformed) as refusal:
            read_json(data, "body")
        assert "secret" not in str(refusal.value)
        assert "999" not in str(refusal.value)


@given(json_values)
@settings(max_examples=100)
def test_what_is_written_is_read_and_what_is_read_can_be_written(value):
    data = encode_json(value)
    assert read_json(data, "body") == value
    assert read_json(json.dumps(value).encode(), "body") == value


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0d8e1.-aN ', max_size=40).map(str.encode))
@settings(max_examples=100)
def test_no_bytes_escape_the_error_family(data):
    with contextlib.suppress(ProtocolError):
        encode_json(read_json(data, "body"))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", '":', "\\"]), json_values), min_size=1, max_size=4))
@settings(max_examples=100)
def test_members_are_taken_once_or_not_at_all(pairs):
    data = ("{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}").encode()
    if len({name for name, _ in pairs}) == len(pairs):
        assert read_json(data, "body") == dict(pairs)
    else:
        with pytest.raises(Malformed):
            read_json(data, "body")


@pytest.mark.parametrize("file", vector_files("jcs/input/*.json"))
def test_published_inputs_are_read(file):
    value = read_json(file.read_bytes(), "body")
    assert value == read_json((file.parent.parent / "output" / file.name).read_bytes(), "body")
    assert read_json(encode_json(value), "body") == value


def test_sha_256_is_sha_256():
    assert sha256(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
