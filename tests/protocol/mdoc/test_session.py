"""The encrypted session: annex D byte for byte, and a message opens in its own place alone."""

import contextlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import encode_cbor, read_cbor, wrap
from protocol.cose_key import write_cose_key
from protocol.errors import Malformed, NotAuthentic, ProtocolError, TooLarge, Unsupported
from protocol.mdoc.session import (
    MAX_MESSAGES,
    MAX_SESSION_MESSAGE,
    Session,
    SessionData,
    SessionEstablishment,
    Termination,
    derive_session_keys,
    reader_key_bytes,
)
from tests.protocol.mdoc.annex_d import DERIVED, DEVICE_KEY, READER_KEY, TRANSCRIPT_BYTES, annex_d
from tests.support.keys import P256, P384
from tests.support.pki import seeded_key
from tests.support.strategies import flip

READER = Session.of_reader(READER_KEY, DEVICE_KEY.public_key, TRANSCRIPT_BYTES)
DEVICE = Session.of_device(DEVICE_KEY, READER_KEY.public_key, TRANSCRIPT_BYTES)
KEY = wrap(encode_cbor(write_cose_key(P256)))


def test_the_keys_of_annex_d_are_derived():
    secret = READER_KEY.agree(DEVICE_KEY.public_key)
    assert secret == DERIVED["ecdh_shared_secret"]
    assert derive_session_keys(secret, TRANSCRIPT_BYTES) == (DERIVED["sk_reader"], DERIVED["sk_device"])
    assert (READER.send_key, READER.receive_key) == (DERIVED["sk_reader"], DERIVED["sk_device"])
    assert (DEVICE.send_key, DEVICE.receive_key) == (DERIVED["sk_device"], DERIVED["sk_reader"])


def test_the_establishment_of_annex_d_is_read():
    message = SessionEstablishment.from_bytes(annex_d("session_establishment"))
    assert message.reader_key == READER_KEY.public_key
    assert message.reader_key_bytes == reader_key_bytes(READER_KEY.public_key)
    assert DEVICE.decrypt(message.data)[1] == annex_d("device_request")


def test_the_establishment_of_annex_d_is_written():
    """The same to the last byte, but for the order of its two members: ours is the deterministic one."""
    _, data = READER.encrypt(annex_d("device_request"))
    written = SessionEstablishment.begin(READER_KEY.public_key, data).to_bytes()
    assert read_cbor(written, "x") == read_cbor(annex_d("session_establishment"), "x")
    assert len(written) == len(annex_d("session_establishment"))
    assert SessionEstablishment.from_bytes(written).data == data


def test_the_data_of_annex_d_is_written_and_read_byte_for_byte():
    _, data = DEVICE.encrypt(annex_d("device_response"))
    assert SessionData(data, None).to_bytes() == annex_d("session_data")
    message = SessionData.from_bytes(annex_d("session_data"))
    assert message == SessionData(data, None)
    assert READER.decrypt(data)[1] == annex_d("device_response")


def test_the_termination_of_annex_d_is_written_and_read_byte_for_byte():
    message = SessionData(None, Termination.TERMINATED)
    assert message.to_bytes() == annex_d("session_termination")
    assert SessionData.from_bytes(annex_d("session_termination")) == message


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=40)), max_size=12))
def test_both_sides_talk_in_any_order(messages):
    reader, device = READER, DEVICE
    for from_reader, plain in messages:
        if from_reader:
            reader, data = reader.encrypt(plain)
            device, read = device.decrypt(data)
        else:
            device, data = device.encrypt(plain)
            reader, read = reader.decrypt(data)
        assert read == plain


def test_no_two_messages_are_alike():
    session, seen = READER, set()
    for _ in range(20):
        session, data = session.encrypt(b"the same")
        seen.add(data)
    assert len(seen) == 20


def test_a_message_opens_in_its_own_place_alone():
    reader, first = READER.encrypt(b"first")
    _, second = reader.encrypt(b"second")
    device, _ = DEVICE.decrypt(first)
    for session, data in ((DEVICE, second), (device, first), (READER, first), (reader, first)):
        with pytest.raises(NotAuthentic):
            session.decrypt(data)
    assert device.decrypt(second)[1] == b"second"


def test_what_is_sent_does_not_move_what_is_received():
    device, _ = DEVICE.encrypt(b"x")
    _, data = READER.encrypt(b"y")
    assert device.decrypt(data)[1] == b"y"


