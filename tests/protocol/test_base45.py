"""Base45: the examples of RFC 9285, and one spelling of every value."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.base45 import ALPHABET, decode_base45, encode_base45
from protocol.errors import Malformed

# RFC 9285 §4.3 and §4.4
EXAMPLES = [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")]


@pytest.mark.parametrize(("data", "text"), EXAMPLES)
def test_the_examples_of_the_rfc_are_written_and_read(data, text):
    assert encode_base45(data) == text
    assert decode_base45(text) == data


@given(st.binary(max_size=50))
def test_what_is_written_is_read_back(data):
    assert decode_base45(encode_base45(data)) == data


@given(st.text(ALPHABET, max_size=20))
def test_a_value_has_one_spelling(text):
    with contextlib.suppress(Malformed):
        assert encode_base45(decode_base45(text)) == text


@pytest.mark.parametrize(
    "text",
    ["A", "BB8A", "0", "GGW", ":::", "V5", "::", "bb8", "BB8\n", "BÄ8", "B_8", "BB=", "٣٣٣"],
)
def test_anything_else_is_refused(text):
    with pytest.raises(Malformed, match="somewhere"):
        decode_base45(text, "somewhere")
    with pytest.raises(Malformed):
        decode_base45("BB8" + text)


@given(st.text(max_size=20))
def test_no_text_escapes_the_error_family(text):
    with contextlib.suppress(Malformed):
        decode_base45(text)
