"""Authenticated messages: taken apart strictly, with our key, or refused; the published examples among them."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import encode_cbor, read_cbor
from protocol.cose import ALG
from protocol.cose_mac import Mac0, mac0, verify_mac0
from protocol.encoding import decode_base64url
from protocol.errors import Malformed, NotAuthentic, ProtocolError, Unsupported
from tests.support.strategies import cbor_values, flip
from tests.support.vectors import read_vector

AT = "deviceMac"
KEY = bytes(range(32))
PAYLOAD = b"This is the content."
GOOD: Any = mac0(PAYLOAD, KEY).to_value()


def read(value):
    return Mac0.from_value(value, AT)


def published(name):
    """The key, the payload and the message without its tag, which mdoc leaves out."""
    case = read_vector(f"cose/{name}.json")
    key = decode_base64url(case["input"]["mac0"]["recipients"][0]["key"]["k"])
    data = bytes.fromhex(case["output"]["cbor"])
    head = next(n for n in (1, 3) if data[n] == 0x84)
    return key, case["input"]["plaintext"].encode(), read_cbor(data[head:], AT)


def test_a_published_message_is_verified_and_made_again():
    key, payload, value = published("mac0-tests/HMac-01")
    assert verify_mac0(read(value), key, at=AT) == payload
    assert mac0(payload, key).to_value() == [value[0], {}, None, value[3]]
    assert read(value).to_value() == value


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("mac0-tests/mac-fail-02", NotAuthentic),  # another tag
        ("mac0-tests/mac-fail-03", Unsupported),  # an algorithm that nobody knows
        ("mac0-tests/mac-fail-04", Unsupported),  # an algorithm that is a text
        ("mac0-tests/mac-fail-06", NotAuthentic),  # a protected label more
        ("mac0-tests/mac-fail-07", NotAuthentic),  # a protected label less
        ("mac0-tests/mac-pass-01", Unsupported),  # T026: an algorithm that is not protected, which others take
        ("hmac-examples/HMac-enc-02", (Malformed, Unsupported)),  # SHA-384
        ("hmac-examples/HMac-enc-05", (Malformed, Unsupported)),  # a tag of 64 bits
    ],
)
def test_published_messages_are_refused(name, error):
    key, _, value = published(name)
    with pytest.raises(error):
        verify_mac0(read(value), key, at=AT)


def test_a_detached_payload_comes_from_elsewhere_alone():
    assert verify_mac0(read(GOOD), KEY, at=AT, payload=PAYLOAD) == PAYLOAD
    with pytest.raises(Malformed, match="one place"):
        verify_mac0(read(GOOD), KEY, at=AT)
    with pytest.raises(Malformed, match="one place"):
        verify_mac0(read([*GOOD[:2], PAYLOAD, GOOD[3]]), KEY, at=AT, payload=PAYLOAD)


@given(st.sampled_from([KEY, PAYLOAD, GOOD[3]]), st.integers(0, 2**16))
def test_a_flipped_bit_is_refused(part, bit):
    key, payload, tag = (flip(value, bit) if value is part else value for value in (KEY, PAYLOAD, GOOD[3]))
    with pytest.raises(NotAuthentic):
        verify_mac0(read([*GOOD[:3], tag]), key, at=AT, payload=payload)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        [],
        GOOD[:3],
        [*GOOD, b""],
        [{ALG: 5}, *GOOD[1:]],
        [GOOD[0], [], *GOOD[2:]],
        [*GOOD[:2], "payload", GOOD[3]],
        [*GOOD[:3], None],
        [*GOOD[:3], GOOD[3][:31]],
        [*GOOD[:3], GOOD[3] + b"\0"],
    ],
)
def test_another_shape_is_refused(value):
    with pytest.raises(Malformed):
        read(value)


@pytest.mark.parametrize("alg", [4, 6, 7, -7, "HS256", True, None])
def test_another_algorithm_is_refused(alg):  # T026
    with pytest.raises(Unsupported):
        read([encode_cbor({ALG: alg}), *GOOD[1:]])


@given(st.lists(cbor_values | st.sampled_from(GOOD), min_size=3, max_size=5) | cbor_values)
def test_no_message_leaves_the_family_of_errors(value):
    with contextlib.suppress(ProtocolError):
        read(value)