@given(st.integers())
def test_any_flipped_bit_is_refused(bit):
    _, data = READER.encrypt(b"a request")
    with pytest.raises(NotAuthentic):
        DEVICE.decrypt(flip(data, bit))
    with pytest.raises(NotAuthentic):
        Session.of_device(DEVICE_KEY, READER_KEY.public_key, flip(TRANSCRIPT_BYTES, bit)).decrypt(data)


def test_another_reader_or_wallet_opens_nothing():
    _, data = READER.encrypt(b"a request")
    other = seeded_key(9)
    for session in (
        Session.of_device(other, READER_KEY.public_key, TRANSCRIPT_BYTES),
        Session.of_device(DEVICE_KEY, other.public_key, TRANSCRIPT_BYTES),
    ):
        with pytest.raises(NotAuthentic):
            session.decrypt(data)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17])
def test_what_is_too_short_is_refused(size):
    with pytest.raises(NotAuthentic):
        DEVICE.decrypt(bytes(size))


def test_a_session_has_an_end():
    used_up = replace(READER, sent=MAX_MESSAGES - 1)
    last, data = used_up.encrypt(b"last")
    with pytest.raises(ValueError, match="last message"):
        last.encrypt(b"more")
    device, plain = replace(DEVICE, received=MAX_MESSAGES - 1).decrypt(data)
    assert plain == b"last"
    one_more = READER.send_id + (MAX_MESSAGES + 1).to_bytes(4, "big")
    with pytest.raises(NotAuthentic):
        device.decrypt(AESGCM(READER.send_key).encrypt(one_more, b"more", None))


def test_a_session_lasts_a_thousand_messages():
    assert MAX_MESSAGES == 1000


def test_reasons_to_end_have_the_standard_s_numbers():
    assert [int(reason) for reason in Termination] == [10, 11, 20]


def test_keys_are_not_shown():
    assert repr(READER) == "Session(sent=0, received=0)"


@pytest.mark.parametrize(
    "value",
    [None, [], {}, {"data": b"x"}, {"eReaderKey": KEY}, {"eReaderKey": KEY, "data": "x"}, {"eReaderKey": KEY, "data": None},
     {"eReaderKey": write_cose_key(P256), "data": b"x"}, {"eReaderKey": b"x", "data": b"x"}],
    ids=lambda value: repr(value)[:50],
)  # fmt: skip
def test_an_establishment_of_another_shape_is_refused(value):
    with pytest.raises(Malformed):
        SessionEstablishment.from_bytes(encode_cbor(value))


def test_a_reader_s_key_on_another_curve_is_refused():
    with pytest.raises(Unsupported):
        SessionEstablishment.from_bytes(
            encode_cbor({"eReaderKey": wrap(encode_cbor(write_cose_key(P384))), "data": b"x"})
        )


@pytest.mark.parametrize(
    "value", [None, [], {}, {"data": None}, {"data": "x"}, {"status": None}, {"status": True}, {"status": "20"}, {"status": -1},
              {"status": 20.0}, {"data": b"x", "status": None}, {"data": None, "status": 20}], ids=repr
)  # fmt: skip
def test_data_of_another_shape_is_refused(value):
    with pytest.raises(Malformed):
        SessionData.from_bytes(encode_cbor(value))


@given(st.none() | st.binary(max_size=20), st.none() | st.integers(0, 300))
def test_data_is_written_and_read(data, status):
    if data is None and status is None:
        with pytest.raises(ValueError, match="data or a status"):
            SessionData(data, status).to_bytes()
    else:
        assert SessionData.from_bytes(SessionData(data, status).to_bytes()) == SessionData(data, status)


def test_members_that_are_not_known_are_ignored():
    assert SessionData.from_bytes(encode_cbor({"data": b"x", "more": 1})) == SessionData(b"x", None)
    assert SessionEstablishment.from_bytes(encode_cbor({"eReaderKey": KEY, "data": b"x", "more": 1})).data == b"x"


def test_messages_have_a_cap():
    for message in (SessionEstablishment, SessionData):
        with pytest.raises(TooLarge):
            message.from_bytes(bytes(MAX_SESSION_MESSAGE + 1))


@given(st.binary(max_size=100) | st.integers().map(lambda bit: flip(annex_d("session_establishment"), bit)))
def test_no_bytes_escape_the_error_family(data):
    for message in (SessionEstablishment, SessionData):
        with contextlib.suppress(ProtocolError):
            message.from_bytes(data)
    with pytest.raises(NotAuthentic):
        DEVICE.decrypt(data)
