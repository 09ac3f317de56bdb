"""COSE keys: every kind that we accept, and nothing that hides a private part or lies beside its curve."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import encode_cbor, read_cbor
from protocol.cose_key import cose_key, read_cose_key, read_cose_key_bytes
from protocol.errors import Malformed, ProtocolError, Unsupported
from protocol.keys import CURVES
from tests.support.keys import ED25519, EVERY_KIND, P256
from tests.support.vectors import read_vector

KEY = cose_key(P256)


@pytest.mark.parametrize("key", EVERY_KIND, ids=lambda key: key.crv)
def test_every_kind_is_written_and_read(key):
    assert read_cose_key_bytes(encode_cbor(cose_key(key)), "key") == key


@pytest.mark.parametrize("key", EVERY_KIND[:3], ids=lambda key: key.crv)
def test_the_sign_of_y_suffices(key):
    odd = bool(key.point[-1] & 1)
    assert read_cose_key({**cose_key(key), -3: odd}, "key") == key
    assert read_cose_key({**cose_key(key), -3: not odd}, "key") != key


def test_a_peers_key_is_read_and_written():
    encoded = bytes.fromhex(read_vector("iso18013-5/structures/isomdl-definitions.json")["cose_key/ec_p256"]["hex"])
    assert encode_cbor(cose_key(read_cose_key_bytes(encoded, "key"))) == encoded


def test_other_members_are_nobody_s_matter_here():
    assert read_cose_key({**KEY, 2: b"kid", 3: -7, 4: [2]}, "key") == P256


def test_a_private_part_is_refused():
    with pytest.raises(Malformed, match="private"):
        read_cose_key({**KEY, -4: bytes(32)}, "key")


@pytest.mark.parametrize(
    "change", [{1: 1}, {1: 3}, {1: True}, {1: None}, {-1: 2.0}, {-1: 8}, {-1: 6}, {-1: "P-256"}], ids=repr
)
def test_another_kind_is_refused(change):
    with pytest.raises(Unsupported):
        read_cose_key({**KEY, **change}, "key")


def test_a_truth_is_no_number():
    with pytest.raises(Unsupported):
        read_cose_key({**cose_key(ED25519), 1: True}, "key")


@pytest.mark.parametrize(
    "change",
    [{-2: bytes(32)}, {-2: bytes(31)}, {-2: "x"}, {-2: None}, {-3: None}, {-3: 1}, {-3: bytes(33)}, {-3: bytes(32)}],
    ids=repr,
)
def test_a_key_off_its_curve_is_refused(change):
    with pytest.raises(Malformed):
        read_cose_key({**KEY, **change}, "key")


@pytest.mark.parametrize("value", [None, [], b"", 1, {}], ids=repr)
def test_anything_else_is_refused(value):
    with pytest.raises(ProtocolError):
        read_cose_key(value, "key")


@given(
    st.sampled_from(sorted(CURVES)),
    st.dictionaries(st.sampled_from([1, -1, -2, -3]), st.binary(max_size=66) | st.integers(-3, 9)),
)
def test_no_key_escapes_the_error_family(name, changes):
    with contextlib.suppress(ProtocolError):
        read_cose_key({**KEY, **changes}, "key")
    with contextlib.suppress(ProtocolError):
        read_cose_key(read_cbor(encode_cbor({**KEY, **changes}), "key"), "key")
