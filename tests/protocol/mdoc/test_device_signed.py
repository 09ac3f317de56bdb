"""What the device signs: over this request and this document, as a signature or for one reader alone."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import encode_cbor, read_cbor, wrap
from protocol.errors import NotBound, ProtocolError
from protocol.keys import Ed25519Key
from protocol.mdoc.device_signed import (
    DeviceSigned,
    derive_mac_key,
    device_authentication,
    mac_device,
    sign_device,
    verify_device_signed,
)
from tests.protocol.mdoc.samples import HANDOVER, HOLDER, MDL, STRANGER, device_value
from tests.support.keys import EVERY_KIND
from tests.support.pki import seeded_key
from tests.support.strategies import cbor_values
from tests.support.vectors import read_vector

TRANSCRIPT = HANDOVER.session_transcript()
READER = seeded_key(21)
elements = st.dictionaries(
    st.text(min_size=1, max_size=20),
    st.dictionaries(st.text(min_size=1, max_size=20), cbor_values, min_size=1, max_size=3),
    max_size=3,
)


def verify(signed, *, key=HOLDER.public_key, doc_type=MDL, transcript=TRANSCRIPT, reader_key=READER):
    verify_device_signed(signed, doc_type, key, transcript=transcript, reader_key=reader_key)


@given(elements, st.booleans())
def test_what_was_signed_is_read_and_holds(said, by_mac):
    signed = (
        mac_device(MDL, TRANSCRIPT, HOLDER, READER.public_key, said)
        if by_mac
        else sign_device(MDL, TRANSCRIPT, HOLDER, said)
    )
    again = DeviceSigned.from_value(device_value(signed))
    assert again == signed
    assert encode_cbor(device_value(signed)) == signed.to_bytes()
    assert again.elements == said
    verify(again)


def test_a_device_need_not_say_anything_itself():
    for signed in (sign_device(MDL, TRANSCRIPT, HOLDER), mac_device(MDL, TRANSCRIPT, HOLDER, READER.public_key)):
        assert signed.elements == {}
        assert signed == DeviceSigned.from_value(device_value(signed))


@pytest.mark.parametrize(
    "other",
    [
        {"doc_type": "org.iso.23220.photoid.1"},
        {"transcript": TRANSCRIPT[:-1] + b"\0"},
        {"key": STRANGER.public_key},
        {"key": EVERY_KIND[1]},
        {"key": Ed25519Key.from_seed(bytes(32)).public_key},
    ],
)
def test_another_document_request_or_holder_is_refused(other):  # T059
    for signed in (
        sign_device(MDL, TRANSCRIPT, HOLDER),
        mac_device(MDL, TRANSCRIPT, HOLDER, READER.public_key),
    ):
        verify(signed)
        with pytest.raises(NotBound):
            verify(signed, **other)


def test_a_mac_is_for_one_reader_and_one_session():  # T058
    signed = mac_device(MDL, TRANSCRIPT, HOLDER, READER.public_key)
    for reader_key in (None, seeded_key(22)):
        with pytest.raises(NotBound):
            verify(signed, reader_key=reader_key)
    assert derive_mac_key(HOLDER, READER.public_key, b"\x80") != derive_mac_key(HOLDER, READER.public_key, TRANSCRIPT)


def test_elements_are_signed_as_they_came():
    signed = sign_device(MDL, TRANSCRIPT, HOLDER)
    longer = DeviceSigned(b"\xb8\x00", {}, signed.auth)
    assert longer.name_spaces in device_authentication(MDL, TRANSCRIPT, longer.name_spaces)
    with pytest.raises(NotBound):
        verify(longer)
    assert DeviceSigned.from_value({**device_value(signed), "nameSpaces": wrap(b"\xb8\x00")}).name_spaces == b"\xb8\x00"


def test_the_mac_of_a_peer_is_read_and_written_byte_for_byte():
    for data in read_vector("iso18013-5/structures/animo-models.json")["device-auth"]:
        auth = read_cbor(bytes.fromhex(data), "deviceAuth")
        signed = DeviceSigned.from_value({"nameSpaces": wrap(b"\xa0"), "deviceAuth": auth})
        assert encode_cbor(device_value(signed)["deviceAuth"]).hex() == data


@given(st.dictionaries(st.sampled_from(["nameSpaces", "deviceAuth"]), cbor_values, min_size=1))
def test_no_devices_part_leaves_the_family_of_errors(changes):
    with contextlib.suppress(ProtocolError):
        DeviceSigned.from_value({**device_value(sign_device(MDL, TRANSCRIPT, HOLDER)), **changes})
