"""Device engagement: annex D byte for byte, and whatever is none is refused."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import CborMap, Tagged, encode_cbor, wrap
from protocol.cose_key import write_cose_key
from protocol.errors import Malformed, ProtocolError, TooLarge, Unsupported
from protocol.keys import P256Key
from protocol.mdoc.engagement import (
    BLE,
    MAX_ENGAGEMENT,
    DeviceEngagement,
    RetrievalMethod,
    is_engagement,
    read_ephemeral_key,
)
from tests.protocol.mdoc.annex_d import DEVICE_KEY, annex_d
from tests.support.keys import P256, P384
from tests.support.strategies import flip

METHOD = RetrievalMethod(BLE, 1, {0: False, 1: True, 11: bytes.fromhex("45efef742b2c4837a9a3b0e1d05a6917")})
KEY = wrap(encode_cbor(write_cose_key(P256)))
GOOD: CborMap = {0: "1.0", 1: [1, KEY], 2: [[2, 1, {}]]}


def read(**changes):
    value: dict[int, Any] = {**GOOD, **{int(name[1:]): item for name, item in changes.items()}}
    return DeviceEngagement.from_bytes(encode_cbor({name: item for name, item in value.items() if item is not ...}))


def test_annex_d_is_read():
    engagement = DeviceEngagement.from_bytes(annex_d("device_engagement"))
    assert engagement.version == "1.0"
    assert engagement.device_key == DEVICE_KEY.public_key
    assert encode_cbor(wrap(engagement.device_key_bytes)) == annex_d("e_device_key_bytes")
    assert engagement.methods == (METHOD,)
    assert engagement.raw == annex_d("device_engagement")


def test_annex_d_is_written_byte_for_byte():
    engagement = DeviceEngagement.begin(DEVICE_KEY.public_key, (METHOD,))
    assert engagement.raw == annex_d("device_engagement")
    assert engagement == DeviceEngagement.from_bytes(engagement.raw)


@given(
    st.binary(min_size=32, max_size=64),
    st.lists(st.builds(RetrievalMethod, st.integers(-9, 9), st.integers(0, 9), st.none() | st.binary()), max_size=5),
)
def test_what_is_shown_is_what_is_read(seed, methods):
    key = P256Key.generate(lambda size: seed.ljust(size, b"\1")[:size]).public_key
    engagement = DeviceEngagement.begin(key, tuple(methods))
    text = engagement.to_text()
    assert DeviceEngagement.from_text(text) == engagement
    assert text.startswith("mdoc:")
    assert is_engagement(text)


def test_an_engagement_without_methods_is_read():
    assert read(_2=...).methods == ()


def test_the_scheme_is_in_any_case_and_nothing_else_is():
    text = DeviceEngagement.begin(P256).to_text()
    assert DeviceEngagement.from_text("MDOC:" + text[5:]).raw == DeviceEngagement.begin(P256).raw
    for other in (text[5:], "mdoc//" + text[5:], "xdoc:" + text[5:], " " + text, "openid4vp:" + text[5:]):
        assert not is_engagement(other)
        with pytest.raises(Malformed):
            DeviceEngagement.from_text(other)


@pytest.mark.parametrize("tail", ["=", "\n", "+", "A"])
def test_a_link_has_one_spelling(tail):
    with pytest.raises(Malformed):
        DeviceEngagement.from_text(DeviceEngagement.begin(P256).to_text() + tail)


def test_the_bytes_are_kept_as_they_came():
    """A longer spelling stays: both sides hash what was shown."""
    raw = encode_cbor(GOOD).replace(b"\x00\x631.0", b"\x18\x00\x631.0", 1)
    assert raw != encode_cbor(GOOD)
    assert DeviceEngagement.from_bytes(raw).raw == raw


def test_members_and_versions_to_come_are_taken():
    assert read(_0="1.1", _5={1: 2}, _6=[]).version == "1.1"
    assert read(_1=[1, KEY, "more"]).device_key == P256
    assert len(read(_2=[[2, 1, {}]] * 16).methods) == 16
    assert read(_2=[[99, 7, {"https": "x"}]]).methods == (RetrievalMethod(99, 7, {"https": "x"}),)


@pytest.mark.parametrize(
    "changes",
    [
        {"_0": ...},
        {"_0": 1},
        {"_1": ...},
        {"_1": []},
        {"_1": [1]},
        {"_1": ["1", KEY]},
        {"_1": [True, KEY]},
        {"_1": {0: 1, 1: KEY}},
    ],
    ids=repr,
)
def test_a_missing_member_is_refused(changes):
    with pytest.raises(Malformed):
        read(**changes)


@pytest.mark.parametrize(
    "changes", [{"_0": "2.0"}, {"_0": ""}, {"_0": "10"}, {"_1": [2, KEY]}, {"_1": [0, KEY]}], ids=repr
)
def test_another_version_or_suite_is_refused(changes):
    with pytest.raises(Unsupported):
        read(**changes)


@pytest.mark.parametrize(
    "methods",
    [
        [],
        {},
        1,
        [1],
        [[]],
        [[2, 1]],
        [[2, 1, {}, 4]],
        [["2", 1, {}]],
        [[2, "1", {}]],
        [[True, 1, {}]],
        [[2, 1, {}]] * 17,
    ],
    ids=repr,
)
def test_methods_of_another_shape_are_refused(methods):
    with pytest.raises(Malformed):
        read(_2=methods)


@pytest.mark.parametrize(
    "key",
    [
        None,
        write_cose_key(P256),
        encode_cbor(write_cose_key(P256)),
        Tagged(0, "x"),
        wrap(b""),
        wrap(b"\x01"),
        Tagged(24, "x"),
        wrap(encode_cbor(KEY)),
    ],
    ids=repr,
)
def test_a_key_that_is_not_wrapped_is_refused(key):  # T023
    with pytest.raises(Malformed):
        read_ephemeral_key(key, "key")


def test_a_key_on_another_curve_is_refused():
    with pytest.raises(Unsupported):
        read(_1=[1, wrap(encode_cbor(write_cose_key(P384)))])


def test_an_engagement_has_a_cap():
    with pytest.raises(TooLarge):
        DeviceEngagement.from_bytes(bytes(4097))
    room = MAX_ENGAGEMENT - len(read(_9=bytes(3000)).raw) + 3000
    assert len(read(_9=bytes(room)).raw) == 4096
    with pytest.raises(TooLarge):
        DeviceEngagement.from_text("mdoc:" + "A" * 10_000)


@given(st.binary(max_size=100) | st.integers().map(lambda bit: flip(annex_d("device_engagement"), bit)))
def test_no_bytes_escape_the_error_family(data):
    with contextlib.suppress(ProtocolError):
        assert DeviceEngagement.from_bytes(data).raw == data


def test_only_a_map_is_an_engagement():
    values: list[Any] = [None, 1, [], [GOOD]]
    for value in values:
        with pytest.raises(Malformed):
            DeviceEngagement.from_bytes(encode_cbor(value))
