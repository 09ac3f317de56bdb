"""Public keys in CBOR: read strictly, and written in their one form."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import encode_cbor, read_cbor
from protocol.cose_key import CRV, KTY, D, X, Y, encode_cose_key, read_cose_key, write_cose_key
from protocol.errors import Malformed, ProtocolError, Unsupported
from protocol.keys import PublicKey
from tests.support.keys import ED25519, EVERY_KIND, P256
from tests.support.strategies import cbor_values
from tests.support.vectors import read_vector

AT = "deviceKey"
GOOD: Any = write_cose_key(P256)


@pytest.mark.parametrize("key", EVERY_KIND, ids=lambda key: key.crv)
def test_a_key_of_every_kind_is_written_and_read(key):
    written = encode_cose_key(key)
    assert read_cose_key(read_cbor(written, AT), AT) == key
    assert written == encode_cbor(write_cose_key(key)) == encode_cbor(read_cbor(written, AT))


def test_the_keys_of_iso_18013_5_annex_d_are_read_and_written_byte_for_byte():
    found = read_vector("iso18013-5/annex-d/multipaz-testvectors.json")
    encoded: Any = read_cbor(bytes.fromhex(found["e_device_key_bytes"]), AT).value
    key = read_cose_key(read_cbor(encoded, AT), AT)
    assert key.point.hex() == found["ephemeral_device_key_x"] + found["ephemeral_device_key_y"]
    assert encode_cose_key(key) == encoded


def test_the_published_key_of_a_peer_is_read_and_written_byte_for_byte():
    encoded = bytes.fromhex(read_vector("iso18013-5/structures/isomdl-definitions.json")["cose_key/ec_p256"]["hex"])
    assert encode_cose_key(read_cose_key(read_cbor(encoded, AT), AT)) == encoded


@pytest.mark.parametrize("key", EVERY_KIND[:3], ids=lambda key: key.crv)
def test_the_sign_of_y_is_as_good_as_y(key):
    written: Any = write_cose_key(key)
    odd = bool(key.point[-1] & 1)
    assert read_cose_key({**written, Y: odd}, AT) == key
    other = read_cose_key({**written, Y: not odd}, AT)
    assert (other.point[: len(written[X])], other == key) == (written[X], False)


def test_labels_that_nobody_asks_for_are_ignored():
    more = {2: b"kid", 3: -7, 4: [2], -70000: "x", "text": None}
    assert read_cose_key({**GOOD, **more}, AT) == P256


@pytest.mark.parametrize("value", [None, True, 1, "x", b"x", [], [GOOD]])
def test_what_is_no_map_is_refused(value):
    with pytest.raises(Malformed):
        read_cose_key(value, AT)


@pytest.mark.parametrize("label", [KTY, CRV])
@pytest.mark.parametrize("value", [..., None, True, 0, 4, 5, 7, 8, "2", "P-256", b"\x01", [1], 1.0])
def test_another_kind_of_key_is_refused(label, value):  # T060
    broken = {name: item for name, item in {**GOOD, label: value}.items() if item is not ...}
    with pytest.raises(Unsupported):
        read_cose_key(broken, AT)


def test_a_curve_of_another_kind_of_key_is_refused():  # T060
    with pytest.raises(Unsupported):
        read_cose_key({**GOOD, KTY: 1}, AT)
    with pytest.raises(Unsupported):
        read_cose_key({**write_cose_key(ED25519), KTY: 2}, AT)


@pytest.mark.parametrize("label", [X, Y])
@pytest.mark.parametrize("value", [..., None, 1, "x", b"", bytes(31), bytes(33), [bytes(32)]])
def test_a_coordinate_of_another_length_or_kind_is_refused(label, value):  # T060
    broken = {name: item for name, item in {**GOOD, label: value}.items() if item is not ...}
    with pytest.raises(Malformed):
        read_cose_key(broken, AT)


def test_a_point_off_its_curve_is_refused():  # T060
    with pytest.raises(Malformed, match="curve"):
        read_cose_key({**GOOD, Y: GOOD[X]}, AT)
    off = next(x for x in range(2, 40) if not _is_coordinate(x))
    with pytest.raises(Malformed, match="curve"):
        read_cose_key({**GOOD, X: off.to_bytes(32, "big"), Y: True}, AT)


def test_a_private_key_is_refused_and_not_repeated():  # T009
    secret = b"a private scalar of 32 bytes ..."
    with pytest.raises(Malformed) as refused:
        read_cose_key({**GOOD, D: secret}, AT)
    assert secret.decode() not in str(refused.value)
    assert secret.hex() not in str(refused.value)


@given(st.dictionaries(st.sampled_from([KTY, CRV, X, Y, D, 3]), cbor_values | st.binary(min_size=32, max_size=32)))
def test_no_key_leaves_the_family_of_errors(changes):
    with contextlib.suppress(ProtocolError):
        read_cose_key({**GOOD, **changes}, AT)


def _is_coordinate(x):
    try:
        PublicKey.from_compressed("P-256", b"\x02" + x.to_bytes(32, "big"))
    except Malformed:
        return False
    return True
